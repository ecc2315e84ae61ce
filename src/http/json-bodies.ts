import type { IncomingMessage } from 'node:http'

import { errorCodes } from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'

import { seenOf } from '../domain/explanation.ts'
import { harmless, holdsTooMany, MAX_DEPTH, MAX_VALUES } from '../domain/json.ts'
import type { Json } from '../domain/json.ts'
import { ApiError } from './api-error.ts'
import { MAX_BYTES, readBytes } from './body-bytes.ts'

/** What a body may hold at most. */
export interface BodyLimits {
  readonly bytes: number
  readonly values: number
  readonly depth: number
}

const LIMITS: BodyLimits = { bytes: MAX_BYTES, values: MAX_VALUES, depth: MAX_DEPTH }
/** A world is a document with a charge, as deep as one may be, in each of its records. */
export const WORLD_LIMITS: BodyLimits = { bytes: 64 * 1_048_576, values: 4_000_000, depth: MAX_DEPTH + 3 }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Takes bodies only where they are declared as JSON. */
export function takeJsonOnly (app: FastifyInstance, { bytes, values, depth }: BodyLimits = LIMITS): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await readBytes(request, payload, bytes)
    if (body.length === 0) return undefined
    try {
      if (holdsTooMany(body, values)) throw new Error('too many')
      const clean = harmless(JSON.parse(utf8.decode(body)) as Json, MAX_DEPTH - depth)
      if (clean === undefined) throw new Error('too deep')
      return clean
    } catch (error) {
      throw new ApiError('invalid_request', 'the body is not JSON in UTF-8, nests too deeply, or holds too many values', { seen: seenOf((error as Error).message) ?? undefined })
    }
  })
}

/**
 * Takes no body for none, whatever it is declared as: `curl -d ''` calls it a form. Only for routes behind a login,
 * which no page has.
 */
export function takeNothingAsAnything (app: FastifyInstance): void {
  app.addContentTypeParser('*', ({ headers }, _body, done) => {
    if (headers['content-length'] === '0') done(null, undefined)
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(headers['content-type']))
  })
}
