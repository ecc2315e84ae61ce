import { isDeepStrictEqual } from 'node:util'

import type { Merchant } from '../domain/merchant.ts'
import type { Notification } from '../domain/notification.ts'
import { counterRecord, merchantRecord, notificationRecord, readNotification, readTransaction, transactionRecord } from '../domain/records.ts'
import type { Counter } from '../domain/records.ts'
import type { Store } from '../domain/stores.ts'
import { isLive } from '../domain/transaction.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { WorldContent } from '../domain/world.ts'
import type { Decision, Scene, WorldClash } from '../ports.ts'
import type { Commit } from './record.ts'
import { codeKey, keyDigest } from './tables.ts'
import type { Entry, NotificationRow, Tables, TransactionRow } from './tables.ts'

/** So many chances in a row whose names all belong to others mean that something is wrong. */
const CHANCE_TRIES = 10_000

type EntryOf<Section extends Entry['section']> = Extract<Entry, { section: Section }>

/**
 * Changes that are decided but not yet kept, laid over the tables: who decides next sees them, readers do not. Either
 * `applyTo` makes all of them visible, or the draft is thrown away and none of them ever was.
 */
export class Draft {
  readonly #tables: Tables
  readonly #entries: Entry[] = []
  /** undefined for one that is deleted. */
  readonly #merchants = new Map<string, Merchant | undefined>()
  readonly #counted = new Map<string, Pick<Counter, 'since' | 'isDeleted'>>()
  readonly #chances = new Map<string, number>()
  readonly #transactions = new Map<string, EntryOf<'transactions'>>()
  readonly #notifications = new Map<string, EntryOf<'notifications'>>()
  /** The newest transaction by order id and by payment code. */
  readonly #newest = new Map<string, string>()
  #nextOrder: number
  #committed = 0
  #isForced = false

  constructor (tables: Tables) {
    this.#tables = tables
    this.#nextOrder = tables.nextOrder
  }

  merchant (merchantId: string): Merchant | undefined {
    return this.#merchants.has(merchantId) ? this.#merchants.get(merchantId) : this.#tables.worlds.get(merchantId)?.merchant
  }

  merchantOfKey (serverKey: string): string | undefined {
    for (const merchant of this.#merchants.values()) if (merchant?.serverKey === serverKey) return merchant.merchantId
    const merchantId = this.#tables.merchantsByKey.get(keyDigest(serverKey))
    // It may have changed its key, or have gone, in this very draft.
    return merchantId === undefined || this.#merchants.has(merchantId) ? undefined : merchantId
  }

  /**
   * Decides with the first chance that names nothing another transaction has. That is the next one, unless worlds that were
   * emptied or imported brought the names of that chance back before.
   */
  decide (merchantId: string, decide: (scene: Scene) => Decision, isFine: (decision: Decision) => boolean = () => true): Decision & { readonly chance: number } {
    const merchant = this.merchant(merchantId)
    const first = this.chance(merchantId)
    for (let chance = first; chance < first + CHANCE_TRIES; chance++) {
      const decision = decide({ merchant, chance })
      const { transaction: { transactionId }, notifications } = decision
      const isFree = notifications.every(({ id }) => (this.#notificationOwner(id) ?? transactionId) === transactionId)
      if (isFree && isFine(decision)) return { ...decision, chance }
    }
    throw new Error(`the names of ${CHANCE_TRIES} chances are all taken`)
  }

  isEmpty (merchantId: string): boolean {
    const newest = this.#tables.worlds.get(merchantId)?.transactions.at(-1)
    return (newest === undefined || this.#isGone(newest)) && ![...this.#transactions.values()].some(({ value }) => value.merchantId === merchantId)
  }

  holdsTransaction (id: string): boolean {
    return this.#transactions.has(id) || this.#transactionRow(id) !== undefined
  }

  /** A number of chance that no kept change of this world was given. */
  chance (merchantId: string): number {
    return this.#chances.get(merchantId) ?? this.#tables.worlds.get(merchantId)?.chance ?? 0
  }

  transaction (id: string): Transaction | undefined {
    const line = this.#transactionRow(id)?.line
    return this.#transactions.get(id)?.value ?? (line === undefined ? undefined : readTransaction(JSON.parse(line)))
  }

  notification (id: string): Notification | undefined {
    const line = this.#notificationRow(id)?.line
    return this.#notifications.get(id)?.value ?? (line === undefined ? undefined : readNotification(JSON.parse(line)))
  }

  /** Does a live transaction hold this order id? */
  isOrderTaken (merchantId: string, orderId: string): boolean {
    const row = this.#tables.worlds.get(merchantId)?.orders.get(orderId)
    return this.#isLive(this.#newest.get(orderKey(merchantId, orderId)) ?? (row === undefined ? undefined : this.#transactionRow(row.id)?.id))
  }

  /** Does a live transaction hold this payment code? */
  isCodeTaken (store: Store, paymentCode: string): boolean {
    return this.#isLive(this.#newest.get(codeKey(store, paymentCode)) ?? this.#tables.byCode(store, paymentCode, (row) => !this.#isGone(row))?.id)
  }

  putMerchant (merchant: Merchant): void {
    const { merchantId } = merchant
    const { since, isDeleted } = this.#counts(merchantId)
    if (isDeleted) this.#putCounter({ merchantId, chance: 0, since, isDeleted: false })
    this.#merchants.set(merchant.merchantId, merchant)
    this.#entries.push({ section: 'merchants', key: merchant.merchantId, value: merchant, line: JSON.stringify(merchantRecord(merchant)) })
  }

  /** Those of the same transaction and URL that were recorded before this one and are held. */
  heldBefore ({ id, transactionId, url }: Notification): readonly Notification[] {
    const rows = this.#transactionRow(transactionId)?.notifications ?? []
    const before = rows.slice(0, rows.findIndex((row) => row.id === id))
    return before.filter((row) => row.url === url && row.state === 'held').flatMap((row) => this.notification(row.id) ?? []).filter(({ state }) => state === 'held')
  }

  /** Puts a state, its notifications and its merchant, and counts the chance that went into it. */
  putChange ({ transaction, notifications, merchant, chance }: Decision & { readonly chance: number }): void {
    const { merchantId } = transaction
    // All lines are made before anything is put: one that cannot be written leaves nothing half done.
    const entries = [
      this.#transactionEntry(transaction),
      ...notifications.map((notification) => this.#notificationEntry(notification))
    ] as const
    this.#putCounter({ merchantId, chance: chance + 1, ...this.#counts(merchantId) })
    for (const entry of entries) this.#put(entry)
    if (merchant !== undefined && !isDeepStrictEqual(merchant.faults, this.merchant(merchantId)?.faults)) this.putMerchant(merchant)
  }

  /** Nothing that was recorded of this merchant is there any more; nor is the merchant, where it is deleted. */
  empty (merchantId: string, { isDeleted }: Pick<Counter, 'isDeleted'>): void {
    this.#putCounter({ merchantId, chance: 0, since: this.#nextOrder, isDeleted })
    for (const { key, value } of this.#transactions.values()) {
      if (value.merchantId !== merchantId) continue
      this.#transactions.delete(key)
      this.#newest.delete(orderKey(merchantId, value.orderId))
      if (this.#newest.get(codeKey(value.store, value.paymentCode)) === key) this.#newest.delete(codeKey(value.store, value.paymentCode))
    }
    for (const { key, value } of this.#notifications.values()) if (value.merchantId === merchantId) this.#notifications.delete(key)
    if (isDeleted) this.#merchants.set(merchantId, undefined)
  }

  /** What of these records belongs to others already, or would take an order id or a payment code from a live transaction. */
  clash (records: WorldContent['records']): WorldClash | undefined {
    for (const { transaction, notification } of records) {
      if (notification !== undefined) {
        if (this.#notificationOwner(notification.id) !== undefined) return { what: 'notification_id', id: notification.id }
        continue
      }
      const { transactionId, merchantId, orderId, store, paymentCode } = transaction
      if (this.holdsTransaction(transactionId)) return { what: 'transaction_id', id: transactionId }
      if (this.isOrderTaken(merchantId, orderId)) return { what: 'order_id', id: orderId }
      if (this.isCodeTaken(store, paymentCode)) return { what: 'payment_code', id: paymentCode }
    }
    return undefined
  }

  /** Puts a merchant and records that are new, in the order in which they come. */
  putWorld ({ merchant, chance, records }: WorldContent): void {
    const { merchantId } = merchant
    const entries = records.map(({ transaction, notification }) => transaction === undefined ? this.#notificationEntry(notification) : this.#transactionEntry(transaction))
    this.putMerchant(merchant)
    this.#putCounter({ merchantId, chance, ...this.#counts(merchantId) })
    for (const entry of entries) this.#put(entry)
  }

  putNotification (notification: Notification): void {
    this.#put(this.#notificationEntry(notification))
  }

  /** Makes a commit of what is put, even if that is nothing: to see whether anything can be kept. */
  commitAnyway (): void {
    this.#isForced = true
  }

  /** What was put since the last call; undefined for nothing. */
  takeCommit (): Commit | undefined {
    const commit = this.#entries.slice(this.#committed)
    const isWanted = commit.length > 0 || this.#isForced
    this.#committed = this.#entries.length
    this.#isForced = false
    return isWanted ? commit : undefined
  }

  applyTo (tables: Tables): void {
    for (const entry of this.#entries) tables.put(entry)
  }

  #transactionEntry (value: Transaction): EntryOf<'transactions'> {
    const key = value.transactionId
    const order = this.#transactions.get(key)?.order ?? this.#transactionRow(key)?.order ?? this.#nextOrder++
    return { section: 'transactions', key, value, order, line: JSON.stringify({ ...transactionRecord(value), order }) }
  }

  #notificationEntry (value: Notification): EntryOf<'notifications'> {
    const key = value.id
    const order = this.#notifications.get(key)?.order ?? this.#notificationRow(key)?.order ?? this.#nextOrder++
    return { section: 'notifications', key, value, order, line: JSON.stringify({ ...notificationRecord(value), order }) }
  }

  #putCounter (value: Counter): void {
    const { merchantId, chance, since, isDeleted } = value
    this.#counted.set(merchantId, { since, isDeleted })
    this.#chances.set(merchantId, chance)
    this.#put({ section: 'counters', key: merchantId, value, line: JSON.stringify(counterRecord(value)) })
  }

  #put (entry: Entry): void {
    this.#entries.push(entry)
    if (entry.section === 'transactions') {
      const { key, value: { merchantId, orderId, store, paymentCode } } = entry
      if (!this.holdsTransaction(key)) {
        this.#newest.set(orderKey(merchantId, orderId), key)
        this.#newest.set(codeKey(store, paymentCode), key)
      }
      this.#transactions.set(key, entry)
    }
    if (entry.section === 'notifications') this.#notifications.set(entry.key, entry)
  }

  #isLive (id: string | undefined): boolean {
    if (id === undefined) return false
    const status = this.#transactions.get(id)?.value.status ?? this.#transactionRow(id)?.status
    return status !== undefined && isLive(status)
  }

  #counts (merchantId: string): Pick<Counter, 'since' | 'isDeleted'> {
    const grave = this.#tables.graves.get(merchantId)
    return this.#counted.get(merchantId) ?? { since: grave ?? this.#tables.worlds.get(merchantId)?.since ?? 0, isDeleted: grave !== undefined }
  }

  #isGone ({ merchantId, order }: { readonly merchantId: string, readonly order: number }): boolean {
    return order < (this.#counted.get(merchantId)?.since ?? 0)
  }

  #transactionRow (id: string): TransactionRow | undefined {
    const row = this.#tables.transactions.get(id)
    return row === undefined || this.#isGone(row) ? undefined : row
  }

  #notificationRow (id: string): NotificationRow | undefined {
    const row = this.#tables.notifications.get(id)
    return row === undefined || this.#isGone(row) ? undefined : row
  }

  /** The transaction of the notification that has this id. */
  #notificationOwner (id: string): string | undefined {
    return this.#notifications.get(id)?.value.transactionId ?? this.#notificationRow(id)?.transactionId
  }
}

function orderKey (merchantId: string, orderId: string): string {
  return `${merchantId}\n${orderId}`
}
