import { join } from 'node:path'

import { test } from 'tap'

import { DAY_MS, HOUR_MS, merchant, MINUTE_MS } from '../support/domain.ts'
import { manualClock, MERCHANT_ID, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { advance, clockOf, freeze, frozenEmulator, OTHER, recordOf, REFUSED, rowOf, SCHEDULE } from '../support/clock-world.ts'
import type { AdvanceDocument } from '../support/clock-world.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { charge, lapsesAfter, minute, notificationsOf, set, show } from '../support/storage-world.ts'

interface Teardown {
  teardown (end: () => Promise<void>): void
}

async function openReceiver (t: Teardown, handler?: Handler): Promise<Receiver> {
  const receiver = await startReceiver(handler)
  t.teardown(() => receiver.close())
  return receiver
}

/** What is told to whom, in the order in which it began. */
function eventsOf ({ effects }: AdvanceDocument): readonly unknown[] {
  return effects.map((effect) => rowOf(effect).slice(0, 5))
}

test('a day of a charge whose receiver is down: each attempt at its minute, then the expiry and what it tells', async (t) => {
  const emulator = await frozenEmulator(t, ['--notification-url', REFUSED])
  const { transaction_id: id } = await charge(emulator, 'order-101')
  const { from, to, effects } = await advance(emulator, '24h')

  t.equal(from, '2026-11-22T13:00:00.000Z')
  t.equal(to, '2026-11-23T13:00:00.000Z')
  t.same(effects.map(rowOf), [
    ...SCHEDULE.map((at, index) => [at, 'attempted', 'order-101', 'pending', index + 1, 'refused', index < 5]),
    [1440, 'expired', 'order-101'],
    [1440, 'attempted', 'order-101', 'expire', 1, 'refused', true]
  ])
  const [pending, expire] = await notificationsOf(emulator, 'order-101')
  t.same(effects[1], {
    at: '2026-11-22T13:02:00.000Z',
    wib: '2026-11-22 20:02:00',
    kind: 'attempted',
    transaction_id: id,
    order_id: 'order-101',
    notification_id: pending?.id,
    event: 'pending',
    url: REFUSED,
    attempt: 2,
    status: null,
    error: 'refused',
    outcome: 'failed',
    next: { again: true, at: '2026-11-22T13:12:00.000Z', reason: 'refused: up to 5 further attempts' }
  })
  t.same(effects[6], { at: '2026-11-23T13:00:00.000Z', wib: '2026-11-23 20:00:00', kind: 'expired', transaction_id: id, order_id: 'order-101' })
  t.match(pending, { state: 'failed', next_attempt_at: null })
  t.match(expire, { state: 'waiting', next_attempt_at: '2026-11-23T13:02:00.000Z' })
  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { status_code: '407', transaction_status: 'expire' })
  t.match(await clockOf(emulator), { now: to, frozen: true, next_due: { at: '2026-11-23T13:02:00.000Z', kind: 'attempted' } })
})

/** Every byte of a day: replies, effects and what is on record. */
async function play (emulator: TestEmulator): Promise<string> {
  const texts: string[] = []
  const ask: TestEmulator['ask'] = async (...call) => {
    const answer = await emulator.ask(...call)
    texts.push(answer.payload)
    return answer
  }
  await freeze(emulator, '2026-11-22 20:00:00')
  await set(emulator, { retry_jitter: true })
  for (const [order, store] of [['order-101', 'alfamart'], ['order-102', 'indomaret'], ['order-103', 'alfamart']] as const) {
    await ask('POST', '/v2/charge', { payment_type: 'cstore', transaction_details: { order_id: order, gross_amount: 44000 }, cstore: { store } })
  }
  await ask('POST', '/admin/clock/advance', { by: '1h' })
  // What it tells may be attempted at any moment from here on, but is listed by the next advance.
  await emulator.ask('POST', '/admin/transactions/order-102/pay')
  await emulator.ask('POST', '/v2/order-103/cancel')
  await ask('POST', '/admin/clock/advance', { to: '2026-11-23 20:00:00' })
  for (const path of ['/v2/order-101/status', '/v2/order-102/status', '/v2/order-103/status', '/admin/clock']) await ask('GET', path)
  return [...texts, await recordOf(emulator)].join('\n')
}

test('with a seed and a clock that stands still, the same calls give the same bytes: again, in a file, later, and where the clock runs by itself', async (t) => {
  const flags = ['--notification-url', REFUSED]
  const once = await play(await testEmulator(t, flags))
  t.match(once, /"transaction_status":"expire"[^]*"transaction_status":"settlement"[^]*"transaction_status":"cancel"/)
  t.match(once, /"body": "{[^]*"attempts": \[/, 'bodies and attempts are part of it')

  t.equal(await play(await testEmulator(t, flags)), once, 'again')
  t.equal(await play(await testEmulator(t, [...flags, '--data', join(t.testdir(), 'warung.json')])), once, 'in a file')
  t.equal(await play(await testEmulator(t, flags, manualClock(START + 365 * DAY_MS + 7))), once, 'on another day')
  const started = await testEmulator(t, flags)
  await started.start()
  t.equal(await play(started), once, 'with the alarm running')
  t.not(await play(await testEmulator(t, [...flags, '--seed', 'other'])), once, 'another seed is another story')
})

const CLOSE: Handler = (_request, response) => response.destroy()
const moved = (status: number): Handler => (request, response) => request.url === '/notify' ? reply(status, { location: '/moved' })(request, response) : reply(200)(request, response)
const [NONE, ONE, TWO, FOUR, FIVE] = [1, 2, 3, 5, 6].map((count) => SCHEDULE.slice(0, count))

const table: Array<[answer: string, handler: Handler | null, attempts: readonly number[] | undefined, seen: string | number]> = [
  ['200', reply(200), NONE, 200],
  ['204', reply(204), NONE, 204],
  ['301', reply(301, { location: '/moved' }), NONE, 301],
  ['302', reply(302, { location: '/moved' }), NONE, 302],
  ['303', reply(303, { location: '/moved' }), NONE, 303],
  ['307, followed to a 200', moved(307), NONE, 200],
  ['308, followed to a 200', moved(308), NONE, 200],
  ['307 in a circle', reply(307, { location: '/notify' }), FIVE, 'too_many_redirects'],
  ['400', reply(400), TWO, 400],
  ['404', reply(404), TWO, 404],
  ['500', reply(500), ONE, 500],
  ['503', reply(503), FOUR, 503],
  ['502', reply(502), FIVE, 502],
  ['401', reply(401), FIVE, 401],
  ['nothing in time', () => {}, FIVE, 'timeout'],
  ['a closed connection', CLOSE, FIVE, 'reset'],
  ['nothing, for nobody listens', null, FIVE, 'refused']
]

for (const [answer, handler, attempts = [], seen] of table) {
  test(`a receiver that answers ${answer}: one advance lists the attempts at minutes ${attempts.join(', ')}`, async (t) => {
    const url = handler === null ? REFUSED : `${(await openReceiver(t, handler)).url}/notify`
    const emulator = await frozenEmulator(t, ['--notification-url', url])
    if (seen === 'timeout') await set(emulator, { notification_timeout: '20ms' })
    await charge(emulator, 'order-101')

    const { effects } = await advance(emulator, '23h')

    t.same(effects.map(rowOf), attempts.map((at, index) => [at, 'attempted', 'order-101', 'pending', index + 1, seen, index < attempts.length - 1]))
    // Each says what happens next, and that is what happened.
    t.same(effects.map(({ next }) => minute(next?.at ?? null)), [...attempts.slice(1), null])
    t.same((await advance(emulator, '59m')).effects, [], 'and none is listed again')
  })
}

test('effects come in the order of their instants, and of one instant in the order in which their causes were recorded', async (t) => {
  const emulator = await frozenEmulator(t, ['--notification-url', REFUSED])
  // The retry after two minutes of a charge at minute 1 meets the lapses at minute 3.
  await charge(emulator, 'late', lapsesAfter(3))
  await charge(emulator, 'later', lapsesAfter(3))
  await advance(emulator, '1m')
  await charge(emulator, 'young', lapsesAfter(2))
  await charge(emulator, 'open')

  t.same(eventsOf(await advance(emulator, '2m')), [
    [1, 'attempted', 'young', 'pending', 1], [1, 'attempted', 'open', 'pending', 1],
    [2, 'attempted', 'late', 'pending', 2], [2, 'attempted', 'later', 'pending', 2],
    [3, 'expired', 'late'], [3, 'expired', 'later'],
    [3, 'expired', 'young'], [3, 'attempted', 'young', 'pending', 2], [3, 'attempted', 'open', 'pending', 2],
    [3, 'attempted', 'late', 'expire', 1], [3, 'attempted', 'later', 'expire', 1], [3, 'attempted', 'young', 'expire', 1]
  ])
})

test('a hundred transactions that lapse at one instant: in order of recording, and told at most sixteen side by side', async (t) => {
  let [now, most] = [0, 0]
  const open: Array<() => void> = []
  const receiver = await openReceiver(t, (_request, response) => {
    most = Math.max(most, ++now)
    const end = (): void => {
      now -= 1
      response.end()
    }
    // As long as fewer come than may, each waits for the next.
    open.push(end)
    if (open.length >= 16 || receiver.requests.length > 96) for (const each of open.splice(0)) each()
  })
  const emulator = await frozenEmulator(t, ['--notification-url', receiver.url])
  await set(emulator, { pending_notification: false })
  const orders = Array.from({ length: 100 }, (_, n) => `order-${n}`)
  for (const order of orders) await charge(emulator, order)

  const { effects } = await advance(emulator, '24h')

  t.same(effects.map(({ kind, order_id: order }) => `${kind} ${order}`), [...orders.map((order) => `expired ${order}`), ...orders.map((order) => `attempted ${order}`)])
  t.same([...new Set(effects.map(({ at }) => minute(at)))], [24 * 60])
  t.same(effects.slice(100).map(({ outcome }) => outcome), orders.map(() => 'delivered'))
  t.equal(receiver.requests.length, 100)
  t.equal(most, 16)
})

test('an attempt that is under way when the call comes is waited for, and no effect runs beside it', async (t) => {
  const receiver = await openReceiver(t, () => {})
  const emulator = await frozenEmulator(t, ['--notification-url', receiver.url])
  const held: Array<() => void> = []
  receiver.handler = (_request, response) => held.push(() => response.writeHead(503).end())
  await charge(emulator, 'order-101', lapsesAfter(2))
  await emulator.runDue.run()
  await receiver.received(1)

  const advancing = advance(emulator, '1h')
  receiver.handler = reply(200)
  t.match(await clockOf(emulator), { now: '2026-11-22T13:00:00.000Z', frozen: true })
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  held[0]?.()

  t.same(eventsOf(await advancing), [
    [0, 'attempted', 'order-101', 'pending', 1], [2, 'expired', 'order-101'], [2, 'attempted', 'order-101', 'pending', 2], [2, 'attempted', 'order-101', 'expire', 1]
  ])
})

test('where time stands still, what the clock did at that moment is listed once, by the next advance', async (t) => {
  const receiver = await openReceiver(t, reply(503))
  const emulator = await frozenEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'done')
  await emulator.passTime(HOUR_MS)
  t.equal(receiver.requests.length, 1, 'the clock ran it by itself')
  await charge(emulator, 'due')

  t.same(eventsOf(await advance(emulator, 0)), [[0, 'attempted', 'done', 'pending', 1], [0, 'attempted', 'due', 'pending', 1]])
  t.same((await advance(emulator, 0)).effects, [])
  t.same(eventsOf(await advance(emulator, '2m')), [[2, 'attempted', 'done', 'pending', 2], [2, 'attempted', 'due', 'pending', 2]])
})

test('what an admin tried at that moment is not what time caused, and hides nothing that time did', async (t) => {
  const receiver = await openReceiver(t, reply(502))
  const emulator = await frozenEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'order-101')
  await emulator.passTime(0)
  const [pending] = await notificationsOf(emulator, 'order-101')
  t.equal((await emulator.ask('POST', `/admin/notifications/${pending?.id}/attempt`)).statusCode, 200)

  // The interval after the second attempt counts from it.
  t.same(eventsOf(await advance(emulator, '11m')), [[0, 'attempted', 'order-101', 'pending', 1], [10, 'attempted', 'order-101', 'pending', 3]])
})

test('what the clock did is in its place among what the advance does at the same moment', async (t) => {
  const [full, other] = [await openReceiver(t), await openReceiver(t)]
  const held: Array<() => void> = []
  full.handler = (_request, response) => held.push(() => response.end())
  const emulator = await frozenEmulator(t, ['--notification-url', full.url])
  const orders = Array.from({ length: 18 }, (_, n) => `order-${n}`)
  for (const order of orders) await charge(emulator, order)
  await charge(emulator, 'elsewhere', {}, { 'x-override-notification': other.url })
  // Sixteen of them are under way, and the one that went elsewhere.
  await emulator.runDue.run()
  await full.received(16)
  const advancing = advance(emulator, '1m')
  full.handler = reply(200)
  for (const end of held) end()

  t.same((await advancing).effects.map(({ order_id: order }) => order), [...orders, 'elsewhere'])
})

test('in a world that runs, only what falls due after the call is listed; what was due before is done all the same', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', REFUSED])
  await charge(emulator, 'order-101', lapsesAfter(30))
  emulator.clock.at += 7

  const { from, to, effects } = await advance(emulator, '2m')
  t.equal(Date.parse(from), START + 7)
  t.equal(Date.parse(to), START + 7 + 2 * MINUTE_MS)
  t.same((await notificationsOf(emulator, 'order-101'))[0]?.attempts.map(({ at }) => Date.parse(at) - START), [7, 7 + 2 * MINUTE_MS])
  t.match(effects, [{ at: to, kind: 'attempted', attempt: 2 }])
  t.equal(effects.length, 1)
  t.same((await advance(emulator, 0)).effects, [], 'nor is it listed again')
})

test('a world that runs stands at each step, and afterwards runs on with its shift', async (t) => {
  const seen: unknown[] = []
  const receiver = await openReceiver(t, async (_request, response) => {
    const { now, frozen } = await clockOf(emulator)
    seen.push([minute(now), frozen])
    response.writeHead(503).end()
  })
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'order-101')
  await emulator.passTime(0)
  const { from, to } = await advance(emulator, '3h')

  t.same(seen, [[0, false], [2, false], [12, false], [42, false], [132, false]])
  t.same([from, to].map(minute), [0, 180])
  t.match(await clockOf(emulator), { now: to, frozen: false, shift_ms: 3 * HOUR_MS, next_due: { at: '2026-11-23T13:00:00.000Z', kind: 'expired' } })
  emulator.clock.at += MINUTE_MS
  t.match(await clockOf(emulator), { now: '2026-11-22T16:01:00.000Z', shift_ms: 3 * HOUR_MS })
  await charge(emulator, 'order-102')
  t.equal((await show(emulator, 'order-102')).history[0]?.wib, '2026-11-22 23:01:00')
})

test('what a receiver causes during a step is done within the advance, however it asks', async (t) => {
  const receiver = await openReceiver(t, async (request, response) => {
    const { order_id: order } = JSON.parse(request.body) as { order_id: string }
    if (order === 'order-1') {
      await charge(emulator, 'order-2', lapsesAfter(1))
      // It waits for its own notification to be attempted, which is due at this very step.
      const paid = await emulator.ask('POST', '/admin/transactions/order-0/pay?wait=attempted&timeout=5s')
      told.push(paid.json().notifications[0].attempts.length)
    }
    response.end()
  })
  const told: number[] = []
  const emulator = await frozenEmulator(t, ['--notification-url', receiver.url])
  await set(emulator, { pending_notification: false })
  await charge(emulator, 'order-0')
  await set(emulator, { pending_notification: true, notification_timeout: '10m' })
  await charge(emulator, 'order-1')

  t.same(eventsOf(await advance(emulator, '2m')), [
    [0, 'attempted', 'order-1', 'pending', 1], [0, 'attempted', 'order-2', 'pending', 1], [0, 'attempted', 'order-0', 'settlement', 1],
    [1, 'expired', 'order-2'], [1, 'attempted', 'order-2', 'expire', 1]
  ])
  t.same(told, [1])
})

test('one merchant\'s advance leaves the time and the work of another alone, and holds up none of its calls', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await frozenEmulator(t, ['--notification-url', REFUSED])
  await emulator.storage.changeMerchant('G2', () => merchant({ merchantId: 'G2', serverKey: 'key-2', settings: { notificationUrls: [REFUSED] } }))
  await charge(emulator, 'order-101')
  await charge(emulator, 'order-101', {}, OTHER)
  await emulator.passTime(0)
  const before = await recordOf(emulator, OTHER)
  await set(emulator, { notification_urls: [receiver.url] })
  await charge(emulator, 'order-102')
  const asked: unknown[] = []
  receiver.handler = async (_request, response) => {
    // The same calls for another merchant are no second advance.
    for (const call of ['freeze', 'resume', 'advance']) asked.push((await emulator.ask('POST', `/admin/clock/${call}`, call === 'advance' ? { by: 0 } : undefined, OTHER)).statusCode)
    asked.push((await emulator.ask('GET', '/admin/clock', undefined, OTHER)).json().now)
    response.end()
  }

  const { effects } = await advance(emulator, '23h')
  t.equal(new Set(effects.map(({ transaction_id: id }) => id)).size, 2)
  t.same(asked, [200, 200, 200, '2026-11-22T13:00:00.000Z'])
  t.equal(await recordOf(emulator, OTHER), before)
  t.match((await emulator.ask('GET', '/admin/clock', undefined, OTHER)).json(), { now: '2026-11-22T13:00:00.000Z', frozen: false, shift_ms: 0 })
  t.equal((await emulator.storage.findMerchant(MERCHANT_ID))?.timeline.frozenAt, START + 23 * HOUR_MS)
})
