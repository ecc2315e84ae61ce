import type { ChargeRequest } from './charge-request.ts'
import { restOf } from './fate.ts'
import type { Fate } from './fate.ts'
import type { Instant } from './instant.ts'
import { wholeSecond } from './instant.ts'
import { Refusal } from './refusal.ts'
import type { RefusalCode } from './refusal.ts'
import type { Store } from './stores.ts'
import type { ChargeUrls } from './target.ts'
import { toWib } from './wib.ts'

export const STATUSES = ['pending', 'settlement', 'expire', 'cancel', 'deny'] as const
export type Status = typeof STATUSES[number]

export const CAUSES = ['charge', 'till', 'admin', 'api', 'clock', 'rule'] as const
/** Who or what made a transaction move. */
export type Cause = typeof CAUSES[number]

export interface HistoryEntry {
  readonly at: Instant
  readonly status: Status
  readonly cause: Cause
  /** The Idempotency-Key of the call that brought it about; null for none. */
  readonly idempotencyKey: string | null
}

/** One charge and its life. `grossAmount` in whole rupiah. */
export interface Transaction {
  readonly transactionId: string
  readonly merchantId: string
  readonly orderId: string
  readonly store: Store
  readonly paymentCode: string
  readonly grossAmount: number
  readonly status: Status
  readonly chargedAt: Instant
  /** From here on no till takes the code. */
  readonly expiresAt: Instant
  /** When a pending transaction moves to expire by itself: `expiresAt` and the batch lag of the gateway, if that is on. */
  readonly lapsesAt: Instant
  readonly settledAt: Instant | null
  readonly approvalCode: string | null
  readonly fate: Fate | null
  readonly urls: ChargeUrls
  readonly request: ChargeRequest
  readonly history: readonly HistoryEntry[]
}

export const MOVE_NAMES = ['pay', 'expire', 'cancel', 'reverse'] as const
export type Move = typeof MOVE_NAMES[number]

/** The life of a transaction (docs/gateway.md, 8): every move there is, all others are refused. */
const MOVES: Record<Move, { readonly from: Status, readonly to: Status, readonly done: string }> = {
  pay: { from: 'pending', to: 'settlement', done: 'paid' },
  expire: { from: 'pending', to: 'expire', done: 'expired' },
  cancel: { from: 'pending', to: 'cancel', done: 'cancelled' },
  reverse: { from: 'settlement', to: 'deny', done: 'reversed' }
}

/** Why a transaction that has left `pending` cannot be paid, expired or cancelled: what a cashier would say. */
const NO_LONGER_PENDING: Record<Exclude<Status, 'pending'>, readonly [RefusalCode, string]> = {
  settlement: ['already_paid', 'This payment code has been paid already; there is nothing more to pay.'],
  expire: ['expired', 'This payment code has expired. Ask the merchant for a new one.'],
  cancel: ['cancelled', 'The merchant has cancelled this payment. Ask the merchant for a new code.'],
  deny: ['denied', 'This payment was reversed. Ask the merchant for a new code.']
}

/** An order id and a payment code belong to a live transaction; after its end they are free again. */
export function isLive (status: Status): boolean {
  return status === 'pending' || status === 'settlement'
}

/** A move that time makes due. */
export interface NextMove {
  readonly at: Instant
  readonly move: Move
  readonly cause: 'clock' | 'rule'
}

/** What a transaction does next by itself: its fate, or it lapses. */
export function nextMove ({ status, lapsesAt, fate }: Transaction): NextMove | undefined {
  const lapse = status === 'pending' ? { at: lapsesAt, move: 'expire', cause: 'clock' } as const : undefined
  return fate !== null && fate.at < (lapse?.at ?? Infinity) ? { at: fate.at, move: fate.move, cause: 'rule' } : lapse
}

/** Could this transaction have the fate that it has? */
export function mayAwaitFate ({ status, history, expiresAt, fate }: Transaction): boolean {
  if (fate === null) return true
  const since = history.at(-1)?.at ?? -Infinity
  return MOVES[fate.move].from === status && fate.at >= since && (status !== 'pending' || fate.at < expiresAt) && (fate.reverseAfterMs === null || fate.move === 'pay')
}

/** Why this transaction may not move so at `now`; undefined where it may. */
export function whyNot ({ status, transactionId, expiresAt }: Transaction, move: Move, now: Instant): Refusal | undefined {
  if (status !== MOVES[move].from) {
    const [code, message] = status === 'pending' || move === 'reverse'
      ? ['not_settled', `Only a paid transaction can be reversed; this one is ${status}.`] as const
      : NO_LONGER_PENDING[status]
    const { from, done } = MOVES[move]
    const explanation = { rule: code, field: 'transaction_status', seen: status, expected: from, message: `Only a transaction in ${from} can be ${done}; this one is in ${status}.`, reference: '8 Life of a transaction' } as const
    return new Refusal(code, message, { transactionId, explanations: [explanation] })
  }
  // The batch job of the gateway may come later, but no till takes a code past its time.
  return move === 'pay' && now >= expiresAt ? new Refusal(...NO_LONGER_PENDING.expire, { transactionId, seen: toWib(expiresAt) }) : undefined
}

/** The transaction after the move. Throws the reason as a `Refusal` where it may not move so. */
export function moved (transaction: Transaction, move: Move, { now, cause, approvalCode, idempotencyKey = null }: { now: Instant, cause: Cause, approvalCode?: string | null, idempotencyKey?: string | null }): Transaction {
  const refusal = whyNot(transaction, move, now)
  if (refusal !== undefined) throw refusal

  const { to } = MOVES[move]
  return {
    ...transaction,
    status: to,
    ...to === 'settlement' ? { settledAt: wholeSecond(now), approvalCode: approvalCode ?? null } : {},
    // Whoever moves it otherwise takes its fate in hand.
    fate: transaction.fate !== null && cause === 'rule' ? restOf(transaction.fate, now) : null,
    history: [...transaction.history, { at: now, status: to, cause, idempotencyKey }]
  }
}

/** The transaction as it was when it came to this status; undefined where it never did. */
export function asOf (transaction: Transaction, status: Status): Transaction | undefined {
  const index = transaction.history.findIndex((entry) => entry.status === status)
  if (index < 0) return undefined
  const history = transaction.history.slice(0, index + 1)
  const wasPaid = history.some((entry) => entry.status === 'settlement')
  return { ...transaction, status, history, ...wasPaid ? {} : { settledAt: null, approvalCode: null } }
}
