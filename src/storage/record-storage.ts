import { isDeepStrictEqual } from 'node:util'

import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { listed } from '../domain/notification.ts'
import type { Notification } from '../domain/notification.ts'
import { merchantRecord, readNotification, readTransaction } from '../domain/records.ts'
import { STORE_NAMES } from '../domain/stores.ts'
import type { Store } from '../domain/stores.ts'
import { machineInstant } from '../domain/timeline.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { WorldContent } from '../domain/world.ts'
import type { Change, ChangedNotifications, Decision, Due, Inserted, Lease, NotificationQuery, Page, Room, Scene, Storage, TransactionQuery, Way, WorldClash } from '../ports.ts'
import { Draft } from './draft.ts'
import type { Work } from './due-queues.ts'
import type { Commit } from './record.ts'
import { keyDigest, Tables } from './tables.ts'
import type { NotificationRow, TransactionRow, World } from './tables.ts'

/** Where commits are kept. `keep` rejects with `NotKept` where nothing of them is. */
export interface Keeper {
  keep (commits: readonly Commit[]): Promise<void>
  close (): Promise<void>
}

interface Job {
  /** Decides into the draft; returns what ends the promise of the change once it is kept. */
  readonly decide: (draft: Draft) => () => void
  readonly reject: (error: unknown) => void
}

/**
 * The storage of both engines: tables in memory, and a keeper that makes a commit last. There is one writer. What one turn
 * of the event loop wants changed is decided in order on one draft, kept in one go, and only then applied to the tables,
 * which is when readers see it and promises resolve.
 */
export class RecordStorage implements Storage {
  readonly #tables: Tables
  readonly #keeper: Keeper
  #queue: Job[] = []
  #flushing: Promise<void> | undefined
  /** Why the last commits were not kept, and how much room the longest of them needs. */
  #trouble: { readonly reason: string, readonly bytes: number } | null = null

  constructor (tables: Tables, keeper: Keeper) {
    this.#tables = tables
    this.#keeper = keeper
  }

  async merchants (): Promise<readonly Merchant[]> {
    return [...this.#tables.worlds.values()].flatMap(({ merchant }) => merchant ?? [])
  }

  async findMerchant (merchantId: string): Promise<Merchant | undefined> {
    return this.#tables.worlds.get(merchantId)?.merchant
  }

  async findMerchantByKey (serverKey: string): Promise<Merchant | undefined> {
    const merchantId = this.#tables.merchantsByKey.get(keyDigest(serverKey))
    return merchantId === undefined ? undefined : this.#tables.worlds.get(merchantId)?.merchant
  }

  changeMerchant (merchantId: string, decide: (current: Merchant | undefined, isEmpty: boolean) => Merchant): Promise<Merchant | 'key_taken'> {
    return this.#change((draft) => {
      const current = draft.merchant(merchantId)
      const merchant = decide(current, draft.isEmpty(merchantId))
      const holder = draft.merchantOfKey(merchant.serverKey)
      if (holder !== undefined && holder !== merchantId) return 'key_taken'
      // One that stays as it is needs no room: with a full disk a start still shows what there is.
      if (!isDeepStrictEqual(merchant, current)) draft.putMerchant(merchant)
      return merchant
    })
  }

  deleteMerchant (merchantId: string): Promise<boolean> {
    return this.#empty(merchantId, { isDeleted: true })
  }

  resetWorld (merchantId: string): Promise<boolean> {
    return this.#empty(merchantId, { isDeleted: false })
  }

  async exportWorld (merchantId: string): Promise<WorldContent | undefined> {
    const { merchant, chance, transactions, notifications } = this.#tables.worlds.get(merchantId) ?? {}
    if (merchant === undefined || chance === undefined) return undefined
    const records = [
      ...(transactions ?? []).map(({ order, line }) => ({ order, record: { transaction: readTransaction(JSON.parse(line)) } })),
      ...(notifications ?? []).map(({ order, line }) => ({ order, record: { notification: readNotification(JSON.parse(line)) } }))
    ]
    return { merchant, chance, records: records.sort((a, b) => a.order - b.order).map(({ record }) => record) }
  }

  importWorld (merchantId: string, decide: (scene: Scene & { readonly merchant: Merchant }, isEmpty: boolean) => WorldContent): Promise<WorldContent | WorldClash | undefined> {
    return this.#change((draft) => {
      const merchant = draft.merchant(merchantId)
      if (merchant === undefined) return undefined
      const world = decide({ merchant, chance: draft.chance(merchantId) }, draft.isEmpty(merchantId))
      const clash = draft.clash(world.records)
      if (clash !== undefined) return clash
      draft.putWorld(world)
      return world
    })
  }

  insertTransaction (merchantId: string, decide: (scene: Scene) => Decision): Promise<Inserted> {
    return this.#change((draft) => {
      const taken = ({ transaction: { orderId, store, paymentCode } }: Decision): 'order_taken' | 'code_taken' | undefined =>
        draft.isOrderTaken(merchantId, orderId) ? 'order_taken' : draft.isCodeTaken(store, paymentCode) ? 'code_taken' : undefined
      const { chance, ...change } = draft.decide(merchantId, decide, (decision) => taken(decision) !== undefined || !draft.holdsTransaction(decision.transaction.transactionId))
      const why = taken(change)
      if (why !== undefined) return why
      draft.putChange({ ...change, chance })
      return change
    })
  }

  moveTransaction (transactionId: string, decide: (current: Transaction, scene: Scene) => Decision): Promise<Change | undefined> {
    return this.#change((draft) => {
      const current = draft.transaction(transactionId)
      if (current === undefined) return undefined
      const { chance, ...change } = draft.decide(current.merchantId, (scene) => decide(current, scene))
      draft.putChange({ ...change, chance })
      return change
    })
  }

  async findTransaction (merchantId: string, ref: string, ways: readonly Way[]): Promise<Transaction | undefined> {
    const world = this.#tables.worlds.get(merchantId)
    if (world === undefined) return undefined
    for (const way of ways) {
      const row = this.#find(world, merchantId, ref, way)
      if (row !== undefined) return readTransaction(JSON.parse(row.line))
    }
    return undefined
  }

  async findByPaymentCode (store: Store, paymentCode: string): Promise<Transaction | undefined> {
    const row = this.#tables.byCode(store, paymentCode)
    return row === undefined ? undefined : readTransaction(JSON.parse(row.line))
  }

  async listTransactions (merchantId: string, { status, store, q = '', limit, cursor }: TransactionQuery): Promise<Page<Transaction>> {
    const rows = this.#tables.worlds.get(merchantId)?.transactions ?? []
    return page(rows, limit, cursor, (row: TransactionRow) =>
      (status === undefined || row.status === status) && (store === undefined || row.store === store) &&
      [row.orderId, row.paymentCode, row.id].some((name) => name.startsWith(q)), readTransaction)
  }

  async findNotification (id: string): Promise<Notification | undefined> {
    const row = this.#tables.notifications.get(id)
    return row === undefined ? undefined : readNotification(JSON.parse(row.line))
  }

  async notificationsOf (transactionId: string): Promise<readonly Notification[]> {
    return (this.#tables.transactions.get(transactionId)?.notifications ?? []).map(({ line }) => readNotification(JSON.parse(line)))
  }

  async listNotifications (merchantId: string, { transactionId, state, limit, cursor }: NotificationQuery): Promise<Page<Notification>> {
    const rows = transactionId === undefined
      ? this.#tables.worlds.get(merchantId)?.notifications
      : this.#tables.transactions.get(transactionId)?.notifications
    return page(rows ?? [], limit, cursor, (row: NotificationRow) =>
      row.merchantId === merchantId && (state === undefined || row.state === state), readNotification)
  }

  async findByIdempotencyKey (merchantId: string, key: string): Promise<Transaction | undefined> {
    const row = this.#tables.worlds.get(merchantId)?.keys.get(key)?.row
    return row === undefined ? undefined : readTransaction(JSON.parse(row.line))
  }

  changeNotification (id: string, decide: (current: Notification, held: readonly Notification[]) => ChangedNotifications): Promise<ChangedNotifications | undefined> {
    return this.#change((draft) => {
      const current = draft.notification(id)
      if (current === undefined) return undefined
      const changed = decide(current, draft.heldBefore(current))
      for (const notification of changed) draft.putNotification(notification)
      return changed
    })
  }

  async claimDue (merchantId: string, now: Instant, limit: number, lease: Lease, room: Room): Promise<readonly Due[]> {
    const queues = this.#tables.worlds.get(merchantId)?.due
    queues?.releaseOverdue(lease.from)
    const claimed = queues?.claim(now, lease.until, limit, room) ?? []
    return claimed.map((work) => toDue(merchantId, work))
  }

  async takeAttemptedAt (merchantId: string, at: Instant): Promise<ReadonlyArray<{ readonly order: number, readonly notification: Notification }>> {
    const latest = this.#tables.worlds.get(merchantId)?.latest
    if (latest === undefined || latest.at !== at) return []
    const rows = [...latest.rows].sort((a, b) => a.order - b.order)
    return this.#change((draft) => rows.flatMap(({ id, order }) => {
      const current = draft.notification(id)
      if (current === undefined) return []
      const notification = listed(current, at)
      draft.putNotification(notification)
      return { order, notification }
    }))
  }

  async release (due: Due): Promise<void> {
    this.#tables.worlds.get(due.merchantId)?.due.release(due.kind === 'move' ? due.transactionId : due.notificationId)
  }

  async nextDue (room: Room, isWanted: (merchantId: string) => boolean = () => true): Promise<{ readonly due: Due, readonly machineAt: Instant } | undefined> {
    let next: { readonly due: Due, readonly machineAt: Instant } | undefined
    for (const [merchantId, { merchant, due: queues }] of this.#tables.worlds) {
      const work = isWanted(merchantId) ? queues.first(room) : undefined
      if (work === undefined || merchant === undefined) continue
      const machineAt = machineInstant(merchant.timeline, work.at)
      if (next === undefined || machineAt < next.machineAt) next = { due: toDue(merchantId, work), machineAt }
    }
    return next
  }

  async trouble (): Promise<string | null> {
    const bytes = this.#trouble?.bytes
    if (bytes !== undefined) await this.#change((draft) => this.#rehearse(draft, bytes)).catch(() => {})
    return this.#trouble?.reason ?? null
  }

  async close (): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
    await this.#keeper.close()
  }

  #empty (merchantId: string, fate: { readonly isDeleted: boolean }): Promise<boolean> {
    return this.#change((draft) => {
      if (draft.merchant(merchantId) === undefined) return false
      draft.empty(merchantId, fate)
      return true
    })
  }

  /**
   * A commit that takes so much room and changes nothing: a merchant stays as it is, time and again. Less than was refused
   * would prove nothing, for on a full disk the last block of a file still takes a short line.
   */
  #rehearse (draft: Draft, bytes: number): void {
    draft.commitAnyway()
    for (const merchantId of this.#tables.worlds.keys()) {
      const merchant = draft.merchant(merchantId)
      if (merchant === undefined) continue
      const length = Buffer.byteLength(JSON.stringify(merchantRecord(merchant)))
      for (let taken = 0; taken < bytes; taken += length) draft.putMerchant(merchant)
      return
    }
  }

  #find (world: World, merchantId: string, ref: string, way: Way): TransactionRow | undefined {
    if (way === 'order_id') return world.orders.get(ref)
    const rows = way === 'transaction_id'
      ? [this.#tables.transactions.get(ref)]
      : STORE_NAMES.map((store) => this.#tables.byCode(store, ref))
    return rows.filter((row) => row?.merchantId === merchantId).sort((a, b) => (b?.order ?? 0) - (a?.order ?? 0))[0]
  }

  #change<Result> (decide: (draft: Draft) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        decide: (draft) => {
          const result = decide(draft)
          return () => resolve(result)
        },
        reject
      })
      this.#flushing ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#flush())
    })
  }

  async #flush (): Promise<void> {
    while (this.#queue.length > 0) {
      const jobs = this.#queue
      this.#queue = []
      await this.#flushTogether(jobs)
    }
    this.#flushing = undefined
  }

  async #flushTogether (jobs: readonly Job[]): Promise<void> {
    const draft = new Draft(this.#tables)
    const commits: Commit[] = []
    // Refusals wait as well: they may rest on a change of this very draft, which nobody may see before it is kept.
    const endings = jobs.map((job) => {
      try {
        const end = job.decide(draft)
        const commit = draft.takeCommit()
        if (commit !== undefined) commits.push(commit)
        return end
      } catch (error) {
        return () => job.reject(error)
      }
    })

    try {
      if (commits.length > 0) await this.#keeper.keep(commits)
    } catch (error) {
      this.#trouble = { reason: error instanceof Error ? error.message : String(error), bytes: Math.max(...commits.map(bytesOf)) }
      for (const job of jobs) job.reject(error)
      return
    }
    if (commits.length > 0) this.#trouble = null
    draft.applyTo(this.#tables)
    for (const end of endings) end()
  }
}

function bytesOf (commit: Commit): number {
  return commit.reduce((bytes, { line }) => bytes + Buffer.byteLength(line), 0)
}

function toDue (merchantId: string, { at, order, id, ...work }: Work): Due {
  return { merchantId, at, order, ...work.target === null ? { kind: 'move', transactionId: id, move: work.next.move, cause: work.next.cause } : { kind: 'attempt', notificationId: id, target: work.target } }
}

/** Newest first, from below the cursor on: the order of the last item of the page before. */
function page<Row extends { readonly order: number, readonly line: string }, Item> (
  rows: readonly Row[], limit: number, cursor: string | undefined, isWanted: (row: Row) => boolean, read: (record: unknown) => Item
): Page<Item> {
  const wanted: Row[] = []
  const below = cursor === undefined ? Infinity : Number(cursor)
  for (let index = rows.length - 1; index >= 0 && wanted.length <= limit; index--) {
    const row = rows[index]
    if (row !== undefined && row.order < below && isWanted(row)) wanted.push(row)
  }
  const items = wanted.slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map(({ line }) => read(JSON.parse(line))),
    nextCursor: wanted.length > limit && last !== undefined ? String(last.order) : null
  }
}
