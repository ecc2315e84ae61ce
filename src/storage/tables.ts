import { createHash } from 'node:crypto'

import { object, text, whole } from '../domain/fields.ts'
import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import type { Notification, NotificationState } from '../domain/notification.ts'
import { readCounter, readMerchant, readNotification, readTransaction } from '../domain/records.ts'
import type { Counter } from '../domain/records.ts'
import type { Store } from '../domain/stores.ts'
import { originOf } from '../domain/target.ts'
import { nextMove } from '../domain/transaction.ts'
import type { NextMove, Status, Transaction } from '../domain/transaction.ts'
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
  /** The one that had the code before. */
  readonly codeBefore: TransactionRow | undefined
  status: Status
  next: NextMove | undefined
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
  /** What was recorded before this order is gone. */
  readonly since: number
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
  /** Merchants that were deleted in this run, each with the `since` of its world: a new one of that id goes on from there. */
  readonly graves = new Map<string, number>()
  readonly #codes = new Map<string, TransactionRow>()
  #nextOrder = 0

  get nextOrder (): number {
    return this.#nextOrder
  }

  world (merchantId: string): World {
    const known = this.worlds.get(merchantId)
    if (known !== undefined) return known
    const world = emptyWorld(undefined, { chance: 0, since: 0 })
    this.worlds.set(merchantId, world)
    return world
  }

  /** The newest transaction with this code in this store, of those that are wanted. */
  byCode (store: Store, paymentCode: string, isWanted: (row: TransactionRow) => boolean = () => true): TransactionRow | undefined {
    return newest(this.#codes.get(codeKey(store, paymentCode)), isWanted)
  }

  /** Takes a record in place of what stood under its key. */
  put (entry: Entry): void {
    switch (entry.section) {
      case 'merchants': return this.#putMerchant(entry.value)
      case 'counters': return this.#putCounter(entry.value)
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

  #putCounter ({ merchantId, chance, since, isDeleted }: Counter): void {
    const world = this.world(merchantId)
    world.chance = chance
    this.#nextOrder = Math.max(this.#nextOrder, since)
    if (since > world.since || isDeleted) this.#empty(merchantId, world, { chance, since })
    this.graves.delete(merchantId)
    if (!isDeleted) return
    if (world.merchant !== undefined) this.merchantsByKey.delete(keyDigest(world.merchant.serverKey))
    this.worlds.delete(merchantId)
    this.graves.set(merchantId, since)
  }

  /** Nothing that was recorded of this merchant is there any more. */
  #empty (merchantId: string, { merchant, transactions, notifications }: World, counter: Pick<Counter, 'chance' | 'since'>): void {
    this.worlds.set(merchantId, emptyWorld(merchant, counter))
    for (const { id } of notifications) this.notifications.delete(id)
    for (const { id } of transactions) this.transactions.delete(id)
    for (const { store, paymentCode } of transactions) {
      const key = codeKey(store, paymentCode)
      const left = newest(this.#codes.get(key), (row) => this.transactions.get(row.id) === row)
      if (left === undefined) this.#codes.delete(key)
      else this.#codes.set(key, left)
    }
  }

  #putTransaction (transaction: Transaction, order: number, line: string): void {
    const { transactionId: id, merchantId, orderId, store, paymentCode, status } = transaction
    const next = nextMove(transaction)
    const world = this.world(merchantId)
    if (order < world.since) return
    let row = this.transactions.get(id)
    if (row === undefined) {
      const codeBefore = this.byCode(store, paymentCode, (before) => this.transactions.get(before.id) === before)
      row = { order, id, merchantId, orderId, store, paymentCode, codeBefore, status, next, line, notifications: [] }
      this.transactions.set(id, row)
      world.transactions.push(row)
      world.orders.set(orderId, row)
      this.#codes.set(codeKey(store, paymentCode), row)
    } else {
      Object.assign(row, { status, next, line })
    }
    // All of its history: from a document it is read but once, whatever has moved it since.
    for (const { idempotencyKey: key, at } of transaction.history) {
      if (key !== null && at >= (world.keys.get(key)?.at ?? -Infinity)) world.keys.set(key, { row, at })
    }
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
    world.due.set(id, moveOf(row))
  }

  #putNotification (notification: Notification, order: number, line: string): void {
    const { id, merchantId, transactionId, url, state, dueAt, attempts: { length: attempts } } = notification
    const clocksAt = notification.attempts.findLast(({ cause }) => cause === 'clock')?.at ?? -Infinity
    const world = this.world(merchantId)
    if (order < world.since) return
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

function emptyWorld (merchant: Merchant | undefined, { chance, since }: Pick<Counter, 'chance' | 'since'>): World {
  return { merchant, chance, since, transactions: [], notifications: [], orders: new Map(), keys: new Map(), due: new DueQueues(), latest: { at: -Infinity, rows: new Set() } }
}

/** The first that is wanted among those that had a code, from the newest on. */
function newest (row: TransactionRow | undefined, isWanted: (row: TransactionRow) => boolean): TransactionRow | undefined {
  let each = row
  while (each !== undefined && !isWanted(each)) each = each.codeBefore
  return each
}

export function codeKey (store: Store, paymentCode: string): string {
  return `${store}/${paymentCode}`
}

function moveOf ({ next, order, id }: TransactionRow): Work | undefined {
  return next === undefined ? undefined : { at: next.at, order, id, target: null, next }
}

function attemptOf ({ state, dueAt, order, id, target }: NotificationRow): Work | undefined {
  return state === 'waiting' && dueAt !== null ? { at: dueAt, order, id, target, next: null } : undefined
}

function isUntried ({ state, attempts }: NotificationRow): boolean {
  return state === 'waiting' && attempts === 0
}
