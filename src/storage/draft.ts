import { isDeepStrictEqual } from 'node:util'

import type { Merchant } from '../domain/merchant.ts'
import type { Notification } from '../domain/notification.ts'
import { counterRecord, merchantRecord, notificationRecord, readNotification, readTransaction, transactionRecord } from '../domain/records.ts'
import type { Store } from '../domain/stores.ts'
import { isLive } from '../domain/transaction.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Decision, Scene } from '../ports.ts'
import type { Commit } from './record.ts'
import { codeKey, keyDigest } from './tables.ts'
import type { Entry, Tables } from './tables.ts'

type EntryOf<Section extends Entry['section']> = Extract<Entry, { section: Section }>

/**
 * Changes that are decided but not yet kept, laid over the tables: who decides next sees them, readers do not. Either
 * `applyTo` makes all of them visible, or the draft is thrown away and none of them ever was.
 */
export class Draft {
  readonly #tables: Tables
  readonly #entries: Entry[] = []
  readonly #merchants = new Map<string, Merchant>()
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
    return this.#merchants.get(merchantId) ?? this.#tables.worlds.get(merchantId)?.merchant
  }

  merchantOfKey (serverKey: string): string | undefined {
    for (const merchant of this.#merchants.values()) if (merchant.serverKey === serverKey) return merchant.merchantId
    const merchantId = this.#tables.merchantsByKey.get(keyDigest(serverKey))
    // It may have changed its key in this very draft.
    return merchantId === undefined || this.#merchants.has(merchantId) ? undefined : merchantId
  }

  scene (merchantId: string): Scene {
    return { merchant: this.merchant(merchantId), chance: this.#chance(merchantId) }
  }

  isEmpty (merchantId: string): boolean {
    const isUsed = (this.#tables.worlds.get(merchantId)?.transactions.length ?? 0) > 0
    return !isUsed && ![...this.#transactions.values()].some(({ value }) => value.merchantId === merchantId)
  }

  #chance (merchantId: string): number {
    return this.#chances.get(merchantId) ?? this.#tables.worlds.get(merchantId)?.chance ?? 0
  }

  transaction (id: string): Transaction | undefined {
    const line = this.#tables.transactions.get(id)?.line
    return this.#transactions.get(id)?.value ?? (line === undefined ? undefined : readTransaction(JSON.parse(line)))
  }

  notification (id: string): Notification | undefined {
    const line = this.#tables.notifications.get(id)?.line
    return this.#notifications.get(id)?.value ?? (line === undefined ? undefined : readNotification(JSON.parse(line)))
  }

  /** Does a live transaction hold this order id? */
  isOrderTaken (merchantId: string, orderId: string): boolean {
    return this.#isLive(this.#newest.get(orderKey(merchantId, orderId)) ?? this.#tables.worlds.get(merchantId)?.orders.get(orderId)?.id)
  }

  /** Does a live transaction hold this payment code? */
  isCodeTaken (store: Store, paymentCode: string): boolean {
    return this.#isLive(this.#newest.get(codeKey(store, paymentCode)) ?? this.#tables.byCode(store, paymentCode)?.id)
  }

  putMerchant (merchant: Merchant): void {
    this.#merchants.set(merchant.merchantId, merchant)
    this.#entries.push({ section: 'merchants', key: merchant.merchantId, value: merchant, line: JSON.stringify(merchantRecord(merchant)) })
  }

  /** Those of the same transaction and URL that were recorded before this one and are held. */
  heldBefore ({ id, transactionId, url }: Notification): readonly Notification[] {
    const rows = this.#tables.transactions.get(transactionId)?.notifications ?? []
    const before = rows.slice(0, rows.findIndex((row) => row.id === id))
    return before.filter((row) => row.url === url && row.state === 'held').flatMap((row) => this.notification(row.id) ?? []).filter(({ state }) => state === 'held')
  }

  /** Puts a state, its notifications and its merchant, and counts the chance that went into it. */
  putChange ({ transaction, notifications, merchant }: Decision): void {
    const { merchantId, transactionId } = transaction
    const counter = { merchantId, chance: this.#chance(merchantId) + 1 }
    // All lines are made before anything is put: one that cannot be written leaves nothing half done.
    const entries = [
      { section: 'counters', key: merchantId, value: counter, line: JSON.stringify(counterRecord(counter)) } as const,
      this.#transactionEntry(transaction),
      ...notifications.map((notification) => this.#notificationEntry(notification))
    ] as const
    const isNew = !this.#transactions.has(transactionId) && !this.#tables.transactions.has(transactionId)
    for (const entry of entries) this.#put(entry)
    if (merchant !== undefined && !isDeepStrictEqual(merchant.faults, this.merchant(merchantId)?.faults)) this.putMerchant(merchant)
    this.#chances.set(merchantId, counter.chance)
    if (!isNew) return
    this.#newest.set(orderKey(merchantId, transaction.orderId), transactionId)
    this.#newest.set(codeKey(transaction.store, transaction.paymentCode), transactionId)
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
    const order = this.#transactions.get(key)?.order ?? this.#tables.transactions.get(key)?.order ?? this.#nextOrder++
    return { section: 'transactions', key, value, order, line: JSON.stringify({ ...transactionRecord(value), order }) }
  }

  #notificationEntry (value: Notification): EntryOf<'notifications'> {
    const key = value.id
    const order = this.#notifications.get(key)?.order ?? this.#tables.notifications.get(key)?.order ?? this.#nextOrder++
    return { section: 'notifications', key, value, order, line: JSON.stringify({ ...notificationRecord(value), order }) }
  }

  #put (entry: Entry): void {
    this.#entries.push(entry)
    if (entry.section === 'transactions') this.#transactions.set(entry.key, entry)
    if (entry.section === 'notifications') this.#notifications.set(entry.key, entry)
  }

  #isLive (id: string | undefined): boolean {
    if (id === undefined) return false
    const status = this.#transactions.get(id)?.value.status ?? this.#tables.transactions.get(id)?.status
    return status !== undefined && isLive(status)
  }
}

function orderKey (merchantId: string, orderId: string): string {
  return `${merchantId}\n${orderId}`
}
