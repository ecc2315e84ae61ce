import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { createMerchant } from '../../operations/create-merchant.ts'
import type { CreateMerchantDeps } from '../../operations/create-merchant.ts'
import { deleteMerchant } from '../../operations/delete-merchant.ts'
import type { DeleteMerchantDeps } from '../../operations/delete-merchant.ts'
import { listMerchants } from '../../operations/list-merchants.ts'
import { adminOnly } from '../authentication.ts'
import { adminAnswers } from '../answers.ts'
import { Nothing } from '../schemas.ts'
import { Merchant, page } from './document-schemas.ts'
import { maskedMerchantDocument, merchantDocument } from './documents.ts'
import { MerchantBody, MerchantId } from './schemas.ts'

export type MerchantDeps = CreateMerchantDeps & DeleteMerchantDeps

/** All merchants, for the admin account: /admin/merchants. */
export const merchantRoutes: FastifyPluginAsyncTypebox<MerchantDeps> = async (app, deps) => {
  app.addHook('onRequest', adminOnly)

  app.get('/merchants', {
    schema: {
      operationId: 'listMerchants',
      summary: 'All merchants, keys masked',
      response: adminAnswers({ 200: page(Merchant) }, 'admin_only')
    }
  }, async () => ({ items: (await listMerchants(deps)).map(maskedMerchantDocument), next_cursor: null }))

  app.post('/merchants', {
    schema: {
      operationId: 'createMerchant',
      summary: 'Opens a new world; the only answer that shows its keys',
      body: MerchantBody,
      response: adminAnswers({ 201: Merchant }, 'admin_only', 'invalid_merchant', 'invalid_settings', 'merchant_taken', 'key_taken')
    }
  }, async (request, reply) => {
    const { merchant_id: merchantId, server_key: serverKey, client_key: clientKey, settings } = request.body ?? {}
    return reply.code(201).send(merchantDocument(await createMerchant(deps, { merchantId, serverKey, clientKey, settings })))
  })

  app.delete('/merchants/:merchant_id', {
    schema: {
      operationId: 'deleteMerchant',
      summary: 'Deletes a merchant and its world',
      params: MerchantId,
      response: adminAnswers({ 204: Nothing }, 'admin_only', 'merchant_unknown', 'default_merchant')
    }
  }, async (request, reply) => {
    await deleteMerchant(deps, request.params.merchant_id)
    return reply.code(204).send()
  })
}
