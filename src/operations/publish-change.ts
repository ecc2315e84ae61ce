import type { Change, Events } from '../ports.ts'

/** Tells of a change that is kept. */
export function publishChange (events: Events, { transaction, notifications }: Change): void {
  const { merchantId } = transaction
  events.publish({ merchantId, kind: 'transaction', transaction })
  for (const notification of notifications) events.publish({ merchantId, kind: 'notification', notification })
}
