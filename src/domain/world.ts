import { isChargeShaped } from './charge-request.ts'
import { refusingBy } from './explain-flaws.ts'
import { suchAs } from './explanation.ts'
import type { Fault } from './fault.ts'
import { field, inside, list, object, ofForm, shape, since, text, UnreadableRecord, whole } from './fields.ts'
import type { Field, Form, ObjectField } from './fields.ts'
import { isObject } from './json.ts'
import type { Merchant } from './merchant.ts'
import type { Notification } from './notification.ts'
import { isInReach } from './moment.ts'
import { CHOICES, merchantRecord, notificationRecord, readNotification, readTransaction, transactionRecord } from './records.ts'
import type { Rule } from './rule.ts'
import type { Settings } from './settings.ts'
import { readTarget } from './target.ts'
import type { Timeline } from './timeline.ts'
import { isLive, mayAwaitFate } from './transaction.ts'
import type { Transaction } from './transaction.ts'

export type WorldRecord =
  | { readonly transaction: Transaction, readonly notification?: undefined }
  | { readonly notification: Notification, readonly transaction?: undefined }

/** A merchant and all that is recorded in its world, in the order of recording. */
export interface WorldContent {
  readonly merchant: Merchant
  readonly chance: number
  readonly records: readonly WorldRecord[]
}

/** What a document brings: all but who the merchant is. */
export interface ImportedWorld extends Omit<WorldContent, 'merchant'> {
  readonly settings: Settings
  readonly faults: readonly Fault[]
  readonly rules: readonly Rule[]
  readonly timeline: Timeline
}

const VERSION = 1
const NO_EXPORT = 'this is not an export of Warung: it should be an object with a version'

/** A world as one document. Keys are left out: whoever takes it in has its own. */
export function worldDocument ({ merchant, chance, records }: WorldContent): object {
  const { server_key: _server, client_key: _client, ...choices } = merchantRecord(merchant) as Readonly<Record<string, unknown>>
  return {
    version: VERSION,
    merchant: choices,
    chance,
    transactions: records.flatMap(({ transaction }, order) => transaction === undefined ? [] : { ...transactionRecord(transaction), order }),
    notifications: records.flatMap(({ notification }, order) => notification === undefined ? [] : { ...notificationRecord(notification), order })
  }
}

/** Throws `invalid_import`, which names the member, for a document that could not be such a world. */
export function readWorld (document: unknown): ImportedWorld {
  return refusingBy('invalid_import', document, () => {
    if (!isObject(document)) throw new UnreadableRecord([{ path: [], message: NO_EXPORT, expected: 'a document that GET /admin/export gave' }])
    const { version } = document
    if (version !== VERSION) {
      const message = version === undefined ? NO_EXPORT : `version: this Warung reads version ${VERSION}, not ${JSON.stringify(version)}`
      throw new UnreadableRecord([{ path: ['version'], message, expected: suchAs('a version that this Warung reads', VERSION) }])
    }
    const { merchant: { merchantId: _whose, ...choices }, chance, transactions, notifications } = readDocument(document)
    const ordered = [...transactions, ...notifications].sort((a, b) => a.order - b.order)
    const records = ordered.map(({ record }) => record)
    checkTogether(records)
    return { ...choices, chance, records }
  }, { end: '; nothing was imported' })
}

/** Far more than any world uses, and so far from where numbers end that it can be counted on from. */
const MAX_CHANCE = 1e12
const chance = field(`a whole number from 0 to ${MAX_CHANCE}`, (member) => Number.isSafeInteger(member) && (member as number) >= 0 && (member as number) <= MAX_CHANCE ? member as number : undefined, { type: 'integer', minimum: 0, maximum: MAX_CHANCE }, 0)

const readDocument = shape<{ version: number, merchant: Pick<Merchant, 'merchantId' | keyof typeof CHOICES>, chance: number, transactions: readonly Ordered[], notifications: readonly Ordered[] }>({
  version: ['version', ofForm({ const: VERSION }, whole)],
  // Whose it was is shown, and means nothing where it comes.
  merchant: ['merchant', shape({ merchantId: ['merchant_id', since(text, '')], ...CHOICES })],
  chance: ['chance', chance],
  transactions: ['transactions', numbered(readTransaction, (transaction) => ({ transaction: checked(transaction, TRANSACTION_CHECKS) }))],
  notifications: ['notifications', numbered(readNotification, (notification) => ({ notification: checked(notification, NOTIFICATION_CHECKS) }))]
})

/** What `readWorld` takes, as JSON Schema, but what it checks beyond the form of each record. */
export const WORLD_FORM: Form = readDocument.form

interface Ordered {
  readonly order: number
  readonly record: WorldRecord
}

/** Those without an order come last, as they stand. */
function numbered<Value> (read: ObjectField<Value>, recordOf: (value: Value) => WorldRecord): Field<readonly Ordered[]> {
  const order = since(whole, Number.MAX_SAFE_INTEGER)
  const items = { ...read.form, properties: { ...read.form.properties, order: order.form } }
  return ofForm({ type: 'array', items }, (member) => list(anything)(member).map((item, index) =>
    inside(index, () => {
      const members = object(item)
      return { order: inside('order', () => order(members.order)), record: recordOf(read(members)) }
    })))
}

const anything = ofForm({}, (member) => member)

type Check<Value> = readonly [problem: string, isFine: (value: Value) => boolean]

const TRANSACTION_CHECKS: ReadonlyArray<Check<Transaction>> = [
  ['transaction_id, order_id and payment_code: should not be empty', ({ transactionId, orderId, paymentCode }) => [transactionId, orderId, paymentCode].every((name) => name !== '')],
  ['gross_amount: should be at least 1', ({ grossAmount }) => grossAmount >= 1],
  ['history: should begin with pending and end with the status', ({ history, status }) => history[0]?.status === 'pending' && history.at(-1)?.status === status],
  ['settled_at: should be there exactly if the history has a settlement', ({ history, settledAt }) => history.some(({ status }) => status === 'settlement') === (settledAt !== null)],
  ['fate: should go with the status, and come after the last of the history and before expires_at', mayAwaitFate],
  ['the instants: should be from 1970 to 9997', ({ chargedAt, expiresAt, lapsesAt, settledAt, fate, history }) => [chargedAt, expiresAt, lapsesAt, settledAt ?? chargedAt, fate?.at ?? chargedAt, ...history.map(({ at }) => at)].every(isInReach)],
  ['request: should be a charge', ({ request }) => isChargeShaped(request)],
  ['urls: should be http or https URLs without credentials', ({ urls: { override, append } }) => [...override ?? [], ...append].every(isTarget)]
]

const NOTIFICATION_CHECKS: ReadonlyArray<Check<Notification>> = [
  ['url: should be an http or https URL without credentials', ({ url }) => isTarget(url)],
  ['due_at: should be there exactly if the state is waiting', ({ state, dueAt }) => (state === 'waiting') === (dueAt !== null)],
  ['held_by: should be null unless the state is held', ({ state, heldBy }) => heldBy === null || state === 'held'],
  ['the instants: should be from 1970 to 9997', ({ createdAt, dueAt, attempts }) => [createdAt, dueAt ?? createdAt, ...attempts.flatMap(({ at, next }) => [at, next.at ?? at])].every(isInReach)],
  ['attempts: should be numbered from 1', ({ attempts }) => attempts.every(({ number }, index) => number === index + 1)],
  ['body: should be a JSON object as text', ({ body }) => isJsonObject(body)]
]

function checked<Value> (value: Value, checks: ReadonlyArray<Check<Value>>): Value {
  for (const [problem, isFine] of checks) if (!isFine(value)) throw new UnreadableRecord(problem)
  return value
}

/** What no record shows alone. */
function checkTogether (records: readonly WorldRecord[]): void {
  const transactions = new Map<string, Transaction>()
  const notifications = new Set<string>()
  /** Order ids and codes of live transactions. */
  const held = new Set<string>()
  for (const { transaction, notification } of records) {
    if (notification !== undefined) {
      const { id, transactionId, orderId } = notification
      if (notifications.size === notifications.add(id).size) throw new UnreadableRecord(`notifications: two have the id "${id}"`)
      if (transactions.get(transactionId)?.orderId !== orderId) throw new UnreadableRecord(`notifications: "${id}" should follow a transaction "${transactionId}" with the order id "${orderId}"`)
      continue
    }
    const { transactionId, orderId, store, paymentCode, status } = transaction
    if (transactions.has(transactionId)) throw new UnreadableRecord(`transactions: two have the id "${transactionId}"`)
    transactions.set(transactionId, transaction)
    for (const [name, key] of [[`order id "${orderId}"`, `order ${orderId}`], [`payment code "${paymentCode}"`, `${store} ${paymentCode}`]] as const) {
      if (held.has(key)) throw new UnreadableRecord(`transactions: the ${name} belongs to a pending or paid one and to a later one`)
      if (isLive(status)) held.add(key)
    }
  }
}

function isTarget (url: string): boolean {
  return readTarget(url) !== undefined
}

function isJsonObject (text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}
