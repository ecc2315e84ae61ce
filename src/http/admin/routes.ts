import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { faultsDocument, readFaults } from '../../domain/fault.ts'
import { readRules, rulesDocument } from '../../domain/rule.ts'
import { settingsDocument } from '../../domain/settings.ts'
import { changeFaults } from '../../operations/change-faults.ts'
import { changeRules } from '../../operations/change-rules.ts'
import { changeSettings } from '../../operations/change-settings.ts'
import type { ChangeSettingsDeps } from '../../operations/change-settings.ts'
import type { MoveClockDeps } from '../../operations/move-clock.ts'
import type { TryNotificationDeps } from '../../operations/try-notification.ts'
import { adminAnswers } from '../answers.ts'
import { answerError } from '../api-error.ts'
import { authenticateByKeyOrPassword, merchantOf } from '../authentication.ts'
import type { AuthenticationDeps } from '../authentication.ts'
import { takeJsonOnly, takeNothingAsAnything } from '../json-bodies.ts'
import { Nothing } from '../schemas.ts'
import { clockRoutes } from './clock-routes.ts'
import { EventStream, Faults, Rules, Settings } from './document-schemas.ts'
import { createFeed } from './feed.ts'
import type { FeedDeps } from './feed.ts'
import { merchantRoutes } from './merchant-routes.ts'
import type { MerchantDeps } from './merchant-routes.ts'
import { notificationRoutes } from './notification-routes.ts'
import { requestRoutes } from './request-routes.ts'
import type { RequestRoutesDeps } from './request-routes.ts'
import { FaultsBody, LastEventId, RulesBody, SettingsBody } from './schemas.ts'
import { transactionRoutes } from './transaction-routes.ts'
import type { TransactionDeps } from './transaction-routes.ts'
import { worldRoutes } from './world-routes.ts'
import type { WorldDeps } from './world-routes.ts'

export type AdminDeps = TransactionDeps & AuthenticationDeps & ChangeSettingsDeps & MerchantDeps & MoveClockDeps & WorldDeps & TryNotificationDeps & FeedDeps & RequestRoutesDeps

/** Our control API of one merchant's world. */
export const adminRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  await authenticateByKeyOrPassword(app, deps)
  takeJsonOnly(app)
  takeNothingAsAnything(app)
  app.setErrorHandler(answerError)
  app.addHook('onRequest', app.basicAuth)
  // Whose world it is: a client that has only the key learns it so.
  app.addHook('onRequest', async (request, reply) => { reply.header('x-merchant-id', merchantOf(request).merchantId) })

  await app.register(transactionRoutes, { ...deps, prefix: '' })
  await app.register(notificationRoutes, { ...deps, prefix: '' })
  await app.register(clockRoutes, { ...deps, prefix: '' })
  await app.register(worldRoutes, { ...deps, prefix: '' })
  await app.register(merchantRoutes, { ...deps, prefix: '' })
  await app.register(requestRoutes, { ...deps, prefix: '' })

  const feed = createFeed(deps)
  app.get('/events', {
    exposeHeadRoute: false,
    schema: {
      operationId: 'listenToEvents',
      summary: 'Server-sent events of all that happens',
      headers: LastEventId,
      response: adminAnswers({ 200: { content: { 'text/event-stream': { schema: EventStream } } } })
    }
  }, async (request, reply) => {
    const { 'last-event-id': last } = request.headers
    return reply
      .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      .send(feed.open(merchantOf(request).merchantId, typeof last === 'string' ? last : undefined))
  })

  app.get('/settings', {
    schema: {
      operationId: 'showSettings',
      summary: 'What this merchant has chosen',
      response: adminAnswers({ 200: Settings })
    }
  }, async (request) => settingsDocument(merchantOf(request).settings))

  app.get('/faults', {
    schema: {
      operationId: 'showFaults',
      summary: 'The failures to inject',
      response: adminAnswers({ 200: Faults })
    }
  }, async (request) => faultsDocument(merchantOf(request).faults))

  app.put('/faults', {
    schema: {
      operationId: 'changeFaults',
      summary: 'Puts these failures in place of what is there',
      body: FaultsBody,
      response: adminAnswers({ 200: Faults }, 'invalid_faults')
    }
  }, async (request) => faultsDocument(await changeFaults(deps, merchantOf(request), readFaults(request.body))))

  app.delete('/faults', {
    schema: {
      operationId: 'removeFaults',
      summary: 'Injects no more failures',
      response: adminAnswers({ 204: Nothing })
    }
  }, async (request, reply) => {
    await changeFaults(deps, merchantOf(request), [])
    return reply.code(204).send()
  })

  app.get('/rules', {
    schema: {
      operationId: 'showRules',
      summary: 'What happens to charges by itself',
      response: adminAnswers({ 200: Rules })
    }
  }, async (request) => rulesDocument(merchantOf(request).rules))

  app.put('/rules', {
    schema: {
      operationId: 'changeRules',
      summary: 'Puts these rules in place of what is there, for charges from now on',
      body: RulesBody,
      response: adminAnswers({ 200: Rules }, 'invalid_rules')
    }
  }, async (request) => rulesDocument(await changeRules(deps, merchantOf(request), readRules(request.body))))

  app.delete('/rules', {
    schema: {
      operationId: 'removeRules',
      summary: 'Nothing happens to charges by itself any more',
      response: adminAnswers({ 204: Nothing })
    }
  }, async (request, reply) => {
    await changeRules(deps, merchantOf(request), [])
    return reply.code(204).send()
  })

  app.put('/settings', {
    schema: {
      operationId: 'changeSettings',
      summary: 'Changes settings, whole or in part; what is left out stays',
      body: SettingsBody,
      response: adminAnswers({ 200: Settings }, 'invalid_settings')
    }
  }, async (request) => settingsDocument(await changeSettings(deps, merchantOf(request), request.body)))
}
