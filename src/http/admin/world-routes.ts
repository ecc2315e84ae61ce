import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { exportWorld } from '../../operations/export-world.ts'
import { importWorld } from '../../operations/import-world.ts'
import type { ImportWorldDeps } from '../../operations/import-world.ts'
import { resetWorld } from '../../operations/reset-world.ts'
import type { ResetWorldDeps } from '../../operations/reset-world.ts'
import { merchantOf } from '../authentication.ts'
import { takeJsonOnly, WORLD_LIMITS } from '../json-bodies.ts'
import { NoBody } from './schemas.ts'

export type WorldDeps = ImportWorldDeps & ResetWorldDeps

/** A merchant's world as a whole: /admin/reset, /admin/export and /admin/import. */
export const worldRoutes: FastifyPluginAsyncTypebox<WorldDeps> = async (app, deps) => {
  app.post('/reset', { schema: { body: NoBody } }, async (request) => {
    const { merchantId } = merchantOf(request)
    await resetWorld(deps, merchantOf(request))
    return { merchant_id: merchantId }
  })

  app.get('/export', { exposeHeadRoute: false }, async (request) => exportWorld(deps, merchantOf(request)))

  await app.register(async (large) => {
    takeJsonOnly(large, WORLD_LIMITS)
    large.post('/import', async (request) => {
      const { merchant: { merchantId }, records } = await importWorld(deps, merchantOf(request), request.body)
      const transactions = records.filter(({ transaction }) => transaction !== undefined).length
      return { merchant_id: merchantId, transactions, notifications: records.length - transactions }
    })
  })
}
