import type { FastifyInstance } from 'fastify'

import { harmless } from '../domain/json.ts'
import type { Json } from '../domain/json.ts'
import { ApiError } from './api-error.ts'

/** Takes bodies only where they are declared as JSON; a missing one is fine, whatever the content type says. */
export function takeJsonOnly (app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined)
    try {
      const clean = harmless(JSON.parse(body.toString()) as Json)
      if (clean === undefined) throw new Error('too deep')
      done(null, clean)
    } catch {
      done(new ApiError(400, 'invalid_request', 'the body is not JSON, or nests too deeply'))
    }
  })
}
