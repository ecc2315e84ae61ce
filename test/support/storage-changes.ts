import type { Instant } from '../../src/domain/instant.ts'
import type { Notification } from '../../src/domain/notification.ts'
import type { Status, Transaction } from '../../src/domain/transaction.ts'
import type { Change, ChangedNotifications, Inserted, Lease, Room, Storage } from '../../src/ports.ts'
import { answer, CHARGED_AT, HOUR_MS, merchant, notification, transaction } from './domain.ts'

export const MERCHANT_ID = merchant().merchantId
export const URL_A = 'http://a.test/notify'
export const URL_B = 'http://b.test/notify'

export const ANY_ROOM: Room = () => Infinity
export const LEASE: Lease = { from: CHARGED_AT, until: CHARGED_AT + HOUR_MS }

export interface Opening extends Partial<Transaction> {
  /** Who is told of the charge; nobody unless given. */
  readonly tell?: readonly string[]
  readonly tellAt?: Instant
}

/** A new pending transaction: its name makes its ids, unless they are given. */
export function opening (name: string, { tell = [], tellAt = CHARGED_AT, ...more }: Opening = {}): Change {
  const opened = transaction({ transactionId: `id-${name}`, orderId: `order-${name}`, paymentCode: `code-${name}`, merchantId: MERCHANT_ID, ...more })
  return { transaction: opened, notifications: telling(opened, tell, tellAt) }
}

export function insert (storage: Storage, name: string, more: Opening = {}): Promise<Inserted> {
  const change = opening(name, more)
  return storage.insertTransaction(change.transaction.merchantId, () => change)
}

export interface Moving {
  readonly tell?: readonly string[]
  readonly at?: Instant
}

/** The change that brings a transaction to a status. */
export function moving (current: Transaction, status: Status, { tell = [], at = CHARGED_AT }: Moving = {}): Change {
  const moved: Transaction = { ...current, status, history: [...current.history, { at, status, cause: 'api', idempotencyKey: null }] }
  return { transaction: moved, notifications: telling(moved, tell, at) }
}

export function move (storage: Storage, name: string, status: Status, more: Moving = {}): Promise<Change | undefined> {
  return storage.moveTransaction(`id-${name}`, (current) => moving(current, status, more))
}

/** Ends an attempt of a notification: the next is due at `dueAt`, or there is none. */
export function endAttempt (storage: Storage, id: string, dueAt: Instant | null): Promise<ChangedNotifications | undefined> {
  return storage.changeNotification(id, (current) => [{
    ...current,
    state: dueAt === null ? 'delivered' : 'waiting',
    dueAt,
    attempts: [...current.attempts, {
      ...answer(),
      number: current.attempts.length + 1,
      cause: 'clock',
      at: CHARGED_AT,
      outcome: dueAt === null ? 'delivered' : 'failed',
      next: dueAt === null ? { again: false, at: null, reason: '200: delivered' } : { again: true, at: dueAt, reason: '503: again' }
    }]
  }])
}

/** Ids such as `order-1 settlement http://a.test/notify`. */
function telling ({ orderId, transactionId, merchantId, status }: Transaction, urls: readonly string[], at: Instant): readonly Notification[] {
  return urls.map((url) => notification({ id: `${transactionId.replace(/^id-/, '')} ${status} ${url}`, orderId, transactionId, merchantId, event: status, url, createdAt: at, dueAt: at }))
}
