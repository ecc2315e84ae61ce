import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { exportWorld } from '../../operations/export-world.ts'
import { importWorld } from '../../operations/import-world.ts'
import type { ImportWorldDeps } from '../../operations/import-world.ts'
import { resetWorld } from '../../operations/reset-world.ts'
import type { ResetWorldDeps } from '../../operations/reset-world.ts'
import { merchantOf } from '../authentication.ts'
import { takeJsonOnly, WORLD_LIMITS } from '../json-bodies.ts'
import { adminAnswers } from '../answers.ts'
import { Emptied, Imported, World } from './document-schemas.ts'
import { NoBody, WorldBody } from './schemas.ts'

export type WorldDeps = ImportWorldDeps & ResetWorldDeps

/** A merchant's world as a whole: /admin/reset, /admin/export and /admin/import. */
export const worldRoutes: FastifyPluginAsyncTypebox<WorldDeps> = async (app, deps) => {
  app.post('/reset', {
    schema: {
      operationId: 'resetWorld',
      summary: 'Empties this merchant\'s world and rewinds its chance; settings, faults and clock stay',
      body: NoBody,
      response: adminAnswers({ 200: Emptied })
    }
  }, async (request) => {
    const { merchantId } = merchantOf(request)
    await resetWorld(deps, merchantOf(request))
    return { merchant_id: merchantId }
  })

  app.get('/export', {
    exposeHeadRoute: false,
    schema: {
      operationId: 'exportWorld',
      summary: 'This world as one document, without keys',
      response: adminAnswers({ 200: World })
    }
  }, async (request) => exportWorld(deps, merchantOf(request)))

  await app.register(async (large) => {
    takeJsonOnly(large, WORLD_LIMITS)
    large.post('/import', {
      schema: {
        operationId: 'importWorld',
        summary: 'Adds what an exported document holds: all of it or nothing',
        body: WorldBody,
        response: adminAnswers({ 200: Imported }, 'invalid_import', 'invalid_settings', 'import_clash', 'advance_under_way')
      }
    }, async (request) => {
      const { merchant: { merchantId }, records } = await importWorld(deps, merchantOf(request), request.body)
      const transactions = records.filter(({ transaction }) => transaction !== undefined).length
      return { merchant_id: merchantId, transactions, notifications: records.length - transactions }
    })
  })
}
