import { readFile } from 'node:fs/promises'

import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { plainAnswers } from './answers.ts'
import { ApiError } from './api-error.ts'

// The build puts it beside the bundle that this code is part of then.
const FILE = new URL(import.meta.url.endsWith('.ts') ? '../../dist/openapi.json' : './openapi.json', import.meta.url)

const OpenApi = Type.Object({ openapi: Type.Literal('3.1.0') }, { additionalProperties: true })

/** Serves the description of all interfaces that the build made of their schemas. */
export async function openApiRoute (app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', {
    schema: { operationId: 'describe', summary: 'This document', response: plainAnswers({ 200: OpenApi }, 'not_found') }
  }, async (_request, reply) => {
    const document = await readFile(FILE).catch(() => undefined)
    if (document === undefined) throw new ApiError('not_found', 'the build makes this document: npm run build')
    return reply.type('application/json').send(document)
  })
}
