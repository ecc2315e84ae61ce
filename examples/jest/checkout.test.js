import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { start } from 'warung'

import { createShop } from '../shop/shop.js'
import { openBackend } from '../support.js'

const ship = jest.fn()
/** @type {Awaited<ReturnType<typeof openBackend>>} */
let backend
/** @type {import('warung').Sandbox} */
let sandbox
/** @type {ReturnType<typeof createShop>} */
let shop

beforeAll(async () => {
  backend = await openBackend()
  sandbox = await start({ notificationUrl: `${backend.url}/notifications`, seed: 'checkout', frozen: '2026-11-22 20:00:00' })
  shop = createShop({ gatewayUrl: sandbox.url, serverKey: sandbox.serverKey, ship })
  backend.serve(shop)
})

afterAll(async () => {
  await sandbox.close()
  await backend.close()
})

beforeEach(() => {
  ship.mockClear()
})

test('paid at the till: the order is paid, and shipped', async () => {
  const order = await backend.order()
  expect(await backend.statusOf(order.id)).toBe('pending')

  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  expect(await backend.statusOf(order.id)).toBe('paid')
  expect(ship.mock.calls).toEqual([[order.id]])
})

test('not paid within a day: the order expires', async () => {
  const order = await backend.order()

  await sandbox.advance('24h')
  expect(await backend.statusOf(order.id)).toBe('expired')
})

describe('while the shop is down', () => {
  test('paid: the shop is told again', async () => {
    const order = await backend.order()
    backend.goDown()
    await sandbox.pay(order.paymentCode, { wait: 'attempted' })
    backend.serve(shop)
    expect(await backend.statusOf(order.id)).toBe('pending')

    await sandbox.advance('2m')
    expect(await backend.statusOf(order.id)).toBe('paid')
  })

  test('paid and reversed: nothing is shipped', async () => {
    const order = await backend.order({ store: 'indomaret' })
    backend.goDown()
    await sandbox.pay(order.paymentCode, { wait: 'attempted' })
    await sandbox.reverse(order.paymentCode, { wait: 'attempted' })
    backend.serve(shop)

    await sandbox.advance('2m')
    expect(await backend.statusOf(order.id)).toBe('reversed')
    expect(ship).not.toHaveBeenCalled()
  })
})

test('the gateway cannot be asked whether it is true: the shop is told again', async () => {
  const order = await backend.order()
  await sandbox.waitFor(order.id, { delivered: true })

  await sandbox.faults([{ match: { endpoint: 'status' }, action: 'drop' }])
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  expect(await backend.statusOf(order.id)).toBe('pending')

  await sandbox.advance('2m')
  expect(await backend.statusOf(order.id)).toBe('paid')
})

test('a forged notification is refused', async () => {
  const order = await backend.order()

  const { notifications } = await sandbox.notify(order.id, { tamper: 'status', wait: 'attempted' })
  expect(notifications).toMatchObject([{ attempts: [{ status: 403 }] }])
  expect(await backend.statusOf(order.id)).toBe('pending')
})

test('told twice, and late: the order is shipped once', async () => {
  const order = await backend.order()
  await sandbox.pay(order.paymentCode, { wait: 'attempted' })

  await sandbox.notify(order.id, { times: 2, wait: 'attempted' })
  await sandbox.notify(order.id, { event: 'pending', wait: 'attempted' })
  expect(await backend.statusOf(order.id)).toBe('paid')
  expect(ship).toHaveBeenCalledTimes(1)
})

test.each(/** @type {const} */ ([['alfamart', '201'], ['indomaret', '406']]))('the reply to a charge is lost: %s has one payment code, and the customer gets it', async (store, secondReply) => {
  await sandbox.faults([{ match: { endpoint: 'charge' }, when: 'after', action: 'drop' }])
  const order = await backend.order({ store })

  expect(await sandbox.transactions({ q: order.id })).toMatchObject([{ payment_code: order.paymentCode }])
  expect(await sandbox.requests({ endpoint: 'charge', ref: order.id })).toMatchObject([{ status_code: secondReply }, { status_code: null }])
})
