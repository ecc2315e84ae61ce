import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { plainAnswers } from './answers.ts'
import { ApiError } from './api-error.ts'

export interface AuthorityDeps {
  /** The certificate that TLS clients are to trust, as PEM; null where there is none of ours. */
  readonly authority: string | null
}

const PEM = 'application/x-pem-file'

/** What TLS clients are to trust: public, so without login. */
export async function authorityRoutes (app: FastifyInstance, { authority }: AuthorityDeps): Promise<void> {
  app.get('/ca.pem', {
    schema: {
      operationId: 'showAuthority',
      summary: 'The certificate that TLS clients are to trust',
      response: plainAnswers({ 200: { content: { [PEM]: { schema: Type.String() } } } }, 'no_authority')
    }
  }, async (_request, reply) => {
    if (authority === null) throw new ApiError('no_authority', 'there is no certificate authority here: start with --tls-port, and without --tls-cert')
    return reply.type(PEM).send(authority)
  })
}
