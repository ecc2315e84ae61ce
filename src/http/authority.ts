import type { FastifyInstance } from 'fastify'

import { ApiError } from './api-error.ts'

export interface AuthorityDeps {
  /** The certificate that TLS clients are to trust, as PEM; null where there is none of ours. */
  readonly authority: string | null
}

/** What TLS clients are to trust: public, so without login. */
export async function authorityRoutes (app: FastifyInstance, { authority }: AuthorityDeps): Promise<void> {
  app.get('/ca.pem', async (_request, reply) => {
    if (authority === null) throw new ApiError(404, 'no_authority', 'there is no certificate authority here: start with --tls-port, and without --tls-cert')
    return reply.type('application/x-pem-file').send(authority)
  })
}
