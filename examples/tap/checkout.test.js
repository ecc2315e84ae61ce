import { test } from 'tap'
import { start } from 'warung'

import { createShop } from '../shop/shop.js'
import { openBackend } from '../support.js'

/**
 * A shop and a gateway for one test alone.
 * @param {import('tap').Test} t
 */
async function openCheckout (t) {
  const backend = await openBackend()
  t.teardown(backend.close)
  const sandbox = await start({ notificationUrl: `${backend.url}/notifications`, seed: t.name, frozen: '2026-11-22 20:00:00' })
  t.teardown(sandbox.close)
  /** @type {string[]} */
  const shipped = []
  const shop = createShop({ gatewayUrl: sandbox.url, serverKey: sandbox.serverKey, ship: (id) => shipped.push(id) })
  backend.serve(shop)
  return { backend, sandbox, shop, shipped }
}

test('paid at the till: the order is paid, and shipped', async (t) => {
  const { backend, sandbox, shipped } = await openCheckout(t)
  const order = await backend.order()
  t.equal(await backend.statusOf(order.id), 'pending')

  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  t.equal(await backend.statusOf(order.id), 'paid')
  t.same(shipped, [order.id])
})

test('not paid within a day: the order expires', async (t) => {
  const { backend, sandbox } = await openCheckout(t)
  const order = await backend.order()

  await sandbox.advance('24h')
  t.equal(await backend.statusOf(order.id), 'expired')
})

test('down when the customer pays: the shop is told again', async (t) => {
  const { backend, sandbox, shop } = await openCheckout(t)
  const order = await backend.order()
  backend.goDown()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  backend.serve(shop)
  t.equal(await backend.statusOf(order.id), 'pending')

  await sandbox.advance('2m')
  t.equal(await backend.statusOf(order.id), 'paid')
})

test('paid and reversed while the shop was down: nothing is shipped', async (t) => {
  const { backend, sandbox, shop, shipped } = await openCheckout(t)
  const order = await backend.order({ store: 'indomaret' })
  backend.goDown()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  await sandbox.reverse(order.paymentCode, { wait: 'attempted' })
  backend.serve(shop)

  await sandbox.advance('2m')
  t.equal(await backend.statusOf(order.id), 'reversed')
  t.same(shipped, [])
})

test('the gateway cannot be asked whether it is true: the shop is told again', async (t) => {
  const { backend, sandbox } = await openCheckout(t)
  const order = await backend.order()
  await sandbox.waitFor(order.id, { delivered: true })

  await sandbox.faults([{ match: { endpoint: 'status' }, action: 'drop' }])
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  t.equal(await backend.statusOf(order.id), 'pending')

  await sandbox.advance('2m')
  t.equal(await backend.statusOf(order.id), 'paid')
})

test('a forged notification is refused', async (t) => {
  const { backend, sandbox } = await openCheckout(t)
  const order = await backend.order()

  const { notifications } = await sandbox.notify(order.id, { tamper: 'status', wait: 'attempted' })
  t.match(notifications, [{ attempts: [{ status: 403 }] }])
  t.equal(await backend.statusOf(order.id), 'pending')
})

test('told twice, and late: the order is shipped once', async (t) => {
  const { backend, sandbox, shipped } = await openCheckout(t)
  const order = await backend.order()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })

  await sandbox.notify(order.id, { times: 2, wait: 'attempted' })
  await sandbox.notify(order.id, { event: 'pending', wait: 'attempted' })
  t.equal(await backend.statusOf(order.id), 'paid')
  t.same(shipped, [order.id])
})

for (const [store, secondReply] of /** @type {const} */ ([['alfamart', '201'], ['indomaret', '406']])) {
  test(`the reply to a charge is lost: ${store} has one payment code, and the customer gets it`, async (t) => {
    const { backend, sandbox } = await openCheckout(t)
    await sandbox.faults([{ match: { endpoint: 'charge' }, when: 'after', action: 'drop' }])
    const order = await backend.order({ store })

    t.match(await sandbox.transactions(), [{ order_id: order.id, payment_code: order.paymentCode }])
    t.same((await sandbox.requests({ endpoint: 'charge' })).map((each) => each.status_code), [secondReply, null])
  })
}
