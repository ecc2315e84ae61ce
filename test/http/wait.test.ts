import { test } from 'tap'

import { testEmulator } from '../support/emulator.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import { charge, lapsesAfter } from '../support/storage-world.ts'

const WAIT = '/admin/transactions/order-101/wait'

test('what holds already is answered at once, in any spelling of the question', async (t) => {
  const emulator = await testEmulator(t)
  const { payment_code: code, transaction_id: id } = await charge(emulator, 'order-101')

  for (const url of [WAIT, `${WAIT}?status=pending`, `${WAIT}?delivered=true`, `${WAIT}?delivered=false&timeout=60s`, `/admin/transactions/${code}/wait`, `/admin/transactions/${id}/wait?status=pending&delivered=true`]) {
    const answer = await emulator.ask('GET', url)
    t.equal(answer.statusCode, 200, url)
    t.match(answer.json(), { order_id: 'order-101', transaction_status: 'pending', history: [{ status: 'pending' }], notifications: [] })
  }
})

for (const [status, how] of [['settlement', 'pay'], ['expire', 'expire']] as const) {
  test(`who waits for ${status} is answered when it comes`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    const waiting = emulator.ask('GET', `${WAIT}?status=${status}&timeout=60s`)
    await emulator.ask('POST', `/admin/transactions/order-101/${how}`)

    t.match((await waiting).json(), { transaction_status: status })
  })
}

test('a lapse by the clock is waited for as well', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101', lapsesAfter(1))
  const waiting = emulator.ask('GET', `${WAIT}?status=expire&timeout=60s`)
  await emulator.passTime(60_000)

  t.match((await waiting).json(), { transaction_status: 'expire' })
})

test('delivered means every notification so far', async (t) => {
  const receiver = await startReceiver(reply(503))
  t.teardown(() => receiver.close())
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'order-101')
  await emulator.passTime(0)
  t.equal((await emulator.ask('GET', `${WAIT}?delivered=true&timeout=1ms`)).statusCode, 408)

  receiver.handler = reply(200)
  const waiting = emulator.ask('GET', `${WAIT}?status=settlement&delivered=true&timeout=60s`)
  await emulator.ask('POST', '/admin/transactions/order-101/pay')
  await emulator.passTime(2 * 60_000)
  const { notifications } = (await waiting).json() as { notifications: Array<{ event: string, state: string }> }
  t.same(notifications.map(({ event, state }) => `${event} ${state}`), ['pending delivered', 'settlement delivered'])
})

test('when the time is up, the present state comes with 408', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')
  const answer = await emulator.ask('GET', `${WAIT}?status=settlement&timeout=1ms`)

  t.equal(answer.statusCode, 408)
  t.match(answer.json(), { code: 'not_yet', message: /wait again/, transaction: { order_id: 'order-101', transaction_status: 'pending', notifications: [] } })
})

test('a wait stays with its transaction when the order id is charged anew', async (t) => {
  const emulator = await testEmulator(t)
  const first = await charge(emulator, 'order-101')
  await emulator.ask('POST', '/v2/order-101/cancel')
  const waiting = emulator.ask('GET', `/admin/transactions/${first.transaction_id}/wait?status=cancel`)
  await charge(emulator, 'order-101')

  t.match((await waiting).json(), { transaction_id: first.transaction_id, transaction_status: 'cancel' })
})

test('a stop lets nobody wait on', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')
  const waiting = emulator.ask('GET', `${WAIT}?status=settlement&timeout=60s`)
  await emulator.ask('GET', WAIT)
  const closing = emulator.close()

  t.equal((await waiting).statusCode, 408)
  await closing
})

for (const [problem, query] of [['an unknown status', 'status=paid'], ['a delivered that is neither', 'delivered=yes'], ['a timeout that is too long', 'timeout=61s'], ['a timeout that is none', 'timeout=soon'], ['an unknown question', 'state=pending']]) {
  test(`${problem} is refused`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    t.equal((await emulator.ask('GET', `${WAIT}?${query}`)).statusCode, 400)
  })
}

test('nobody waits for what is not there', async (t) => {
  const emulator = await testEmulator(t)
  const answer = await emulator.ask('GET', WAIT)
  t.equal(answer.statusCode, 404)
  t.match(answer.json(), { code: 'transaction_unknown' })
})
