import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { test } from 'tap'

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../support/domain.ts'
import { manualClock, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { charge, lapsesAfter, minute, notificationsOf, set, show } from '../support/storage-world.ts'

interface Test {
  testdir (): string
  teardown (end: () => Promise<void>): void
}

/** A receiver, and an emulator on a file that can be stopped and opened again at a later moment. */
interface Bench {
  readonly receiver: Receiver
  readonly path: string
  open (at: number): Promise<TestEmulator>
}

async function bench (t: Test, handler?: Handler): Promise<Bench> {
  const receiver = await startReceiver(handler)
  const opened: TestEmulator[] = []
  t.teardown(async () => {
    await receiver.close()
    await Promise.all(opened.map((emulator) => emulator.close()))
  })
  const path = join(t.testdir(), 'data', 'warung.json')
  return {
    receiver,
    path,
    open: async (at) => {
      const emulator = await testEmulator(t, ['--data', path, '--notification-url', `${receiver.url}/notify`], manualClock(at))
      opened.push(emulator)
      return emulator
    }
  }
}

test('after a stop and a start, retries and expiries go on at their instants with the same bytes', async (t) => {
  const { receiver, open } = await bench(t, reply(503))
  const before = await open(START)
  const charged = await charge(before, 'order-101', { ...lapsesAfter(20), customer_details: { first_name: 'Budi', last_name: 'Utomo' }, metadata: { b: [1, { z: 'é' }], a: null } })
  await before.passTime(0)
  const kept = await show(before, 'order-101')
  await before.close()

  const after = await open(START + MINUTE_MS)
  t.same(await show(after, 'order-101'), kept, 'nothing is lost or changed')
  await after.passTime(HOUR_MS)

  const [pending, expire] = await notificationsOf(after, 'order-101')
  t.same(pending?.attempts.map(({ at }) => minute(at)), [0, 2, 12, 42])
  t.same(expire?.attempts.map(({ at }) => minute(at)), [20, 22, 32])
  t.match(await show(after, charged.payment_code), { transaction_status: 'expire', history: [{}, { at: '2026-11-22T13:20:00.000Z', cause: 'clock' }] })
  t.same([...new Set(receiver.requests.map(({ body }) => body))], [pending?.body, expire?.body])
})

test('what fell due while it was stopped is done at the start, in order of due instants', async (t) => {
  const { receiver, open } = await bench(t)
  const before = await open(START)
  await charge(before, 'late', lapsesAfter(30))
  await charge(before, 'early', lapsesAfter(10))
  await charge(before, 'middle', lapsesAfter(20))
  await charge(before, 'open', lapsesAfter(24 * 60))
  await before.passTime(0)
  await before.close()

  const after = await open(START + HOUR_MS)
  await after.start()
  await receiver.received(4 + 3)
  await after.runDue.settled()

  const { items } = (await after.ask('GET', '/admin/notifications?limit=3')).json()
  t.same(items.map((item: { order_id: string }) => item.order_id).toReversed(), ['early', 'middle', 'late'])
  for (const [order, expiry] of [['early', 10], ['middle', 20], ['late', 30]] as const) {
    const { history } = await show(after, order)
    t.equal(minute(history[1]?.at ?? null), expiry, 'its history says when it expired')
    t.same((await notificationsOf(after, order))[1]?.attempts.map(({ at }) => minute(at)), [60], 'its notification leaves at the start')
  }
  t.equal((await show(after, 'open')).transaction_status, 'pending')
})

test('an attempt that was under way at a stop was not made, and is made at the start', async (t) => {
  const { receiver, open } = await bench(t, () => {})
  const before = await open(START)
  await charge(before, 'order-101')
  await before.runDue.run()
  await receiver.received(1)
  await before.runDue.close(0)
  await before.close()

  receiver.handler = reply(200)
  const after = await open(START + MINUTE_MS)
  t.same((await notificationsOf(after, 'order-101'))[0]?.attempts, [])
  await after.passTime(0)

  t.match((await notificationsOf(after, 'order-101'))[0], { state: 'delivered', attempts: [{ number: 1, at: '2026-11-22T13:01:00.000Z' }] })
  t.equal(receiver.requests[0]?.body, receiver.requests[1]?.body)
})

test('after a stop and a start order ids are still taken, codes are paid, and settings stay', async (t) => {
  const { open } = await bench(t)
  const before = await open(START)
  await set(before, { receipt_name: 'Toko Budi', active_stores: ['alfamart'], expiry_lag: '45s' })
  const { payment_code: code, transaction_id: id } = await charge(before, 'order-101')
  await before.close()

  const after = await open(START + MINUTE_MS)
  t.equal((await after.ask('POST', '/v2/charge', { payment_type: 'cstore', transaction_details: { order_id: 'order-101', gross_amount: 1 }, cstore: { store: 'alfamart' } })).json().status_code, '406')
  t.match((await after.ask('POST', '/till/alfamart/payment', { payment_code: code })).json(), { ok: true, receipt: { merchant: 'Toko Budi', order_id: 'order-101' } })
  t.match((await after.ask('GET', `/v2/${id}/status`)).json(), { transaction_status: 'settlement', settlement_time: '2026-11-22 20:01:00' })
  t.match((await after.ask('GET', '/admin/settings')).json(), { receipt_name: 'Toko Budi', active_stores: ['alfamart'], expiry_lag: '45s' })
  await after.passTime(2 * DAY_MS)
  t.equal((await show(after, id)).transaction_status, 'settlement')
})

test('with a seed, a stop in the middle changes no byte of what follows', async (t) => {
  const straight = await bench(t)
  const broken = await bench({ testdir: () => join(straight.path, '..', '..', 'broken'), teardown: (end) => t.teardown(end) })
  const play = async ({ open, receiver }: Bench, isStopped: boolean): Promise<unknown> => {
    const first = await open(START)
    const one = await charge(first, 'order-1')
    await first.passTime(MINUTE_MS)
    if (isStopped) await first.close()
    const second = isStopped ? await open(START + MINUTE_MS) : first
    const two = await charge(second, 'order-2')
    await second.passTime(0)
    await second.ask('POST', '/admin/transactions/order-1/pay')
    await second.passTime(0)
    return { one, two, bodies: receiver.requests.map(({ body }) => body) }
  }

  t.same(await play(broken, true), await play(straight, false))
})

test('after a clean stop the document holds all of it, a record per line, readable as one JSON value', async (t) => {
  const { path, open } = await bench(t)
  const emulator = await open(START)
  await charge(emulator, 'order-101')
  await charge(emulator, 'order-102')
  await emulator.passTime(0)
  await emulator.close()

  const text = await readFile(path, 'utf8')
  const document = JSON.parse(text)
  t.same(document.transactions.map((record: { order_id: string }) => record.order_id), ['order-101', 'order-102'])
  t.equal(document.notifications.length, 2)
  for (const record of [...document.transactions, ...document.notifications]) {
    t.equal(text.split('\n').filter((line) => line.replace(/,$/, '') === JSON.stringify(record)).length, 1)
  }
})
