import { readFileSync } from 'node:fs'

import { test } from 'tap'

import { merchant } from '../support/domain.ts'
import { basic, chargeBody, SERVER_KEY, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { membersOf } from '../support/gateway-answers.ts'
import { charge, request } from '../support/gateway-world.ts'

interface Explained {
  readonly rule: string
  readonly field: string | null
  readonly seen: string | null
  readonly expected: string
  readonly message: string
  readonly reference: string
}

interface Item {
  readonly id: string
  readonly at: string
  readonly wib: string
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: unknown
  readonly status: number | null
  readonly status_code: string | null
  readonly response: unknown
  readonly duration_ms: number
  readonly transaction_id: string | null
  readonly explain: null | Explained | readonly Explained[]
}

const HEADINGS = new Set(readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8').split('\n').filter((line) => /^##/.test(line)).map((line) => line.replace(/^#+ /, '')))

async function journal ({ ask }: TestEmulator, query = '', key = SERVER_KEY): Promise<Item[]> {
  const answer = await ask('GET', `/admin/requests${query}`, undefined, { authorization: basic(key) })
  return (answer.json() as { items: Item[] }).items
}

async function latest (emulator: TestEmulator): Promise<Item | undefined> {
  return (await journal(emulator, '?limit=1'))[0]
}

async function putFaults ({ ask }: TestEmulator, fault: object): Promise<void> {
  await ask('PUT', '/admin/faults', { items: [fault] })
}

test('a charge stands in the journal as it was sent and answered, its key masked', async (t) => {
  const emulator = await testEmulator(t)
  const answer = await charge(emulator, chargeBody(), { 'content-type': 'application/json', 'x-shop': 'toko' })

  const item = await latest(emulator)
  t.match(item, { id: '1', at: new Date(START).toISOString(), wib: '2026-11-22 20:00:00', method: 'POST', path: '/v2/charge', status: 200, status_code: '201', body: chargeBody(), explain: null })
  t.same(item?.response, membersOf(answer))
  t.equal(item?.transaction_id, membersOf(answer).transaction_id)
  t.match(item?.headers, { authorization: 'Basic SB-Mid-server-…', 'content-type': 'application/json', 'x-shop': 'toko' })
  t.type(item?.duration_ms, 'number')
})

test('the time is the merchant\'s own', async (t) => {
  const emulator = await testEmulator(t)
  await emulator.ask('POST', '/admin/clock/freeze', { at: '2030-01-01 00:00:00' })
  await emulator.ask('GET', '/v2/nobody/status')
  t.equal((await latest(emulator))?.wib, '2030-01-01 00:00:00')
})

test('the last thousand requests are kept, newest first, a page at a time', async (t) => {
  const emulator = await testEmulator(t)
  for (let n = 1; n <= 1_003; n++) await emulator.ask('GET', `/v2/order-${n}/status`)

  const all = await journal(emulator, '?limit=1000')
  t.equal(all.length, 1_000)
  t.equal(all[0]?.path, '/v2/order-1003/status')
  t.equal(all.at(-1)?.path, '/v2/order-4/status')

  const first = (await emulator.ask('GET', '/admin/requests?limit=600')).json() as { items: Item[], next_cursor: string }
  const second = (await emulator.ask('GET', `/admin/requests?limit=600&cursor=${first.next_cursor}`)).json() as { items: Item[], next_cursor: null }
  t.same([...first.items, ...second.items].map(({ id }) => id), all.map(({ id }) => id))
  t.equal(second.next_cursor, null)

  t.equal((await emulator.ask('DELETE', '/admin/requests')).statusCode, 204)
  t.same(await journal(emulator), [])
})

test('the journal is asked by code, endpoint, method, path, transaction and order', async (t) => {
  const emulator = await testEmulator(t)
  const { transaction_id: id } = membersOf(await charge(emulator, chargeBody()))
  await charge(emulator, chargeBody())
  await emulator.ask('GET', '/v2/order-101/status')
  await emulator.ask('POST', `/v2/${id}/cancel`)
  await emulator.ask('POST', `/v2/${id}/cancel`)
  await emulator.ask('GET', '/v2/nobody/status')

  const rows: ReadonlyArray<readonly [query: string, ids: readonly string[]]> = [
    ['', ['6', '5', '4', '3', '2', '1']],
    ['?status=406', ['2']],
    ['?status=412', ['5']],
    ['?status=404', ['6']],
    ['?endpoint=charge', ['2', '1']],
    ['?endpoint=cancel', ['5', '4']],
    ['?method=GET', ['6', '3']],
    ['?path=/v2/order', ['3']],
    [`?transaction_id=${id}`, ['5', '4', '3', '1']],
    ['?ref=order-101', ['4', '3', '2', '1']],
    [`?ref=${id}&endpoint=cancel&status=200`, ['4']],
    ['?limit=2&endpoint=status', ['6', '3']]
  ]
  for (const [query, ids] of rows) t.same((await journal(emulator, query)).map(({ id }) => id), ids, query)
  for (const query of ['?limit=0', '?status=x', '?nonsense=1', '?cursor=x']) t.equal((await emulator.ask('GET', `/admin/requests${query}`)).statusCode, 400, query)
})

test('nobody sees another merchant\'s requests, and a key of nobody goes to the default merchant', async (t) => {
  const emulator = await testEmulator(t)
  await emulator.storage.changeMerchant('G2', () => merchant({ merchantId: 'G2', serverKey: 'SB-Mid-server-second' }))
  const as = async (key: string, method: 'GET' | 'POST', path: string) => emulator.ask(method, path, undefined, { authorization: basic(key) })
  await as('SB-Mid-server-second', 'GET', '/v2/of-second/status')
  await as('SB-Mid-server-second', 'GET', '/v2/of-second')
  await as('SB-Mid-server-second', 'POST', '/v2/of-second/status')
  await as('SB-Mid-server-nobodys', 'GET', '/v2/of-nobody/status')
  await request(emulator, 'GET', '/v2/SB-Mid-server-nobodys/status')

  t.same((await journal(emulator, '', 'SB-Mid-server-second')).map(({ path }) => path), ['/v2/of-second/status', '/v2/of-second', '/v2/of-second/status'])
  const own = await journal(emulator)
  t.same(own.map(({ path }) => path), ['/v2/SB-Mid-server-…odys/status', '/v2/of-nobody/status'])
  t.match(own[1], { status: 401, headers: { authorization: 'Basic SB-Mid-server-…odys' }, explain: { rule: 'unknown_sandbox_key' } })
  t.notMatch(JSON.stringify(own), /nobodys/)

  await emulator.ask('DELETE', '/admin/requests')
  t.equal((await journal(emulator, '', 'SB-Mid-server-second')).length, 3)
})

test('what is no JSON, is long or is huge is shown as text, cut', async (t) => {
  const emulator = await testEmulator(t)
  const long = JSON.stringify(chargeBody({ custom_field1: 'x'.repeat(8_000) }))
  const huge = JSON.stringify(chargeBody({ custom_field1: 'x'.repeat(80_000) }))
  for (const [sent, shown] of [['{"a":', '{"a":'], ['y'.repeat(5_000), 'y'.repeat(4_096)], [long, JSON.parse(long)], [huge, huge.slice(0, 4_096)], ['['.repeat(10_000), '['.repeat(4_096)]] as const) {
    await charge(emulator, sent)
    t.same((await latest(emulator))?.body, shown)
  }
  await charge(emulator, JSON.stringify(chargeBody()).replace('"order-101"', '12345678901234567890'))
  t.match((await latest(emulator))?.body, { transaction_details: { order_id: '12345678901234567890' } })
})

test('a body with a key in it is shown without the key', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, chargeBody({ custom_field1: 'SB-Mid-server-secretkey', transaction_details: { order_id: 'SB-Mid-server-secretkey:', gross_amount: 1 } }))
  t.notMatch(JSON.stringify(await journal(emulator)), /secretkey/)
})

const FAULTS: ReadonlyArray<readonly [name: string, fault: object, status: number | null, code: string | null]> = [
  ['an error', { action: 'error', status_code: '503' }, 200, '503'],
  ['a lost request', { action: 'drop' }, null, null],
  ['a lost answer', { action: 'drop', when: 'after' }, null, null],
  ['garbage', { action: 'garbage' }, 200, null]
]
for (const [name, fault, status, code] of FAULTS) {
  test(`${name} by a fault names the fault`, async (t) => {
    const emulator = await testEmulator(t)
    await putFaults(emulator, { id: 'mine', match: { endpoint: 'charge' }, ...fault })
    await charge(emulator, chargeBody()).catch(() => {})
    const item = await latest(emulator)
    t.match(item, { status, status_code: code, body: chargeBody(), explain: { rule: 'fault', seen: 'mine' } })
  })
}

test('a second call with the key of one in flight is explained', async (t) => {
  const emulator = await testEmulator(t)
  await putFaults(emulator, { match: { endpoint: 'charge' }, action: 'delay', delay: '300ms' })
  const both = ['1', '2'].map(() => charge(emulator, chargeBody(), { 'idempotency-key': 'key-1' }))
  await Promise.all(both)
  const [second] = await journal(emulator, '?status=202')
  t.match(second, { status: 202, explain: { rule: 'duplicate_in_flight', field: 'idempotency-key', seen: 'key-1', reference: '9 Idempotency-Key' } })
})

/** Refusals of every kind, beyond the rules of a charge. */
const REFUSALS: ReadonlyArray<readonly [name: string, ask: (emulator: TestEmulator) => Promise<unknown>, rule: string, field: string | null, seen: string | null]> = [
  ['an order id that is taken', async (emulator) => { await charge(emulator, chargeBody()); await charge(emulator, chargeBody()) }, 'order_taken', 'transaction_details.order_id', 'order-101'],
  ['another payment type', (emulator) => charge(emulator, chargeBody({ payment_type: 'gopay' })), 'channel_inactive', 'payment_type', 'gopay'],
  ['a store that is not active', async (emulator) => { await emulator.ask('PUT', '/admin/settings', { active_stores: ['indomaret'] }); await charge(emulator, chargeBody()) }, 'channel_inactive', 'cstore.store', 'alfamart'],
  ['an unknown transaction', (emulator) => emulator.ask('GET', '/v2/nobody/status'), 'transaction_unknown', 'id', 'nobody'],
  ['a cancel after payment', async (emulator) => { await charge(emulator, chargeBody()); await emulator.ask('POST', '/admin/transactions/order-101/pay'); await emulator.ask('POST', '/v2/order-101/cancel') }, 'already_paid', 'transaction_status', 'settlement'],
  ['a refund', async (emulator) => { await charge(emulator, chargeBody()); await emulator.ask('POST', '/v2/order-101/refund') }, 'action_refused', null, null],
  ['a b2b status', async (emulator) => { await charge(emulator, chargeBody()); await emulator.ask('GET', '/v2/order-101/status/b2b') }, 'not_b2b', null, null],
  ['no key', ({ app }) => app.inject({ method: 'GET', url: '/v2/order-101/status', headers: { host: 'localhost' } }), 'no_authorization', 'authorization', null],
  ['no body', (emulator) => charge(emulator, undefined), 'empty_body', 'body', null],
  ['a body that is no JSON', (emulator) => charge(emulator, '{"a":}'), 'malformed_json', 'body', 'Unexpected token \'}\', "{"a":}" is not valid JSON'],
  ['a body that is a list', (emulator) => charge(emulator, '[]'), 'not_an_object', 'body', '[]'],
  ['a body of a thousand levels', (emulator) => charge(emulator, `{"a":${'['.repeat(999)}${']'.repeat(999)}}`), 'too_deep', 'body', null],
  ['a body of many values', (emulator) => charge(emulator, `{"a":[${'1,'.repeat(20_000)}1]}`), 'too_many_values', 'body', null],
  ['a thousand and one items', (emulator) => charge(emulator, chargeBody({ item_details: Array.from({ length: 1_001 }, () => ({})) })), 'too_many_items', 'body', null],
  ['a body of more than a mebibyte', (emulator) => charge(emulator, ' '.repeat(1_048_577)), 'too_large', 'body', null],
  ['a list in place of an order id', (emulator) => charge(emulator, chargeBody({ transaction_details: { order_id: ['a'] } })), 'wrong_type', 'transaction_details.order_id', '["a"]'],
  ['an item that is a number', (emulator) => charge(emulator, chargeBody({ item_details: [1] })), 'wrong_type', 'item_details[0]', '1'],
  ['an unknown path', (emulator) => emulator.ask('GET', '/v2/nowhere'), 'unknown_path', 'path', '/v2/nowhere'],
  ['a wrong method', (emulator) => emulator.ask('GET', '/v2/charge'), 'wrong_method', 'method', 'GET']
]
for (const [name, ask, rule, field, seen] of REFUSALS) {
  test(`${name} is explained by ${rule}, under a heading that there is`, async (t) => {
    const emulator = await testEmulator(t)
    await ask(emulator)
    const item = await latest(emulator)
    const explain = item?.explain as Explained
    t.match({ rule: explain.rule, field: explain.field }, { rule, field })
    if (rule === 'malformed_json') t.type(explain.seen, 'string')
    else t.equal(explain.seen, seen)
    t.ok(HEADINGS.has(explain.reference), explain.reference)
    t.match(explain, { expected: /\S/, message: /\S/ })
    t.ok(explain.expected !== '' && explain.message !== '')
  })
}

const ADMIN: ReadonlyArray<readonly [name: string, method: 'GET' | 'POST' | 'PUT', path: string, body: unknown, explain: object, headers?: Record<string, string>]> = [
  ['an unknown transaction', 'GET', '/admin/transactions/nobody', undefined, { rule: 'transaction_unknown', seen: 'nobody' }],
  ['a query that cannot be', 'GET', '/admin/transactions?limit=0', undefined, { rule: 'invalid_request', field: 'limit', seen: '0' }],
  ['a member that there is not', 'POST', '/admin/explain-signature', { order_id: 'order-101', signature_key: 'x', other: 1 }, { rule: 'invalid_request', field: 'other' }],
  ['a member that is missing', 'POST', '/admin/explain-signature', { order_id: 'order-101' }, { rule: 'invalid_request', field: 'signature_key' }],
  ['settings that cannot be', 'PUT', '/admin/settings', { store_limits: 'x' }, { rule: 'invalid_settings' }],
  ['faults that cannot be', 'PUT', '/admin/faults', {}, { rule: 'invalid_faults' }],
  ['an unknown notification', 'GET', '/admin/notifications/nobody', undefined, { rule: 'notification_unknown', seen: 'nobody' }],
  ['a client key', 'GET', '/admin/requests', undefined, { rule: 'client_key' }, { authorization: basic('SB-Mid-client-test') }],
  ['a wrong admin password', 'GET', '/admin/requests', undefined, { rule: 'admin_password' }, { authorization: basic('admin', 'x') }],
  ['a page of elsewhere', 'GET', '/admin/requests', undefined, { rule: 'foreign_origin' }, { origin: 'http://evil.example' }],
  ['what there is not', 'GET', '/admin/nowhere', undefined, { rule: 'not_found' }]
]
for (const [name, method, path, body, explain, headers] of ADMIN) {
  test(`under /admin, ${name} is explained beside code and message`, async (t) => {
    const emulator = await testEmulator(t)
    const answer = await emulator.ask(method, path, body, headers)
    t.ok(answer.statusCode >= 400)
    t.match(answer.json(), { code: /\S/, message: /\S/, explain })
    t.ok(HEADINGS.has(answer.json().explain.reference))
  })
}

test('a signature is explained over HTTP, and an order that there is not refused', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, chargeBody())
  const { signature_key: signature } = (await emulator.ask('GET', '/v2/order-101/status')).json() as { signature_key: string }
  const explain = async (members: object) => emulator.ask('POST', '/admin/explain-signature', members)

  t.same((await explain({ order_id: 'order-101', signature_key: signature.toUpperCase() })).json(), {
    matches: true, problem: 'none', event: 'pending', message: 'This is the signature of the pending notification.', signed_text: 'order-101 + 201 + 44000.00 + <server key>'
  })
  t.match((await explain({ order_id: 'order-101', signature_key: 'x' })).json(), { matches: false, problem: 'unknown' })
  t.equal((await explain({ order_id: 'order-102', signature_key: signature })).statusCode, 404)
  t.equal((await explain({ signature_key: signature })).statusCode, 400)
})
