import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { createMerchant } from '../../operations/create-merchant.ts'
import type { CreateMerchantDeps } from '../../operations/create-merchant.ts'
import { deleteMerchant } from '../../operations/delete-merchant.ts'
import type { DeleteMerchantDeps } from '../../operations/delete-merchant.ts'
import { listMerchants } from '../../operations/list-merchants.ts'
import { adminOnly } from '../authentication.ts'
import { maskedMerchantDocument, merchantDocument } from './documents.ts'
import { MerchantBody, MerchantId } from './schemas.ts'

export type MerchantDeps = CreateMerchantDeps & DeleteMerchantDeps

/** All merchants, for the admin account: /admin/merchants. */
export const merchantRoutes: FastifyPluginAsyncTypebox<MerchantDeps> = async (app, deps) => {
  app.addHook('onRequest', adminOnly)

  app.get('/merchants', async () => ({ items: (await listMerchants(deps)).map(maskedMerchantDocument), next_cursor: null }))

  app.post('/merchants', { schema: { body: MerchantBody } }, async (request, reply) => {
    const { merchant_id: merchantId, server_key: serverKey, client_key: clientKey, settings } = request.body ?? {}
    return reply.code(201).send(merchantDocument(await createMerchant(deps, { merchantId, serverKey, clientKey, settings })))
  })

  app.delete('/merchants/:merchant_id', { schema: { params: MerchantId } }, async (request, reply) => {
    await deleteMerchant(deps, request.params.merchant_id)
    return reply.code(204).send()
  })
}
