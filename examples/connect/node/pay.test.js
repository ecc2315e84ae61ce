// A customer pays, and the shop learns of it. Copy this test, put your own shop in place of shop.js, and run it:
//   node --test pay.test.js
// WARUNG_URL is where Warung is told what the customer does, NOTIFICATION_URL where it reaches port 8000 of this machine.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'

import { charge, createShop, statusOf } from './shop.js'

const { WARUNG_URL = 'http://127.0.0.1:6262', NOTIFICATION_URL = 'http://127.0.0.1:8000/', MIDTRANS_SERVER_KEY = 'SB-Mid-server-warung' } = process.env

const orderId = `node-${Date.now()}`
const heard = []
const shop = createShop(({ order_id: id, transaction_status: status }) => heard.push(`${id} ${status}`))

before(async () => {
  await once(shop.listen(8000), 'listening')
  await warung('PUT', '/admin/settings', { notification_urls: [NOTIFICATION_URL] })
})
after(() => shop.close())

test('a customer pays at the till, the shop is told, and a forgery is refused', async () => {
  const charged = await charge(orderId, 44000)
  assert.equal(charged.transaction_status, 'pending')
  assert.match(charged.payment_code, /^[A-Z0-9]+$/)
  assert.equal((await statusOf(orderId)).transaction_status, 'pending')

  await warung('POST', `/admin/transactions/${orderId}/pay?wait=attempted`)
  assert.equal((await statusOf(orderId)).transaction_status, 'settlement')
  assert.deepEqual(heard, [`${orderId} pending`, `${orderId} settlement`])

  const { notifications } = await warung('POST', `/admin/transactions/${orderId}/notify?wait=attempted`, { tamper: 'signature' })
  assert.equal(notifications[0].attempts[0].status, 403)
  assert.equal(heard.length, 2)
})

async function warung (method, path, body) {
  const response = await fetch(WARUNG_URL + path, {
    method,
    headers: { authorization: `Basic ${btoa(`${MIDTRANS_SERVER_KEY}:`)}`, ...body === undefined ? {} : { 'content-type': 'application/json' } },
    ...body === undefined ? {} : { body: JSON.stringify(body) }
  })
  assert.ok(response.ok, `${method} ${path}: ${response.status}`)
  return response.json()
}
