import { test } from 'tap'

import { sign } from '../../src/domain/signature.ts'
import { basic, chargeBody, MERCHANT_ID, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'
import { charge, lapsesAfter, notificationsOf, set } from '../support/storage-world.ts'
import { admin, askerOf, made, PASSWORD } from '../support/worlds.ts'

type Document = Record<string, any>

const NOBODY = 'http://127.0.0.1:9/'
const WITH_ADMIN = ['--admin-password', PASSWORD]

/** A world with some life in it, standing still. */
async function lively (emulator: TestEmulator): Promise<void> {
  await emulator.ask('POST', '/admin/clock/freeze', { at: '2026-11-22 20:00:00' })
  await set(emulator, { notification_urls: [NOBODY], receipt_name: 'Toko Satu', retry_jitter: true })
  await emulator.ask('PUT', '/admin/faults', { items: [{ match: { event: 'settlement' }, action: 'duplicate', copies: 2, times: 3 }] })
  for (const order of ['a', 'b', 'c', 'd']) await charge(emulator, order, lapsesAfter(90))
  await emulator.ask('POST', '/admin/transactions/a/pay')
  await emulator.ask('POST', '/v2/b/cancel')
  await emulator.ask('POST', '/admin/clock/advance', { by: '10m' })
}

/** What a world says to the same calls; every byte of it. */
async function goOn (emulator: TestEmulator): Promise<string[]> {
  const calls: Array<[method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown]> = [
    ['GET', '/admin/clock'], ['GET', '/admin/settings'], ['GET', '/admin/faults'], ['GET', '/admin/transactions'], ['GET', '/admin/notifications?limit=3'],
    ['GET', '/v2/a/status'], ['GET', '/v2/b/status'], ['POST', '/v2/charge', chargeBody({ transaction_details: { order_id: 'c', gross_amount: 20000 } })],
    ['POST', '/v2/charge', chargeBody({ cstore: { store: 'indomaret' } })], ['POST', '/admin/transactions/order-101/pay'], ['POST', '/admin/transactions/a/reverse'],
    ['POST', '/v2/c/cancel'], ['POST', '/admin/transactions/d/notify', { times: 2, delay: '1m' }], ['POST', '/admin/clock/advance', { by: '24h' }],
    ['POST', '/v2/charge', chargeBody({ transaction_details: { order_id: 'd', gross_amount: 20000 } })],
    ['GET', '/admin/transactions'], ['GET', '/admin/notifications?limit=1000'], ['GET', '/admin/clock']
  ]
  const replies: string[] = []
  for (const [method, url, body] of calls) {
    const reply = await emulator.ask(method, url, body)
    // How long a real attempt took no seed repeats; the id of an error body counts what the process answered, not a world.
    replies.push(`${method} ${url} ${reply.statusCode} ${reply.payload.replace(/"duration_ms":\d+/g, '"duration_ms":0').replace(/"id":"[^"]{36}"}$/, '"id":""}')}`)
  }
  for (const order of ['a', 'b', 'c', 'd', 'order-101']) replies.push(...(await notificationsOf(emulator, order)).map(({ body }) => body))
  return replies
}

test('a world that is exported goes on in another process byte by byte as it does here', async (t) => {
  const [one, two] = [await testEmulator(t), await testEmulator(t)]
  await lively(one)
  const exported = (await one.ask('GET', '/admin/export')).payload
  t.equal(JSON.parse(exported).version, 1)
  t.notMatch(exported, /SB-Mid/)

  const reply = await two.ask('POST', '/admin/import', exported)
  t.equal(reply.statusCode, 200)
  t.match(reply.json(), { merchant_id: MERCHANT_ID, transactions: 4 })
  t.equal((await two.ask('GET', '/admin/export')).payload, exported)
  const [here, there] = [await goOn(one), await goOn(two)]
  t.same(there, here)
  t.equal((await two.ask('GET', '/admin/export')).payload.replace(/"duration_ms":\d+|"date":"[^"]*"/g, ''), (await one.ask('GET', '/admin/export')).payload.replace(/"duration_ms":\d+|"date":"[^"]*"/g, ''))
  t.comment(`Show 3: ${here.length} documents, ${here.join('').length} characters, the same`)
})

test('an emptied world repeats what it did, and keeps settings, faults and clock', async (t) => {
  const emulator = await testEmulator(t)
  await emulator.ask('POST', '/admin/clock/freeze', { at: '2026-11-22 20:00:00' })
  await set(emulator, { receipt_name: 'Toko Satu' })
  await emulator.ask('PUT', '/admin/faults', { items: [{ match: { event: 'expire' }, action: 'drop' }] })
  const life = async (): Promise<string[]> => [
    (await emulator.ask('POST', '/v2/charge', chargeBody())).payload, (await emulator.ask('GET', '/v2/none/status')).payload, (await emulator.ask('POST', '/admin/transactions/order-101/pay')).payload
  ]
  const choices = async (): Promise<string[]> => Promise.all(['/admin/settings', '/admin/faults', '/admin/clock'].map(async (url) => (await emulator.ask('GET', url)).payload))

  const before = await choices()
  const first = await life()
  const reply = await emulator.ask('POST', '/admin/reset')
  t.equal(reply.statusCode, 200)
  t.same((await emulator.ask('GET', '/admin/transactions')).json().items, [])
  t.equal((await emulator.ask('GET', '/admin/transactions/order-101')).statusCode, 404)
  t.same(await choices(), before)
  t.same(await life(), first)
  t.equal((await emulator.ask('POST', '/admin/clock/reset')).statusCode, 409)
  await emulator.ask('POST', '/admin/reset')
  t.equal((await emulator.ask('POST', '/admin/clock/reset')).statusCode, 200, 'an empty world returns to real time')
})

test('a world may be emptied while a receiver is being called; nothing of that attempt is kept', async (t) => {
  let asked = (): void => {}
  const isAsked = new Promise<void>((resolve) => { asked = resolve })
  const receiver = await startReceiver(() => asked())
  t.teardown(() => receiver.close())
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  const { transaction_id: id } = await charge(emulator, 'order-101')
  await emulator.runDue.run()
  await isAsked

  const waiting = emulator.ask('GET', '/admin/transactions/order-101/wait?status=settlement')
  t.equal((await emulator.ask('POST', '/admin/reset')).statusCode, 200)
  await emulator.runDue.settled()
  t.equal((await waiting).statusCode, 404)
  t.equal((await charge(emulator, 'order-101')).transaction_id, id, 'by the same names')
  t.match(await notificationsOf(emulator, 'order-101'), [{ state: 'waiting', attempts: { length: 0 } }])
})

const ends: Array<[what: string, end: (emulator: TestEmulator, merchantId: string, ask: TestEmulator['ask']) => Promise<{ readonly statusCode: number }>, status: number, advanced: number]> = [
  ['emptied', (_emulator, _merchantId, ask) => ask('POST', '/admin/reset'), 200, 200],
  ['deleted', (emulator, merchantId) => admin(emulator)('DELETE', `/admin/merchants/${merchantId}`), 204, 404]
]
for (const [what, end, status, advanced] of ends) {
  test(`a world may be ${what} while its clock is moved: the advance ends, and the next one is free`, async (t) => {
    const receiver = await startReceiver(() => {})
    t.teardown(() => receiver.close())
    const emulator = await testEmulator(t, WITH_ADMIN)
    const { merchant_id: id, server_key: key } = await made(emulator, { settings: { notification_urls: [receiver.url] } })
    const ask = askerOf(emulator, key)
    await ask('POST', '/v2/charge', chargeBody())
    const advance = ask('POST', '/admin/clock/advance', { by: '48h' })
    await receiver.received(1)

    t.equal((await end(emulator, id, ask)).statusCode, status)
    const answer = await advance
    t.equal(answer.statusCode, advanced)
    if (advanced === 200) t.same(answer.json().effects, [])
    await made(emulator, { merchant_id: 'G5', server_key: 'key-5' })
    t.equal((await askerOf(emulator, 'key-5')('POST', '/admin/clock/advance', { by: '1h' })).statusCode, 200)
    if (advanced === 200) t.equal((await ask('POST', '/admin/clock/advance', { by: '1h' })).statusCode, 200)
  })
}

test('events tell of a reset', async (t) => {
  const emulator = await testEmulator(t)
  const kinds: string[] = []
  const reply = await emulator.app.inject({ url: '/admin/events', headers: { authorization: basic('SB-Mid-server-test'), host: 'localhost' }, payloadAsStream: true })
  const ended = (async () => { for await (const chunk of reply.stream()) kinds.push(String(chunk)) })()
  await emulator.ask('POST', '/admin/reset')
  await emulator.close()
  await ended
  t.match(kinds.join(''), new RegExp(`event: reset\ndata: {"merchant_id":"${MERCHANT_ID}"}`))
})

test('an import into another merchant signs what comes with its key, and leaves what was recorded', async (t) => {
  const [one, two] = [await testEmulator(t), await testEmulator(t, [...WITH_ADMIN])]
  await lively(one)
  const other = await made(two, { merchant_id: 'G3' })
  const ask = askerOf(two, other.server_key)
  const document = (await one.ask('GET', '/admin/export')).json()
  t.equal((await ask('POST', '/admin/import', document)).statusCode, 200)

  t.equal((await ask('GET', '/admin/transactions/a')).json().merchant_id, 'G3')
  const before = document.notifications.find((each: Document) => each.event === 'pending' && each.order_id === 'c')
  t.equal((await ask('GET', `/admin/notifications/${before.id}`)).json().body, before.body)
  const paid = (await ask('POST', '/admin/transactions/c/pay')).json()
  const { body } = (await ask('GET', `/admin/notifications/${paid.notifications[0].id}`)).json()
  t.equal(JSON.parse(body).merchant_id, 'G3')
  t.equal(JSON.parse(body).signature_key, sign({ orderId: 'c', statusCode: '200', grossAmount: '44000.00', serverKey: other.server_key }))
  t.same((await two.ask('GET', '/admin/transactions')).json().items, [], 'nobody else has it')
})

test('a world with transactions keeps its clock and never goes back in chance', async (t) => {
  const [one, two] = [await testEmulator(t), await testEmulator(t, ['--seed', 'another'])]
  await lively(one)
  await charge(two, 'own')
  const clock = (await two.ask('GET', '/admin/clock')).json()
  t.equal((await two.ask('POST', '/admin/import', (await one.ask('GET', '/admin/export')).json())).statusCode, 200)
  t.match((await two.ask('GET', '/admin/clock')).json(), { now: clock.now, frozen: false })
  t.equal((await two.ask('GET', '/admin/settings')).json().receipt_name, 'Toko Satu')
  t.equal((await two.ask('GET', '/admin/transactions')).json().items.length, 5)
})

const spoiled: Array<[what: string, spoil: (document: Document) => unknown, status: number, message: RegExp]> = [
  ['of another version', (document) => ({ ...document, version: 2 }), 400, /version: this Warung reads version 1, not 2/],
  ['without a version', ({ version, ...document }) => document, 400, /not an export of Warung/],
  ['that is a list', (document) => [document], 400, /not an export of Warung/],
  ['with a charge of no amount', (document) => alter(document, 'transactions', { gross_amount: 'x' }), 400, /transactions: item 1: gross_amount: should be a whole number/],
  ['with an unknown status', (document) => alter(document, 'transactions', { status: 'lost' }), 400, /transactions: item 1: status: should be one of/],
  ['with a history of another state', (document) => alter(document, 'transactions', { history: [] }), 400, /history: should begin with pending/],
  ['with a setting that is none', (document) => ({ ...document, merchant: { ...document.merchant, settings: { colour: 'red' } } }), 400, /colour is not a setting/],
  ['with a notification of nothing', (document) => alter(document, 'notifications', { transaction_id: 'x' }), 400, /should follow a transaction "x"/],
  ['with a notification to nowhere', (document) => alter(document, 'notifications', { url: 'file:///etc' }), 400, /url: should be an http or https URL/],
  ['with a transaction twice', (document) => ({ ...document, transactions: [...document.transactions, document.transactions[0]] }), 400, /two have the id/],
  ['with a live order twice', (document) => ({ ...document, transactions: [...document.transactions, { ...document.transactions[2], transaction_id: 'new', payment_code: '1' }] }), 400, /the order id "c" belongs to/],
  ['that notifies us', (document) => ({ ...document, merchant: { ...document.merchant, settings: { notification_urls: ['http://169.254.169.254/'] } } }), 400, /cannot be notified/],
  ['with an order that is live here', (document) => ({ ...document, transactions: document.transactions.map((each: Document) => each.order_id === 'd' ? { ...each, order_id: 'own' } : each), notifications: [] }), 409, /has the order id "own" already; nothing was imported/]
]
for (const [what, spoil, status, message] of spoiled) {
  test(`a document ${what} is refused as a whole`, async (t) => {
    const [one, two] = [await testEmulator(t), await testEmulator(t, ['--seed', 'another'])]
    await lively(one)
    await charge(two, 'own')
    const before = (await two.ask('GET', '/admin/export')).payload
    const reply = await two.ask('POST', '/admin/import', spoil((await one.ask('GET', '/admin/export')).json()))
    t.equal(reply.statusCode, status)
    t.match(reply.json().message, message)
    t.equal((await two.ask('GET', '/admin/export')).payload, before)
  })
}

test('the same document twice clashes with itself', async (t) => {
  const [one, two] = [await testEmulator(t), await testEmulator(t)]
  await lively(one)
  const document = (await one.ask('GET', '/admin/export')).json()
  t.equal((await two.ask('POST', '/admin/import', document)).statusCode, 200)
  const reply = await two.ask('POST', '/admin/import', document)
  t.equal(reply.statusCode, 409)
  t.match(reply.json(), { code: 'import_clash', message: /there is a transaction ".*" already/ })
})

test('an import may be as large as no other body', async (t) => {
  const [one, two] = [await testEmulator(t), await testEmulator(t)]
  await lively(one)
  const document = (await one.ask('GET', '/admin/export')).json()
  const [, , pending] = document.transactions
  const transactions = Array.from({ length: 2_000 }, (_, at) => ({ ...pending, transaction_id: `t-${at}`, order_id: `o-${at}`, payment_code: String(at), order: at }))
  const large = JSON.stringify({ ...document, transactions, notifications: [] })
  t.ok(large.length > 1_048_576)
  t.equal((await two.ask('POST', '/admin/import', large)).json().transactions, 2_000)
  t.equal((await two.ask('PUT', '/admin/settings', large)).statusCode, 413)
  t.equal((await two.ask('POST', '/admin/import', 'x'.repeat(65 * 1_048_576))).statusCode, 413)
  t.equal((await two.ask('POST', '/admin/import')).statusCode, 400)
})

function alter (document: Document, list: 'transactions' | 'notifications', members: object): Document {
  const [first, ...rest] = document[list]
  return { ...document, [list]: [{ ...first, ...members }, ...rest] }
}

test('a world whose time no charge could be written in is refused, standing still or running', async (t) => {
  const emulator = await testEmulator(t)
  const world = (await emulator.ask('GET', '/admin/export')).json() as { merchant: { timeline: object } }
  for (const timeline of [{ shift_ms: 0, frozen_at: '9999-12-31T12:00:00.000Z' }, { shift_ms: 1e15, frozen_at: null }, { shift_ms: -1e13, frozen_at: null }]) {
    world.merchant.timeline = timeline
    const refused = await emulator.ask('POST', '/admin/import', world)
    t.equal(refused.statusCode, 400, JSON.stringify(timeline))
    t.match(refused.json(), { code: 'invalid_import', message: /timeline: leads out of the years from 1970 to 9997/ })
  }
  t.equal((await emulator.ask('POST', '/v2/charge', chargeBody())).json().status_code, '201')
})
