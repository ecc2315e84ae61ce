import { join } from 'node:path'

import { test } from 'tap'
import type { Test } from 'tap'

import { manualClock, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { faultsOf, putFaults } from '../support/faults.ts'
import { signature } from '../support/gateway-answers.ts'
import { chargedInto, STATES } from '../support/gateway-world.ts'
import type { State } from '../support/gateway-world.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { charge, lapsesAfter, notificationsOf } from '../support/storage-world.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const ORDER = 'order-101'

test('delay: a notification leaves so much later, and then goes on as usual', async (t) => {
  const { emulator, receiver } = await world(t, reply(500))
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'delay', delay: '30s' })
  await charge(emulator, ORDER)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'waiting', created_at: '2026-11-22T13:00:00.000Z', next_attempt_at: '2026-11-22T13:00:30.000Z' }])
  await emulator.passTime(29_999)
  t.same(heard(receiver), [])
  await emulator.passTime(1)
  t.same(heard(receiver), ['pending'])
  await emulator.passTime(DAY_MS)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'failed', attempts: [{ at: '2026-11-22T13:00:30.000Z' }, { at: '2026-11-22T13:02:30.000Z' }] }, { event: 'expire' }])
})

test('delay: a delayed notification holds back those that follow it', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'delay', delay: '1h' })
  await chargedInto(t, emulator, 'deny', { store: 'indomaret' })
  await emulator.passTime(60 * MINUTE_MS - 1)
  t.same(heard(receiver), [])
  await emulator.passTime(1)
  t.same(heard(receiver), ['pending', 'settlement', 'deny'])
})

test('delay: it comes on top of the delay of the settings', async (t) => {
  const { emulator } = await world(t)
  await emulator.ask('PUT', '/admin/settings', { pending_notification_delay: '2s' })
  await putFaults(t, emulator, { match: { event: '*' }, action: 'delay', delay: '3s' })
  await charge(emulator, ORDER)
  t.match(await notificationsOf(emulator, ORDER), [{ next_attempt_at: '2026-11-22T13:00:05.000Z' }])
})

test('delay: the longest that is taken can be kept and shown', async (t) => {
  const { emulator } = await world(t)
  await putFaults(t, emulator, { match: { event: '*' }, action: 'delay', delay: '180d' })
  await charge(emulator, ORDER)
  t.match(await notificationsOf(emulator, ORDER), [{ next_attempt_at: '2027-05-21T13:00:00.000Z' }])
})

test('drop: a notification is on record and never sent, and those that follow go on', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'drop' })
  await chargedInto(t, emulator, 'settlement')
  await emulator.passTime(DAY_MS)
  t.same(heard(receiver), ['settlement'])
  t.match(await notificationsOf(emulator, ORDER), [{ event: 'pending', state: 'dropped', next_attempt_at: null, attempts: [] }, { event: 'settlement', state: 'delivered' }])
  t.equal((await emulator.ask('GET', '/admin/notifications?state=dropped')).json().items.length, 1)
})

test('drop: nobody waits for the attempt of what is never sent', async (t) => {
  const { emulator } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await putFaults(t, emulator, { match: { event: 'settlement' }, action: 'drop' })
  const paid = await emulator.ask('POST', `/admin/transactions/${ORDER}/pay?wait=attempted&timeout=60s`)
  t.match(paid.json().notifications, [{ state: 'dropped' }])
})

for (const [copies, count] of [[{}, 2], [{ copies: 1 }, 1], [{ copies: 3 }, 3], [{ copies: 100 }, 100]] as const) {
  test(`duplicate: ${JSON.stringify(copies)} sends ${count} in all, each the same bytes`, async (t) => {
    const { emulator, receiver } = await world(t)
    await chargedInto(t, emulator, 'pending')
    await putFaults(t, emulator, { match: { event: 'settlement' }, action: 'duplicate', ...copies })
    await emulator.ask('POST', `/admin/transactions/${ORDER}/pay`)
    await emulator.passTime(0)
    t.same(heard(receiver), ['pending', ...Array.from({ length: count }, () => 'settlement')])
    t.equal(new Set(receiver.requests.slice(1).map(({ body }) => body)).size, 1)
    const [, ...copied] = await notificationsOf(emulator, ORDER)
    t.equal(new Set(copied.map(({ id }) => id)).size, count, 'each is a notification of its own')
    t.same([...new Set(copied.map(({ state }) => state))], ['delivered'])
  })
}

test('duplicate: each copy is tried again by itself', async (t) => {
  const { emulator, receiver } = await world(t)
  receiver.handler = (_request, response) => response.writeHead(receiver.requests.length === 1 ? 500 : 200).end()
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'duplicate' })
  await charge(emulator, ORDER)
  await emulator.passTime(2 * MINUTE_MS)
  t.same((await notificationsOf(emulator, ORDER)).map(({ attempts }) => attempts.map(({ status }) => status)), [[500, 200], [200]])
})

test('hold: a notification is sent after the next one of its transaction', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'hold' })
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(MINUTE_MS)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'held', next_attempt_at: null, attempts: [] }])
  t.same(heard(receiver), [])
  await emulator.ask('POST', `/admin/transactions/${ORDER}/pay`)
  await emulator.passTime(0)
  t.same(heard(receiver), ['settlement', 'pending'])
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'delivered', attempts: [{ at: '2026-11-22T13:01:00.000Z' }] }, { state: 'delivered' }])
})

test('hold: the next one need not be delivered, it is enough that it was tried', async (t) => {
  const { emulator, receiver } = await world(t, reply(503))
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'hold' })
  await chargedInto(t, emulator, 'settlement')
  await emulator.passTime(0)
  t.same(heard(receiver), ['settlement', 'pending'])
})

test('hold: two that are held wait both, and leave in their order after the third', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: '*' }, times: 2, action: 'hold' })
  await chargedInto(t, emulator, 'deny', { store: 'indomaret' })
  await emulator.passTime(0)
  t.same(heard(receiver), ['deny', 'pending', 'settlement'])
})

test('hold: the next one of another transaction, and of another URL, lets nothing go', async (t) => {
  const { emulator, receiver } = await world(t)
  const other = await startReceiver()
  t.teardown(other.close)
  await emulator.ask('PUT', '/admin/settings', { notification_urls: [receiver.url, other.url] })
  // Of this order the first URL hears nothing: one is held, the next one dropped.
  await putFaults(t, emulator, { match: { event: 'pending', order_id: ORDER }, action: 'hold' }, { match: { event: 'settlement' }, action: 'drop' })
  await chargedInto(t, emulator, 'settlement')
  await chargedInto(t, emulator, 'settlement', { order: 'order-102' })
  await emulator.passTime(MINUTE_MS)
  t.same(receiver.requests.map(({ body }) => idOf(body)), ['order-102 pending', 'order-102 settlement'])
  t.same(other.requests.map(({ body }) => idOf(body)).sort(), ['order-101 pending', 'order-101 settlement', 'order-102 pending', 'order-102 settlement'])
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'held' }, { state: 'delivered' }, { state: 'dropped' }, { state: 'delivered' }])
})

test('hold: an attempt by hand lets it go, and a failed one begins its schedule', async (t) => {
  const { emulator, receiver } = await world(t, reply(500))
  await putFaults(t, emulator, { match: { event: 'pending' }, times: null, action: 'hold' })
  await charge(emulator, ORDER)
  const [held] = await notificationsOf(emulator, ORDER)
  const tried = await emulator.ask('POST', `/admin/notifications/${held?.id ?? ''}/attempt`)
  t.match(tried.json(), { state: 'waiting', next_attempt_at: '2026-11-22T13:02:00.000Z', attempts: [{ status: 500 }] })
  receiver.handler = reply(200)
  await emulator.passTime(2 * MINUTE_MS)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'delivered' }])
})

const removals: ReadonlyArray<readonly [name: string, remove: (emulator: TestEmulator, t: Test) => Promise<unknown>]> = [
  ['emptying the list', async ({ ask }) => ask('DELETE', '/admin/faults')],
  ['an empty list', async (emulator, t) => putFaults(t, emulator)],
  ['a list of others, numbered as it was', async (emulator, t) => putFaults(t, emulator, { match: { event: 'deny' }, action: 'drop' })],
  ['a list of the same without its id', async (emulator, t) => putFaults(t, emulator, { match: { event: 'pending' }, action: 'hold' })]
]

for (const [name, remove] of removals) {
  test(`hold: ${name} lets what it held go at once`, async (t) => {
    const { emulator, receiver } = await world(t)
    await putFaults(t, emulator, { match: { event: 'pending' }, action: 'hold' })
    await charge(emulator, ORDER)
    await emulator.passTime(MINUTE_MS)
    await remove(emulator, t)
    t.match(await notificationsOf(emulator, ORDER), [{ state: 'waiting', next_attempt_at: '2026-11-22T13:01:00.000Z' }])
    await emulator.passTime(0)
    t.same(heard(receiver), ['pending'])
  })
}

test('hold: a list that still names the fault lets nothing go, though it is used up, and deleting lets all go in order', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { id: 'mine', match: { event: '*' }, times: null, action: 'hold' })
  await chargedInto(t, emulator, 'settlement')
  await putFaults(t, emulator, { id: 'mine', match: { event: '*' }, times: 0, action: 'hold' }, { match: { event: 'deny' }, action: 'drop' })
  await emulator.passTime(MINUTE_MS)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'held' }, { state: 'held' }])
  await emulator.ask('DELETE', '/admin/faults')
  await emulator.passTime(0)
  t.same(heard(receiver), ['pending', 'settlement'])
})

test('hold: deleting leaves alone what was dropped, and what has left already', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'drop' }, { match: { event: 'settlement' }, action: 'hold' })
  await chargedInto(t, emulator, 'deny', { store: 'indomaret' })
  await emulator.passTime(0)
  t.same(heard(receiver), ['deny', 'settlement'])
  await emulator.ask('DELETE', '/admin/faults')
  await emulator.passTime(DAY_MS)
  t.same(heard(receiver), ['deny', 'settlement'])
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'dropped' }, { state: 'delivered' }, { state: 'delivered' }])
})

test('hold: on a JSON file what is held stays so after a restart, and is let go as ever', async (t) => {
  const flags = ['--data', join(t.testdir(), 'warung.json')]
  const { emulator: before, receiver } = await world(t, reply(200), flags)
  await putFaults(t, before, { match: { event: 'pending' }, times: 2, action: 'hold' })
  await chargedInto(t, before, 'pending', { order: 'a' })
  await chargedInto(t, before, 'pending', { order: 'b' })
  await before.close()

  const after = await testEmulator(t, flags, manualClock(before.clock.at + MINUTE_MS))
  await after.passTime(0)
  t.same(heard(receiver), [])
  await after.ask('POST', '/admin/transactions/a/pay')
  await after.passTime(0)
  t.same(receiver.requests.map(({ body }) => idOf(body)), ['a settlement', 'a pending'])
  await after.ask('DELETE', '/admin/faults')
  await after.passTime(0)
  t.same(receiver.requests.map(({ body }) => idOf(body)).slice(2), ['b pending'])
})

test('hold: what an advance lets go leaves after what it waited for, though effects of one instant are listed as they were recorded', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'hold' })
  await charge(emulator, ORDER, lapsesAfter(30))
  const { effects } = (await emulator.ask('POST', '/admin/clock/advance', { by: '1h' })).json() as { effects: ReadonlyArray<{ kind: string, event?: string }> }
  t.same(effects.map(({ kind, event }) => event ?? kind), ['expired', 'pending', 'expire'])
  t.same(heard(receiver), ['expire', 'pending'])
})

for (const event of STATES) {
  test(`tamper: the signature of a spoiled ${event} does not fit, and that of an amount or a status is the true one`, async (t) => {
    const { emulator } = await world(t)
    const bodies: Record<string, Record<string, string>> = {}
    for (const tamper of ['none', 'signature', 'amount', 'status']) {
      await putFaults(t, emulator, ...tamper === 'none' ? [] : [{ match: { event }, action: 'tamper', tamper }])
      // The same order each time, since its id is signed.
      await chargedInto(t, emulator, event, { store: 'indomaret', order: event })
      bodies[tamper] = JSON.parse((await notificationsOf(emulator, event)).findLast((each) => each.event === event)?.body ?? '{}') as Record<string, string>
      await endOf(emulator, event)
    }
    const { none = {}, signature: signed = {}, amount = {}, status = {} } = bodies
    t.equal(none.signature_key, signature(none))
    t.same(differing(none, signed), ['signature_key'])
    t.match(signed.signature_key, /^[0-9a-f]{128}$/)
    t.same(differing(none, amount), ['gross_amount'])
    t.same([none.gross_amount, amount.gross_amount], ['44000.00', '44001.00'])
    t.same(differing(none, status), ['status_code', 'transaction_status'])
    t.same([status.transaction_status, status.status_code], event === 'settlement' ? ['pending', '201'] : ['settlement', '200'])
    for (const [tamper, body] of Object.entries(bodies)) t.equal(body.signature_key === signature(body), tamper === 'none', `${tamper}: does it fit?`)
    t.equal(amount.signature_key, signature(none), 'that of the true amount')
    t.equal(status.signature_key, signature(none), 'that of the true status')
  })
}

test('tamper: only what is told is spoiled, the record keeps the truth, and what arrives is what is on record', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: '*' }, times: null, action: 'tamper', tamper: 'amount' })
  await chargedInto(t, emulator, 'settlement')
  await emulator.passTime(0)
  t.same(receiver.requests.map(({ body }) => body), (await notificationsOf(emulator, ORDER)).map(({ body }) => body))
  t.match((await emulator.ask('GET', `/v2/${ORDER}/status`)).json(), { gross_amount: '44000.00', transaction_status: 'settlement' })
})

const about: ReadonlyArray<readonly [match: Record<string, unknown>, struck: readonly string[]]> = [
  [{ event: '*' }, ['a-1 pending', 'a-1 settlement', 'a-2 pending', 'a-2 settlement', 'b.1 pending', 'b.1 settlement']],
  [{ event: 'settlement' }, ['a-1 settlement', 'a-2 settlement', 'b.1 settlement']],
  [{ event: 'deny' }, []],
  [{ event: '*', store: 'indomaret' }, ['a-2 pending', 'a-2 settlement']],
  [{ event: 'pending', order_id: 'a-*' }, ['a-1 pending', 'a-2 pending']],
  [{ event: '*', order_id: '*.1' }, ['b.1 pending', 'b.1 settlement']],
  [{ event: '*', order_id: 'a.1' }, []],
  [{ event: '*', order_id: 'a-*', store: 'alfamart' }, ['a-1 pending', 'a-1 settlement']],
  [{ endpoint: '*' }, []]
]

for (const [match, struck] of about) {
  test(`a fault on ${JSON.stringify(match)} drops ${struck.length === 0 ? 'nothing' : struck.join(', ')}`, async (t) => {
    const { emulator } = await world(t)
    const dropped = { times: null, action: 'drop', match }
    await putFaults(t, emulator, 'endpoint' in match ? { ...dropped, action: 'delay', delay: 0 } : dropped)
    await chargedInto(t, emulator, 'settlement', { order: 'a-1' })
    await chargedInto(t, emulator, 'settlement', { order: 'a-2', store: 'indomaret' })
    await chargedInto(t, emulator, 'settlement', { order: 'b.1' })
    const { items } = (await emulator.ask('GET', '/admin/notifications?state=dropped')).json() as { items: ReadonlyArray<{ order_id: string, event: string }> }
    t.same(items.map(({ order_id: id, event }) => `${id} ${event}`).toReversed(), struck)
  })
}

test('a fault on a notification leaves the call as it is, and one on the call its notification', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: '*' }, action: 'drop' }, { match: { endpoint: 'charge' }, when: 'after', action: 'error', status_code: 500 })
  t.equal((await emulator.ask('POST', '/v2/charge', { payment_type: 'cstore', transaction_details: { order_id: 'a', gross_amount: 1 }, cstore: { store: 'alfamart' } })).json().status_code, '500')
  await charge(emulator, 'b')
  await emulator.passTime(0)
  t.same(receiver.requests.map(({ body }) => idOf(body)), ['b pending'])
})

test('each notification meets a fault by itself: of two URLs the first uses it up', async (t) => {
  const { emulator, receiver } = await world(t)
  await emulator.ask('PUT', '/admin/settings', { notification_urls: [`${receiver.url}/1`, `${receiver.url}/2`] })
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'drop' }, { match: { event: 'pending' }, action: 'tamper', tamper: 'status' })
  await charge(emulator, ORDER)
  await emulator.passTime(0)
  t.match(receiver.requests, [{ url: '/2', body: '"transaction_status":"settlement"' }])
  t.match(await faultsOf(emulator), [{ times: 0, seen: 1 }, { times: 0, seen: 1 }])
})

test('a change that is refused uses no fault up', async (t) => {
  const { emulator } = await world(t)
  await chargedInto(t, emulator, 'settlement')
  await putFaults(t, emulator, { match: { event: '*' }, action: 'drop' })
  t.equal((await emulator.ask('POST', '/v2/charge', { payment_type: 'cstore', transaction_details: { order_id: ORDER, gross_amount: 1 }, cstore: { store: 'alfamart' } })).json().status_code, '406')
  t.equal((await emulator.ask('POST', `/v2/${ORDER}/cancel`)).json().status_code, '412')
  t.equal((await emulator.ask('POST', `/admin/transactions/${ORDER}/pay`)).statusCode, 409)
  t.match(await faultsOf(emulator), [{ times: 1, seen: 0 }])
})

test('where nobody is to be told, no fault is used up', async (t) => {
  const { emulator } = await world(t)
  await emulator.ask('PUT', '/admin/settings', { notification_urls: [] })
  await putFaults(t, emulator, { match: { event: '*' }, action: 'drop' })
  await chargedInto(t, emulator, 'settlement')
  t.match(await faultsOf(emulator), [{ times: 1, seen: 0 }])
})

test('an expiry that the clock makes meets faults as any other event does', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'expire' }, action: 'duplicate', copies: 3 })
  await charge(emulator, ORDER, lapsesAfter(1))
  await emulator.passTime(MINUTE_MS)
  t.same(heard(receiver), ['pending', 'expire', 'expire', 'expire'])
})

test('with a seed chance drops the same notifications in each run', async (t) => {
  const play = async (): Promise<string> => {
    const { emulator } = await world(t)
    await putFaults(t, emulator, { match: { event: 'pending' }, times: null, probability: 0.5, action: 'drop' })
    const states: string[] = []
    for (let at = 0; at < 16; at++) {
      await charge(emulator, `order-${at}`)
      states.push(...(await notificationsOf(emulator, `order-${at}`)).map(({ state }) => state))
    }
    t.same([...new Set(states)].sort(), ['dropped', 'waiting'])
    return states.join()
  }
  t.equal(await play(), await play())
})

interface World {
  readonly emulator: TestEmulator
  readonly receiver: Receiver
}

/** An emulator that tells a receiver which answers so. */
async function world (t: Test, handler: Handler = reply(200), flags: readonly string[] = []): Promise<World> {
  const receiver = await startReceiver(handler)
  t.teardown(receiver.close)
  return { receiver, emulator: await testEmulator(t, ['--notification-url', receiver.url, ...flags]) }
}

/** The events a receiver heard of, in the order in which they came. */
function heard ({ requests }: Receiver): readonly string[] {
  return requests.map(({ body }) => (JSON.parse(body) as { transaction_status: string }).transaction_status)
}

function idOf (body: string): string {
  const { order_id: id, transaction_status: status } = JSON.parse(body) as { order_id: string, transaction_status: string }
  return `${id} ${status}`
}

/** The members that differ, but for those that differ from charge to charge. */
function differing (one: Record<string, string>, other: Record<string, string>): readonly string[] {
  const own = ['transaction_id', 'payment_code', 'approval_code']
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => !own.includes(name) && one[name] !== other[name]).sort()
}

/** Brings the order to its end, so that its id is free. */
async function endOf ({ ask }: TestEmulator, order: State): Promise<void> {
  if (order === 'pending') await ask('POST', `/v2/${order}/cancel`)
  if (order === 'settlement') await ask('POST', `/admin/transactions/${order}/reverse`)
}
