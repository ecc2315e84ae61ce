import { join } from 'node:path'

import { test } from 'tap'
import type { Test } from 'tap'

import { chargeBody, manualClock, testEmulator } from '../../support/emulator.ts'
import type { ManualClock, TestEmulator } from '../../support/emulator.ts'
import { expectError, membersOf, signature } from '../../support/gateway-answers.ts'
import type { Reply } from '../../support/gateway-answers.ts'
import { changeSettings, charge, chargedInto, NOBODY, notificationsOf, notifiedBody, STORES } from '../../support/gateway-world.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

const OWN = `${NOBODY}/own`
const url = (name: string): string => `${NOBODY}/${name}`

const ENGINES: ReadonlyArray<readonly [name: string, flags: (t: Test) => readonly string[]]> = [
  ['memory', () => ['--data', ':memory:']],
  ['a JSON file', (t) => ['--data', join(t.testdir(), 'warung.json')]]
]

const order = (id: string, members: Record<string, unknown> = {}): Record<string, unknown> => chargeBody({ transaction_details: { order_id: id, gross_amount: 44000 }, ...members })
const times = <Value>(count: number, make: (at: number) => Promise<Value>): Promise<Value[]> => Promise.all(Array.from({ length: count }, (_, at) => make(at)))
const codesOf = (replies: readonly Reply[]): string[] => replies.map((reply) => membersOf(reply).status_code ?? '').sort()

for (const [engine, flags] of ENGINES) {
  for (const store of STORES) {
    test(`of 10 charges of ${store} at once with one order id exactly one gets through, in ${engine}`, async (t) => {
      const emulator = await testEmulator(t, [...flags(t), '--notification-url', OWN])
      const replies = await times(10, () => charge(emulator, chargeBody({ cstore: { store } })))
      t.same(codesOf(replies), ['201', ...Array.from({ length: 9 }, () => '406')])

      const made = replies.find((reply) => membersOf(reply).status_code === '201')
      const refused = replies.filter((reply) => reply !== made)
      for (const reply of refused) expectError(t, reply, 406)
      t.equal(new Set(replies.map((reply) => membersOf(reply).id ?? membersOf(reply).transaction_id)).size, 10, 'each with an id of its own')
      t.match(await emulator.ask('GET', '/v2/order-101/status'), { payload: membersOf(made as Reply).transaction_id })
      t.equal((await notificationsOf(emulator, 'order-101')).length, 1, 'one pending notification')
      t.equal((JSON.parse((await emulator.ask('GET', '/admin/transactions')).payload) as { items: unknown[] }).items.length, 1)
    })
  }

  test(`of 10 charges at once of both stores in turn with one order id exactly one gets through, in ${engine}`, async (t) => {
    const emulator = await testEmulator(t, flags(t))
    const replies = await times(10, (at) => charge(emulator, chargeBody({ cstore: { store: STORES[at % 2] } })))
    t.same(codesOf(replies), ['201', ...Array.from({ length: 9 }, () => '406')])
  })

  for (const end of ['cancel', 'expire', 'deny'] as const) {
    test(`after ${end} the order id is free for exactly one of 10 charges at once, in ${engine}`, async (t) => {
      const emulator = await testEmulator(t, flags(t))
      const first = await chargedInto(t, emulator, end)
      const replies = await times(10, () => charge(emulator, chargeBody()))
      t.same(codesOf(replies), ['201', ...Array.from({ length: 9 }, () => '406')])

      const second = membersOf(replies.find((reply) => membersOf(reply).status_code === '201') as Reply)
      t.equal(second.transaction_id === first.transaction_id, false, 'a new transaction')
      t.equal(second.payment_code === first.payment_code, false, 'a new code')
      t.equal(membersOf(await emulator.ask('GET', `/v2/${first.transaction_id}/status`)).transaction_status, end, 'the first one is as it was')
      t.equal(membersOf(await emulator.ask('GET', '/v2/order-101/status')).transaction_status, 'pending')
    })
  }

  test(`an order id is taken while pending and after settlement, and free at the second of its expiry, in ${engine}`, async (t) => {
    const emulator = await testEmulator(t, flags(t))
    await chargedInto(t, emulator, 'settlement', { order: 'paid' })
    await chargedInto(t, emulator, 'pending')
    await emulator.passTime(DAY_MS - 1)
    expectError(t, await charge(emulator, chargeBody()), 406)
    await emulator.passTime(1)
    t.equal(membersOf(await charge(emulator, chargeBody())).status_code, '201')
    await emulator.passTime(100 * DAY_MS)
    expectError(t, await charge(emulator, order('paid')), 406)
  })

  test(`of 10 cancels, expiries and payments at once exactly one happens, in ${engine}`, async (t) => {
    const emulator = await testEmulator(t, [...flags(t), '--notification-url', OWN])
    const { transaction_id: id } = await chargedInto(t, emulator, 'pending')
    const ways = ['/v2/order-101/cancel', '/v2/order-101/expire', '/admin/transactions/order-101/pay']
    const replies = await times(30, (at) => emulator.ask('POST', ways[at % 3] ?? ''))
    const happened = replies.filter(({ statusCode, payload }) => statusCode === 200 && !payload.includes('"412"'))
    t.equal(happened.length, 1)
    for (const [at, reply] of replies.entries()) if (at % 3 < 2 && !happened.includes(reply)) expectError(t, reply, 412, id)
    t.equal((await notificationsOf(emulator, 'order-101')).length, 2, 'pending, and what happened')
    const { history } = JSON.parse((await emulator.ask('GET', '/admin/transactions/order-101')).payload) as { history: unknown[] }
    t.equal(history.length, 2)
  })

  test(`300 charges at once get 300 transaction ids and payment codes, in ${engine}`, async (t) => {
    const emulator = await testEmulator(t, flags(t))
    const made = (await times(300, (at) => charge(emulator, order(`order-${at}`, { cstore: { store: STORES[at % 2] } })))).map(membersOf)
    t.equal(new Set(made.map((one) => one.transaction_id)).size, 300)
    t.equal(new Set(made.map((one) => `${one.store} ${one.payment_code}`)).size, 300)
    for (const { store, payment_code: code } of made) t.match(code, store === 'alfamart' ? /^8127\d{12}$/ : /^\d{12}$/)
    t.equal(new Set(made.filter((one) => one.store === 'indomaret').map((one) => one.payment_code?.slice(0, 4))).size, 1, 'Indomaret codes share the merchant\'s prefix')
  })

  test(`order ids that are names of object members are order ids as any other, in ${engine}`, async (t) => {
    const emulator = await testEmulator(t, flags(t))
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', '-1', '..']) {
      t.equal(membersOf(await charge(emulator, order(id))).order_id, id)
      expectError(t, await charge(emulator, order(id)), 406)
    }
  })
}

// Which URLs an event goes to: protocol 7.5 and the last table. The merchant's own is OWN.
interface UrlsRow {
  readonly name: string
  readonly override?: string
  readonly append?: string
  readonly own?: readonly string[]
  readonly told: readonly string[]
}

const URLS: readonly UrlsRow[] = [
  { name: 'neither header', told: [OWN] },
  { name: 'both headers empty', override: '', append: '', told: [OWN] },
  { name: 'an empty override, an append', override: '', append: url('a'), told: [OWN, url('a')] },
  { name: 'an override', override: url('o'), told: [url('o')] },
  { name: 'an override, an empty append', override: url('o'), append: '', told: [url('o')] },
  { name: 'an override of three', override: [url('1'), url('2'), url('3')].join(','), told: [url('1'), url('2'), url('3')] },
  { name: 'an override of four, of which the first three count', override: [url('1'), url('2'), url('3'), url('4')].join(','), told: [url('1'), url('2'), url('3')] },
  { name: 'an override with spaces and empty places', override: ` ${url('1')} , ,${url('2')},`, told: [url('1'), url('2')] },
  { name: 'an override that names a URL twice', override: [url('1'), url('1'), url('2'), url('3')].join(','), told: [url('1'), url('2'), url('3')] },
  { name: 'an override that has an unusable URL among three usable ones', override: ['ftp://shop.test/x', url('1'), 'nonsense', url('2'), 'http://user:pass@shop.test/', 'http://user@shop.test/', url('3')].join(','), told: [url('1'), url('2'), url('3')] },
  { name: 'an override without a usable URL', override: 'nonsense,ftp://shop.test,javascript:alert(1)', told: [] },
  { name: 'an override that is the merchant\'s own', override: OWN, told: [OWN] },
  { name: 'an append', append: url('a'), told: [OWN, url('a')] },
  { name: 'an append of three, which the own one does not count among', append: [url('1'), url('2'), url('3')].join(','), told: [OWN, url('1'), url('2'), url('3')] },
  { name: 'an append of four, of which the first three count', append: [url('1'), url('2'), url('3'), url('4')].join(','), told: [OWN, url('1'), url('2'), url('3')] },
  { name: 'an append of the merchant\'s own, which is told once', append: [OWN, url('1'), url('2'), url('3')].join(','), told: [OWN, url('1'), url('2'), url('3')] },
  { name: 'an append without a usable URL', append: 'nonsense', told: [OWN] },
  { name: 'an append where the merchant has two of his own', own: [OWN, url('own2')], append: [url('1'), url('2'), url('3')].join(','), told: [OWN, url('own2'), url('1'), url('2'), url('3')] },
  { name: 'an append where the merchant has none of his own', own: [], append: url('a'), told: [url('a')] },
  { name: 'no header where the merchant has none of his own', own: [], told: [] },
  { name: 'override and append: the override\'s first, three in all, never the own one', override: [url('1'), url('2')].join(','), append: [url('3'), url('4')].join(','), told: [url('1'), url('2'), url('3')] },
  { name: 'override and append that share a URL', override: [url('1'), url('2')].join(','), append: [url('2'), url('1'), url('3')].join(','), told: [url('1'), url('2'), url('3')] }
]

for (const { name, override, append, own = [OWN], told } of URLS) {
  test(`every event goes to the right URLs: ${name}`, async (t) => {
    const emulator = await testEmulator(t, own.length === 0 ? [] : ['--notification-url', own.join(',')])
    // In lower case, as the Python client sends them.
    const headers = { ...override === undefined ? {} : { 'x-override-notification': override }, ...append === undefined ? {} : { 'x-append-notification': append } }
    t.equal(membersOf(await charge(emulator, chargeBody({ cstore: { store: 'indomaret' } }), headers)).status_code, '201')
    await emulator.ask('POST', '/admin/transactions/order-101/pay')
    await emulator.ask('POST', '/admin/transactions/order-101/reverse')

    const notifications = await notificationsOf(emulator, 'order-101')
    for (const event of ['pending', 'settlement', 'deny']) {
      t.same(notifications.filter((one) => one.event === event).map((one) => one.url).sort(), [...told].sort(), event)
    }
  })
}

test('all URLs of one event get the same bytes', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await charge(emulator, chargeBody(), { 'x-append-notification': `${url('1')},${url('2')}` })
  const bodies = await Promise.all((await notificationsOf(emulator, 'order-101')).map(async ({ id }) => membersOf(await emulator.ask('GET', `/admin/notifications/${id}`)).body))
  t.equal(bodies.length, 3)
  t.equal(new Set(bodies).size, 1)
})

test('headers of one charge do not concern another one', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await charge(emulator, order('with'), { 'x-override-notification': url('o') })
  await charge(emulator, order('without'))
  t.same((await notificationsOf(emulator, 'without')).map((one) => one.url), [OWN])
})

test('new URLs of the merchant count for later events of older transactions; an override stays', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await charge(emulator, order('plain'))
  await charge(emulator, order('overridden'), { 'x-override-notification': url('o') })
  await charge(emulator, order('appended'), { 'x-append-notification': url('a') })
  await changeSettings(t, emulator, { notification_urls: [url('new')] })
  for (const [id, told] of [['plain', [url('new')]], ['overridden', [url('o')]], ['appended', [url('a'), url('new')]]] as const) {
    await emulator.ask('POST', `/v2/${id}/cancel`)
    const cancels = (await notificationsOf(emulator, id)).filter((one) => one.event === 'cancel')
    t.same(cancels.map((one) => one.url).sort(), told, id)
  }
})

test('a refused action or charge causes no notification', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await chargedInto(t, emulator, 'cancel')
  for (const action of ['cancel', 'expire', 'approve', 'deny', 'refund']) await emulator.ask('POST', `/v2/order-101/${action}`)
  t.equal((await notificationsOf(emulator, 'order-101')).length, 2)
})

test('the pending notification falls due with the charge', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await charge(emulator, chargeBody())
  t.match(await notificationsOf(emulator, 'order-101'), [{ event: 'pending', state: 'waiting', created_at: '2026-11-22T13:00:00.000Z', next_attempt_at: '2026-11-22T13:00:00.000Z' }])
  await emulator.passTime(0)
  t.match(await notificationsOf(emulator, 'order-101'), [{ attempts: [{ wib: '2026-11-22 20:00:00' }] }])
})

test('without pending notifications the first that a merchant hears is the payment', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await changeSettings(t, emulator, { pending_notification: false })
  await charge(emulator, chargeBody(), { 'x-append-notification': url('a') })
  t.same(await notificationsOf(emulator, 'order-101'), [])
  await emulator.ask('POST', '/admin/transactions/order-101/pay')
  t.same((await notificationsOf(emulator, 'order-101')).map((one) => one.event), ['settlement', 'settlement'])
})

test('a delayed pending notification leaves at its time, not a moment before', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await changeSettings(t, emulator, { pending_notification_delay: '2s' })
  const { transaction_time: charged } = membersOf(await charge(emulator, chargeBody()))
  t.equal(charged, '2026-11-22 20:00:00')
  await emulator.passTime(1_999)
  t.same((await notificationsOf(emulator, 'order-101'))[0]?.attempts, [])
  await emulator.passTime(1)
  t.match((await notificationsOf(emulator, 'order-101'))[0]?.attempts, [{ wib: '2026-11-22 20:00:02' }])
})

test('a delayed pending notification holds back the ones that follow it', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN], tickingClock())
  await changeSettings(t, emulator, { pending_notification_delay: '30s' })
  await charge(emulator, chargeBody())
  await emulator.passTime(SECOND_MS)
  await emulator.ask('POST', '/admin/transactions/order-101/pay')
  await emulator.passTime(20 * SECOND_MS)
  t.same((await notificationsOf(emulator, 'order-101')).map((one) => one.attempts.length), [0, 0])
  await emulator.passTime(10 * SECOND_MS)
  t.same(await firstAttempts(emulator), ['pending', 'settlement'])
})

test('first attempts leave in the order of events, whatever became of the ones before', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', `${OWN},${url('own2')}`], tickingClock())
  await chargedInto(t, emulator, 'deny', { store: 'indomaret' })
  await emulator.passTime(SECOND_MS)
  t.same(await firstAttempts(emulator, OWN), ['pending', 'settlement', 'deny'])
  t.same(await firstAttempts(emulator, url('own2')), ['pending', 'settlement', 'deny'])
})

test('a payment that lapses by itself is told at that second, after its pending notification', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await charge(emulator, chargeBody({ custom_expiry: { expiry_duration: 20, unit: 'second' } }))
  await emulator.passTime(20 * SECOND_MS)
  const [expire, pending] = await notificationsOf(emulator, 'order-101')
  t.match(pending, { event: 'pending', attempts: [{ wib: '2026-11-22 20:00:00' }] })
  t.match(expire, { event: 'expire', created_at: '2026-11-22T13:00:20.000Z', attempts: [{ wib: '2026-11-22 20:00:20' }] })
})

test('an expiry far beyond what a timer can wait comes at its second', async (t) => {
  const emulator = await testEmulator(t)
  t.equal(membersOf(await charge(emulator, chargeBody({ custom_expiry: { expiry_duration: 180, unit: 'day' } }))).expiry_time, '2027-05-21 20:00:00')
  await emulator.passTime(180 * DAY_MS - 1)
  t.equal(await statusOf(emulator), 'pending')
  await emulator.passTime(1)
  t.equal(await statusOf(emulator), 'expire')
})

test('a payment that was paid or called off does not lapse any more', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  for (const state of ['settlement', 'cancel', 'deny'] as const) {
    await chargedInto(t, emulator, state, { order: state })
    await emulator.passTime(2 * DAY_MS)
    t.equal(await statusOf(emulator, state), state)
    t.equal((await notificationsOf(emulator, state)).some((one) => one.event === 'expire'), false)
  }
})

test('with the lag of the gateway\'s batch job a payment lapses later, yet no till takes it past its time', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await changeSettings(t, emulator, { expiry_lag: '60s' })
  const { expiry_time: expiry, payment_code: code } = membersOf(await charge(emulator, chargeBody({ custom_expiry: { expiry_duration: 1 } })))
  t.equal(expiry, '2026-11-22 20:01:00', 'what the customer is told')

  await emulator.passTime(MINUTE_MS - 1)
  t.match(await emulator.ask('POST', '/till/alfamart/inquiry', { payment_code: code }), { payload: '"payable":true' })
  await emulator.passTime(1)
  t.match(await emulator.ask('POST', '/till/alfamart/payment', { payment_code: code }), { statusCode: 409, payload: '"code":"expired"' })
  t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay')).statusCode, 409)
  t.equal(await statusOf(emulator), 'pending')
  expectError(t, await charge(emulator, chargeBody()), 406)

  await emulator.passTime(MINUTE_MS - 1)
  t.equal(await statusOf(emulator), 'pending')
  await emulator.passTime(1)
  t.equal(await statusOf(emulator), 'expire')
  t.match((await notificationsOf(emulator, 'order-101'))[0], { event: 'expire', created_at: '2026-11-22T13:02:00.000Z' })
  t.match(await notifiedBody(emulator, 'order-101', 'expire'), '"expiry_time":"2026-11-22 20:01:00"')
  t.equal(membersOf(await charge(emulator, chargeBody())).status_code, '201')
})

test('a merchant may still cancel while the batch job lags', async (t) => {
  const emulator = await testEmulator(t)
  await changeSettings(t, emulator, { expiry_lag: '60s' })
  await charge(emulator, chargeBody({ custom_expiry: { expiry_duration: 1 } }))
  await emulator.passTime(90 * SECOND_MS)
  t.equal(membersOf(await emulator.ask('POST', '/v2/order-101/cancel')).status_code, '200')
  await emulator.passTime(90 * SECOND_MS)
  t.equal(await statusOf(emulator), 'cancel')
})

test('a new default expiry counts for later charges alone', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, order('before'))
  await changeSettings(t, emulator, { default_expiry: { alfamart: '1h' } })
  await charge(emulator, order('after'))
  await emulator.passTime(60 * MINUTE_MS)
  t.same([await statusOf(emulator, 'before'), await statusOf(emulator, 'after')], ['pending', 'expire'])
})

test('status and notification of one state are each signed over their own code', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', OWN])
  await chargedInto(t, emulator, 'expire')
  const status = membersOf(await emulator.ask('GET', '/v2/order-101/status'))
  const notification = membersOf({ payload: await notifiedBody(emulator, 'order-101', 'expire') })
  t.same([status.status_code, notification.status_code], ['407', '202'])
  t.equal(status.signature_key, signature(status))
  t.equal(notification.signature_key, signature(notification))
  t.equal(status.signature_key === notification.signature_key, false)
})

async function statusOf ({ ask }: TestEmulator, id = 'order-101'): Promise<string | undefined> {
  return membersOf(await ask('GET', `/v2/${id}/status`)).transaction_status
}

/** The events of order-101 in the order in which one URL heard of them first. */
async function firstAttempts (emulator: TestEmulator, to = OWN): Promise<string[]> {
  const at = (one: { attempts: ReadonlyArray<{ at: string }> }): string => one.attempts[0]?.at ?? 'never'
  const tried = (await notificationsOf(emulator, 'order-101')).filter((one) => one.url === to && one.attempts.length > 0)
  return [...tried].sort((a, b) => at(a) < at(b) ? -1 : 1).map((one) => one.event)
}

/** Moves on by a millisecond each time it is asked, so that what came first can be told. */
function tickingClock (): ManualClock {
  const clock = manualClock()
  return {
    get at () { return clock.at },
    set at (instant) { clock.at = instant },
    now: () => clock.at++,
    wait: clock.wait
  }
}
