import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { test } from 'tap'

import type { ChargeRequest, CustomerDetails } from '../../src/domain/charge-request.ts'
import { attempted, notificationsOf } from '../../src/domain/notification.ts'
import type { Notification, NotificationState } from '../../src/domain/notification.ts'
import { sign } from '../../src/domain/signature.ts'
import { STORE_NAMES } from '../../src/domain/stores.ts'
import { STATUSES } from '../../src/domain/transaction.ts'
import type { Status, Transaction } from '../../src/domain/transaction.ts'
import { answer, chargeRequest, CHARGED_AT, HOUR_MS, merchant, MINUTE_MS, notification, transaction } from '../support/domain.ts'

const OWN = 'http://shop.test/notify'

/** By code, for order-101, 44000.00 and SB-Mid-server-test. */
const SIGNATURES: Record<string, string> = {
  200: '8e1e1d058aa5ff5c7255b3ef2c4956b3082249b72db3b7f340c99f74c2c377b3f3ee71403480b2d5379831d90e6f0054e8332f4df73c3627d79a07ae8b3dd9ce',
  201: '599b27ce6c2f2aa0101404213714e21fce4a5bb7e9c51707b21550d90980627fd750a2e3420ddd3adeabdaec558e76fcb0c09f1d4ad22357cc5cd66091d81f8d',
  202: 'f6b796165de09a538ddedb42aad8eb8084f13f038be8c8822daff1b0e6943fd89da659e9a295140f63d4b763524981f6e3574a7cef928ede4c29ba3b7e699932',
  407: '9d637a8671e05852d20849f5553ccebdc2dd2901f161ea7e8e951704e8bdab5190b5ab132b45273ffc9ad0508856b07a5fe3948ff79dc4cefa41a6b1793ae9df'
}

const CODES: Record<Status, string> = { pending: '201', settlement: '200', expire: '202', cancel: '202', deny: '202' }

function bodyOf (more: Partial<Transaction> = {}): string {
  const [first] = recorded(more)
  return first?.body ?? ''
}

function recorded (more: Partial<Transaction> = {}, urls: readonly string[] = [OWN]): readonly Notification[] {
  let count = 0
  return notificationsOf(transaction(more), merchant({ settings: { notificationUrls: urls } }), { now: CHARGED_AT, newId: () => `n${++count}` })
}

for (const [statusCode, signature] of Object.entries(SIGNATURES)) {
  test(`the signature of code ${statusCode} is the documented one`, async (t) => {
    t.equal(sign({ orderId: 'order-101', statusCode, grossAmount: '44000.00', serverKey: 'SB-Mid-server-test' }), signature)
  })
}

test('the server key, the order and the amount all go into a signature', async (t) => {
  const signed = { orderId: 'order-101', statusCode: '200', grossAmount: '44000.00', serverKey: 'SB-Mid-server-test' }
  const others = [signed, { ...signed, orderId: 'order-102' }, { ...signed, grossAmount: '44001.00' }, { ...signed, serverKey: 'SB-Mid-server-rest' }]

  t.equal(new Set(others.map(sign)).size, others.length)
})

for (const store of STORE_NAMES) {
  for (const status of STATUSES) {
    test(`the ${status} notification of ${store} is the golden one to the byte`, async (t) => {
      const request: ChargeRequest = JSON.parse(readFileSync(`fixtures/requests/${store}.json`, 'utf8'))
      const sample = transaction({ store, status })
      const golden = readFileSync(`fixtures/golden/${store}/notification-${status}.json`, 'utf8')
        .replace('<transaction_id>', sample.transactionId)
        .replace('<payment_code>', sample.paymentCode)
        .replace('<approval_code>', '45682611224123432248')
        .replace('<signature_key>', SIGNATURES[CODES[status]] ?? '')

      t.equal(bodyOf({ store, status, request }), golden)
    })
  }
}

test('a notification with everything in it has its keys in reverse order, at every level', async (t) => {
  const body = bodyOf({
    store: 'indomaret',
    status: 'settlement',
    request: chargeRequest({
      customer_details: { first_name: 'Budi', last_name: 'Utomo', email: 'budi@example.com', phone: '0811223344', billing_address: { address: 'Jalan Sudirman 1' } },
      custom_field1: 'cart 7',
      custom_field2: 'branch Bandung',
      custom_field3: 'cashier Siti',
      metadata: { 2: 'two', 10: 'ten', cart: { lines: 2, gift: true, Voucher: 'HEMAT6' }, agents: [{ code: 'A7', name: 'Siti' }, { 1: null, 9: [] }], empty: {} }
    })
  })

  t.equal(body, '{"transaction_time":"2026-11-22 20:00:00","transaction_status":"settlement","transaction_id":"992154fc-66ff-49ea-800d-38c4681e8d3f",' +
    '"store":"indomaret","status_message":"midtrans payment notification","status_code":"200",' +
    `"signature_key":"${SIGNATURES['200']}","settlement_time":"2026-11-22 20:05:00","payment_type":"cstore","payment_code":"578112341234","order_id":"order-101",` +
    '"metadata":{"empty":{},"cart":{"lines":2,"gift":true,"Voucher":"HEMAT6"},"agents":[{"name":"Siti","code":"A7"},{"9":[],"1":null}],"2":"two","10":"ten"},' +
    '"merchant_id":"G812785002","gross_amount":"44000.00","expiry_time":"2026-11-23 20:00:00",' +
    '"customer_details":{"phone":"0811223344","full_name":"Budi Utomo","email":"budi@example.com","address":"Jalan Sudirman 1"},' +
    '"custom_field3":"cashier Siti","custom_field2":"branch Bandung","custom_field1":"cart 7","currency":"IDR","approval_code":"45682611224123432248"}')
})

const customers: Array<[behaviour: string, customer: CustomerDetails | null | undefined, shown: string | undefined]> = [
  ['a charge without a customer shows none', undefined, undefined],
  ['a customer of null is none', null, undefined],
  ['an empty customer is none', {}, undefined],
  ['a customer of empty texts is none', { first_name: '', last_name: null, email: '', phone: '', billing_address: { address: '' } }, undefined],
  ['a customer without what is shown is none', { billing_address: { first_name: 'Budi', city: 'Bandung' } }, undefined],
  ['a first name alone is the full name', { first_name: 'Budi' }, '{"full_name":"Budi"}'],
  ['a last name alone is the full name', { first_name: '', last_name: 'Utomo' }, '{"full_name":"Utomo"}'],
  ['names are joined by a blank', { last_name: 'Utomo', first_name: 'Budi' }, '{"full_name":"Budi Utomo"}'],
  ['a phone number that was a number is a text', { phone: 811223344, email: 'budi@example.com' }, '{"phone":"811223344","email":"budi@example.com"}'],
  ['the billing address is shown', { billing_address: { address: 'Jalan Sudirman 1' }, shipping_address: { address: 'Jalan Asia Afrika 2' } }, '{"address":"Jalan Sudirman 1"}'],
  ['without a billing address the shipping address is shown', { billing_address: { city: 'Bandung' }, shipping_address: { address: 'Jalan Asia Afrika 2' } }, '{"address":"Jalan Asia Afrika 2"}'],
  ['no name is taken from an address', { email: 'budi@example.com', billing_address: { first_name: 'Siti', phone: '0811' } }, '{"email":"budi@example.com"}']
]

for (const [behaviour, customer, shown] of customers) {
  test(behaviour, async (t) => {
    const body = bodyOf({ request: chargeRequest({ customer_details: customer }) })

    t.equal(/"customer_details":(\{.*?\})/.exec(body)?.[1], shown)
    t.equal(body.includes('customer_details'), shown !== undefined)
  })
}

const extras: Array<[behaviour: string, request: ChargeRequest, there: readonly string[], absent: readonly string[]]> = [
  ['custom fields that were not sent are not shown', {}, [], ['custom_field', 'metadata', 'null']],
  ['custom fields of null or without text are not shown', { custom_field1: null, custom_field2: '', custom_field3: 'x', metadata: null }, ['"custom_field3":"x"'], ['custom_field1', 'custom_field2', 'metadata', 'null']],
  ['a custom field that was a number is a text', { custom_field1: 0 }, ['"custom_field1":"0"'], []],
  ['empty metadata is shown empty', { metadata: {} }, ['"metadata":{}'], []],
  ['what a till prints is not notified', { cstore: { message: 'Hello', alfamart_free_text_1: 'Thanks' } }, [], ['Hello', 'Thanks']]
]

for (const [behaviour, request, there, absent] of extras) {
  test(behaviour, async (t) => {
    const body = bodyOf({ request: chargeRequest(request) })

    for (const text of there) t.match(body, text)
    for (const text of absent) t.equal(body.includes(text), false, text)
  })
}

test('a notification is signed over the very strings it carries, with the key of its merchant', async (t) => {
  const [made] = notificationsOf(transaction({ orderId: '2016-10-20 12:39:16 +0700', grossAmount: 13_450_000, status: 'expire' }),
    merchant({ serverKey: 'SB-Mid-server-other', settings: { notificationUrls: [OWN] } }), { now: CHARGED_AT, newId: () => 'n1' })
  const body = JSON.parse(made?.body ?? '')

  t.equal(body.gross_amount, '13450000.00')
  t.equal(body.signature_key, createHash('sha512').update('2016-10-20 12:39:16 +070020213450000.00SB-Mid-server-other').digest('hex'))
})

test('a text beyond ASCII is written as itself', async (t) => {
  t.match(bodyOf({ request: chargeRequest({ custom_field1: 'kopi "tubruk" ☕' }) }), '"custom_field1":"kopi \\"tubruk\\" ☕"')
})

test('every URL gets one notification, with the same body and a name of its own', async (t) => {
  const made = recorded({ status: 'settlement', urls: { override: null, append: ['http://b.test/', OWN] } }, [OWN, 'http://a.test/'])

  t.same(made.map(({ id, url }) => [id, url]), [['n1', OWN], ['n2', 'http://a.test/'], ['n3', 'http://b.test/']])
  t.equal(new Set(made.map(({ body }) => body)).size, 1)
})

test('a charge that overrides the URLs of its merchant is told to its own', async (t) => {
  t.same(recorded({ urls: { override: ['http://b.test/'], append: [] } }).map(({ url }) => url), ['http://b.test/'])
  t.same(recorded({ urls: { override: [], append: [] } }), [])
})

test('a merchant without URLs is told nothing', async (t) => {
  t.same(recorded({}, []), [])
})

test('a notification is recorded as waiting, due at once unless told', async (t) => {
  const [made] = recorded({ status: 'cancel' })
  const { body, ...record } = made ?? notification()

  t.same(record, {
    id: 'n1',
    merchantId: 'G812785002',
    transactionId: '992154fc-66ff-49ea-800d-38c4681e8d3f',
    orderId: 'order-101',
    event: 'cancel',
    url: OWN,
    state: 'waiting',
    createdAt: CHARGED_AT,
    dueAt: CHARGED_AT,
    heldBy: null,
    attempts: []
  })
})

test('a notification may fall due later than it is recorded', async (t) => {
  const [made] = notificationsOf(transaction(), merchant({ settings: { notificationUrls: [OWN] } }), { now: CHARGED_AT, dueAt: CHARGED_AT + HOUR_MS, newId: () => 'n1' })

  t.equal(made?.createdAt, CHARGED_AT)
  t.equal(made?.dueAt, CHARGED_AT + HOUR_MS)
})

const attempts: Array<[behaviour: string, answered: Parameters<typeof answer>[0], state: NotificationState, dueAfterMs: number | null]> = [
  ['an attempt that is answered 200 delivers', { status: 200 }, 'delivered', null],
  ['an attempt that is answered 503 is made again', { status: 503 }, 'waiting', 2 * MINUTE_MS],
  ['an attempt that is answered 302 fails for good', { status: 302 }, 'failed', null],
  ['an attempt that is not answered is made again', { status: null, error: 'refused' }, 'waiting', 2 * MINUTE_MS]
]

for (const [behaviour, answered, state, dueAfterMs] of attempts) {
  test(behaviour, async (t) => {
    const at = CHARGED_AT + 5
    const after = attempted(notification(), { at, answer: answer(answered), cause: 'clock', jitter: null })

    t.equal(after.state, state)
    t.equal(after.dueAt, dueAfterMs === null ? null : at + dueAfterMs)
  })
}

test('attempts are recorded in order, with all that was seen, and the body stays', async (t) => {
  const before = notification({ body: '{"b":1,"a":2}' })
  const seen = answer({ status: 503, responseHeaders: { 'retry-after': '1' }, responseBody: 'busy', durationMs: 7, redirects: ['http://shop.test/2'] })
  const first = attempted(before, { at: CHARGED_AT, answer: seen, cause: 'clock', jitter: null })
  const second = attempted(first, { at: CHARGED_AT + 3 * MINUTE_MS, answer: answer({ status: null, error: 'timeout' }), cause: 'clock', jitter: null })
  const third = attempted(second, { at: CHARGED_AT + 20 * MINUTE_MS, answer: answer(), cause: 'clock', jitter: null })

  t.equal(before.attempts.length, 0)
  t.match(first.attempts, [{ ...seen, number: 1, at: CHARGED_AT, outcome: 'failed', next: { again: true, at: CHARGED_AT + 2 * MINUTE_MS } }])
  t.equal(second.dueAt, CHARGED_AT + 13 * MINUTE_MS)
  t.equal(third.state, 'delivered')
  t.same(third.attempts.map(({ number, at, status, error, outcome }) => [number, at, status, error, outcome]), [
    [1, CHARGED_AT, 503, null, 'failed'],
    [2, CHARGED_AT + 3 * MINUTE_MS, null, 'timeout', 'failed'],
    [3, CHARGED_AT + 20 * MINUTE_MS, 200, null, 'delivered']
  ])
  t.equal(third.body, '{"b":1,"a":2}')
})

test('the sixth attempt is the last', async (t) => {
  let current = notification()
  for (let number = 1; number <= 6; number++) {
    t.equal(current.state, 'waiting')
    current = attempted(current, { at: current.dueAt ?? 0, answer: answer({ status: 502 }), cause: 'clock', jitter: null })
  }

  t.equal(current.state, 'failed')
  t.equal(current.dueAt, null)
  t.equal(current.attempts.length, 6)
  t.equal(current.attempts.at(-1)?.next.again, false)
})
