import { createHash } from 'node:crypto'

import { object, text, whole } from '../domain/fields.ts'
import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import type { Notification, NotificationState } from '../domain/notification.ts'
import { readCounter, readMerchant, readNotification, readTransaction } from '../domain/records.ts'
import type { Counter } from '../domain/records.ts'
import type { Store } from '../domain/stores.ts'
import { originOf } from '../domain/target.ts'
import type { Status, Transaction } from '../domain/transaction.ts'
import { DueQueues } from './due-queues.ts'
import type { Work } from './due-queues.ts'
import { SECTIONS } from './record.ts'
import type { Section, StoredRecord } from './record.ts'

/** A record and how it is kept. `order` counts transactions and notifications as they were first recorded. */
export type Entry = StoredRecord & (
  | { readonly section: 'merchants', readonly value: Merchant }
  | { readonly section: 'counters', readonly value: Counter }
  | { readonly section: 'transactions', readonly value: Transaction, readonly order: number }
  | { readonly section: 'notifications', readonly value: Notification, readonly order: number }
)

/** What is at hand of a transaction for finding it; the rest stays in its line until someone asks. */
export interface TransactionRow {
  readonly order: number
  readonly id: string
  readonly merchantId: string
  readonly orderId: string
  readonly store: Store
  readonly paymentCode: string
  status: Status
  lapsesAt: Instant
  line: string
  readonly notifications: NotificationRow[]
}

export interface NotificationRow {
  readonly order: number
  readonly id: string
  readonly merchantId: string
  readonly transactionId: string
  readonly url: string
  readonly target: string
  state: NotificationState
  dueAt: Instant | null
  attempts: number
  line: string
}

/** One merchant's world. Its lists run in the order of recording. */
export interface World {
  merchant: Merchant | undefined
  chance: number
  readonly transactions: TransactionRow[]
  readonly notifications: NotificationRow[]
  /** The newest transaction of each order id. */
  readonly orders: Map<string, TransactionRow>
  /** The transaction that each Idempotency-Key moved last, and when. */
  readonly keys: Map<string, { readonly row: TransactionRow, readonly at: Instant }>
  readonly due: DueQueues
  /** What the clock attempted at the latest instant at which it attempted anything. */
  latest: { readonly at: Instant, readonly rows: Set<NotificationRow> }
}

/**
 * All that is kept, in memory: each record as its line, and rows and maps to find it by. Lines rather than objects,
 * since a hundred thousand strings cost the garbage collector next to nothing.
 */
export class Tables {
  readonly worlds = new Map<string, World>()
  /** By the digest of the server key: how long a look-up takes tells nothing of a key. */
  readonly merchantsByKey = new Map<string, string>()
  readonly transactions = new Map<string, TransactionRow>()
  readonly notifications = new Map<string, NotificationRow>()
  readonly #codes = new Map<string, TransactionRow>()
  #nextOrder = 0

  get nextOrder (): number {
    return this.#nextOrder
  }

  world (merchantId: string): World {
    const known = this.worlds.get(merchantId)
    if (known !== undefined) return known
    const world: World = { merchant: undefined, chance: 0, transactions: [], notifications: [], orders: new Map(), keys: new Map(), due: new DueQueues(), latest: { at: -Infinity, rows: new Set() } }
    this.worlds.set(merchantId, world)
    return world
  }

  /** The newest transaction with this code in this store. */
  byCode (store: Store, paymentCode: string): TransactionRow | undefined {
    return this.#codes.get(codeKey(store, paymentCode))
  }

  /** Takes a record in place of what stood under its key. */
  put (entry: Entry): void {
    switch (entry.section) {
      case 'merchants': return this.#putMerchant(entry.value)
      case 'counters': this.world(entry.value.merchantId).chance = entry.value.chance; return
      case 'transactions': return this.#putTransaction(entry.value, entry.order, entry.line)
      case 'notifications': return this.#putNotification(entry.value, entry.order, entry.line)
    }
  }

  #putMerchant (merchant: Merchant): void {
    const world = this.world(merchant.merchantId)
    if (world.merchant !== undefined) this.merchantsByKey.delete(keyDigest(world.merchant.serverKey))
    world.merchant = merchant
    this.merchantsByKey.set(keyDigest(merchant.serverKey), merchant.merchantId)
  }

  #putTransaction (transaction: Transaction, order: number, line: string): void {
    const { transactionId: id, merchantId, orderId, store, paymentCode, status, lapsesAt } = transaction
    const world = this.world(merchantId)
    let row = this.transactions.get(id)
    if (row === undefined) {
      row = { order, id, merchantId, orderId, store, paymentCode, status, lapsesAt, line, notifications: [] }
      this.transactions.set(id, row)
      world.transactions.push(row)
      world.orders.set(orderId, row)
      this.#codes.set(codeKey(store, paymentCode), row)
    } else {
      Object.assign(row, { status, lapsesAt, line })
    }
    // All of its history: from a document it is read but once, whatever has moved it since.
    for (const { idempotencyKey: key, at } of transaction.history) {
      if (key !== null && at >= (world.keys.get(key)?.at ?? -Infinity)) world.keys.set(key, { row, at })
    }
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
    world.due.set(id, expiryOf(row))
  }

  #putNotification (notification: Notification, order: number, line: string): void {
    const { id, merchantId, transactionId, url, state, dueAt, attempts: { length: attempts } } = notification
    const clocksAt = notification.attempts.findLast(({ cause }) => cause === 'clock')?.at ?? -Infinity
    const world = this.world(merchantId)
    const siblings = this.transactions.get(transactionId)?.notifications ?? []
    let row = this.notifications.get(id)
    if (row === undefined) {
      row = { order, id, merchantId, transactionId, url, target: originOf(url), state, dueAt, attempts, line }
      this.notifications.set(id, row)
      world.notifications.push(row)
      siblings.push(row)
    } else {
      Object.assign(row, { state, dueAt, attempts, line })
    }
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
    // Not every record comes in the order of attempts: a document is read in the order of recording.
    if (clocksAt > world.latest.at) world.latest = { at: clocksAt, rows: new Set() }
    if (clocksAt === world.latest.at) world.latest.rows.add(row)
    else world.latest.rows.delete(row)
    // Whoever claimed its next attempt has done with it.
    world.due.release(id)
    // First attempts of one transaction to one URL leave in the order of its events.
    let isHeldBack = false
    for (const each of siblings) {
      if (each.url !== url) continue
      world.due.set(each.id, isHeldBack && isUntried(each) ? undefined : attemptOf(each))
      isHeldBack ||= isUntried(each)
    }
  }
}

const READERS = { merchants: readMerchant, counters: readCounter, transactions: readTransaction, notifications: readNotification }

/** A record as it was read from a file. Throws an `UnreadableRecord` where it is none of ours. */
export function readEntry (section: Section, record: unknown, line: string): Entry {
  const value = READERS[section](record)
  const members = object(record)
  return {
    section,
    key: text(members[SECTIONS[section]]),
    line,
    value,
    ...'transactionId' in value ? { order: whole(members.order) } : {}
  } as Entry
}

export function keyDigest (serverKey: string): string {
  return createHash('sha256').update(serverKey).digest('base64')
}

export function codeKey (store: Store, paymentCode: string): string {
  return `${store}/${paymentCode}`
}

function expiryOf (row: TransactionRow): Work | undefined {
  return row.status === 'pending' ? { at: row.lapsesAt, order: row.order, id: row.id, target: null } : undefined
}

function attemptOf ({ state, dueAt, order, id, target }: NotificationRow): Work | undefined {
  return state === 'waiting' && dueAt !== null ? { at: dueAt, order, id, target } : undefined
}

function isUntried ({ state, attempts }: NotificationRow): boolean {
  return state === 'waiting' && attempts === 0
}
