import { test } from 'tap'

import { createEvents } from '../../src/events.ts'
import { createRunDue } from '../../src/operations/run-due.ts'
import type { RunDue } from '../../src/operations/run-due.ts'
import type { Answer } from '../../src/domain/notification.ts'
import { NotKept } from '../../src/ports.ts'
import type { Clock, Delivery, Storage } from '../../src/ports.ts'
import { seededRandom } from '../../src/random.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { RecordStorage } from '../../src/storage/record-storage.ts'
import { Tables } from '../../src/storage/tables.ts'
import { answer, CHARGED_AT, DAY_MS, HOUR_MS, merchant, MINUTE_MS } from '../support/domain.ts'
import { manualClock, MERCHANT_ID, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { reply, startReceiver, unusedPort } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { endAttempt, insert, move, URL_A, URL_B } from '../support/storage-changes.ts'
import { turn } from '../support/storage-keepers.ts'
import { charge, lapsesAfter, minute, notificationsOf, set, show } from '../support/storage-world.ts'

interface Teardown {
  teardown (end: () => Promise<void>): void
}

async function openReceiver (t: Teardown, handler?: Handler): Promise<Receiver> {
  const receiver = await startReceiver(handler)
  t.teardown(() => receiver.close())
  return receiver
}

const HANG: Handler = () => {}
const CLOSE: Handler = (_request, response) => response.destroy()
const follow = (status: number): Handler => (request, response) => request.url === '/notify' ? reply(status, { location: '/moved' })(request, response) : reply(200)(request, response)
const LOOP: Handler = reply(307, { location: '/notify' })

/** Minutes at which attempts begin, by how many further ones the answer allows (protocol 7.4). */
const [NONE, ONE, TWO, FOUR, FIVE] = [[0], [0, 2], [0, 2, 12], [0, 2, 12, 42, 132], [0, 2, 12, 42, 132, 342]] as const

const always: Array<[answer: string, handler: Handler, attempts: readonly number[], state: string, last: { status?: number | null, error?: string | null, outcome: string }]> = [
  ['200', reply(200), NONE, 'delivered', { status: 200, error: null, outcome: 'delivered' }],
  ['201', reply(201), NONE, 'delivered', { status: 201, outcome: 'delivered' }],
  ['204', reply(204), NONE, 'delivered', { status: 204, outcome: 'delivered' }],
  ['301', reply(301, { location: '/moved' }), NONE, 'failed', { status: 301, outcome: 'redirected' }],
  ['302', reply(302, { location: '/moved' }), NONE, 'failed', { status: 302, outcome: 'redirected' }],
  ['303', reply(303, { location: '/moved' }), NONE, 'failed', { status: 303, outcome: 'redirected' }],
  ['307, followed to a 200', follow(307), NONE, 'delivered', { status: 200, outcome: 'delivered' }],
  ['308, followed to a 200', follow(308), NONE, 'delivered', { status: 200, outcome: 'delivered' }],
  ['307 in a circle', LOOP, FIVE, 'failed', { error: 'too_many_redirects', outcome: 'failed' }],
  ['307 that leads nowhere', reply(307), FIVE, 'failed', { status: 307, outcome: 'failed' }],
  ['400', reply(400), TWO, 'failed', { status: 400, outcome: 'failed' }],
  ['404', reply(404), TWO, 'failed', { status: 404, outcome: 'failed' }],
  ['401', reply(401), FIVE, 'failed', { status: 401, outcome: 'failed' }],
  ['410', reply(410), FIVE, 'failed', { status: 410, outcome: 'failed' }],
  ['500', reply(500), ONE, 'failed', { status: 500, outcome: 'failed' }],
  ['502', reply(502), FIVE, 'failed', { status: 502, outcome: 'failed' }],
  ['503', reply(503), FOUR, 'failed', { status: 503, outcome: 'failed' }],
  ['a closed connection', CLOSE, FIVE, 'failed', { status: null, error: 'reset', outcome: 'failed' }],
  ['nothing in time', HANG, FIVE, 'failed', { status: null, error: 'timeout', outcome: 'failed' }]
]

for (const [what, handler, attempts, state, last] of always) {
  test(`a receiver that answers ${what} is tried at minutes ${attempts.join(', ')}, and then it is ${state}`, async (t) => {
    const receiver = await openReceiver(t, handler)
    const emulator = await testEmulator(t, ['--notification-url', `${receiver.url}/notify`])
    if (handler === HANG) await set(emulator, { notification_timeout: '100ms' })

    await charge(emulator, 'order-101')
    await emulator.passTime(23 * HOUR_MS)

    const [notification] = await notificationsOf(emulator, 'order-101')
    t.match(notification, { event: 'pending', state, next_attempt_at: null })
    t.same(notification?.attempts.map(({ at }) => minute(at)), attempts)
    t.same(notification?.attempts.map(({ number }) => number), attempts.map((_, index) => index + 1))
    t.match(notification?.attempts.at(-1), last)
    // Each says what happens next, and that is what happened.
    t.same(notification?.attempts.map(({ next }) => minute(next.at)), [...attempts.slice(1), null])
    t.same(notification?.attempts.map(({ next }) => next.again), [...attempts.slice(1).map(() => true), false])
    for (const { next } of notification?.attempts ?? []) t.match(next.reason, /\S/)
    // The identical body, byte by byte, wherever it went.
    t.same([...new Set(receiver.requests.map(({ body }) => body))], [notification?.body])
    t.same([...new Set(receiver.requests.map(({ method }) => method))], ['POST'])
  })
}

test('a receiver that refuses the connection is tried five times more', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', `http://127.0.0.1:${await unusedPort()}/notify`])

  await charge(emulator, 'order-101')
  await emulator.passTime(23 * HOUR_MS)

  const [notification] = await notificationsOf(emulator, 'order-101')
  t.equal(notification?.state, 'failed')
  t.same(notification?.attempts.map(({ at }) => minute(at)), FIVE)
  t.same(notification?.attempts.map(({ error }) => error), FIVE.map(() => 'refused'))
})

test('a redirect by 307 goes on with the same POST, and one by 302 goes nowhere', async (t) => {
  const receiver = await openReceiver(t, follow(307))
  const emulator = await testEmulator(t, ['--notification-url', `${receiver.url}/notify`])

  await charge(emulator, 'order-101')
  await emulator.passTime(0)
  receiver.handler = follow(302)
  await charge(emulator, 'order-102')
  await emulator.passTime(DAY_MS / 2)

  t.same(receiver.requests.map(({ method, url }) => `${method} ${url}`), ['POST /notify', 'POST /moved', 'POST /notify'])
})

test('five redirects are followed, and the sixth is not', async (t) => {
  const hops = (last: number): Handler => (request, response) => {
    const hop = Number(request.url.slice(1))
    return hop === last ? reply(200)(request, response) : reply(308, { location: `/${hop + 1}` })(request, response)
  }
  const receiver = await openReceiver(t, hops(5))
  const emulator = await testEmulator(t, ['--notification-url', `${receiver.url}/0`])

  await charge(emulator, 'order-101')
  await emulator.passTime(0)
  t.equal((await notificationsOf(emulator, 'order-101'))[0]?.state, 'delivered')
  receiver.handler = hops(6)
  await charge(emulator, 'order-102')
  await emulator.passTime(0)
  t.match((await notificationsOf(emulator, 'order-102'))[0], { state: 'waiting', attempts: [{ error: 'too_many_redirects', outcome: 'failed' }] })
})

const changing: Array<[answers: readonly number[], attempts: readonly number[], state: string]> = [
  [[500, 200], ONE, 'delivered'],
  [[503, 500], ONE, 'failed'],
  [[500, 503, 503, 503, 503], FOUR, 'failed'],
  [[404, 404, 502, 502, 502, 502], FIVE, 'failed'],
  [[502, 502, 404], TWO, 'failed'],
  [[503, 404, 404], TWO, 'failed'],
  [[503, 503, 503, 503, 502, 502], FIVE, 'failed'],
  [[502, 502, 502, 502, 503], FOUR, 'failed'],
  [[502, 502, 502, 502, 502, 200], FIVE, 'delivered'],
  [[502, 302], ONE, 'failed']
]

for (const [answers, attempts, state] of changing) {
  test(`of the answers ${answers.join(', ')} the last decides: tried at minutes ${attempts.join(', ')}, then ${state}`, async (t) => {
    let count = 0
    const receiver = await openReceiver(t, (request, response) => reply(answers[count++] ?? 200)(request, response))
    const emulator = await testEmulator(t, ['--notification-url', receiver.url])

    await charge(emulator, 'order-101')
    await emulator.passTime(23 * HOUR_MS)

    const [notification] = await notificationsOf(emulator, 'order-101')
    t.equal(notification?.state, state)
    t.same(notification?.attempts.map(({ at }) => minute(at)), attempts)
    t.same(notification?.attempts.map(({ status }) => status), answers.slice(0, attempts.length))
    t.equal(receiver.requests.length, attempts.length)
  })
}

test('jitter shortens each interval to between a quarter and the whole, and repeats itself with a seed', async (t) => {
  const receiver = await openReceiver(t, reply(502))
  const gaps = async (seed: string): Promise<readonly number[]> => {
    const emulator = await testEmulator(t, ['--notification-url', receiver.url, '--seed', seed])
    await set(emulator, { retry_jitter: true })
    await charge(emulator, 'order-101')
    await charge(emulator, 'order-102')
    await emulator.passTime(23 * HOUR_MS)
    const attempts = (await Promise.all(['order-101', 'order-102'].map(async (ref) => (await notificationsOf(emulator, ref))[0]?.attempts ?? [])))
    for (const each of attempts) t.equal(each.length, 6)
    return attempts.flatMap((each) => each.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(each[index]?.at ?? '')))
  }

  const first = await gaps('one')
  const intervals = [2, 10, 30, 90, 210].map((minutes) => minutes * MINUTE_MS)
  const parts = first.map((gap, index) => gap / (intervals[index % 5] ?? NaN))
  t.same(parts.filter((part) => !(part >= 0.25 && part <= 1)), [])
  t.equal(new Set(parts.map((part) => part.toFixed(3))).size > 5, true, `they differ: ${parts.join(' ')}`)
  t.same(await gaps('one'), first)
  t.equal((await gaps('two')).some((gap, index) => gap !== first[index]), true)
})

test('a setting says how long a receiver may take', async (t) => {
  const receiver = await openReceiver(t, HANG)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await set(emulator, { notification_timeout: '50ms' })

  await charge(emulator, 'order-101')
  await emulator.passTime(0)

  t.match((await notificationsOf(emulator, 'order-101'))[0], { state: 'waiting', attempts: [{ error: 'timeout', status: null }] })
})

test('a hanging receiver holds up neither another URL of its transaction nor the API, and first attempts keep their order', async (t) => {
  const [slow, quick] = [await openReceiver(t), await openReceiver(t)]
  const held: Array<() => void> = []
  slow.handler = (_request, response) => held.push(() => response.end())
  const emulator = await testEmulator(t, ['--notification-url', `${slow.url}/a,${quick.url}/b`])
  await emulator.start()

  await charge(emulator, 'order-101')
  await slow.received(1)
  await quick.received(1)
  t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay')).statusCode, 200)
  await quick.received(2)
  t.equal((await emulator.ask('POST', '/admin/transactions/order-101/reverse')).statusCode, 200)
  await quick.received(3)
  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { transaction_status: 'deny' })

  t.same(quick.requests.map(eventOf), ['pending', 'settlement', 'deny'])
  t.same(slow.requests.map(eventOf), ['pending'], 'what follows waits for it')
  for (const count of [2, 3]) {
    held.shift()?.()
    await slow.received(count)
  }
  held.shift()?.()
  await emulator.runDue.settled()
  t.same(slow.requests.map(eventOf), ['pending', 'settlement', 'deny'])
})

test('one hanging URL holds up no other URL of the same receiver', async (t) => {
  const receiver = await openReceiver(t, (request, response) => { if (request.url !== '/hang') response.end() })
  const emulator = await testEmulator(t, ['--notification-url', `${receiver.url}/hang,${receiver.url}/quick`])
  await emulator.start()

  await charge(emulator, 'order-101')
  await receiver.received(2)
  await emulator.ask('POST', '/admin/transactions/order-101/pay')
  await receiver.received(3)

  t.same(receiver.requests.map((request) => `${request.url} ${eventOf(request)}`).toSorted(), ['/hang pending', '/quick pending', '/quick settlement'])
})

test('once a first attempt has failed, the next event need not wait for its retry', async (t) => {
  const receiver = await openReceiver(t, reply(503))
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])

  await charge(emulator, 'order-101')
  await emulator.passTime(MINUTE_MS)
  await emulator.ask('POST', '/admin/transactions/order-101/pay')
  await emulator.passTime(2 * MINUTE_MS)

  t.same(receiver.requests.map(eventOf), ['pending', 'settlement', 'pending', 'settlement'])
})

test('a delayed pending notification leaves at its time, and holds back the ones that follow it', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await set(emulator, { pending_notification_delay: '30s' })

  await charge(emulator, 'order-101')
  await emulator.passTime(10_000)
  await emulator.ask('POST', '/admin/transactions/order-101/pay')
  await emulator.passTime(19_999)
  t.same(receiver.requests, [])
  await emulator.passTime(1)

  t.same(receiver.requests.map(eventOf), ['pending', 'settlement'])
  t.same((await notificationsOf(emulator, 'order-101')).map(({ attempts }) => attempts.map(({ at }) => minute(at))), [[0.5], [0.5]])
})

test('at most sixteen attempts go to one target side by side, and others to another', async (t) => {
  const [full, other] = [await openReceiver(t), await openReceiver(t)]
  const held: Array<() => void> = []
  let most = 0
  full.handler = (_request, response) => {
    most = Math.max(most, held.push(() => response.end()))
  }
  const emulator = await testEmulator(t, ['--notification-url', `${full.url}/notify`])
  await emulator.start()

  for (let order = 1; order <= 20; order++) await charge(emulator, `order-${order}`)
  await full.received(16)
  t.equal(await emulator.runDue.next(), START + DAY_MS, 'nothing that could be begun now')

  await charge(emulator, 'elsewhere', {}, { 'x-override-notification': other.url })
  await other.received(1)
  t.equal(full.requests.length, 16)

  held.shift()?.()
  await full.received(17)
  while (full.requests.length < 20 || held.length > 0) {
    held.shift()?.()
    await turn()
  }
  await emulator.runDue.settled()
  t.equal(most, 16)
  t.equal(new Set(full.requests.map(({ body }) => body)).size, 20)
})

test('a pending transaction lapses by itself at the very second of its expiry', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url], manualClock(START + 250))

  await charge(emulator, 'order-101', lapsesAfter(1))
  await emulator.passTime(MINUTE_MS - 251)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { status_code: '201', expiry_time: '2026-11-22 20:01:00' })
  await emulator.passTime(1)

  t.match((await show(emulator, 'order-101')), {
    transaction_status: 'expire',
    history: [{ status: 'pending', cause: 'charge' }, { at: '2026-11-22T13:01:00.000Z', wib: '2026-11-22 20:01:00', status: 'expire', cause: 'clock' }]
  })
  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { status_code: '407', transaction_status: 'expire' })
  const [, expired] = await notificationsOf(emulator, 'order-101')
  t.match(expired, { event: 'expire', state: 'delivered', created_at: '2026-11-22T13:01:00.000Z', attempts: [{ at: '2026-11-22T13:01:00.000Z' }] })
  t.match(JSON.parse(receiver.requests[1]?.body ?? ''), { transaction_status: 'expire', status_code: '202' })
})

test('a payment is taken until the instant of expiry, and refused at it even if nothing has run yet', async (t) => {
  const emulator = await testEmulator(t)
  const [early, late, admin] = [await charge(emulator, 'early', lapsesAfter(1)), await charge(emulator, 'late', lapsesAfter(1)), await charge(emulator, 'admin', lapsesAfter(1))]

  emulator.clock.at = START + MINUTE_MS - 1
  t.equal((await emulator.ask('POST', '/till/alfamart/payment', { payment_code: early.payment_code })).statusCode, 200)
  emulator.clock.at = START + MINUTE_MS
  t.equal((await emulator.ask('POST', '/till/alfamart/payment', { payment_code: late.payment_code })).statusCode, 409)
  t.equal((await emulator.ask('POST', `/admin/transactions/${admin.transaction_id}/pay`)).statusCode, 409)
  await emulator.passTime(0)

  t.equal((await show(emulator, 'early')).transaction_status, 'settlement')
  t.equal((await show(emulator, 'late')).transaction_status, 'expire')
  t.equal((await show(emulator, 'admin')).transaction_status, 'expire')
})

test('with the lag of the gateway it lapses that much later, and no till takes it meanwhile', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await set(emulator, { expiry_lag: '60s' })
  const { payment_code: code, expiry_time: expiry } = await charge(emulator, 'order-101', lapsesAfter(1))
  t.equal(expiry, '2026-11-22 20:01:00')

  await emulator.passTime(2 * MINUTE_MS - 1)
  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { status_code: '201', transaction_status: 'pending' })
  t.match((await emulator.ask('POST', '/till/alfamart/inquiry', { payment_code: code })).json(), { payable: false, reason: /expired/i })
  t.equal((await emulator.ask('POST', '/till/alfamart/payment', { payment_code: code })).statusCode, 409)
  await emulator.passTime(1)

  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { status_code: '407', transaction_status: 'expire' })
  t.same(receiver.requests.map(eventOf), ['pending', 'expire'])
})

test('delays beyond 24.8 days end at their time', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101', lapsesAfter(60 * 24 * 60))
  await charge(emulator, 'order-102', lapsesAfter(180 * 24 * 60))

  await emulator.passTime(60 * DAY_MS - 1)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  await emulator.passTime(1)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'expire')
  await emulator.passTime(120 * DAY_MS - 1)
  t.equal((await show(emulator, 'order-102')).transaction_status, 'pending')
  await emulator.passTime(1)
  t.equal((await show(emulator, 'order-102')).transaction_status, 'expire')
})

test('a started emulator leaves what is due in 60 days alone', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await emulator.start()
  await charge(emulator, 'order-101', lapsesAfter(60 * 24 * 60))
  await receiver.received(1)
  await emulator.runDue.settled()
  for (let count = 0; count < 20; count++) await turn()

  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
})

test('what is paid or cancelled does not lapse', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'paid', lapsesAfter(1))
  await charge(emulator, 'cancelled', lapsesAfter(1))
  await emulator.ask('POST', '/admin/transactions/paid/pay')
  await emulator.ask('POST', '/v2/cancelled/cancel')
  await emulator.passTime(DAY_MS)

  t.equal((await show(emulator, 'paid')).transaction_status, 'settlement')
  t.equal((await show(emulator, 'cancelled')).transaction_status, 'cancel')
  t.same(receiver.requests.map(eventOf).toSorted(), ['cancel', 'pending', 'pending', 'settlement'])
})

test('on a shifted timeline all instants are the merchant\'s own', async (t) => {
  const receiver = await openReceiver(t, reply(503))
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await emulator.storage.changeMerchant(MERCHANT_ID, (current) => ({ ...current ?? emulator.merchant, timeline: { shiftMs: DAY_MS, frozenAt: null, isStepped: false } }))

  const { expiry_time: expiry } = await charge(emulator, 'order-101', lapsesAfter(60))
  await emulator.passTime(HOUR_MS)

  t.equal(expiry, '2026-11-23 21:00:00')
  t.match((await show(emulator, 'order-101')).history[1], { status: 'expire', wib: '2026-11-23 21:00:00' })
  t.same((await notificationsOf(emulator, 'order-101'))[0]?.attempts.map(({ at }) => minute(at)), [0, 2, 12, 42].map((at) => at + 24 * 60))
})

test('on a frozen timeline what is due at its moment is done, and nothing else, however long the machine runs', async (t) => {
  const receiver = await openReceiver(t, reply(503))
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  const freezeAt = (at: number) => emulator.storage.changeMerchant(MERCHANT_ID, (current) => ({ ...current ?? emulator.merchant, timeline: { shiftMs: 0, frozenAt: at, isStepped: false } }))
  await freezeAt(START)

  await charge(emulator, 'order-101', lapsesAfter(60))
  await emulator.passTime(365 * DAY_MS)
  t.equal(receiver.requests.length, 1)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  t.same((await notificationsOf(emulator, 'order-101'))[0]?.attempts.map(({ at }) => minute(at)), [0])

  await freezeAt(START + 2 * MINUTE_MS)
  await emulator.passTime(DAY_MS)
  t.equal(receiver.requests.length, 2)
  await freezeAt(START + HOUR_MS)
  await emulator.passTime(0)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'expire')
})

/** Run-due over a storage in memory and a sender of the test's own. */
interface Loop {
  readonly runDue: RunDue
  readonly storage: Storage
  readonly clock: Clock & { at: number }
  readonly sent: string[]
  readonly errors: unknown[]
  readonly waits: number[]
}

async function loop (storage: Storage, send: (delivery: Delivery) => Promise<Answer> = async () => answer()): Promise<Loop> {
  const sent: string[] = []
  const errors: unknown[] = []
  const waits: number[] = []
  const clock = { at: CHARGED_AT, now () { return this.at }, wait: async (ms: number) => { waits.push(ms) } }
  const runDue = createRunDue({
    clock,
    storage,
    random: seededRandom('test'),
    events: createEvents(),
    sender: { send: async (delivery) => { sent.push(eventOf(delivery)); return send(delivery) }, forbids: () => false, close: async () => {} },
    onError: (error) => errors.push(error),
    onRoom: () => {}
  })
  await storage.changeMerchant(MERCHANT_ID, () => merchant({ settings: { notificationUrls: [URL_A] } }))
  return { runDue, storage, clock, sent, errors, waits }
}

test('what fell due while nobody ran is done in order of due instants, with what it causes', async (t) => {
  const { runDue, storage, clock } = await loop(createMemoryStorage())
  await insert(storage, 'late', { lapsesAt: CHARGED_AT + 30 * MINUTE_MS })
  await insert(storage, 'early', { lapsesAt: CHARGED_AT + 10 * MINUTE_MS })
  await insert(storage, 'tie', { lapsesAt: CHARGED_AT + 30 * MINUTE_MS })

  clock.at += HOUR_MS
  await runDue.run()
  await runDue.settled()

  const { items } = await storage.listNotifications(MERCHANT_ID, { limit: 10 })
  t.same(items.map(({ orderId }) => orderId).toReversed(), ['order-early', 'order-late', 'order-tie'])
  t.same(items.map(({ createdAt }) => (createdAt - CHARGED_AT) / MINUTE_MS).toReversed(), [10, 30, 30])
  t.equal(await runDue.next(), undefined)
})

test('an attempt that an expiry causes leaves before an attempt that fell due after it', async (t) => {
  const seen: string[] = []
  const { runDue, storage, clock } = await loop(createMemoryStorage(), async ({ url, body }) => {
    seen.push(`${url} ${eventOf({ body })}`)
    return answer()
  })
  await insert(storage, 'lapsing', { lapsesAt: CHARGED_AT + 10 * MINUTE_MS })
  await insert(storage, 'retried', { lapsesAt: CHARGED_AT + DAY_MS, tell: [URL_B] })
  await endAttempt(storage, `retried pending ${URL_B}`, CHARGED_AT + 20 * MINUTE_MS)

  clock.at += HOUR_MS
  await runDue.run()
  await runDue.settled()

  t.same(seen.map((entry) => entry.split(' ')[0]), [URL_A, URL_B])
})

test('more than one batch of due work is done in one run', async (t) => {
  const { runDue, storage, clock, sent } = await loop(createMemoryStorage())
  for (let count = 0; count < 150; count++) await insert(storage, String(count), { lapsesAt: CHARGED_AT + count })
  clock.at += 149

  await runDue.run()
  await runDue.settled()
  await runDue.run()
  await runDue.settled()

  t.same((await storage.listTransactions(MERCHANT_ID, { limit: 1000, status: 'pending' })).items, [])
  t.equal(sent.length > 0, true)
})

test('two loops over one storage never make the same attempt', async (t) => {
  const storage = createMemoryStorage()
  const [one, two] = [await loop(storage), await loop(storage)]
  for (let count = 0; count < 10; count++) await insert(storage, String(count), { lapsesAt: CHARGED_AT, tell: [`http://${count}.test/`] })

  await Promise.all([one.runDue.run(), two.runDue.run()])
  await Promise.all([one.runDue.settled(), two.runDue.settled()])

  const { items } = await storage.listNotifications(MERCHANT_ID, { limit: 100 })
  t.same(items.filter(({ attempts }) => attempts.length > 1), [])
  t.equal(items.filter(({ event }) => event === 'expire').length, 10)
  t.same([one, two].flatMap(({ errors }) => errors), [])
})

test('what is paid while its expiry is being claimed stays paid', async (t) => {
  const { runDue, storage, errors } = await loop(createMemoryStorage())
  await insert(storage, '1', { lapsesAt: CHARGED_AT })

  await Promise.all([move(storage, '1', 'settlement'), runDue.run()])

  t.equal((await storage.findTransaction(MERCHANT_ID, 'order-1', ['order_id']))?.status, 'settlement')
  t.same(errors, [])
  t.equal(await runDue.next(), undefined)
})

test('an expiry that cannot be kept is told, given back after a pause, and made', async (t) => {
  let failures = 0
  const keeper = { keep: async () => { if (failures-- > 0) throw new NotKept('the disk is full') }, close: async () => {} }
  const { runDue, storage, errors, waits } = await loop(new RecordStorage(new Tables(), keeper))
  await insert(storage, '1', { lapsesAt: CHARGED_AT })
  failures = 2

  await runDue.run()

  t.same(errors.map((error) => error instanceof NotKept), [true, true])
  t.equal(waits.length, 2)
  t.equal((await storage.findTransaction(MERCHANT_ID, 'order-1', ['order_id']))?.status, 'expire')
  t.equal((await storage.notificationsOf('id-1')).length, 1)
  await runDue.settled()
})

test('an attempt whose outcome cannot be kept is not told again: only keeping it is', async (t) => {
  let failures = 0
  const keeper = { keep: async () => { if (failures-- > 0) throw new NotKept('the disk is full') }, close: async () => {} }
  const { runDue, storage, errors, sent, waits } = await loop(new RecordStorage(new Tables(), keeper))
  await insert(storage, '1', { tell: [URL_A] })
  failures = 3

  await runDue.run()
  await runDue.settled()

  t.equal(sent.length, 1)
  t.same(waits, [1_000, 1_000, 1_000], 'a full disk is not hammered at')
  t.same(errors, [])
  t.match(await storage.findNotification(`1 pending ${URL_A}`), { state: 'delivered', attempts: [{ number: 1 }] })
})

test('a close gives up what hangs, which then counts as not made, and begins nothing more', async (t) => {
  const { runDue, storage, sent, errors } = await loop(createMemoryStorage(), ({ signal }) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  }))
  await insert(storage, '1', { tell: [URL_A] })
  await runDue.run()

  await runDue.close(0)
  await insert(storage, '2', { tell: [URL_A], lapsesAt: CHARGED_AT })
  await runDue.run()

  t.equal(sent.length, 1)
  t.same((await storage.findNotification(`1 pending ${URL_A}`))?.attempts, [])
  t.equal((await storage.findTransaction(MERCHANT_ID, 'order-2', ['order_id']))?.status, 'pending')
  t.same(errors, [])
})

test('a close waits for an attempt that ends in time, and records it', async (t) => {
  let end = (): void => {}
  const { runDue, storage, clock } = await loop(createMemoryStorage(), () => new Promise((resolve) => { end = () => resolve(answer()) }))
  clock.wait = (_ms, signal) => new Promise((resolve) => { signal?.addEventListener('abort', () => resolve()) })
  await insert(storage, '1', { tell: [URL_A] })
  await runDue.run()

  const closed = runDue.close(1000)
  await turn()
  end()
  await closed

  t.match(await storage.findNotification(`1 pending ${URL_A}`), { state: 'delivered', attempts: [{ number: 1 }] })
})

test('attempts of one merchant wait for no other merchant', async (t) => {
  const [slow, quick] = [await openReceiver(t, HANG), await openReceiver(t)]
  const emulator = await testEmulator(t, ['--notification-url', slow.url])
  await openOther(emulator, quick.url)

  await charge(emulator, 'order-101')
  await charge(emulator, 'order-101', {}, { authorization: `Basic ${Buffer.from('key-2:').toString('base64')}` })
  await emulator.runDue.run()
  await slow.received(1)
  await quick.received(1)

  t.match(JSON.parse(quick.requests[0]?.body ?? ''), { merchant_id: 'G2', order_id: 'order-101' })
})

async function openOther (emulator: TestEmulator, url: string): Promise<void> {
  await emulator.storage.changeMerchant('G2', () => merchant({ merchantId: 'G2', serverKey: 'key-2', settings: { notificationUrls: [url] } }))
}

function eventOf ({ body }: { readonly body: string }): string {
  return JSON.parse(body).transaction_status
}
