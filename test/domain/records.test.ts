import { test } from 'tap'

import { UnreadableRecord } from '../../src/domain/fields.ts'
import { attempted } from '../../src/domain/notification.ts'
import { counterRecord, merchantRecord, notificationRecord, readCounter, readMerchant, readNotification, readTransaction, transactionRecord } from '../../src/domain/records.ts'
import { ATTEMPT_ERRORS } from '../../src/domain/retry-policy.ts'
import { readRules } from '../../src/domain/rule.ts'
import { STORE_NAMES } from '../../src/domain/stores.ts'
import { STATUSES } from '../../src/domain/transaction.ts'
import { answer, chargeRequest, CHARGED_AT, merchant, MINUTE_MS, notification, PAID_AT, transaction } from '../support/domain.ts'

/** A record as a file gives it back. */
const kept = (record: object): Record<string, unknown> => JSON.parse(JSON.stringify(record))

const told = notification({ event: 'settlement', body: '{"b":"é","a":"\\n"}' })
const busy = attempted(told, { at: CHARGED_AT + 1, answer: answer({ status: 503, responseHeaders: { 'retry-after': '1' }, responseBody: 'busy', redirects: ['http://shop.test/2'] }), cause: 'clock', jitter: null })

for (const store of STORE_NAMES) {
  for (const status of STATUSES) {
    test(`a transaction of ${store} in ${status} reads back as it was kept`, async (t) => {
      const value = transaction({
        store,
        status,
        lapsesAt: CHARGED_AT + 7,
        fate: { move: 'reverse', at: CHARGED_AT + 5, rule: status === 'pending' ? null : 'rule-1', reverseAfterMs: status === 'expire' ? 3 : null },
        urls: { override: status === 'pending' ? null : ['http://shop.test/'], append: ['http://shop.test/2'] },
        request: chargeRequest({ metadata: { b: 1, a: [null] }, custom_field1: 7 }),
        history: [{ at: CHARGED_AT, status: 'pending', cause: 'charge', idempotencyKey: 'key-1' }, { at: PAID_AT + 3, status, cause: 'rule', idempotencyKey: null }]
      })

      t.equal(sorted(readTransaction(kept(transactionRecord(value)))), sorted(value))
    })
  }
}

const notifications = [
  told,
  busy,
  { ...told, state: 'held' as const, dueAt: null },
  { ...told, state: 'dropped' as const, dueAt: null },
  attempted(busy, { at: CHARGED_AT + 2 * MINUTE_MS, answer: answer(), cause: 'clock', jitter: null }),
  attempted(busy, { at: CHARGED_AT + 2 * MINUTE_MS, answer: answer({ status: 302 }), cause: 'clock', jitter: null }),
  ...ATTEMPT_ERRORS.map((error) => attempted(told, { at: CHARGED_AT, answer: answer({ status: null, error }), cause: 'clock', jitter: 0.3 }))
]

test('a notification reads back as it was kept, with every attempt', async (t) => {
  for (const value of notifications) {
    t.equal(sorted(readNotification(kept(notificationRecord(value)))), sorted(value))
  }
})

test('a merchant reads back as it was kept', async (t) => {
  const worlds = [
    merchant(),
    merchant({ timeline: { shiftMs: -5, frozenAt: null, isStepped: false } }),
    merchant({ timeline: { shiftMs: 5, frozenAt: CHARGED_AT, isStepped: false }, settings: { receiptName: 'Toko Budi', expiryLagMs: MINUTE_MS } }),
    merchant({ rules: readRules({ items: [{ id: 'a', match: { store: 'alfamart', min_amount: 5, custom_field1: '*' }, do: 'pay_then_reverse' }, { id: 'b', do: 'nothing', after: '3s' }] }) })
  ]
  for (const value of worlds) t.equal(sorted(readMerchant(kept(merchantRecord(value)))), sorted(value))
})

test('a counter reads back as it was kept', async (t) => {
  for (const counter of [
    { merchantId: 'G812785002', chance: 12, since: 0, isDeleted: false },
    { merchantId: 'G812785002', chance: 0, since: 7, isDeleted: false },
    { merchantId: 'G812785002', chance: 0, since: 7, isDeleted: true }
  ]) t.same(readCounter(kept(counterRecord(counter))), counter)
})

test('a counter of a document that knew neither reset nor deletion reads as of a world that had none', async (t) => {
  t.same(readCounter({ merchant_id: 'G812785002', chance: 12 }), { merchantId: 'G812785002', chance: 12, since: 0, isDeleted: false })
})

test('a record can be read by a person: the spelling of the gateway, instants in ISO 8601', async (t) => {
  t.match(kept(transactionRecord(transaction({ status: 'settlement' }))), {
    transaction_id: '992154fc-66ff-49ea-800d-38c4681e8d3f',
    order_id: 'order-101',
    payment_code: '8127740588870520',
    gross_amount: 44000,
    charged_at: '2026-11-22T13:00:00.000Z',
    expires_at: '2026-11-23T13:00:00.000Z',
    lapses_at: '2026-11-23T13:00:00.000Z',
    settled_at: '2026-11-22T13:05:00.000Z',
    history: [{ at: '2026-11-22T13:00:00.000Z', status: 'pending', cause: 'charge' }]
  })
  t.match(kept(notificationRecord(busy)), {
    created_at: '2026-11-22T13:00:00.000Z',
    due_at: '2026-11-22T13:02:00.001Z',
    attempts: [{ number: 1, duration_ms: 12, response_body: 'busy', next: { again: true, at: '2026-11-22T13:02:00.001Z' } }]
  })
  t.match(kept(merchantRecord(merchant())), { merchant_id: 'G812785002', settings: { notification_timeout: '15s' }, timeline: { shift_ms: 0 } })
})

type Read = (member: unknown) => unknown
type Damage = [behaviour: string, read: Read, record: unknown, message: RegExp]

const TRANSACTION = kept(transactionRecord(transaction()))
const NOTIFICATION = kept(notificationRecord(busy))
const MERCHANT = kept(merchantRecord(merchant()))
const [ATTEMPT] = NOTIFICATION.attempts as [Record<string, unknown>]

const SINCE = ['held_by', 'faults', 'rules', 'cause']
const missing = (read: Read, record: Record<string, unknown>) => Object.keys(record).filter((name) => !SINCE.includes(name)).map((name): Damage => {
  return [`a missing ${name}`, read, { ...record, [name]: undefined }, new RegExp(`^${name}: should be`)]
})

const damages: Damage[] = [
  ...missing(readTransaction, TRANSACTION),
  ...missing(readNotification, NOTIFICATION),
  ...missing(readMerchant, MERCHANT).filter(([behaviour]) => behaviour !== 'a missing settings'),
  ...Object.keys(ATTEMPT).filter((name) => !SINCE.includes(name)).map((name): Damage => [`an attempt without ${name}`, readNotification, { ...NOTIFICATION, attempts: [{ ...ATTEMPT, [name]: undefined }] }, new RegExp(`^attempts: item 1: ${name}: should be`)]),
  ['a list for a transaction', readTransaction, [], /^should be an object/],
  ['null for a transaction', readTransaction, null, /^should be an object/],
  ['a text for a counter', readCounter, 'x', /^should be an object/],
  ['half a number of chance', readCounter, { merchant_id: 'G812785002', chance: 1.5 }, /^chance: should be a whole number/],
  ['an amount as text', readTransaction, { ...TRANSACTION, gross_amount: '44000.00' }, /^gross_amount: should be a whole number/],
  ['an unknown store', readTransaction, { ...TRANSACTION, store: 'kioson' }, /^store: should be one of alfamart, indomaret/],
  ['an unknown status', readTransaction, { ...TRANSACTION, status: 'paid' }, /^status: should be one of pending/],
  ['an instant without a zone', readTransaction, { ...TRANSACTION, charged_at: '2026-11-22 20:00:00' }, /^charged_at: should be an instant/],
  ['an instant as a number', readTransaction, { ...TRANSACTION, expires_at: CHARGED_AT }, /^expires_at: should be an instant/],
  ['null where an instant is needed', readTransaction, { ...TRANSACTION, lapses_at: null }, /^lapses_at: should be an instant/],
  ['URLs that are no list', readTransaction, { ...TRANSACTION, urls: { override: 'http://shop.test/', append: [] } }, /^urls: override: should be a list/],
  ['a URL that is no text', readTransaction, { ...TRANSACTION, urls: { override: null, append: [7] } }, /^urls: append: item 1: should be a text/],
  ['an unknown cause', readTransaction, { ...TRANSACTION, history: [{ at: '2026-11-22T13:00:00.000Z', status: 'pending', cause: 'magic' }] }, /^history: item 1: cause: should be one of charge/],
  ['an unknown state', readNotification, { ...NOTIFICATION, state: 'lost' }, /^state: should be one of waiting/],
  ['a header that is no text', readNotification, { ...NOTIFICATION, attempts: [{ ...ATTEMPT, request_headers: { a: 1 } }] }, /^attempts: item 1: request_headers: should be an object of texts/],
  ['an unknown error', readNotification, { ...NOTIFICATION, attempts: [{ ...ATTEMPT, error: 'gremlins' }] }, /^attempts: item 1: error: should be one of timeout/],
  ['a shift that is no number', readMerchant, { ...MERCHANT, timeline: { shift_ms: '0', frozen_at: null } }, /^timeline: shift_ms: should be a whole number/],
  ['missing settings', readMerchant, { ...MERCHANT, settings: undefined }, /^settings: /],
  ['an unknown setting', readMerchant, { ...MERCHANT, settings: { colour: 'red' } }, /^settings: .*colour/]
]

test('what older documents lack has the meaning it had then', async (t) => {
  const { cause, ...attempt } = ATTEMPT
  t.equal(cause, 'clock')
  t.same(readNotification({ ...NOTIFICATION, attempts: [attempt] }), busy)
  t.same(readNotification({ ...NOTIFICATION, held_by: undefined }), busy)
  t.same(readMerchant({ ...MERCHANT, faults: undefined, timeline: { shift_ms: 0, frozen_at: null } }), merchant())
})

for (const [behaviour, read, record, message] of damages) {
  test(`${behaviour} is told by name`, async (t) => {
    t.throws(() => read(record), UnreadableRecord)
    t.throws(() => read(record), { message })
  })
}

test('members that a later version may add are passed over', async (t) => {
  t.equal(JSON.stringify(readTransaction({ ...TRANSACTION, mood: 'good' })), JSON.stringify(transaction()))
})

/** JSON with its members in one order, whatever order they came in. */
function sorted (value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  return `{${Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${sorted(member)}`).sort().join(',')}}`
}
