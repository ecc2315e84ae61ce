import type { Change, Events } from '../ports.ts'

/** Tells of a change that is kept. */
export function publishChange (events: Events, { transaction: { merchantId, transactionId }, notifications }: Change): void {
  events.publish({ merchantId, kind: 'transaction', transactionId })
  for (const { id } of notifications) events.publish({ merchantId, kind: 'notification', notificationId: id })
}
