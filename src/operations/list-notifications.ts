import type { Merchant } from '../domain/merchant.ts'
import type { Notification } from '../domain/notification.ts'
import type { NotificationQuery, Page, Storage } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'

export interface ListNotificationsDeps {
  readonly storage: Storage
}

export interface NotificationFilter extends Omit<NotificationQuery, 'transactionId'> {
  /** A transaction id, an order id or a payment code. */
  readonly ref?: string | undefined
}

/** A page of a merchant's notifications, newest first; with `ref` those of one transaction. */
export async function listNotifications (deps: ListNotificationsDeps, merchant: Merchant, { ref, ...query }: NotificationFilter): Promise<Page<Notification>> {
  const transactionId = ref === undefined ? undefined : (await findTransaction(deps, merchant, ref, 'admin')).transactionId
  return deps.storage.listNotifications(merchant.merchantId, { ...query, transactionId })
}
