import { test } from 'tap'
import type { Test } from 'tap'

import { HOSTILE_RECEIVERS } from '../../bench/hostile-receivers.ts'
import { start } from '../../src/index.ts'
import { basic, chargeBody } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'
import type { NotificationDocument } from '../support/storage-world.ts'

/** A running emulator, over its port. */
interface Running {
  readonly url: string
  ask <Body> (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Body>
  /** Charges an order that only these URLs are told of. */
  charge (orderId: string, urls: readonly string[]): Promise<void>
  /** Pays it; resolves with its notifications, whole, once each has been attempted. */
  payAndSee (orderId: string): Promise<readonly NotificationDocument[]>
  see (notifications: ReadonlyArray<{ readonly id: string }>): Promise<readonly NotificationDocument[]>
}

interface Paid {
  readonly notifications: ReadonlyArray<{ readonly id: string }>
}

/** An emulator on a port of its own, whose attempts may take so long. */
async function running (t: Test, timeout: string): Promise<Running> {
  const { url, serverKey, close } = await start()
  t.teardown(close)
  const ask: Running['ask'] = async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: basic(serverKey), ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers },
      ...body === undefined ? {} : { body: JSON.stringify(body) }
    })
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return await response.json() as never
  }
  await ask('PUT', '/admin/settings', { notification_timeout: timeout, pending_notification: false })

  const see: Running['see'] = (notifications) => Promise.all(notifications.map(({ id }) => ask<NotificationDocument>('GET', `/admin/notifications/${id}`)))
  return {
    url,
    ask,
    see,
    async charge (orderId, urls) {
      const reply = await ask<{ status_code: string }>('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: orderId, gross_amount: 44000 } }), { 'x-override-notification': urls.join() })
      if (reply.status_code !== '201') throw new Error(JSON.stringify(reply))
    },
    async payAndSee (orderId) {
      const { notifications } = await ask<Paid>('POST', `/admin/transactions/${orderId}/pay?wait=attempted&timeout=30s`)
      return see(notifications)
    }
  }
}

/** What Node warns of from now on: of listeners that pile up, for one. */
function warningsOf (t: Test): readonly unknown[] {
  const warnings: unknown[] = []
  const onWarning = (warning: unknown): void => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  return warnings
}

for (const { does, open, record: { again, reason, ...outcome } } of HOSTILE_RECEIVERS) {
  test(`an attempt at a receiver that ${does} is on record: ${reason}`, async (t) => {
    const receiver = await open()
    t.teardown(receiver.close)
    const warnings = warningsOf(t)
    const { charge, payAndSee } = await running(t, outcome.error === 'timeout' ? '200ms' : '20s')

    await charge('order-101', [receiver.url])
    const [notification] = await payAndSee('order-101')

    t.match(notification, { state: again ? 'waiting' : outcome.outcome === 'delivered' ? 'delivered' : 'failed', url: receiver.url })
    t.match(notification?.attempts, [{ number: 1, ...outcome, next: { again, reason } }])
    t.equal(notification?.attempts.length, 1)
    t.equal(notification?.next_attempt_at === null, !again)
    t.same(warnings, [])
  })
}

test('an attempt that is led to the emulator itself never gets there', async (t) => {
  const { url, charge, payAndSee, ask } = await running(t, '20s')
  const receiver = await startReceiver((_request, response) => response.writeHead(307, { location: `${url}/v2/order-102/cancel` }).end())
  t.teardown(receiver.close)

  await charge('order-102', [])
  await charge('order-101', [receiver.url])
  const [notification] = await payAndSee('order-101')

  t.match(notification?.attempts, [{ status: null, error: 'forbidden_target', outcome: 'failed', next: { again: true, reason: /^forbidden_target: / } }])
  t.match(await ask('GET', '/v2/order-102/status'), { transaction_status: 'pending' })
})

test('while every hostile receiver has more than it can take, charges, payments and status calls are answered and another target is told', async (t) => {
  const { ask, charge, see } = await running(t, '300ms')
  const hostile = await Promise.all(HOSTILE_RECEIVERS.map(({ open }) => open()))
  const good = await startReceiver()
  for (const { close } of [...hostile, good]) t.teardown(close)

  // More than the 16 that go to one target side by side.
  const told = await Promise.all(hostile.map(async ({ url }, index) => {
    const notifications: Array<{ readonly id: string }> = []
    for (let count = 1; count <= 20; count++) {
      await charge(`order-${index}-${count}`, [url])
      notifications.push(...(await ask<Paid>('POST', `/admin/transactions/order-${index}-${count}/pay`)).notifications)
    }
    return notifications
  }))
  for (let count = 1; count <= 20; count++) {
    await charge(`good-${count}`, [good.url])
    await ask('POST', `/admin/transactions/good-${count}/pay`)
    t.match(await ask('GET', `/v2/good-${count}/status`), { status_code: '200', transaction_status: 'settlement' })
  }
  await good.received(20)
  t.equal(new Set(good.requests.map(({ body }) => body)).size, 20, 'each once')

  // And in the end each of them has been attempted, and says what came of it.
  for (const [index, { does, record }] of HOSTILE_RECEIVERS.entries()) {
    let seen: readonly NotificationDocument[]
    do seen = await see(told[index] ?? [])
    while (seen.some(({ attempts }) => attempts.length === 0))
    // In such a crowd even one that answers may do so too late.
    const reasons = new Set(seen.flatMap(({ attempts }) => attempts.map(({ next }) => next.reason.replace(/^timeout: .*/, record.reason))))
    t.same([seen.length, ...reasons], [20, record.reason], does)
  }
})
