import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { plainAnswers } from './answers.ts'

export interface HealthDeps {
  /** Why it is not ready; null while it is. */
  readonly notReady: () => Promise<string | null>
}

const Well = Type.Object({ status: Type.Literal('ok') })
const NotReady = Type.Object({ status: Type.Literal('not_ready'), reason: Type.String() })

/** Is the process alive, and can it serve? */
export async function healthRoutes (app: FastifyInstance, { notReady }: HealthDeps): Promise<void> {
  app.get('/livez', {
    schema: { operationId: 'isAlive', summary: 'Is the process alive?', response: plainAnswers({ 200: Well }) }
  }, async () => ({ status: 'ok' }))

  app.get('/readyz', {
    schema: { operationId: 'isReady', summary: 'Can it serve, and keep what it acknowledges?', response: plainAnswers({ 200: Well, 503: NotReady }) }
  }, async (_request, reply) => {
    const reason = await notReady()
    return reason === null ? { status: 'ok' } : reply.code(503).send({ status: 'not_ready', reason })
  })
}
