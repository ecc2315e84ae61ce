import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { start } from 'warung'

import { createShop } from '../shop/shop.js'
import { openBackend } from '../support.js'

/** @type {Awaited<ReturnType<typeof openBackend>>} */
let backend
/** @type {import('warung').Sandbox} */
let sandbox
/** @type {ReturnType<typeof createShop>} */
let shop
/** @type {string[]} */
const shipped = []

before(async () => {
  backend = await openBackend()
  sandbox = await start({ notificationUrl: `${backend.url}/notifications`, seed: 'checkout', frozen: '2026-11-22 20:00:00' })
  shop = createShop({ gatewayUrl: sandbox.url, serverKey: sandbox.serverKey, ship: (id) => shipped.push(id) })
  backend.serve(shop)
})

after(async () => {
  await sandbox.close()
  await backend.close()
})

test('paid at the till: the order is paid, and shipped', async () => {
  const order = await backend.order()
  assert.equal(await backend.statusOf(order.id), 'pending')

  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  assert.equal(await backend.statusOf(order.id), 'paid')
  assert.deepEqual(shipped.filter((id) => id === order.id), [order.id])
})

test('not paid within a day: the order expires', async () => {
  const order = await backend.order()

  await sandbox.advance('24h')
  assert.equal(await backend.statusOf(order.id), 'expired')
})

test('down when the customer pays: the shop is told again', async () => {
  const order = await backend.order()
  backend.goDown()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  backend.serve(shop)
  assert.equal(await backend.statusOf(order.id), 'pending')

  await sandbox.advance('2m')
  assert.equal(await backend.statusOf(order.id), 'paid')
})

test('paid and reversed while the shop was down: nothing is shipped', async () => {
  const order = await backend.order({ store: 'indomaret' })
  backend.goDown()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  await sandbox.reverse(order.paymentCode, { wait: 'attempted' })
  backend.serve(shop)

  await sandbox.advance('2m')
  assert.equal(await backend.statusOf(order.id), 'reversed')
  assert.ok(!shipped.includes(order.id))
})

test('the gateway cannot be asked whether it is true: the shop is told again', async () => {
  const order = await backend.order()
  await sandbox.waitFor(order.id, { delivered: true })

  await sandbox.faults([{ match: { endpoint: 'status' }, action: 'drop' }])
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  assert.equal(await backend.statusOf(order.id), 'pending')

  await sandbox.advance('2m')
  assert.equal(await backend.statusOf(order.id), 'paid')
})

test('a forged notification is refused', async () => {
  const order = await backend.order()

  const { notifications } = await sandbox.notify(order.id, { tamper: 'status', wait: 'attempted' })
  assert.equal(notifications[0]?.attempts[0]?.status, 403)
  assert.equal(await backend.statusOf(order.id), 'pending')
})

test('told twice, and late: the order is shipped once', async () => {
  const order = await backend.order()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })

  await sandbox.notify(order.id, { times: 2, wait: 'attempted' })
  await sandbox.notify(order.id, { event: 'pending', wait: 'attempted' })
  assert.equal(await backend.statusOf(order.id), 'paid')
  assert.deepEqual(shipped.filter((id) => id === order.id), [order.id])
})

for (const [store, secondReply] of /** @type {const} */ ([['alfamart', '201'], ['indomaret', '406']])) {
  test(`the reply to a charge is lost: ${store} has one payment code, and the customer gets it`, async () => {
    await sandbox.faults([{ match: { endpoint: 'charge' }, when: 'after', action: 'drop' }])
    const order = await backend.order({ store })

    const [transaction] = await sandbox.transactions({ q: order.id })
    assert.equal(transaction?.payment_code, order.paymentCode)
    const asked = await sandbox.requests({ endpoint: 'charge', ref: order.id })
    assert.deepEqual(asked.map((each) => each.status_code), [secondReply, null])
  })
}
