import type { FastifyInstance } from 'fastify'

export interface HealthDeps {
  /** Why it is not ready; null while it is. */
  readonly notReady: () => Promise<string | null>
}

/** Is the process alive, and can it serve? */
export async function healthRoutes (app: FastifyInstance, { notReady }: HealthDeps): Promise<void> {
  app.get('/livez', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const reason = await notReady()
    return reason === null ? { status: 'ok' } : reply.code(503).send({ status: 'not_ready', reason })
  })
}
