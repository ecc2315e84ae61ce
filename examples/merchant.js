// A merchant in fifty lines: waits until Warung is ready, charges one payment of each store, and prints every notification
// with what the gateway says about it. The compose file runs it; so can you:
//   WARUNG_URL=http://127.0.0.1:6262 node examples/merchant.js
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const { WARUNG_URL = 'http://127.0.0.1:6262', SERVER_KEY = 'SB-Mid-server-warung', HOST = '127.0.0.1', PORT = '8000' } = process.env

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405).end()
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  response.end('OK')
  const { order_id: orderId, transaction_id: transactionId } = JSON.parse(Buffer.concat(chunks).toString())
  // Never believe a notification: ask the gateway.
  const { transaction_status: status } = await call('GET', `/v2/${transactionId}/status`)
  console.log(`notification: ${orderId} is ${status}`)
})
await new Promise((resolve) => server.listen(Number(PORT), HOST, resolve))
process.on('SIGTERM', () => process.exit(0))

await untilReady()
for (const store of ['alfamart', 'indomaret']) {
  const reply = await call('POST', '/v2/charge', {
    payment_type: 'cstore',
    transaction_details: { order_id: `order-${store}-${Date.now()}`, gross_amount: 44000 },
    cstore: { store, message: 'Warung sample' }
  })
  console.log(`charged ${reply.order_id}: pay ${reply.gross_amount} with code ${reply.payment_code} at ${store}`)
}

async function call (method, path, body) {
  const response = await fetch(WARUNG_URL + path, {
    method,
    headers: { authorization: `Basic ${btoa(`${SERVER_KEY}:`)}`, 'content-type': 'application/json' },
    ...body === undefined ? {} : { body: JSON.stringify(body) }
  })
  return response.json()
}

async function untilReady () {
  for (;;) {
    const isReady = await fetch(`${WARUNG_URL}/readyz`).then(({ ok }) => ok, () => false)
    if (isReady) return
    await sleep(200)
  }
}
