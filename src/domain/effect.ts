import type { Instant } from './instant.ts'
import type { Attempt, Notification } from './notification.ts'
import type { Move, Transaction } from './transaction.ts'

/** What each move is called among effects. */
export const MOVED = { pay: 'paid', expire: 'expired', cancel: 'cancelled', reverse: 'reversed' } as const satisfies Record<Move, string>

/** Something that the passing of time caused. `order` counts as causes were recorded. */
export type Effect = { readonly at: Instant, readonly order: number, readonly transactionId: string, readonly orderId: string } & (
  | { readonly kind: typeof MOVED[Move] }
  | { readonly kind: 'attempted', readonly notificationId: string, readonly event: Notification['event'], readonly url: string, readonly attempt: Attempt }
)

export function moveEffect ({ transactionId, orderId }: Transaction, move: Move, at: Instant, order: number): Effect {
  return { kind: MOVED[move], at, order, transactionId, orderId }
}

/** The effect that the last attempt of a notification was; with an instant, the last that began then. */
export function lastAttempted ({ id, transactionId, orderId, event, url, attempts }: Notification, order: number, at?: Instant): Effect {
  const attempt = attempts.findLast((each) => at === undefined || (each.at === at && each.cause !== 'admin'))
  if (attempt === undefined) throw new Error(`notification ${id} was not attempted`)
  return { kind: 'attempted', at: attempt.at, order, transactionId, orderId, notificationId: id, event, url, attempt }
}

/** For sorting: by instant, and of one instant in the order in which their causes were recorded. */
export function byInstant (a: Effect, b: Effect): number {
  return a.at - b.at || a.order - b.order
}
