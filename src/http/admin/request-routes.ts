import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { clearRequests } from '../../operations/clear-requests.ts'
import { explainSignature } from '../../operations/explain-signature.ts'
import type { ExplainSignatureDeps } from '../../operations/explain-signature.ts'
import { listRequests } from '../../operations/list-requests.ts'
import type { ListRequestsDeps } from '../../operations/list-requests.ts'
import { merchantOf } from '../authentication.ts'
import { adminAnswers } from '../answers.ts'
import { Nothing } from '../schemas.ts'
import { JournalItem, page, SignatureVerdict } from './document-schemas.ts'
import { requestDocument } from './documents.ts'
import { limitOf } from './limit.ts'
import { RequestsQuery, SignatureBody } from './schemas.ts'

export type RequestRoutesDeps = ListRequestsDeps & ExplainSignatureDeps

/** What the merchant's backend asked of the gateway, and what it computed: /admin/requests, /admin/explain-signature. */
export const requestRoutes: FastifyPluginAsyncTypebox<RequestRoutesDeps> = async (app, deps) => {
  app.get('/requests', {
    schema: {
      operationId: 'listRequests',
      summary: 'The last 1,000 requests at the gateway with their answers, newest first, each refusal explained',
      querystring: RequestsQuery,
      response: adminAnswers({ 200: page(JournalItem) })
    }
  }, async (request) => {
    const { transaction_id: transactionId, ...query } = request.query
    const { items, nextCursor } = listRequests(deps, merchantOf(request), { ...query, transactionId, limit: limitOf(query) })
    return { items: items.map(requestDocument), next_cursor: nextCursor }
  })

  app.delete('/requests', {
    schema: {
      operationId: 'clearRequests',
      summary: 'Empties the journal',
      response: adminAnswers({ 204: Nothing })
    }
  }, async (request, reply) => {
    clearRequests(deps, merchantOf(request))
    return reply.code(204).send()
  })

  app.post('/explain-signature', {
    schema: {
      operationId: 'explainSignature',
      summary: 'What a signature that your code computed matches, or how it went wrong',
      body: SignatureBody,
      response: adminAnswers({ 200: SignatureVerdict }, 'transaction_unknown')
    }
  }, async (request) => {
    const { order_id: orderId, signature_key: signatureKey } = request.body
    const { problem, event, message, signedText } = await explainSignature(deps, merchantOf(request), orderId, signatureKey)
    return { matches: problem === 'none', problem, event, message, signed_text: signedText }
  })
}
