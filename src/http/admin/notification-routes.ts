import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { listNotifications } from '../../operations/list-notifications.ts'
import { showNotification } from '../../operations/show-notification.ts'
import { tryNotification } from '../../operations/try-notification.ts'
import type { TryNotificationDeps } from '../../operations/try-notification.ts'
import { adminAnswers } from '../answers.ts'
import { merchantOf } from '../authentication.ts'
import { Notification, page, WholeNotification } from './document-schemas.ts'
import { notificationDocument, notificationSummary } from './documents.ts'
import { limitOf } from './limit.ts'
import { Id, NoBody, NotificationsQuery } from './schemas.ts'

/** What a merchant is told: /admin/notifications. */
export const notificationRoutes: FastifyPluginAsyncTypebox<TryNotificationDeps> = async (app, deps) => {
  app.get('/notifications', {
    schema: {
      operationId: 'listNotifications',
      summary: 'Notifications, newest first',
      querystring: NotificationsQuery,
      response: adminAnswers({ 200: page(Notification) }, 'transaction_unknown')
    }
  }, async (request) => {
    const { items, nextCursor } = await listNotifications(deps, merchantOf(request), { ...request.query, limit: limitOf(request.query) })
    return { items: items.map(notificationSummary), next_cursor: nextCursor }
  })

  app.get('/notifications/:id', {
    schema: {
      operationId: 'showNotification',
      summary: 'A notification with all its attempts',
      params: Id,
      response: adminAnswers({ 200: WholeNotification }, 'notification_unknown')
    }
  }, async (request) =>
    notificationDocument(await showNotification(deps, merchantOf(request), request.params.id), merchantOf(request)))

  app.post('/notifications/:id/attempt', {
    schema: {
      operationId: 'attemptNotification',
      summary: 'Tries now, whatever the schedule says',
      params: Id,
      body: NoBody,
      response: adminAnswers({ 200: WholeNotification }, 'notification_unknown')
    }
  }, async (request) =>
    notificationDocument(await tryNotification(deps, merchantOf(request), request.params.id), merchantOf(request)))
}
