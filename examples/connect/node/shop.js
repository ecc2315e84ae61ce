// What a shop's backend has: it charges, asks how a payment stands, and takes notifications. Nothing here knows of Warung.
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const { MIDTRANS_URL = 'https://api.sandbox.midtrans.com', MIDTRANS_SERVER_KEY = 'SB-Mid-server-warung' } = process.env

export const charge = (orderId, amount) => call('POST', '/v2/charge', {
  payment_type: 'cstore',
  transaction_details: { order_id: orderId, gross_amount: amount },
  cstore: { store: 'alfamart', message: 'Order in my shop' }
})

export const statusOf = (orderId) => call('GET', `/v2/${orderId}/status`)

/** SHA-512 of order id, status code, amount and server key, with the texts exactly as the notification shows them. */
export function isGenuine (notification) {
  const { order_id: orderId, status_code: statusCode, gross_amount: amount, signature_key: signature } = notification
  const expected = createHash('sha512').update(`${orderId}${statusCode}${amount}${MIDTRANS_SERVER_KEY}`).digest()
  const given = Buffer.from(String(signature), 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The notification URL: what is not genuine is refused and changes nothing. */
export function createShop (onNotification) {
  return createServer(async (request, response) => {
    const notification = await json(request).catch(() => null)
    if (!isGenuine(notification ?? {})) return response.writeHead(403).end()
    onNotification(notification)
    response.end()
  })
}

async function call (method, path, body) {
  const response = await fetch(MIDTRANS_URL + path, {
    method,
    headers: { authorization: `Basic ${btoa(`${MIDTRANS_SERVER_KEY}:`)}`, 'content-type': 'application/json', accept: 'application/json' },
    ...body === undefined ? {} : { body: JSON.stringify(body) }
  })
  return response.json()
}
