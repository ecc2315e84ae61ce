import { isDeepStrictEqual } from 'node:util'

import type { Status } from '../../src/domain/transaction.ts'
import { fromWib } from '../../src/domain/wib.ts'

export type Members = Readonly<Record<string, string>>

/** One acknowledged transaction, as far as anyone outside knows it. */
export interface Entry {
  readonly id: string
  /** What was said of it and may never change. */
  readonly fixed: Record<string, string>
  /** The furthest state that was acknowledged or seen. */
  status: Status
  readonly acknowledged: Set<Status>
  /** States that were asked for when the process was killed: they may have come about. */
  readonly unanswered: Set<Status>
}

interface Receipt {
  readonly body: string
  requests: number
  /** Answered with 200. */
  delivered: number
  /** In which lives of the process it came. */
  readonly lives: Set<number>
}

interface Notified {
  readonly event: Status
  readonly url: string
  readonly state: string
  readonly transaction_id: string
  readonly next_attempt_at: string | null
  readonly attempts: ReadonlyArray<{ readonly status: number | null, readonly next: { readonly again: boolean } }>
}

/** Asks the admin API; rejects where it does not answer with 200. */
export type Read = (path: string) => Promise<unknown>

const BEFORE: Record<Status, Status | undefined> = { pending: undefined, settlement: 'pending', expire: 'pending', cancel: 'pending', deny: 'settlement' }
const LONGEST_ATTEMPT_MS = 5_000
const LAPSES_WITHIN_MS = 5_000
const FIXED = ['order_id', 'store', 'payment_code', 'gross_amount', 'transaction_time', 'expiry_time', 'settlement_time', 'approval_code'] as const

/** The outside ledger: what the emulator acknowledged, what it showed, and what its notifications told. */
export class Ledger {
  readonly entries: Entry[] = []
  readonly breaches: string[] = []
  acknowledgements = 0
  /** Found after a kill that left their charge unanswered. */
  adopted = 0
  notifications = 0
  /** How often the process has been started. */
  life = 0
  readonly urlsOf: (orderId: string) => readonly string[]
  readonly #byId = new Map<string, Entry>()
  readonly #byCode = new Map<string, Entry>()
  readonly #unansweredOrders = new Set<string>()
  readonly #takenOrders = new Set<string>()
  readonly #receipts = new Map<string, Receipt>()
  #awaited = { count: Infinity, come: (): void => {} }
  #settings: object | undefined
  #unansweredSettings: object[] = []

  /** `urlsOf`: where the notifications of an order go. */
  constructor (urlsOf: (orderId: string) => readonly string[]) {
    this.urlsOf = urlsOf
  }

  breach (what: string): void {
    this.breaches.push(what)
  }

  /** Resolves when so many more have come, in the same turn of the event loop. Only the last one who asked is told. */
  acknowledged (more: number): Promise<void> {
    return new Promise((resolve) => { this.#awaited = { count: this.acknowledgements + more, come: resolve } })
  }

  opened (reply: Members): void {
    this.#acknowledge()
    this.#add(reply, 'pending').acknowledged.add('pending')
  }

  unansweredCharge (orderId: string): void {
    this.#unansweredOrders.add(orderId)
  }

  /** A refusal is an answer too: what it rests on has to be kept. */
  taken (orderId: string): void {
    this.#takenOrders.add(orderId)
  }

  moved (entry: Entry, status: Status, reply: Members): void {
    this.#acknowledge()
    if (entry.acknowledged.has(status)) this.breach(`${entry.id} was acknowledged as ${status} twice`)
    entry.acknowledged.add(status)
    for (const name of FIXED) if (typeof reply[name] === 'string') entry.fixed[name] ??= reply[name]
    this.seen(entry, status)
  }

  /** `known`: the state it had for certain when it was asked for. */
  seen (entry: Entry, status: Status, known: Status = 'pending'): void {
    if (!pathTo(status).includes(known)) this.breach(`${entry.id} was ${known} and then ${status}`)
    if (pathTo(status).includes(entry.status)) entry.status = status
    else if (!pathTo(entry.status).includes(status)) this.breach(`${entry.id} is ${entry.status} and ${status}`)
  }

  set (settings: object, isAnswered: boolean): void {
    if (isAnswered) {
      this.#acknowledge()
      this.#settings = settings
    } else {
      this.#unansweredSettings.push(settings)
    }
  }

  received (url: string, body: string): void {
    const told = JSON.parse(body) as Members
    const key = keyOf(told, url)
    const before = BEFORE[told.transaction_status as Status]
    if (before !== undefined && !this.#receipts.has(keyOf({ ...told, transaction_status: before }, url))) this.breach(`${key} came before the notification of ${before}`)
    const receipt = this.#receipts.get(key) ?? { body, requests: 0, delivered: 0, lives: new Set() }
    if (receipt.body !== body) this.breach(`${key} came with two bodies`)
    receipt.requests++
    receipt.lives.add(this.life)
    this.#receipts.set(key, receipt)
  }

  delivered (url: string, body: string): void {
    const receipt = this.#receipts.get(keyOf(JSON.parse(body) as Members, url))
    if (receipt !== undefined) receipt.delivered++
  }

  deliveries (): { readonly distinct: number, readonly duplicates: number } {
    const counts = [...this.#receipts.values()].map(({ delivered }) => delivered).filter((count) => count > 0)
    return { distinct: counts.length, duplicates: counts.reduce((sum, count) => sum + count - 1, 0) }
  }

  /** A payment code may be given again after its end; then only its newest transaction is paid by it. */
  ownsCode (entry: Entry): boolean {
    return this.#byCode.get(codeOf(entry)) === entry
  }

  /** Compares all that is known with all that is on record. Nobody may drive the emulator meanwhile; time may pass. */
  async verify (read: Read, { isSettled = false } = {}): Promise<void> {
    const received = [...this.#receipts.keys()]
    const askedAt = Date.now()
    const transactions = await readAll<Members>(read, '/admin/transactions?limit=1000')
    const notified = groupBy(await readAll<Notified>(read, '/admin/notifications?limit=1000'), ({ transaction_id: id }) => id)

    for (const transaction of transactions) {
      const { transaction_id: id = '' } = transaction
      let [current, of] = [transaction, notified.get(id) ?? []]
      if (this.#isHalf(current, of)) {
        // It may have lapsed between the two lists.
        current = await read(`/admin/transactions/${id}`) as Members
        of = (current as unknown as { notifications: Notified[] }).notifications
        if (this.#isHalf(current, of)) this.breach(`${id} is ${current.transaction_status}, but notified are ${of.map(({ event, url }) => `${event} to ${url}`).join(', ') || 'none'}`)
      }
      this.#verifyTransaction(current, askedAt, isSettled)
      for (const notification of of) this.#verifyNotification(notification, isSettled)
    }
    this.#verifyWhole(transactions)

    const onRecord = new Set([...notified.values()].flat().map(({ transaction_id: id, event, url }) => keyOf({ transaction_id: id, transaction_status: event }, url)))
    this.notifications = onRecord.size
    for (const key of received) if (!onRecord.has(key)) this.breach(`${key} was received but is not on record`)
    await this.#verifySettings(read)
  }

  #acknowledge (): void {
    this.acknowledgements++
    if (this.acknowledgements >= this.#awaited.count) this.#awaited.come()
  }

  #add (document: Members, status: Status): Entry {
    const { transaction_id: id = '' } = document
    const entry: Entry = { id, fixed: pick(document, FIXED), status, acknowledged: new Set(), unanswered: new Set() }
    if (this.#byId.has(id)) this.breach(`${id} was given twice`)
    this.entries.push(entry)
    this.#byId.set(id, entry)
    this.#byCode.set(codeOf(entry), entry)
    return entry
  }

  /** Each state has exactly its notifications, one for each URL; and a state tells which ones there were before it. */
  #isHalf ({ order_id: orderId = '', transaction_status: status }: Members, notified: readonly Notified[]): boolean {
    const due = pathTo(status as Status).flatMap((event) => this.urlsOf(orderId).map((url) => `${event} ${url}`))
    return !isDeepStrictEqual(due.sort(), notified.map(({ event, url }) => `${event} ${url}`).sort())
  }

  #verifyTransaction (document: Members, askedAt: number, isSettled: boolean): void {
    const { transaction_id: id = '', order_id: orderId = '' } = document
    const status = document.transaction_status as Status
    let entry = this.#byId.get(id)
    if (entry === undefined) {
      if (!this.#unansweredOrders.has(orderId)) return this.breach(`${id} (order ${orderId}) is there, but nobody asked for it`)
      this.adopted++
      entry = this.#add(document, status)
    }
    const { fixed, unanswered } = entry
    for (const [name, value] of Object.entries(fixed)) if (document[name] !== value) this.breach(`${id} had ${name} ${value}, now ${document[name]}`)

    const expiresAt = fromWib(document.expiry_time ?? '') ?? NaN
    const isOver = Date.now() >= expiresAt
    const path = pathTo(status)
    const isExplained = path.includes(entry.status) && path.slice(path.indexOf(entry.status) + 1).every((step) => unanswered.has(step) || (step === 'expire' && isOver))
    if (!isExplained) this.breach(`${id} was ${entry.status} and is ${status}`)
    // It was read before now, and a lapse takes a moment.
    if (isSettled && askedAt >= expiresAt + LAPSES_WITHIN_MS && status === 'pending') this.breach(`${id} should have lapsed at ${document.expiry_time}`)
    entry.status = status
    for (const name of FIXED) if (typeof document[name] === 'string') fixed[name] ??= document[name]
    unanswered.clear()
  }

  #verifyNotification ({ transaction_id: id, event, url, state, next_attempt_at: at, attempts }: Notified, isSettled: boolean): void {
    const key = keyOf({ transaction_id: id, transaction_status: event }, url)
    const { requests = 0, delivered = 0, lives = new Set() } = this.#receipts.get(key) ?? {}
    if (state === 'delivered' && delivered === 0) this.breach(`${key} is recorded as delivered, but never was`)
    if (attempts.slice(0, -1).some(({ status }) => status === 200)) this.breach(`${key} was attempted again after it was delivered`)
    if (attempts.filter(({ status }) => status !== null).length > requests) this.breach(`${key} has more attempts on record than were received`)
    // One at a time, so that the end of a life can have cut off one.
    if (requests > attempts.length + lives.size) this.breach(`${key} was received ${requests} times, but has ${attempts.length} attempts on record`)
    if (state === 'failed' && (attempts.length < 2 || attempts.at(-1)?.next.again !== false)) this.breach(`${key} has failed with attempts left`)
    if (state === 'waiting' && (at === null || (isSettled && Date.parse(at) + LONGEST_ATTEMPT_MS <= Date.now()))) this.breach(`${key} is neither delivered nor scheduled`)
  }

  #verifyWhole (transactions: readonly Members[]): void {
    const present = new Set(transactions.map(({ transaction_id: id }) => id))
    if (present.size < transactions.length) this.breach('a transaction is listed twice')
    for (const { id, status } of this.entries) if (!present.has(id)) this.breach(`${id}, acknowledged as ${status}, is gone`)

    const orders = groupBy(transactions, ({ order_id: orderId = '' }) => orderId)
    for (const [orderId, of] of orders) {
      if (of.filter(({ transaction_status: status }) => status === 'pending' || status === 'settlement').length > 1) this.breach(`order ${orderId} is live more than once`)
    }
    for (const orderId of this.#takenOrders) if (!orders.has(orderId)) this.breach(`order ${orderId} was refused as taken, but nothing is there`)
    this.#unansweredOrders.clear()
  }

  async #verifySettings (read: Read): Promise<void> {
    if (this.#settings === undefined) return
    const stored = pick(await read('/admin/settings') as Members, Object.keys(this.#settings))
    const isKnown = [this.#settings, ...this.#unansweredSettings].some((settings) => isDeepStrictEqual(settings, stored))
    if (!isKnown) this.breach(`settings were ${JSON.stringify(this.#settings)} and are ${JSON.stringify(stored)}`)
    this.#settings = stored
    this.#unansweredSettings = []
  }
}

/** The states a transaction went through to come to this one. */
function pathTo (status: Status): readonly Status[] {
  const before = BEFORE[status]
  return before === undefined ? [status] : [...pathTo(before), status]
}

function keyOf ({ transaction_id: id, transaction_status: event }: Members, url: string): string {
  return `${event} of ${id} to ${new URL(url, 'http://receiver').pathname}`
}

function codeOf ({ fixed }: Entry): string {
  return `${fixed.store} ${fixed.payment_code}`
}

function pick (document: Members, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => document[name] === undefined || document[name] === null ? [] : [[name, document[name]]]))
}

function groupBy<Item> (items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(nameOf(item))
    if (group === undefined) groups.set(nameOf(item), [item])
    else group.push(item)
  }
  return groups
}

async function readAll<Item> (read: Read, path: string): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await read(cursor === '' ? path : `${path}&cursor=${cursor}`) as { readonly items: Item[], readonly next_cursor: string | null }
    items.push(...page.items)
    cursor = page.next_cursor
  }
  return items
}
