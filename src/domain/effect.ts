import type { Instant } from './instant.ts'
import type { Attempt, Notification } from './notification.ts'
import type { Transaction } from './transaction.ts'

/** Something that the passing of time caused. */
export type Effect = { readonly at: Instant, readonly transactionId: string, readonly orderId: string } & (
  | { readonly kind: 'expired' }
  | { readonly kind: 'attempted', readonly notificationId: string, readonly event: Notification['event'], readonly url: string, readonly attempt: Attempt }
)

export function expired ({ transactionId, orderId }: Transaction, at: Instant): Effect {
  return { kind: 'expired', at, transactionId, orderId }
}

/** The effect that the last attempt of a notification was. */
export function lastAttempted ({ id, transactionId, orderId, event, url, attempts }: Notification): Effect {
  const attempt = attempts.at(-1)
  if (attempt === undefined) throw new Error(`notification ${id} was never attempted`)
  return { kind: 'attempted', at: attempt.at, transactionId, orderId, notificationId: id, event, url, attempt }
}
