import { test } from 'tap'

import { SandboxError, start, UsageError } from '../../src/index.ts'
import type { Sandbox, StartOptions } from '../../src/index.ts'
import { basic } from '../support/emulator.ts'
import { reply, startReceiver } from '../support/receiver.ts'

interface Teardown {
  teardown (end: () => Promise<void>): void
}

async function sandboxOf (t: Teardown, options: StartOptions = {}): Promise<Sandbox> {
  const sandbox = await start(options)
  t.teardown(() => sandbox.close())
  return sandbox
}

async function charge ({ url, serverKey }: Sandbox, orderId: string): Promise<{ readonly status_code: string, readonly payment_code: string }> {
  const response = await fetch(`${url}/v2/charge`, {
    method: 'POST',
    headers: { authorization: basic(serverKey), 'content-type': 'application/json' },
    body: JSON.stringify({ payment_type: 'cstore', transaction_details: { order_id: orderId, gross_amount: 44000 }, cstore: { store: 'indomaret' } })
  })
  return await response.json() as { readonly status_code: string, readonly payment_code: string }
}

test('a test pays, waits, and reads what its receiver was told', async (t) => {
  const receiver = await startReceiver(reply(200))
  t.teardown(() => receiver.close())
  const sandbox = await sandboxOf(t, { notificationUrl: receiver.url })
  const { payment_code: code } = await charge(sandbox, 'order-1')

  const paid = await sandbox.pay(code, { wait: 'attempted', amount: 44000 })
  t.match(paid, { transaction: { transaction_status: 'settlement' }, notifications: [{ event: 'settlement', state: 'delivered' }] })
  t.match(await sandbox.waitFor('order-1', { status: 'settlement', delivered: true }), { order_id: 'order-1' })
  const told = await sandbox.notifications({ ref: 'order-1' })
  t.same(told.map(({ event }) => event), ['settlement', 'pending'])
  t.equal((await sandbox.notification(told[0]?.id ?? '')).body, receiver.requests.find(({ body }) => body.includes('"settlement"'))?.body)

  t.match(await sandbox.reverse('order-1'), { transaction: { transaction_status: 'deny' } })
  t.match(await sandbox.notify('order-1', { event: 'pending', times: 2, wait: 'attempted' }), { notifications: [{ event: 'pending' }, { event: 'pending' }] })
  t.same((await sandbox.transactions({ status: 'deny' })).map((each) => each.order_id), ['order-1'])
  t.equal((await sandbox.transaction('order-1')).history.length, 3)
})

test('a day passes in a call, and a frozen seeded run repeats to the byte', async (t) => {
  const runs = await Promise.all([1, 2].map(async () => {
    const sandbox = await sandboxOf(t, { seed: 'run', frozen: '2026-11-22 20:00:00', notificationUrl: 'http://127.0.0.1:1/' })
    return JSON.stringify([await charge(sandbox, 'order-1'), await sandbox.advance('24h'), await sandbox.clock(), (await sandbox.transaction('order-1')).history])
  }))

  t.equal(runs[0], runs[1])
  const [charged, { effects }] = JSON.parse(runs[0] ?? '') as [{ transaction_time: string }, { effects: Array<{ wib: string, kind: string }> }]
  t.equal(charged.transaction_time, '2026-11-22 20:00:00')
  t.same(effects.map(({ wib, kind }) => `${wib} ${kind}`), [
    '2026-11-22 20:00:00 attempted', '2026-11-22 20:02:00 attempted', '2026-11-22 20:12:00 attempted', '2026-11-22 20:42:00 attempted',
    '2026-11-22 22:12:00 attempted', '2026-11-23 01:42:00 attempted', '2026-11-23 20:00:00 expired', '2026-11-23 20:00:00 attempted'
  ])
})

test('the clock stands from the beginning, goes on when told, and never back', async (t) => {
  const sandbox = await sandboxOf(t, { frozen: new Date('2026-11-22T13:00:00Z') })
  t.match(await sandbox.clock(), { now: '2026-11-22T13:00:00.000Z', frozen: true })
  await charge(sandbox, 'order-1')

  t.match(await sandbox.advance({ to: '2026-11-22 20:00:05' }), { from: '2026-11-22T13:00:00.000Z', to: '2026-11-22T13:00:05.000Z', effects: [] })
  t.match(await sandbox.advance(1_000), { to: '2026-11-22T13:00:06.000Z' })
  await t.rejects(sandbox.freeze('2026-11-22 20:00:00'), { name: 'SandboxError', status: 409, code: 'time_goes_back' })
  t.match(await sandbox.freeze('2026-11-22 21:00:00'), { wib: '2026-11-22 21:00:00' })
  t.match(await sandbox.resume(), { frozen: false })
  t.match(await sandbox.expire('order-1'), { transaction: { transaction_status: 'expire' } })
})

test('what does not hold in time is told with the state as it is', async (t) => {
  const sandbox = await sandboxOf(t, { frozen: true })
  await charge(sandbox, 'order-1')
  const refusal = await sandbox.waitFor('order-1', { status: 'settlement', timeout: 1 }).catch((error) => error) as SandboxError

  t.ok(refusal instanceof SandboxError)
  t.match(refusal, { status: 408, code: 'not_yet', document: { transaction: { transaction_status: 'pending' } } })
  await t.rejects(sandbox.pay('nothing'), { status: 404, code: 'transaction_unknown' })
})

test('an option that cannot be is refused before anything starts', async (t) => {
  await t.rejects(start({ frozen: 'yesterday' }), UsageError)
  await t.rejects(start({ frozen: new Date(NaN) }), UsageError)
  await t.rejects(start({ serverKey: 'admin' }), UsageError)
})

test('closing twice is fine', async (t) => {
  const sandbox = await start()
  await sandbox.close()
  await sandbox.close()
  await t.rejects(sandbox.clock())
})
