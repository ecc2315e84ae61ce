import type { Instant } from './domain/instant.ts'
import type { Merchant } from './domain/merchant.ts'
import type { Answer, Notification, NotificationState } from './domain/notification.ts'
import type { RequestRecord, SeenRequest } from './domain/request-record.ts'
import type { Settings } from './domain/settings.ts'
import type { Store } from './domain/stores.ts'
import type { NextMove, Status, Transaction } from './domain/transaction.ts'
import type { WorldContent } from './domain/world.ts'

/** The machine's time. A merchant's own is made from it by `domain/timeline.ts`. */
export interface Clock {
  now (): Instant
  /** Resolves after `ms` of real time, or at once when the signal is aborted. */
  wait (ms: number, signal?: AbortSignal): Promise<void>
}

/** What chance makes for one change. */
export interface Draw {
  /** A lower-case UUID v4. */
  uuid (): string
  digits (count: number): string
  /** A short name for a record: lower-case letters and digits. */
  name (): string
  /** At least 0, below 1. */
  fraction (): number
}

/** Chance. With a seed, the same merchant and occasion draw the same; without one, every draw is new. */
export interface Random {
  draw (merchantId: string, occasion: string): Draw
}

/** A change that could not be kept: nothing of it is there. */
export class NotKept extends Error {
  override readonly name = 'NotKept'
}

/** A state and its notifications: kept in one commit or not at all. */
export interface Change {
  readonly transaction: Transaction
  readonly notifications: readonly Notification[]
}

/** A change, and what it makes of its merchant. */
export interface Decision extends Change {
  readonly merchant?: Merchant
}

/** The world in which a change is decided. `chance` is a number that no kept change of this world was given before. */
export interface Scene {
  readonly merchant: Merchant | undefined
  readonly chance: number
}

/** Why records cannot come into a world: an id is known, or an order id or payment code belongs to a live transaction. */
export interface WorldClash {
  readonly what: 'transaction_id' | 'notification_id' | 'order_id' | 'payment_code'
  readonly id: string
}

export type ChangedNotifications = readonly [Notification, ...Notification[]]

export type Inserted = Change | 'order_taken' | 'code_taken'

/** What a `{ref}` may be. */
export type Way = 'transaction_id' | 'order_id' | 'payment_code'

export interface TransactionQuery {
  readonly status?: Status | undefined
  readonly store?: Store | undefined
  /** The beginning of an order id, a payment code or a transaction id. */
  readonly q?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface NotificationQuery {
  readonly transactionId?: string | undefined
  readonly state?: NotificationState | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Newest first. `nextCursor` is null on the last page. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

/** Work that time makes due, `at` in the merchant's own time; `order` counts as causes were recorded. */
export type Due = { readonly merchantId: string, readonly at: Instant, readonly order: number } & (
  | { readonly kind: 'move', readonly transactionId: string, readonly move: NextMove['move'], readonly cause: NextMove['cause'] }
  | { readonly kind: 'attempt', readonly notificationId: string, readonly target: string }
)

/** How many more attempts a target (scheme, host and port) may take now. */
export type Room = (target: string) => number

/** For how long claimed work is nobody else's, in the machine's time: a merchant's may stand still. */
export interface Lease {
  readonly from: Instant
  readonly until: Instant
}

/**
 * Keeps what happens. A promise of a change resolves, and the change is seen by readers, only once it is kept; it rejects
 * with `NotKept` where that failed, and with whatever a deciding function throws. Deciding functions run one at a time,
 * see what was kept before them, and must be pure.
 */
export interface Storage {
  merchants (): Promise<readonly Merchant[]>
  findMerchant (merchantId: string): Promise<Merchant | undefined>
  findMerchantByKey (serverKey: string): Promise<Merchant | undefined>
  /** Creates or changes one; `isEmpty` where its world has no transactions. Refuses `key_taken` where the server key opens another merchant's world. */
  changeMerchant (merchantId: string, decide: (current: Merchant | undefined, isEmpty: boolean) => Merchant): Promise<Merchant | 'key_taken'>

  /** false where there is no such merchant. What was going on in its world finds nothing any more. */
  deleteMerchant (merchantId: string): Promise<boolean>
  /** Empties a world and rewinds its chance; false where there is no such merchant. */
  resetWorld (merchantId: string): Promise<boolean>
  exportWorld (merchantId: string): Promise<WorldContent | undefined>
  /** Adds records that are new, and changes their merchant: all of it or nothing. undefined where there is no such merchant. */
  importWorld (merchantId: string, decide: (scene: Scene & { readonly merchant: Merchant }, isEmpty: boolean) => WorldContent): Promise<WorldContent | WorldClash | undefined>

  /** Refuses an order id or a payment code that belongs to a live transaction, apart. */
  insertTransaction (merchantId: string, decide: (scene: Scene) => Decision): Promise<Inserted>
  /** undefined where there is no such transaction. */
  moveTransaction (transactionId: string, decide: (current: Transaction, scene: Scene) => Decision): Promise<Change | undefined>
  /** Looks up in the order of `ways`; by order id and by payment code the newest. */
  findTransaction (merchantId: string, ref: string, ways: readonly Way[]): Promise<Transaction | undefined>
  /** The newest with this code in this store, whosever it is. */
  findByPaymentCode (store: Store, paymentCode: string): Promise<Transaction | undefined>
  listTransactions (merchantId: string, query: TransactionQuery): Promise<Page<Transaction>>

  findNotification (id: string): Promise<Notification | undefined>
  /** In the order in which they were recorded. */
  notificationsOf (transactionId: string): Promise<readonly Notification[]>
  listNotifications (merchantId: string, query: NotificationQuery): Promise<Page<Notification>>
  /** The transaction that a call with this Idempotency-Key brought to a state last. */
  findByIdempotencyKey (merchantId: string, key: string): Promise<Transaction | undefined>

  /**
   * Ends a claim on its next attempt. `held` are those of its transaction and URL that were recorded before it and are held;
   * what is decided begins with the notification itself. undefined where there is no such notification.
   */
  changeNotification (id: string, decide: (current: Notification, held: readonly Notification[]) => ChangedNotifications): Promise<ChangedNotifications | undefined>

  /**
   * Hands out work of this merchant that is due at `now`, in order of due instants, nothing twice while its lease lasts.
   * A notification's first attempt is due only after those of earlier ones of its transaction to the same URL have ended.
   */
  claimDue (merchantId: string, now: Instant, limit: number, lease: Lease, room: Room): Promise<readonly Due[]>
  /**
   * The notifications that the clock by itself attempted at `at`, if it attempted none later, in the order of recording.
   * From then on they count as attempted by an advance, so that they are handed out once.
   */
  takeAttemptedAt (merchantId: string, at: Instant): Promise<ReadonlyArray<{ readonly order: number, readonly notification: Notification }>>
  /** Gives claimed work back undone. */
  release (due: Due): Promise<void>
  /** The next unclaimed work that has room, of any merchant that is wanted, and the machine's instant at which it falls due: Infinity while time stands still before it. */
  nextDue (room: Room, isWanted?: (merchantId: string) => boolean): Promise<{ readonly due: Due, readonly machineAt: Instant } | undefined>

  /** Why nothing can be kept at present; null while it can, which is tried where the last change could not be kept. */
  trouble (): Promise<string | null>

  close (): Promise<void>
}

export interface Delivery {
  readonly url: string
  readonly body: string
  /** For the whole attempt, redirects and the answer's body included. */
  readonly timeoutMs: number
  /** Aborted when the process stops: the attempt then counts as not made. */
  readonly signal: AbortSignal
}

/** Makes one attempt. Whatever the receiver does is an answer; rejects only when the signal is aborted. */
export interface Sender {
  send (delivery: Delivery): Promise<Answer>
  /** May this URL never be notified, by what it says? A name may still turn out to be forbidden once it is looked up. */
  forbids (url: string): boolean
  close (): Promise<void>
}

/** Something happened and is kept. */
export type WarungEvent = { readonly merchantId: string } & (
  | { readonly kind: 'transaction', readonly transaction: Transaction }
  | { readonly kind: 'notification', readonly notification: Notification }
  | { readonly kind: 'settings', readonly settings: Settings }
  | { readonly kind: 'clock', readonly face: ClockFace }
  /** The world was emptied, or holds what an import brought. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'request', readonly record: RequestRecord }
)

/** What a merchant's clock shows. */
export interface ClockFace {
  readonly now: Instant
  readonly isFrozen: boolean
  readonly shiftMs: number
  /** The next work that time makes due and nobody does yet. */
  readonly nextDue: Due | null
}

export interface Events {
  publish (event: WarungEvent): void
  /** Returns what ends the subscription. */
  subscribe (listener: (event: WarungEvent) => void): () => void
}

export interface RequestQuery {
  /** `status_code` of the answer's body. */
  readonly status?: string | undefined
  readonly endpoint?: string | undefined
  readonly method?: string | undefined
  /** The beginning of a path. */
  readonly path?: string | undefined
  readonly transactionId?: string | undefined
  /** An order id or a transaction id. */
  readonly ref?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Remembers the latest requests of each merchant at the gateway, until the process ends. */
export interface RequestLog {
  record (merchantId: string, request: SeenRequest): RequestRecord
  list (merchantId: string, query: RequestQuery): Page<RequestRecord>
  clear (merchantId: string): void
}
