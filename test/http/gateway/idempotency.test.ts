import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { test } from 'tap'
import type { Test } from 'tap'

import { basic, chargeBody, manualClock, SERVER_KEY, testEmulator } from '../../support/emulator.ts'
import type { TestEmulator } from '../../support/emulator.ts'
import { FOR_EVER, gatedClock, putFaults } from '../../support/faults.ts'
import { expectError, expectHeaders, golden, membersOf, withoutId } from '../../support/gateway-answers.ts'
import type { Reply } from '../../support/gateway-answers.ts'
import { chargedInto, head, NOBODY, notificationsOf } from '../../support/gateway-world.ts'
import { sendOver } from '../../support/wire.ts'

const MINUTE_MS = 60_000
const WINDOW_MS = 5 * MINUTE_MS
const KEY = 'key-1'

const order = (id: string, store = 'alfamart', amount = 44000): Record<string, unknown> => chargeBody({ transaction_details: { order_id: id, gross_amount: amount }, cstore: { store } })
const IN_FLIGHT = '{"status_code":"202","status_message":"Request with the same Idempotency-Key is being processed","id":"<id>"}'

test('a charge with the same key again is answered to the byte as the first, and makes nothing', async (t) => {
  const emulator = await told(t)
  const first = await charge(emulator, KEY, order('a'))
  emulator.clock.at += 1_234
  const second = await charge(emulator, KEY, order('a'))
  t.equal(membersOf(first).status_code, '201')
  t.same([second.statusCode, second.payload], [first.statusCode, first.payload])
  expectHeaders(t, second)
  t.equal((await transactions(emulator)).length, 1)
  t.equal((await notificationsOf(emulator, 'a')).length, 1)
})

test('the first answer is replayed whatever the second body says', async (t) => {
  const emulator = await told(t)
  const first = await charge(emulator, KEY, order('a'))
  const bodies = [order('b'), order('a', 'alfamart', 1), order('c', 'nowhere'), {}, { payment_type: 'gopay', transaction_details: { order_id: 'd', gross_amount: 1 } }]
  for (const body of bodies) t.equal((await charge(emulator, KEY, body)).payload, first.payload, JSON.stringify(body))
  t.same(await transactions(emulator), ['a'])
})

test('the first answer is replayed as it was, whatever has become of the transaction', async (t) => {
  const moves = { settlement: '/admin/transactions/a/pay', cancel: '/v2/a/cancel', expire: '/v2/a/expire' }
  for (const [state, move] of Object.entries(moves)) {
    const emulator = await told(t)
    const first = await charge(emulator, KEY, order('a'))
    await emulator.ask('POST', move)
    t.equal((await charge(emulator, KEY, order('a'))).payload, first.payload, state)
    t.same(await transactions(emulator), ['a'])
  }
})

for (const action of ['cancel', 'expire']) {
  test(`${action} with a key is replayed too, where without one it would be refused`, async (t) => {
    const emulator = await told(t)
    const { transaction_id: id = '' } = await chargedInto(t, emulator, 'pending')
    const ask = (headers = {}): PromiseLike<Reply> => emulator.ask('POST', `/v2/order-101/${action}`, undefined, headers)
    const first = await ask({ 'idempotency-key': KEY })
    t.equal(first.payload, golden(`alfamart/${action}`, membersOf(first)))
    t.equal((await ask({ 'idempotency-key': KEY })).payload, first.payload)
    expectError(t, await ask({ 'idempotency-key': 'another' }), 412, id)
    expectError(t, await ask(), 412, id)
    t.equal((await notificationsOf(emulator, 'order-101')).length, 2)
  })
}

test('on another endpoint the same key replays the first result', async (t) => {
  const emulator = await told(t)
  const first = await charge(emulator, KEY, order('a'))
  await charge(emulator, 'key-b', order('b'))
  for (const url of ['/v2/a/cancel', '/v2/a/expire', '/v2/b/cancel', '/v2/nobody/cancel', '/v2/a/approve', '/v2/a/refund', '/v2/capture']) {
    t.equal((await emulator.ask('POST', url, {}, { 'idempotency-key': KEY })).payload, first.payload, url)
  }
  t.same(await Promise.all(['a', 'b'].map((each) => statusOf(emulator, each))), ['pending', 'pending'])

  const cancelled = await emulator.ask('POST', '/v2/b/cancel', undefined, { 'idempotency-key': 'key-c' })
  t.equal((await charge(emulator, 'key-c', order('c'))).payload, cancelled.payload)
  t.same(await transactions(emulator), ['a', 'b'])
})

test('GET knows no key: status with one is the status', async (t) => {
  const emulator = await told(t)
  await charge(emulator, KEY, order('a'))
  const status = await emulator.ask('GET', '/v2/a/status', undefined, { 'idempotency-key': KEY })
  t.equal(membersOf(status).status_message, 'Success, transaction is found')
})

test('Indomaret ignores the key: a second charge is a conflict, a second cancel is refused', async (t) => {
  const emulator = await told(t)
  t.equal(membersOf(await charge(emulator, KEY, order('a', 'indomaret'))).status_code, '201')
  expectError(t, await charge(emulator, KEY, order('a', 'indomaret')), 406)
  t.equal(membersOf(await charge(emulator, KEY, order('b', 'indomaret'))).order_id, 'b')
  const cancel = (): PromiseLike<Reply> => emulator.ask('POST', '/v2/a/cancel', undefined, { 'idempotency-key': KEY })
  t.equal(membersOf(await cancel()).status_code, '200')
  t.equal(membersOf(await cancel()).status_code, '412')
  t.equal(membersOf(await charge(emulator, KEY, order('c'))).order_id, 'c', 'and the key is still free for Alfamart')
  t.equal(membersOf(await charge(emulator, KEY, order('d', 'indomaret'))).order_id, 'd', 'nor is anything replayed to Indomaret')
  t.same(await transactions(emulator), ['a', 'b', 'c', 'd'])
})

const lengths: ReadonlyArray<readonly [name: string, key: string, counts: boolean]> = [
  ['of one character', 'k', true],
  ['of 46 characters', 'k'.repeat(46), true],
  ['of 47 characters', 'k'.repeat(47), false],
  ['of 1,000 characters', 'k'.repeat(1_000), false],
  ['that is empty', '', false],
  ['of blanks, which HTTP cuts off', '   ', false],
  ['with blanks and signs inside', 'a b, "c" \\ %00 é', true]
]

for (const [name, key, counts] of lengths) {
  test(`a key ${name} ${counts ? 'counts' : 'is ignored'}`, async (t) => {
    const emulator = await told(t)
    const port = Number(new URL(await emulator.start()).port)
    const body = JSON.stringify(order('a'))
    const bytes = Buffer.from(head('POST', '/v2/charge', { 'idempotency-key': key, 'content-length': String(body.length) }) + body, 'latin1')
    const [first] = await sendOver(t, port, bytes)
    const [second] = await sendOver(t, port, bytes)
    t.match(first?.body, '"status_code":"201"')
    if (counts) t.equal(second?.body, first?.body)
    else t.match(second?.body, '"status_code":"406"')
  })
}

test('keys are told apart by letter case', async (t) => {
  const emulator = await told(t)
  await charge(emulator, 'Key', order('a'))
  t.equal(membersOf(await charge(emulator, 'key', order('b'))).order_id, 'b')
})

test('two headers with a key are one key, that of both', async (t) => {
  const emulator = await told(t)
  const port = Number(new URL(await emulator.start()).port)
  const send = async (id: string, ...keys: readonly string[]): Promise<string | undefined> => {
    const body = JSON.stringify(order(id))
    const bytes = head('POST', '/v2/charge', { 'content-length': String(body.length) }).replace('\r\n', `\r\n${keys.map((key) => `idempotency-key: ${key}\r\n`).join('')}`) + body
    return (await sendOver(t, port, bytes))[0]?.body
  }
  const first = await send('a', 'x', 'y')
  t.equal(await send('b', 'x', 'y'), first)
  t.match(await send('c', 'x'), '"order_id":"c"')
})

test('keys belong to a merchant: another one with the same key has an order of its own', async (t) => {
  const emulator = await told(t)
  const keys = { one: SERVER_KEY, two: 'SB-Mid-server-two' }
  await emulator.storage.changeMerchant('G2', () => ({ ...emulator.merchant, merchantId: 'G2', serverKey: keys.two }))
  const [one, two] = await Promise.all(Object.values(keys).map((key) => charge(emulator, KEY, order('a'), { authorization: basic(key) })))
  t.same([one, two].map((reply) => reply === undefined ? undefined : [membersOf(reply).status_code, membersOf(reply).merchant_id]), [['201', emulator.merchant.merchantId], ['201', 'G2']], 'not even in flight')
  t.equal((await charge(emulator, KEY, order('a'), { authorization: basic(keys.two) })).payload, two?.payload)
  t.equal((await charge(emulator, KEY, order('a'))).payload, one?.payload)
})

test('a first that failed is not replayed: the next with its key is the first', async (t) => {
  const emulator = await told(t)
  await chargedInto(t, emulator, 'pending', { order: 'taken' })
  const failures: ReadonlyArray<readonly [code: string, body: unknown]> = [
    ['400', order('a', 'alfamart', 0)], ['406', order('taken')], ['402', { ...order('a'), payment_type: 'gopay' }], ['413', { ...order('a'), item_details: 7 }], ['413', '{'], ['500', '']
  ]
  for (const [code, body] of failures) t.equal(membersOf(await charge(emulator, KEY, body)).status_code, code)
  t.equal(membersOf(await emulator.ask('POST', '/v2/nobody/cancel', undefined, { 'idempotency-key': KEY })).status_code, '404')
  t.equal(membersOf(await charge(emulator, KEY, order('a'))).status_code, '201')
  t.equal(membersOf(await charge(emulator, KEY, order('b'))).order_id, 'a')
})

const windows: ReadonlyArray<readonly [afterMs: number, isReplayed: boolean]> = [[0, true], [WINDOW_MS - 1, true], [WINDOW_MS, false], [WINDOW_MS + 1, false]]

for (const [afterMs, isReplayed] of windows) {
  test(`${afterMs} ms after the first a key ${isReplayed ? 'replays it' : 'is a new one'}`, async (t) => {
    const emulator = await told(t, manualClock(manualClock().at + 777))
    const first = await charge(emulator, KEY, order('a'))
    await emulator.passTime(afterMs)
    const second = await charge(emulator, KEY, order('a'))
    if (isReplayed) t.equal(second.payload, first.payload)
    else expectError(t, second, 406)
    t.equal(membersOf(await charge(emulator, KEY, order('b'))).order_id, isReplayed ? 'a' : 'b')
  })
}

test('a replay does not prolong the window', async (t) => {
  const emulator = await told(t)
  await charge(emulator, KEY, order('a'))
  await emulator.passTime(WINDOW_MS - 1)
  t.equal(membersOf(await charge(emulator, KEY, order('b'))).order_id, 'a')
  await emulator.passTime(1)
  t.equal(membersOf(await charge(emulator, KEY, order('b'))).order_id, 'b')
})

test('the window is one of the merchant\'s own time: an advance ends it, a frozen clock never', async (t) => {
  const emulator = await told(t)
  await charge(emulator, KEY, order('a'))
  await emulator.ask('POST', '/admin/clock/advance', { by: '5m' })
  t.equal(membersOf(await charge(emulator, KEY, order('b'))).order_id, 'b')

  await emulator.ask('POST', '/admin/clock/freeze')
  t.equal(membersOf(await charge(emulator, 'frozen', order('c'))).order_id, 'c')
  emulator.clock.at += 60 * MINUTE_MS
  t.equal(membersOf(await charge(emulator, 'frozen', order('d'))).order_id, 'c')
})

test('a key that is used anew after its window replays its second charge, whatever happens to the first', async (t) => {
  const emulator = await told(t)
  await charge(emulator, KEY, order('a'))
  await emulator.passTime(WINDOW_MS)
  const second = await charge(emulator, KEY, order('b'))
  await emulator.ask('POST', '/admin/transactions/a/pay')
  t.equal((await charge(emulator, KEY, order('c'))).payload, second.payload)
})

test('a key that opened a transaction and, after its window, cancelled it replays the cancel', async (t) => {
  const emulator = await told(t)
  await charge(emulator, KEY, order('a'))
  await emulator.passTime(WINDOW_MS)
  const cancelled = await emulator.ask('POST', '/v2/a/cancel', undefined, { 'idempotency-key': KEY })
  t.equal(membersOf(cancelled).transaction_status, 'cancel')
  t.equal((await charge(emulator, KEY, order('b'))).payload, cancelled.payload)
})

for (const ending of ['a clean stop', 'a copy of its files'] as const) {
  test(`on a JSON file a key is honoured after a restart (${ending}), also of a transaction that has moved since`, async (t) => {
    const dir = t.testdir({})
    const before = await told(t, manualClock(), ['--data', join(dir, 'warung.json')])
    const open = await charge(before, 'open', order('a'))
    const paid = await charge(before, 'paid', order('b'))
    await before.ask('POST', '/admin/transactions/b/pay')
    const opened = await charge(before, 'both', order('c'))
    const cancelled = await before.ask('POST', '/v2/c/cancel', undefined, { 'idempotency-key': 'cancel' })
    await before.passTime(WINDOW_MS)
    await charge(before, 'both', order('d'))
    await charge(before, 'again', order('e'))
    await before.ask('POST', '/admin/transactions/e/pay')
    if (ending === 'a clean stop') await before.close()

    const path = ending === 'a clean stop' ? join(dir, 'warung.json') : await copied(join(dir, 'warung.json'))
    const late = await told(t, manualClock(before.clock.at), ['--data', path])
    t.equal(membersOf(await charge(late, 'both', order('f'))).order_id, 'd', 'the later of two with one key')
    t.equal(membersOf(await charge(late, 'again', order('f'))).order_id, 'e', 'paid since')
    t.equal(membersOf(await charge(late, 'open', order('f'))).order_id, 'f', 'the window is over')
    await late.close()

    const early = await told(t, manualClock(before.clock.at - 1), ['--data', path])
    t.equal((await charge(early, 'paid', order('g'))).payload, paid.payload)
    t.equal((await charge(early, 'cancel', order('g'))).payload, cancelled.payload)
    t.equal(membersOf(open).order_id, 'a')
    t.equal(membersOf(opened).order_id, 'c')
  })
}

test('a lost reply and a retry with the same key make one transaction and one notification', async (t) => {
  for (const action of ['drop', 'garbage']) {
    const emulator = await told(t)
    const port = Number(new URL(await emulator.start()).port)
    const body = JSON.stringify(order('a'))
    const bytes = head('POST', '/v2/charge', { 'idempotency-key': KEY, 'content-length': String(body.length) }) + body
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, when: 'after', action })
    const [lost] = await sendOver(t, port, bytes)
    t.equal(lost?.body.startsWith('{'), action === 'drop' ? undefined : false)
    const [retried] = await sendOver(t, port, bytes)
    t.match(retried?.body, '"status_code":"201"')
    t.same(await transactions(emulator), ['a'])
    t.match(retried?.body, `"transaction_id":"${(await emulator.ask('GET', '/admin/transactions/a')).json().transaction_id as string}"`)
    t.equal((await notificationsOf(emulator, 'a')).length, 1)
  }
})

test('a request that was lost on its way, and a retry with the same key, make one transaction', async (t) => {
  const emulator = await told(t)
  await putFaults(t, emulator, { match: { endpoint: 'charge' }, action: 'error', status_code: 500 })
  t.equal(membersOf(await charge(emulator, KEY, order('a'))).status_code, '500')
  t.equal(membersOf(await charge(emulator, KEY, order('a'))).status_code, '201')
  t.same(await transactions(emulator), ['a'])
})

test('a replay meets faults as any other call does', async (t) => {
  const emulator = await told(t)
  const first = await charge(emulator, KEY, order('a'))
  for (const when of ['before', 'after']) {
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, when, action: 'error', status_code: 503 })
    t.equal(membersOf(await charge(emulator, KEY, order('a'))).status_code, '503')
    t.equal((await charge(emulator, KEY, order('a'))).payload, first.payload)
  }
})

for (const when of ['before', 'after']) {
  test(`while a first is held up ${when} it is kept, a duplicate gets 202, whatever it asks for`, async (t) => {
    const clock = gatedClock()
    const emulator = await told(t, clock)
    await chargedInto(t, emulator, 'pending', { order: 'other' })
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, when, action: 'delay', delay: FOR_EVER, times: null })
    const charging = charge(emulator, KEY, order('a'))
    await clock.held(1)

    const duplicates = [await charge(emulator, KEY, order('a')), await charge(emulator, KEY, order('b')), await emulator.ask('POST', '/v2/other/cancel', undefined, { 'idempotency-key': KEY })]
    for (const duplicate of duplicates) {
      t.same([duplicate.statusCode, withoutId(duplicate.payload)], [202, IN_FLIGHT])
      expectHeaders(t, duplicate)
    }
    t.equal(new Set(duplicates.map((duplicate) => membersOf(duplicate).id)).size, 3, 'each with an id of its own')
    t.equal(await statusOf(emulator, 'a'), when === 'before' ? undefined : 'pending')
    t.match((await emulator.ask('GET', '/admin/faults')).json(), { items: [{ seen: 1 }] }, 'a duplicate in flight meets no fault')
    t.equal(membersOf(await emulator.ask('POST', '/v2/other/cancel', undefined, { 'idempotency-key': 'another' })).status_code, '200', 'other keys go on')

    clock.open()
    const first = await charging
    t.equal(membersOf(first).status_code, '201')
    await emulator.ask('DELETE', '/admin/faults')
    t.equal((await charge(emulator, KEY, order('b'))).payload, first.payload)
    t.same(await transactions(emulator), ['other', 'a'])
    t.equal((await notificationsOf(emulator, 'a')).length, 1)
  })
}

test('a key is free again once its first has failed, however it did', async (t) => {
  const emulator = await told(t)
  for (const failure of [{ action: 'error', status_code: 429 }, { action: 'garbage' }]) {
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, ...failure })
    await charge(emulator, KEY, order('a'))
  }
  t.equal(membersOf(await charge(emulator, KEY, {})).status_code, '400')
  t.equal(membersOf(await charge(emulator, KEY, order('a'))).status_code, '201')
})

for (const [engine, flags] of [['memory', () => []], ['a JSON file', (t: Test) => ['--data', join(t.testdir(), 'warung.json')]]] as const) {
  test(`of ten charges at once with one key one is made, and the others learn of it or that it is under way, in ${engine}`, async (t) => {
    const emulator = await told(t, manualClock(), flags(t))
    const replies = await Promise.all(Array.from({ length: 10 }, (_, at) => charge(emulator, KEY, order(`order-${at}`))))
    const successes = replies.filter(({ statusCode }) => statusCode === 200)
    t.equal(new Set(successes.map(({ payload }) => payload)).size, 1, 'one answer of success')
    for (const reply of replies.filter((each) => !successes.includes(each))) t.same([reply.statusCode, withoutId(reply.payload)], [202, IN_FLIGHT])
    const made = await transactions(emulator)
    t.equal(made.length, 1)
    t.equal(membersOf(successes[0] ?? { payload: '{}' }).order_id, made[0])
    t.equal((await notificationsOf(emulator, made[0] ?? '')).length, 1)
  })
}

test('a first that was answered long ago is replayed to many at once', async (t) => {
  const emulator = await told(t)
  const first = await charge(emulator, KEY, order('order-1'))
  const replies = await Promise.all(Array.from({ length: 10 }, () => charge(emulator, KEY, order('order-2'))))
  t.same(replies.map(({ statusCode, payload }) => [statusCode, payload]), Array(10).fill([200, first.payload]))
})

/** An emulator whose notifications nobody takes. */
async function told (t: Test, clock = manualClock(), flags: readonly string[] = []): Promise<TestEmulator> {
  return testEmulator(t, ['--notification-url', `${NOBODY}/own`, ...flags], clock)
}

async function charge ({ ask }: TestEmulator, key: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  return ask('POST', '/v2/charge', body, { 'idempotency-key': key, ...headers })
}

/** The order ids of all transactions, in the order of recording. */
async function transactions ({ ask }: TestEmulator): Promise<readonly string[]> {
  return (await ask('GET', '/admin/transactions')).json().items.map((item: { order_id: string }) => item.order_id).toReversed()
}

async function statusOf ({ ask }: TestEmulator, ref: string): Promise<string | undefined> {
  return (await ask('GET', `/admin/transactions/${ref}`)).json().transaction_status
}

/** The files as a stop at this very moment would leave them. */
async function copied (path: string): Promise<string> {
  const from = dirname(path)
  const to = join(from, 'copy')
  await mkdir(to)
  const names = (await readdir(from)).filter((name) => /json$|\.journal/.test(name))
  await Promise.all(names.map((name) => copyFile(join(from, name), join(to, name))))
  return join(to, 'warung.json')
}
