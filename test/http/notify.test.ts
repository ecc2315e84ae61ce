import { test } from 'tap'
import type { Test } from 'tap'

import { basic, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { faultsOf, putFaults } from '../support/faults.ts'
import { signature } from '../support/gateway-answers.ts'
import { chargedInto, STATES, STORES } from '../support/gateway-world.ts'
import type { State } from '../support/gateway-world.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { notificationsOf } from '../support/storage-world.ts'
import type { NotificationDocument } from '../support/storage-world.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const ORDER = 'order-101'
const NOTIFY = `/admin/transactions/${ORDER}/notify`

/** The events that a transaction has had by then. */
const HAD: Record<State, readonly State[]> = {
  pending: ['pending'],
  settlement: ['pending', 'settlement'],
  expire: ['pending', 'expire'],
  cancel: ['pending', 'cancel'],
  deny: ['pending', 'settlement', 'deny']
}

for (const store of STORES) {
  for (const state of STATES) {
    test(`${store} in ${state}: what it has had is told again to the byte, what it has not is a 409`, async (t) => {
      const { emulator, receiver } = await world(t)
      await chargedInto(t, emulator, 'pending', { store })
      // A moment apart, so that settlement has a time of its own.
      await emulator.passTime(MINUTE_MS)
      await bring(emulator, state)
      await emulator.passTime(MINUTE_MS)
      const first = receiver.requests.map(({ body }) => body)
      t.same(first.map(eventOf), HAD[state])

      for (const event of STATES) {
        const known = HAD[state].indexOf(event)
        const sent = receiver.requests.length
        const again = await emulator.ask('POST', NOTIFY, { event })
        await emulator.passTime(0)
        if (known >= 0) {
          t.match([again.statusCode, again.json().notifications], [200, [{ event, state: 'waiting', attempts: [] }]], event)
          t.same(receiver.requests.slice(sent).map(({ body }) => body), [first[known]], `${event} to the byte`)
        } else {
          t.match([again.statusCode, again.json()], [409, { code: 'event_not_had', message: `never ${event}; it has been ${HAD[state].join(', ')}` }])
          t.equal(receiver.requests.length, sent)
        }
      }
      t.equal((await emulator.ask('GET', `/admin/transactions/${ORDER}`)).json().transaction_status, state, 'the transaction stays as it is')
      t.equal((await emulator.ask('GET', `/admin/transactions/${ORDER}`)).json().history.length, HAD[state].length)
    })
  }
}

for (const [name, body] of [['nothing', undefined], ['null', null], ['{}', {}]] as const) {
  test(`${name} tells of the present state, once, at once, truly`, async (t) => {
    const { emulator, receiver } = await world(t)
    await chargedInto(t, emulator, 'settlement')
    await emulator.passTime(0)
    const again = await emulator.ask('POST', NOTIFY, body)
    t.match(again.json(), { transaction: { order_id: ORDER }, notifications: [{ event: 'settlement', next_attempt_at: '2026-11-22T13:00:00.000Z' }] })
    t.equal(again.json().notifications.length, 1)
    await emulator.passTime(0)
    t.same(receiver.requests.map(({ body }) => eventOf(body)), ['pending', 'settlement', 'settlement'])
  })
}

test('times tells that often, each notification one of its own, all shown in the answer', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'settlement')
  await emulator.passTime(0)
  const { notifications } = (await emulator.ask('POST', NOTIFY, { times: 100 })).json() as { notifications: readonly NotificationDocument[] }
  t.equal(new Set(notifications.map(({ id }) => id)).size, 100)
  await emulator.passTime(0)
  t.equal(receiver.requests.length, 102)
  t.equal(new Set(receiver.requests.slice(1).map(({ body }) => body)).size, 1)
})

test('times goes to every URL that often, those of the charge included', async (t) => {
  const { emulator, receiver } = await world(t)
  await emulator.ask('POST', '/v2/charge', { payment_type: 'cstore', transaction_details: { order_id: ORDER, gross_amount: 44000 }, cstore: { store: 'alfamart' } }, { 'x-append-notification': `${receiver.url}/appended` })
  await emulator.passTime(0)
  await emulator.ask('POST', NOTIFY, { times: 3 })
  await emulator.passTime(0)
  t.same(receiver.requests.slice(2).map(({ url }) => url).sort(), ['/', '/', '/', '/appended', '/appended', '/appended'])
})

test('it goes to the URLs of now, and to nobody where there are none', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await emulator.ask('PUT', '/admin/settings', { notification_urls: [`${receiver.url}/new`] })
  t.match((await emulator.ask('POST', NOTIFY)).json().notifications, [{ url: `${receiver.url}/new` }])
  await emulator.ask('PUT', '/admin/settings', { notification_urls: [] })
  const again = await emulator.ask('POST', `${NOTIFY}?wait=attempted`)
  t.same([again.statusCode, again.json().notifications], [200, []])
})

test('delay puts it off', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(0)
  for (const [delay, at] of [['90s', '2026-11-22T13:01:30.000Z'], [90_000, '2026-11-22T13:01:30.000Z'], ['180d', '2027-05-21T13:00:00.000Z']] as const) {
    t.match((await emulator.ask('POST', NOTIFY, { delay })).json().notifications, [{ state: 'waiting', next_attempt_at: at }], String(delay))
  }
  await emulator.passTime(89_999)
  t.equal(receiver.requests.length, 1)
  await emulator.passTime(1)
  t.equal(receiver.requests.length, 3)
})

test('one that is delayed holds back the events that come meanwhile', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(0)
  await emulator.ask('POST', NOTIFY, { delay: '1m' })
  await emulator.ask('POST', `/admin/transactions/${ORDER}/pay`)
  await emulator.passTime(MINUTE_MS - 1)
  t.equal(receiver.requests.length, 1)
  await emulator.passTime(1)
  t.same(receiver.requests.map(({ body }) => eventOf(body)), ['pending', 'pending', 'settlement'])
})

test('tamper spoils what is told again, of an earlier event too, and the next is true', async (t) => {
  const { emulator } = await world(t)
  await chargedInto(t, emulator, 'settlement')
  for (const event of ['pending', 'settlement']) {
    const told: Array<Record<string, string>> = []
    for (const tamper of ['signature', 'amount', 'status', null]) {
      t.equal((await emulator.ask('POST', NOTIFY, { event, tamper })).statusCode, 200)
      told.push(JSON.parse((await notificationsOf(emulator, ORDER)).at(-1)?.body ?? '{}') as Record<string, string>)
    }
    t.same(told.map((body) => body.signature_key === signature(body)), [false, false, false, true])
    const [, amount, status, untouched] = told
    t.same([amount?.signature_key, status?.signature_key], [untouched?.signature_key, untouched?.signature_key])
    t.same([amount?.gross_amount, status?.transaction_status], ['44001.00', event === 'pending' ? 'settlement' : 'pending'])
  }
})

test('with ?wait=attempted the answer comes once all of them have been tried', async (t) => {
  const { emulator, receiver } = await world(t, reply(503))
  await emulator.start()
  await chargedInto(t, emulator, 'pending')
  const again = await emulator.ask('POST', `${NOTIFY}?wait=attempted&timeout=60s`, { times: 3 })
  t.match(again.json().notifications, Array.from({ length: 3 }, () => ({ state: 'waiting', attempts: [{ number: 1, status: 503, outcome: 'failed', next: { again: true } }] })))
  t.equal(receiver.requests.length, 4)
})

test('?wait=attempted gives up at its timeout on what is put off', async (t) => {
  const { emulator } = await world(t)
  await chargedInto(t, emulator, 'pending')
  const again = await emulator.ask('POST', `${NOTIFY}?wait=attempted&timeout=1ms`, { delay: '1h' })
  t.match([again.statusCode, again.json().notifications], [200, [{ state: 'waiting', attempts: [] }]])
})

test('faults let pass what a person tells again', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await putFaults(t, emulator, { match: { event: '*' }, times: null, action: 'drop' })
  await emulator.ask('POST', NOTIFY)
  await emulator.passTime(0)
  t.equal(receiver.requests.length, 2)
  t.match(await faultsOf(emulator), [{ seen: 0 }])
})

test('what is told again is tried again on failure, by a schedule of its own', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(MINUTE_MS)
  receiver.handler = reply(500)
  await emulator.ask('POST', NOTIFY)
  await emulator.passTime(MINUTE_MS * 5)
  t.match((await notificationsOf(emulator, ORDER))[1]?.attempts, [{ at: '2026-11-22T13:01:00.000Z' }, { at: '2026-11-22T13:03:00.000Z' }])
})

test('any reference finds the transaction, and one that is not ours is a 404', async (t) => {
  const { emulator } = await world(t)
  const { transaction_id: id = '', payment_code: code = '' } = await chargedInto(t, emulator, 'pending')
  for (const ref of [id, code, ORDER]) t.equal((await emulator.ask('POST', `/admin/transactions/${ref}/notify`)).statusCode, 200)
  t.match((await emulator.ask('POST', '/admin/transactions/nobody/notify')).json(), { code: 'transaction_unknown' })
  await emulator.storage.changeMerchant('G2', () => ({ ...emulator.merchant, merchantId: 'G2', serverKey: 'SB-Mid-server-two' }))
  const asOther = { authorization: basic('SB-Mid-server-two') }
  t.equal((await emulator.ask('POST', NOTIFY, undefined, asOther)).statusCode, 404)
  const [told] = await notificationsOf(emulator, ORDER)
  t.match((await emulator.ask('POST', `/admin/notifications/${told?.id ?? ''}/attempt`, undefined, asOther)).json(), { code: 'notification_unknown' })
})

const malformed: readonly unknown[] = [
  [], 'settlement', 7, { event: 'settled' }, { event: '*' }, { event: null }, { times: 0 }, { times: 101 }, { times: 1.5 }, { times: '1' }, { times: null },
  { delay: 'soon' }, { delay: -1 }, { delay: 0.5 }, { delay: null }, { delay: '181d' }, { delay: Number.MAX_SAFE_INTEGER }, { tamper: 'order' }, { tamper: true }, { copies: 2 }
]

test('a malformed document is a 400 and tells nobody', async (t) => {
  const { emulator } = await world(t)
  await chargedInto(t, emulator, 'pending')
  for (const body of malformed) {
    const refused = await emulator.ask('POST', NOTIFY, body)
    t.match([refused.statusCode, refused.json().code], [400, 'invalid_request'], JSON.stringify(body))
  }
  t.equal((await emulator.ask('POST', NOTIFY, '{')).statusCode, 400)
  t.equal((await emulator.ask('POST', `${NOTIFY}?wait=delivered`)).statusCode, 400)
  t.equal((await notificationsOf(emulator, ORDER)).length, 1)
})

test('attempt on one that waits for its first: it is delivered now, and its schedule is over', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  t.match(await attempt(emulator), { state: 'delivered', next_attempt_at: null, attempts: [{ number: 1, status: 200, outcome: 'delivered', next: { again: false } }] })
  await emulator.passTime(DAY_MS - 1)
  t.equal(receiver.requests.length, 1)
})

test('attempt on one that waits for a retry counts as that retry', async (t) => {
  const { emulator, receiver } = await world(t, reply(503))
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(MINUTE_MS)
  t.match(await attempt(emulator), { state: 'waiting', next_attempt_at: '2026-11-22T13:11:00.000Z', attempts: [{ at: '2026-11-22T13:00:00.000Z' }, { number: 2, at: '2026-11-22T13:01:00.000Z', status: 503 }] })
  await emulator.passTime(10 * MINUTE_MS - 1)
  t.equal(receiver.requests.length, 2)
  receiver.handler = reply(200)
  await emulator.passTime(1)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'delivered', attempts: [{}, {}, { number: 3 }] }])
})

test('attempt on one that is put off lets those behind it go', async (t) => {
  const { emulator, receiver } = await world(t)
  await emulator.ask('PUT', '/admin/settings', { pending_notification_delay: '1h' })
  await chargedInto(t, emulator, 'settlement')
  await emulator.passTime(0)
  t.equal(receiver.requests.length, 0)
  await attempt(emulator)
  await emulator.passTime(0)
  t.same(receiver.requests.map(({ body }) => eventOf(body)), ['pending', 'settlement'])
})

test('attempt on one that others hold back overtakes them, and they leave at their time', async (t) => {
  const { emulator, receiver } = await world(t)
  await emulator.ask('PUT', '/admin/settings', { pending_notification_delay: '1h' })
  await chargedInto(t, emulator, 'settlement')
  t.match(await attempt(emulator, 1), { event: 'settlement', state: 'delivered' })
  await emulator.passTime(60 * MINUTE_MS)
  t.same(receiver.requests.map(({ body }) => eventOf(body)), ['settlement', 'pending'])
})

test('attempt on one that is delivered sends it again, and it stays delivered whatever comes of it', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(0)
  for (const status of [200, 500, 302]) {
    receiver.handler = reply(status)
    t.match(await attempt(emulator), { state: 'delivered', next_attempt_at: null, attempts: [{}] }, `${status}`)
  }
  const [told] = await notificationsOf(emulator, ORDER)
  t.same(told?.attempts.map(({ number, status, next }) => [number, status, next.again]), [[1, 200, false], [2, 200, false], [3, 500, false], [4, 302, false]])
  t.equal(new Set(receiver.requests.map(({ body }) => body)).size, 1)
  await emulator.passTime(DAY_MS - 1)
  t.equal(receiver.requests.length, 4)
})

test('attempt on one that failed for good delivers it after all, or leaves it failed without a new schedule', async (t) => {
  const { emulator, receiver } = await world(t, reply(302))
  await chargedInto(t, emulator, 'pending')
  await emulator.passTime(0)
  receiver.handler = reply(503)
  t.match(await attempt(emulator), { state: 'failed', next_attempt_at: null, attempts: [{}, { status: 503, next: { again: false, at: null } }] })
  receiver.handler = reply(200)
  t.match(await attempt(emulator), { state: 'delivered', next_attempt_at: null })
})

test('attempt on one that was dropped sends it: it stays dropped until it is delivered', async (t) => {
  const { emulator, receiver } = await world(t, reply(500))
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'drop' })
  await chargedInto(t, emulator, 'pending')
  t.match(await attempt(emulator), { state: 'dropped', next_attempt_at: null, attempts: [{ number: 1, status: 500, next: { again: false } }] })
  await emulator.passTime(60 * MINUTE_MS)
  t.equal(receiver.requests.length, 1)
  receiver.handler = reply(200)
  t.match(await attempt(emulator), { state: 'delivered', attempts: [{}, { number: 2 }] })
})

test('attempt on one that is held sends it, and holds no longer', async (t) => {
  const { emulator, receiver } = await world(t)
  await putFaults(t, emulator, { match: { event: 'pending' }, action: 'hold' })
  await chargedInto(t, emulator, 'pending')
  t.match(await attempt(emulator), { state: 'delivered', attempts: [{ number: 1 }] })
  await emulator.ask('POST', `/admin/transactions/${ORDER}/pay`)
  await emulator.ask('DELETE', '/admin/faults')
  await emulator.passTime(0)
  t.same(receiver.requests.map(({ body }) => eventOf(body)), ['pending', 'settlement'])
})

test('attempts at once beside the schedule are each made and each on record, with numbers of their own', async (t) => {
  const { emulator, receiver } = await world(t, () => {})
  await emulator.start()
  await chargedInto(t, emulator, 'pending')
  await receiver.received(1)
  const [told] = await notificationsOf(emulator, ORDER)
  const attempts = [1, 2, 3].map(async () => emulator.ask('POST', `/admin/notifications/${told?.id ?? ''}/attempt`))
  // What came first is answered last.
  receiver.handler = (_request, response) => { response.end() }
  await Promise.all(attempts)
  t.match(await notificationsOf(emulator, ORDER), [{ state: 'delivered', attempts: [{ number: 1 }, { number: 2 }, { number: 3 }] }])
  await receiver.close()
  await emulator.runDue.settled()
  const [after] = await notificationsOf(emulator, ORDER)
  t.match(after, { state: 'delivered', next_attempt_at: null, attempts: [{}, {}, {}, { number: 4, outcome: 'failed', next: { again: false } }] })
})

test('attempt is nothing that time caused: no advance tells of it', async (t) => {
  const { emulator, receiver } = await world(t)
  await emulator.ask('POST', '/admin/clock/freeze')
  await chargedInto(t, emulator, 'pending')
  await attempt(emulator)
  t.same((await emulator.ask('POST', '/admin/clock/advance', { by: '1m' })).json().effects, [])
  t.equal(receiver.requests.length, 1)
})

test('attempt takes no document, and an unknown notification is a 404', async (t) => {
  const { emulator, receiver } = await world(t)
  await chargedInto(t, emulator, 'pending')
  const [told] = await notificationsOf(emulator, ORDER)
  t.equal((await emulator.ask('POST', `/admin/notifications/${told?.id ?? ''}/attempt`, { now: true })).statusCode, 400)
  t.match((await emulator.ask('POST', '/admin/notifications/none/attempt')).json(), { code: 'notification_unknown' })
  t.equal(receiver.requests.length, 0)
})

/** An emulator that tells a receiver which answers so. */
async function world (t: Test, handler: Handler = reply(200)): Promise<{ readonly emulator: TestEmulator, readonly receiver: Receiver }> {
  const receiver = await startReceiver(handler)
  t.teardown(receiver.close)
  return { receiver, emulator: await testEmulator(t, ['--notification-url', receiver.url]) }
}

/** Tries the notification that was recorded first, or the one at this place, and shows it. */
async function attempt (emulator: TestEmulator, place = 0): Promise<NotificationDocument> {
  const told = (await notificationsOf(emulator, ORDER))[place]
  return (await emulator.ask('POST', `/admin/notifications/${told?.id ?? ''}/attempt`)).json()
}

async function bring ({ ask, passTime }: TestEmulator, state: State): Promise<void> {
  if (state === 'settlement' || state === 'deny') await ask('POST', `/admin/transactions/${ORDER}/pay`)
  await passTime(MINUTE_MS)
  if (state === 'deny') await ask('POST', `/admin/transactions/${ORDER}/reverse`)
  if (state === 'cancel' || state === 'expire') await ask('POST', `/v2/${ORDER}/${state}`)
}

function eventOf (body: string): string {
  return (JSON.parse(body) as { transaction_status: string }).transaction_status
}
