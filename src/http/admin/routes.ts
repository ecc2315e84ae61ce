import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { readDelay } from '../../domain/duration.ts'
import { faultsDocument, readFaults } from '../../domain/fault.ts'
import { Refusal } from '../../domain/refusal.ts'
import { readRules, rulesDocument } from '../../domain/rule.ts'
import { settingsDocument } from '../../domain/settings.ts'
import { changeFaults } from '../../operations/change-faults.ts'
import { changeRules } from '../../operations/change-rules.ts'
import { changeSettings } from '../../operations/change-settings.ts'
import type { ChangeSettingsDeps } from '../../operations/change-settings.ts'
import { expireTransaction } from '../../operations/expire-transaction.ts'
import { listNotifications } from '../../operations/list-notifications.ts'
import { listTransactions } from '../../operations/list-transactions.ts'
import type { MoveClockDeps } from '../../operations/move-clock.ts'
import type { MoveTransactionDeps } from '../../operations/move-transaction.ts'
import { notifyAgain } from '../../operations/notify-again.ts'
import { payTransaction } from '../../operations/pay-transaction.ts'
import { reverseTransaction } from '../../operations/reverse-transaction.ts'
import { showNotification } from '../../operations/show-notification.ts'
import { showTransaction } from '../../operations/show-transaction.ts'
import { tryNotification } from '../../operations/try-notification.ts'
import type { TryNotificationDeps } from '../../operations/try-notification.ts'
import type { WaitForAttemptsDeps } from '../../operations/wait-for-attempts.ts'
import { waitForTransaction } from '../../operations/wait-for-transaction.ts'
import { answerError } from '../api-error.ts'
import { authenticateByKeyOrPassword, merchantOf } from '../authentication.ts'
import type { AuthenticationDeps } from '../authentication.ts'
import { takeJsonOnly, takeNothingAsAnything } from '../json-bodies.ts'
import { answerChange, readTimeout } from './answer-change.ts'
import { clockRoutes } from './clock-routes.ts'
import { notificationDocument, notificationSummary, transactionDocument, transactionSummary } from './documents.ts'
import { createFeed } from './feed.ts'
import type { FeedDeps } from './feed.ts'
import { limitOf } from './limit.ts'
import { merchantRoutes } from './merchant-routes.ts'
import type { MerchantDeps } from './merchant-routes.ts'
import { requestRoutes } from './request-routes.ts'
import type { RequestRoutesDeps } from './request-routes.ts'
import { AwaitedQuery, Id, NoBody, NotificationsQuery, NotifyBody, PayBody, Ref, TransactionsQuery, WaitQuery } from './schemas.ts'
import { worldRoutes } from './world-routes.ts'
import type { WorldDeps } from './world-routes.ts'

export type AdminDeps = MoveTransactionDeps & AuthenticationDeps & ChangeSettingsDeps & MerchantDeps & MoveClockDeps & WorldDeps & TryNotificationDeps & WaitForAttemptsDeps & FeedDeps & RequestRoutesDeps

/** Our control API of one merchant's world. */
export const adminRoutes: FastifyPluginAsyncTypebox<AdminDeps> = async (app, deps) => {
  await authenticateByKeyOrPassword(app, deps)
  takeJsonOnly(app)
  takeNothingAsAnything(app)
  app.setErrorHandler(answerError)
  app.addHook('onRequest', app.basicAuth)
  // Whose world it is: a client that has only the key learns it so.
  app.addHook('onRequest', async (request, reply) => { reply.header('x-merchant-id', merchantOf(request).merchantId) })

  await app.register(clockRoutes, { ...deps, prefix: '' })
  await app.register(worldRoutes, { ...deps, prefix: '' })
  await app.register(merchantRoutes, { ...deps, prefix: '' })
  await app.register(requestRoutes, { ...deps, prefix: '' })

  app.get('/transactions', { schema: { querystring: TransactionsQuery } }, async (request) => {
    const { items, nextCursor } = await listTransactions(deps, merchantOf(request), { ...request.query, limit: limitOf(request.query) })
    return { items: items.map(transactionSummary), next_cursor: nextCursor }
  })

  app.get('/transactions/:ref', { schema: { params: Ref } }, async (request) => {
    const { transaction, notifications } = await showTransaction(deps, merchantOf(request), request.params.ref)
    return transactionDocument(transaction, notifications)
  })

  app.get('/transactions/:ref/wait', { schema: { params: Ref, querystring: AwaitedQuery } }, async (request, reply) => {
    const { status, delivered, timeout } = request.query
    const { holds, shown } = await waitForTransaction(deps, merchantOf(request), request.params.ref, { status, delivered: delivered === 'true' }, readTimeout(timeout))
    const transaction = transactionDocument(shown.transaction, shown.notifications)
    if (holds) return transaction
    return reply.code(408).send({ code: 'not_yet', message: `it is not so within ${timeout ?? '10s'} of real time; wait again, or ask for a longer timeout of at most 60s`, transaction })
  })

  app.post('/transactions/:ref/pay', { schema: { params: Ref, querystring: WaitQuery, body: PayBody } }, async (request) => {
    const amount = request.body?.amount
    return answerChange(deps, merchantOf(request), request.query, () =>
      payTransaction(deps, merchantOf(request), request.params.ref, amount === undefined ? undefined : Number(amount)))
  })

  app.post('/transactions/:ref/expire', { schema: { params: Ref, querystring: WaitQuery, body: NoBody } }, async (request) =>
    answerChange(deps, merchantOf(request), request.query, () => expireTransaction(deps, merchantOf(request), request.params.ref, 'admin')))

  app.post('/transactions/:ref/reverse', { schema: { params: Ref, querystring: WaitQuery, body: NoBody } }, async (request) =>
    answerChange(deps, merchantOf(request), request.query, () => reverseTransaction(deps, merchantOf(request), request.params.ref)))

  app.post('/transactions/:ref/notify', { schema: { params: Ref, querystring: WaitQuery, body: NotifyBody } }, async (request) => {
    const { event, times = 1, delay = 0, tamper = null } = request.body ?? {}
    const delayMs = readDelay(delay)
    if (delayMs === undefined) throw new Refusal('invalid_request', 'delay must be a duration such as "500ms", "3s" or "10m", of at most 180d')
    return answerChange(deps, merchantOf(request), request.query, () => notifyAgain(deps, merchantOf(request), request.params.ref, { event, times, delayMs, tamper }))
  })

  app.get('/notifications', { schema: { querystring: NotificationsQuery } }, async (request) => {
    const { items, nextCursor } = await listNotifications(deps, merchantOf(request), { ...request.query, limit: limitOf(request.query) })
    return { items: items.map(notificationSummary), next_cursor: nextCursor }
  })

  app.get('/notifications/:id', { schema: { params: Id } }, async (request) =>
    notificationDocument(await showNotification(deps, merchantOf(request), request.params.id), merchantOf(request)))

  app.post('/notifications/:id/attempt', { schema: { params: Id, body: NoBody } }, async (request) =>
    notificationDocument(await tryNotification(deps, merchantOf(request), request.params.id), merchantOf(request)))

  const feed = createFeed(deps)
  app.get('/events', { exposeHeadRoute: false }, async (request, reply) => {
    const { 'last-event-id': last } = request.headers
    return reply
      .headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      .send(feed.open(merchantOf(request).merchantId, typeof last === 'string' ? last : undefined))
  })

  app.get('/settings', async (request) => settingsDocument(merchantOf(request).settings))

  app.get('/faults', async (request) => faultsDocument(merchantOf(request).faults))

  app.put('/faults', async (request) => faultsDocument(await changeFaults(deps, merchantOf(request), readFaults(request.body))))

  app.delete('/faults', async (request, reply) => {
    await changeFaults(deps, merchantOf(request), [])
    return reply.code(204).send()
  })

  app.get('/rules', async (request) => rulesDocument(merchantOf(request).rules))

  app.put('/rules', async (request) => rulesDocument(await changeRules(deps, merchantOf(request), readRules(request.body))))

  app.delete('/rules', async (request, reply) => {
    await changeRules(deps, merchantOf(request), [])
    return reply.code(204).send()
  })

  app.put('/settings', async (request) => settingsDocument(await changeSettings(deps, merchantOf(request), request.body)))
}
