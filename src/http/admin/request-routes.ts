import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { clearRequests } from '../../operations/clear-requests.ts'
import { explainSignature } from '../../operations/explain-signature.ts'
import type { ExplainSignatureDeps } from '../../operations/explain-signature.ts'
import { listRequests } from '../../operations/list-requests.ts'
import type { ListRequestsDeps } from '../../operations/list-requests.ts'
import { merchantOf } from '../authentication.ts'
import { requestDocument } from './documents.ts'
import { limitOf } from './limit.ts'
import { RequestsQuery, SignatureBody } from './schemas.ts'

export type RequestRoutesDeps = ListRequestsDeps & ExplainSignatureDeps

/** What the merchant's backend asked of the gateway, and what it computed: /admin/requests, /admin/explain-signature. */
export const requestRoutes: FastifyPluginAsyncTypebox<RequestRoutesDeps> = async (app, deps) => {
  app.get('/requests', { schema: { querystring: RequestsQuery } }, async (request) => {
    const { transaction_id: transactionId, ...query } = request.query
    const { items, nextCursor } = listRequests(deps, merchantOf(request), { ...query, transactionId, limit: limitOf(query) })
    return { items: items.map(requestDocument), next_cursor: nextCursor }
  })

  app.delete('/requests', async (request, reply) => {
    clearRequests(deps, merchantOf(request))
    return reply.code(204).send()
  })

  app.post('/explain-signature', { schema: { body: SignatureBody } }, async (request) => {
    const { order_id: orderId, signature_key: signatureKey } = request.body
    const { problem, event, message, signedText } = await explainSignature(deps, merchantOf(request), orderId, signatureKey)
    return { matches: problem === 'none', problem, event, message, signed_text: signedText }
  })
}
