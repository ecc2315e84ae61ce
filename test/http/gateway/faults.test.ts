import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'

import { test } from 'tap'
import type { Test } from 'tap'

import { basic, chargeBody, manualClock, SERVER_KEY, testEmulator } from '../../support/emulator.ts'
import type { TestEmulator } from '../../support/emulator.ts'
import { faultsOf, FOR_EVER, gatedClock, putFaults } from '../../support/faults.ts'
import type { GatedClock } from '../../support/faults.ts'
import { expectError, expectHeaders, membersOf, withoutId } from '../../support/gateway-answers.ts'
import type { Reply } from '../../support/gateway-answers.ts'
import { charge, chargedInto, head, NOBODY } from '../../support/gateway-world.ts'
import { answersOn, openConnection, sendOver } from '../../support/wire.ts'
import type { WireAnswer } from '../../support/wire.ts'

const ORDER = 'order-101'
const CHARGE = JSON.stringify(chargeBody())

interface EndpointRow {
  readonly endpoint: string
  readonly bytes: string
  /** What stands in the record before such a call, and after one that happened. */
  readonly before: string | undefined
  readonly after: string | undefined
  /** The code of its true answer. */
  readonly code: string
}

const ENDPOINTS: readonly EndpointRow[] = [
  { endpoint: 'charge', bytes: head('POST', '/v2/charge', { 'content-length': String(CHARGE.length) }) + CHARGE, before: undefined, after: 'pending', code: '201' },
  { endpoint: 'status', bytes: head('GET', `/v2/${ORDER}/status`), before: 'pending', after: 'pending', code: '201' },
  { endpoint: 'cancel', bytes: head('POST', `/v2/${ORDER}/cancel`, { 'content-length': '0' }), before: 'pending', after: 'cancel', code: '200' },
  { endpoint: 'expire', bytes: head('POST', `/v2/${ORDER}/expire`, { 'content-length': '0' }), before: 'pending', after: 'expire', code: '407' }
]

interface ActionRow {
  readonly action: Record<string, unknown>
  readonly isSeen: (t: Test, answers: readonly WireAnswer[], row: EndpointRow) => void
}

const ACTIONS: readonly ActionRow[] = [
  { action: { action: 'error', status_code: '503' }, isSeen: (t, answers) => t.match(answers, [{ status: 200, body: '{"status_code":"503","status_message":"Bank/partner is experiencing connection issue.","id":"' }]) },
  { action: { action: 'error', status_code: 500, http: true }, isSeen: (t, answers) => t.match(answers, [{ status: 500, body: '{"status_code":"500","status_message":"Sorry. Our system is recovering' }]) },
  { action: { action: 'delay', delay: FOR_EVER }, isSeen: (t, answers, { code }) => t.match(answers, [{ status: 200, body: `"status_code":"${code}"` }]) },
  { action: { action: 'drop' }, isSeen: (t, answers) => t.same(answers, [], 'the connection is closed, and not a byte came') },
  {
    action: { action: 'garbage' },
    isSeen: (t, answers) => {
      t.match(answers, [{ status: 200, head: 'text/html' }])
      t.throws(() => JSON.parse(answers[0]?.body ?? '{}') as unknown)
    }
  }
]

for (const row of ENDPOINTS) {
  for (const { action, isSeen } of ACTIONS) {
    for (const when of ['before', 'after'] as const) {
      const name = JSON.stringify(action)
      test(`${row.endpoint} with ${name} ${when}: it ${when === 'before' && action.action !== 'delay' ? 'did not happen' : 'happened'}, whatever was seen`, async (t) => {
        const { emulator, clock, port } = await listening(t)
        if (row.before !== undefined) await chargedInto(t, emulator, 'pending')
        await putFaults(t, emulator, { match: { endpoint: row.endpoint, store: 'alfamart', order_id: 'order-*' }, when, ...action })

        const socket = await openConnection(t, port)
        socket.write(row.bytes)
        const answering = answersOn(socket)
        if (action.action === 'delay') {
          await clock.held(1)
          t.equal(await statusOf(emulator), when === 'before' ? row.before : row.after, 'while it is delayed')
          clock.open()
        }
        isSeen(t, await answering, row)
        const isKept = when === 'after' || action.action === 'delay'
        const kept = isKept ? row.after : row.before
        t.equal(await statusOf(emulator), kept)
        t.same(await eventsOf(emulator), [...new Set([row.before, kept])].filter((event) => event !== undefined), 'what is told')
        t.match(await faultsOf(emulator), [{ id: 'fault-1', times: 0, seen: 1 }])

        const [again] = await sendOver(t, port, row.bytes)
        const repeated = row.endpoint === 'charge' ? '406' : row.endpoint === 'status' ? row.code : '412'
        t.match(again?.body, `"status_code":"${isKept ? repeated : row.code}"`, 'the next one goes as ever')
      })
    }
  }
}

test('the true answer that comes after a delay is the one that would have come at once', async (t) => {
  for (const when of ['before', 'after']) {
    const { emulator, clock } = await listening(t)
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, when, action: 'delay', delay: FOR_EVER })
    const charging = charge(emulator, chargeBody())
    await clock.held(1)
    clock.open()
    const calm = await testEmulator(t)
    t.equal((await charging).payload, (await charge(calm, chargeBody())).payload)
  }
})

test('a refusal comes through a delay after it, and is none of the fault\'s own answers', async (t) => {
  const { emulator, clock } = await listening(t)
  await putFaults(t, emulator, { match: { endpoint: 'cancel' }, when: 'after', action: 'delay', delay: FOR_EVER })
  const cancelling = emulator.ask('POST', '/v2/nobody/cancel')
  await clock.held(1)
  clock.open()
  expectError(t, await cancelling, '404-transaction')
})

test('whatever a refused call is answered by a fault after it, nothing is kept', async (t) => {
  const { emulator } = await listening(t)
  await putFaults(t, emulator, { match: { endpoint: 'charge' }, when: 'after', action: 'error', status_code: '500' })
  t.equal(membersOf(await charge(emulator, chargeBody({ transaction_details: { order_id: ORDER } }))).status_code, '500', 'its own would be 400')
  t.equal(await statusOf(emulator), undefined)
})

const MESSAGES: ReadonlyArray<readonly [code: string, http: number, message: string]> = [
  ['400', 200, 'One or more parameters in the payload is invalid.'],
  ['401', 200, 'Unknown Merchant server_key/id'],
  ['402', 200, 'Payment channel is not activated.'],
  ['404', 200, 'Transaction doesn\'t exist.'],
  ['405', 200, 'HTTP method is not allowed'],
  ['406', 200, 'The request could not be completed due to a conflict with the current state of the target resource, please try again'],
  ['410', 200, 'Merchant account is deactivated. Please contact Midtrans support'],
  ['412', 200, 'Transaction status cannot be updated.'],
  ['413', 200, 'Payload format is not supported.'],
  ['429', 429, 'API rate limit exceeded'],
  ['500', 200, 'Sorry. Our system is recovering from unexpected issues. Please retry.'],
  ['501', 200, 'The feature is unavailable.'],
  ['502', 200, 'Bank is experiencing connection issue.'],
  ['503', 200, 'Bank/partner is experiencing connection issue.'],
  ['504', 200, 'Fraud detection is unavailable.'],
  ['505', 200, 'VA or payment reference could not be created.']
]

for (const [code, http, message] of MESSAGES) {
  for (const asHttp of [false, true]) {
    test(`a fault with ${code}${asHttp ? ' as HTTP' : ''} is the gateway's own body on HTTP ${asHttp ? code : http}`, async (t) => {
      const emulator = await testEmulator(t)
      await putFaults(t, emulator, { match: { endpoint: '*' }, action: 'error', status_code: code, ...asHttp ? { http: true } : {} })
      const reply = await charge(emulator, chargeBody())
      t.equal(reply.statusCode, asHttp ? Number(code) : http)
      t.equal(withoutId(reply.payload), JSON.stringify({ status_code: code, status_message: message, ...code === '400' ? { validation_messages: [] } : {}, id: '<id>' }))
      expectHeaders(t, reply)
      t.equal(await statusOf(emulator), undefined, 'nothing is kept')
    })
  }
}

test('a fault for any call strikes those that have no name of their own too, one at a time', async (t) => {
  const emulator = await testEmulator(t)
  const calls: ReadonlyArray<readonly ['GET' | 'POST', string]> = [
    ['POST', '/v2/a/approve'], ['POST', '/v2/a/deny'], ['POST', '/v2/a/refund'], ['POST', '/v2/a/refund/online/direct'], ['POST', '/v2/capture'], ['GET', '/v2/a/status/b2b']
  ]
  for (const [method, url] of calls) {
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, action: 'error', status_code: 500 }, { match: { endpoint: '*' }, action: 'error', status_code: 503 })
    t.equal(membersOf(await emulator.ask(method, url, method === 'POST' ? {} : undefined)).status_code, '503', url)
    t.match(await faultsOf(emulator), [{ times: 1, seen: 0 }, { times: 0, seen: 1 }])
  }
})

const strangers: ReadonlyArray<readonly [name: string, ask: (emulator: TestEmulator) => PromiseLike<Reply>]> = [
  ['a wrong key', ({ ask }) => ask('POST', '/v2/charge', chargeBody(), { authorization: basic('SB-Mid-server-wrong') })],
  ['an unknown path', ({ ask }) => ask('POST', '/v2/nothing', {})],
  ['a wrong method', ({ ask }) => ask('GET', '/v2/charge')],
  ['a body that is not JSON', ({ ask }) => ask('POST', '/v2/charge', '{')],
  ['a body of the wrong kind', ({ ask }) => ask('POST', '/v2/charge', { transaction_details: [] })],
  ['the admin API', ({ ask }) => ask('GET', '/admin/transactions')],
  ['the till', ({ ask }) => ask('POST', '/till/alfamart/inquiry', { payment_code: '1' })]
]

for (const [name, ask] of strangers) {
  test(`${name} neither meets a fault nor uses it up`, async (t) => {
    const emulator = await testEmulator(t)
    const calm = await testEmulator(t)
    await putFaults(t, emulator, { match: { endpoint: '*' }, action: 'error', status_code: 503 })
    const [met, usual] = [await ask(emulator), await ask(calm)]
    t.equal(met.statusCode, usual.statusCode)
    t.equal(met.payload.includes('503'), false)
    t.match(await faultsOf(emulator), [{ times: 1, seen: 0 }])
  })
}

test('store and order are those of the body for a charge, and of the transaction for the others, by either id', async (t) => {
  const emulator = await testEmulator(t)
  const { transaction_id: id = '' } = await chargedInto(t, emulator, 'pending', { order: 'a-1', store: 'indomaret' })
  await chargedInto(t, emulator, 'pending', { order: 'a-2', store: 'alfamart' })
  await putFaults(t, emulator, { match: { endpoint: '*', store: 'indomaret', order_id: 'a-*' }, times: null, action: 'error', status_code: 503 })

  const codeOf = async (reply: PromiseLike<Reply>): Promise<string | undefined> => membersOf(await reply).status_code
  t.equal(await codeOf(emulator.ask('GET', '/v2/a-1/status')), '503')
  t.equal(await codeOf(emulator.ask('GET', `/v2/${id}/status`)), '503', 'by transaction id')
  t.equal(await codeOf(emulator.ask('POST', '/v2/a-1/cancel')), '503')
  t.equal(await codeOf(emulator.ask('GET', '/v2/a-2/status')), '201', 'another store')
  t.equal(await codeOf(emulator.ask('GET', '/v2/a-3/status')), '404', 'an order of no store')
  t.equal(await codeOf(charge(emulator, chargeBody({ transaction_details: { order_id: 'a-3', gross_amount: 44000 }, cstore: { store: 'Indomaret' } }))), '503')
  t.equal(await codeOf(charge(emulator, chargeBody({ transaction_details: { order_id: 'b-3', gross_amount: 44000 }, cstore: { store: 'indomaret' } }))), '201', 'another order')
})

test('a fault whose times are three strikes three calls, of ten that come at once', async (t) => {
  const emulator = await testEmulator(t)
  await chargedInto(t, emulator, 'pending')
  await putFaults(t, emulator, { match: { endpoint: 'status' }, times: 3, action: 'error', status_code: 503 })
  const replies = await Promise.all(Array.from({ length: 10 }, () => emulator.ask('GET', `/v2/${ORDER}/status`)))
  t.same(replies.map((reply) => membersOf(reply).status_code).sort(), [...Array.from({ length: 7 }, () => '201'), '503', '503', '503'])
  t.match(await faultsOf(emulator), [{ times: 0, seen: 3 }])
})

test('with a seed chance strikes the same calls in each run, and others with another seed', async (t) => {
  const play = async (seed: string): Promise<string> => {
    const emulator = await testEmulator(t, ['--seed', seed])
    await putFaults(t, emulator, { match: { endpoint: 'status' }, times: null, probability: 0.5, action: 'error', status_code: 503 })
    const codes: Array<string | undefined> = []
    for (let call = 0; call < 32; call++) codes.push(membersOf(await emulator.ask('GET', '/v2/a/status')).status_code)
    t.match(await faultsOf(emulator), [{ times: null, seen: 32 }])
    t.same([...new Set(codes)].sort(), ['404', '503'], 'some are struck, some are not')
    return codes.join()
  }
  const first = await play('one')
  t.equal(await play('one'), first)
  t.equal(await play('two') === first, false)
})

test('on a JSON file what is used up of a fault stays so after a restart', async (t) => {
  const flags = ['--data', join(t.testdir(), 'warung.json')]
  const before = await testEmulator(t, flags)
  await putFaults(t, before,
    { match: { endpoint: 'charge', store: 'alfamart', order_id: 'order-*' }, times: 2, when: 'after', action: 'error', status_code: '504', http: true },
    { id: 'mine', match: { event: 'expire' }, action: 'delay', delay: '90m', probability: 0.25, times: null })
  t.equal((await charge(before, chargeBody())).statusCode, 504)
  const kept = await faultsOf(before)
  t.match(kept, [{ id: 'fault-1', times: 1, seen: 1 }, { id: 'mine', times: null, seen: 0, delay: '90m' }])
  await before.close()

  const after = await testEmulator(t, flags)
  t.same(await faultsOf(after), kept)
  t.equal(await statusOf(after), 'pending', 'what happened is kept')
  t.equal((await charge(after, chargeBody())).statusCode, 504)
  t.equal(membersOf(await charge(after, chargeBody())).status_code, '406', 'it is used up')
})

test('a list that is refused changes nothing', async (t) => {
  const emulator = await testEmulator(t)
  await putFaults(t, emulator, { id: 'mine', match: { endpoint: 'charge' }, action: 'drop', times: 7 })
  const before = (await emulator.ask('GET', '/admin/faults')).payload
  for (const body of [undefined, null, [], {}, { items: null }, { items: [{ match: { endpoint: 'charge' }, action: 'drop' }, { match: { endpoint: 'charge' }, action: 'hold' }] }]) {
    const reply = await emulator.ask('PUT', '/admin/faults', body)
    t.match([reply.statusCode, reply.json().code], [400, 'invalid_faults'], JSON.stringify(body))
  }
  t.match((await emulator.ask('PUT', '/admin/faults', { items: [{ match: { endpoint: 'charge' }, action: 'delay', delay: 'soon' }] })).json().message, 'items: item 1: delay: should be a duration')
  t.equal((await emulator.ask('GET', '/admin/faults')).payload, before)
})

test('faults are replaced as a list, numbered where they have no id, and emptied', async (t) => {
  const emulator = await testEmulator(t)
  t.same(await faultsOf(emulator), [])
  const call = { match: { endpoint: 'charge' }, action: 'drop' }
  await putFaults(t, emulator, call, { ...call, id: 'fault-2' }, call, { ...call, id: 'mine' })
  t.same((await faultsOf(emulator)).map(({ id }) => id), ['fault-1', 'fault-2', 'fault-3', 'mine'])
  await putFaults(t, emulator, { ...call, id: 'other' })
  t.same((await faultsOf(emulator)).map(({ id }) => id), ['other'])
  const deleted = await emulator.ask('DELETE', '/admin/faults')
  t.same([deleted.statusCode, deleted.payload], [204, ''])
  t.same(await faultsOf(emulator), [])
  t.equal(membersOf(await charge(emulator, chargeBody())).status_code, '201')
})

test('a fault of one merchant leaves the others alone', async (t) => {
  const emulator = await testEmulator(t)
  await emulator.storage.changeMerchant('G2', () => ({ ...emulator.merchant, merchantId: 'G2', serverKey: 'SB-Mid-server-two' }))
  await putFaults(t, emulator, { match: { endpoint: '*' }, times: null, action: 'error', status_code: 503 })
  t.equal(membersOf(await charge(emulator, chargeBody(), { authorization: basic('SB-Mid-server-two') })).status_code, '201')
  t.equal(membersOf(await charge(emulator, chargeBody())).status_code, '503')
})

for (const when of ['before', 'after']) {
  test(`a server that stops waits for no delay ${when} a call: it is dropped, and ${when === 'before' ? 'did not happen' : 'happened'}`, async (t) => {
    const { emulator, clock, port } = await listening(t)
    await putFaults(t, emulator, { match: { endpoint: 'charge' }, when, action: 'delay', delay: FOR_EVER })
    const sending = sendOver(t, port, ENDPOINTS[0]?.bytes ?? '')
    await clock.held(1)
    await emulator.close()
    t.same(await sending, [])
    const kept = await emulator.storage.findTransaction(emulator.merchant.merchantId, ORDER, ['order_id'])
    t.equal(kept?.status, when === 'before' ? undefined : 'pending')
  })
}

test('a delay outlasts the time for which a connection may stand idle', async (t) => {
  const { emulator, clock, port } = await listening(t)
  await putFaults(t, emulator, { match: { endpoint: 'charge' }, action: 'delay', delay: FOR_EVER })
  const connected = once(emulator.app.server, 'connection') as Promise<[Socket]>
  const sending = sendOver(t, port, ENDPOINTS[0]?.bytes ?? '')
  const [socket] = await connected
  await clock.held(1)
  const idle = once(socket, 'timeout')
  socket.setTimeout(1)
  await idle
  clock.open()
  t.match(await sending, [{ status: 200, body: '"status_code":"201"' }])
})

test('a call that was dropped takes the other answers of its connection with it, and no other connection', async (t) => {
  const { emulator, port } = await listening(t)
  await chargedInto(t, emulator, 'pending')
  await putFaults(t, emulator, { match: { endpoint: 'cancel' }, action: 'drop' })
  const keepAlive = (bytes: string): string => bytes.replace('connection: close', 'connection: keep-alive')
  const bytes = (at: number): string => ENDPOINTS[at]?.bytes ?? ''
  const other = await openConnection(t, port)

  const answers = await sendOver(t, port, keepAlive(bytes(2)) + bytes(1))
  t.same(answers, [])
  other.write(bytes(1))
  t.match(await answersOn(other), [{ status: 200, body: '"transaction_status":"pending"' }])
})

test('a cashier, a person and the clock meet no fault on a call', async (t) => {
  const emulator = await testEmulator(t, [], manualClock())
  await putFaults(t, emulator, { match: { endpoint: '*' }, times: null, action: 'error', status_code: 503 })
  await emulator.ask('DELETE', '/admin/faults')
  await chargedInto(t, emulator, 'pending', { order: 'a' })
  await putFaults(t, emulator, { match: { endpoint: '*' }, times: null, action: 'error', status_code: 503 })
  t.equal((await emulator.ask('POST', '/admin/transactions/a/expire')).statusCode, 200)
  t.match(await faultsOf(emulator), [{ seen: 0 }])
})

/** An emulator on a port of its own, on which delays last until the test ends them. */
async function listening (t: Test): Promise<{ readonly emulator: TestEmulator, readonly clock: GatedClock, readonly port: number }> {
  const clock = gatedClock()
  const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/own`], clock)
  return { emulator, clock, port: Number(new URL(await emulator.start()).port) }
}

/** What is on record of the order, as the admin API shows it. */
async function statusOf ({ ask }: TestEmulator, order = ORDER): Promise<string | undefined> {
  return (await ask('GET', `/admin/transactions/${order}`, undefined, { authorization: basic(SERVER_KEY) })).json().transaction_status
}

/** Of all that is told, in the order of recording. */
async function eventsOf ({ ask }: TestEmulator): Promise<readonly string[]> {
  return (await ask('GET', '/admin/notifications')).json().items.map(({ event }: { event: string }) => event).toReversed()
}
