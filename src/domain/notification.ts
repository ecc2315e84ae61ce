import { struck } from './fault.ts'
import type { Fault, Tamper } from './fault.ts'
import type { Instant } from './instant.ts'
import { writeReversed } from './json.ts'
import type { Json } from './json.ts'
import type { Merchant } from './merchant.ts'
import { writeAmount } from './money.ts'
import { notifiedCustomer } from './receipt.ts'
import { afterAttempt } from './retry-policy.ts'
import type { AttemptError, Next, Outcome } from './retry-policy.ts'
import { textOf } from './charge-request.ts'
import { sign } from './signature.ts'
import { STORES } from './stores.ts'
import { notificationUrls } from './target.ts'
import type { Status, Transaction } from './transaction.ts'
import { toWib } from './wib.ts'

export const NOTIFICATION_STATES = ['waiting', 'held', 'delivered', 'failed', 'dropped'] as const
/** `waiting`: due or scheduled; `failed`: no attempt left. */
export type NotificationState = typeof NOTIFICATION_STATES[number]

export type Headers = Readonly<Record<string, string>>

/** What one HTTP request to a merchant's URL came to, as the sender saw it. Bodies are cut to 4 KiB. */
export interface Answer {
  readonly durationMs: number
  readonly requestHeaders: Headers
  readonly status: number | null
  readonly responseHeaders: Headers
  readonly responseBody: string
  readonly error: AttemptError | null
  /** The URLs that 307 and 308 led to, in order. */
  readonly redirects: readonly string[]
}

export const ATTEMPT_CAUSES = ['clock', 'advance', 'admin'] as const
/** Who made an attempt: the clock by itself, an advance of it (or the clock, and an advance has listed it), or someone who asked for it. */
export type AttemptCause = typeof ATTEMPT_CAUSES[number]

export interface Attempt extends Answer {
  readonly number: number
  readonly cause: AttemptCause
  readonly at: Instant
  readonly outcome: Outcome
  readonly next: Next
}

/** One event of one transaction for one URL. Its body was rendered and signed once and never changes. */
export interface Notification {
  readonly id: string
  readonly merchantId: string
  readonly transactionId: string
  readonly orderId: string
  readonly event: Status
  readonly url: string
  readonly state: NotificationState
  readonly createdAt: Instant
  /** When the next attempt falls due; null when none will. */
  readonly dueAt: Instant | null
  /** The fault that holds it, while it is held. */
  readonly heldBy: string | null
  readonly body: string
  readonly attempts: readonly Attempt[]
}

/** The gateway's code in a notification: not that of GET status for expire and cancel (docs/gateway.md, 7.2). */
export const STATUS_CODES: Record<Status, string> = { pending: '201', settlement: '200', expire: '202', cancel: '202', deny: '202' }

export interface Telling {
  readonly now: Instant
  readonly dueAt?: Instant
  readonly newId: () => string
  readonly tamper?: Tamper | null
}

/** The notifications of the state a transaction is in, one for each URL, due at `dueAt`. */
export function notificationsOf (transaction: Transaction, merchant: Merchant, { now, dueAt = now, newId, tamper = null }: Telling): readonly Notification[] {
  const { merchantId, transactionId, orderId, status } = transaction
  return notificationUrls(merchant.settings.notificationUrls, transaction.urls).map((url) => ({
    id: newId(), merchantId, transactionId, orderId, event: status, url, state: 'waiting', createdAt: now, dueAt, heldBy: null, body: renderBody(transaction, merchant.serverKey, tamper), attempts: []
  }))
}

/** What is told of a state, and the merchant's faults after they have struck: each notification meets the first fault that matches. */
export function announce (transaction: Transaction, merchant: Merchant, telling: Telling, chance: (fault: Fault) => number): { readonly notifications: readonly Notification[], readonly faults: readonly Fault[] } {
  let { faults } = merchant
  const notifications = notificationsOf(transaction, merchant, telling).flatMap((notification) => {
    const strike = struck(faults, { event: notification.event, store: transaction.store, orderId: transaction.orderId }, chance)
    faults = strike.faults
    return strike.fault === undefined ? notification : spoiled(notification, strike.fault, transaction, merchant, telling)
  })
  return { notifications, faults }
}

function spoiled (notification: Notification, { id, action }: Fault, transaction: Transaction, merchant: Merchant, { newId }: Telling): readonly Notification[] {
  switch (action.kind) {
    case 'delay': return [{ ...notification, dueAt: (notification.dueAt ?? notification.createdAt) + action.delayMs }]
    case 'drop': return [{ ...notification, state: 'dropped', dueAt: null }]
    case 'duplicate': return Array.from({ length: action.copies }, (_, copy) => copy === 0 ? notification : { ...notification, id: newId() })
    case 'hold': return [{ ...notification, state: 'held', dueAt: null, heldBy: id }]
    case 'tamper': return [{ ...notification, body: renderBody(transaction, merchant.serverKey, action.tamper) }]
    default: return [notification]
  }
}

/** A held notification on its way. */
export function released (notification: Notification, at: Instant): Notification {
  return notification.state === 'held' ? { ...notification, state: 'waiting', dueAt: at, heldBy: null } : notification
}

/**
 * The notification after an attempt that began at `at`. `jitter` as in the retry policy. One that was asked for after the
 * last of its schedule begins no new schedule.
 */
export function attempted (notification: Notification, { at, cause, answer, jitter }: { at: Instant, cause: AttemptCause, answer: Answer, jitter: number | null }): Notification {
  const number = notification.attempts.length + 1
  const isOver = !['waiting', 'held'].includes(notification.state)
  const { outcome, next } = afterAttempt({ number, startedAt: at, status: answer.status, error: answer.error, isLast: isOver }, jitter)
  return {
    ...notification,
    state: outcome === 'delivered' ? 'delivered' : isOver ? notification.state : next.again ? 'waiting' : 'failed',
    dueAt: next.at,
    heldBy: null,
    attempts: [...notification.attempts, { ...answer, number, at, cause, outcome, next }]
  }
}

/** What the clock attempted at `at` is now an advance's to tell. */
export function listed (notification: Notification, at: Instant): Notification {
  return { ...notification, attempts: notification.attempts.map((attempt) => attempt.at === at && attempt.cause === 'clock' ? { ...attempt, cause: 'advance' } : attempt) }
}

const TAMPERED: Record<Tamper, (transaction: Transaction, signature: string) => Record<string, string>> = {
  signature: (_transaction, signature) => ({ signature_key: [...signature].reverse().join('') }),
  amount: ({ grossAmount }) => ({ gross_amount: writeAmount(grossAmount + 1) }),
  // Both members, since the code is the one that is signed.
  status: ({ status }) => {
    const other = status === 'settlement' ? 'pending' : 'settlement'
    return { transaction_status: other, status_code: STATUS_CODES[other] }
  }
}

/** Compact JSON with its keys in reverse order, signed (docs/gateway.md, 7.2 and 7.3). */
function renderBody (transaction: Transaction, serverKey: string, tamper: Tamper | null): string {
  const { orderId, status, store, request } = transaction
  const grossAmount = writeAmount(transaction.grossAmount)
  const statusCode = STATUS_CODES[status]
  const members: Record<string, Json | undefined> = {
    transaction_time: toWib(transaction.chargedAt),
    transaction_status: status,
    transaction_id: transaction.transactionId,
    store,
    status_message: 'midtrans payment notification',
    status_code: statusCode,
    signature_key: sign({ orderId, statusCode, grossAmount, serverKey }),
    settlement_time: transaction.settledAt === null ? undefined : toWib(transaction.settledAt),
    payment_type: 'cstore',
    payment_code: transaction.paymentCode,
    order_id: orderId,
    metadata: request.metadata ?? undefined,
    merchant_id: transaction.merchantId,
    gross_amount: grossAmount,
    fraud_status: STORES[store].fraudStatus ?? undefined,
    expiry_time: toWib(transaction.expiresAt),
    customer_details: notifiedCustomer(request),
    custom_field3: textOf(request.custom_field3) || undefined,
    custom_field2: textOf(request.custom_field2) || undefined,
    custom_field1: textOf(request.custom_field1) || undefined,
    currency: 'IDR',
    approval_code: transaction.approvalCode ?? undefined
  }
  Object.assign(members, tamper === null ? {} : TAMPERED[tamper](transaction, String(members.signature_key)))
  return writeReversed(Object.fromEntries(Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined)))
}
