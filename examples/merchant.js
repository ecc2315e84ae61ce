// The shop of shop/ as a process: waits until Warung is ready, orders once for each store, and prints what it is told.
// The compose file runs it; so can you, with Warung started by --notification-url http://127.0.0.1:8000/notifications:
//   GATEWAY_URL=http://127.0.0.1:6262 node examples/merchant.js
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { createShop } from './shop/shop.js'

const { GATEWAY_URL = 'http://127.0.0.1:6262', SERVER_KEY = 'SB-Mid-server-warung', HOST = '127.0.0.1', PORT = '8000' } = process.env

const server = createServer(createShop({ gatewayUrl: GATEWAY_URL, serverKey: SERVER_KEY, log: console.log }))
await new Promise((resolve) => server.listen(Number(PORT), HOST, () => resolve(undefined)))
process.on('SIGTERM', () => process.exit(0))

while (!await isReady()) await sleep(200)
for (const store of ['alfamart', 'indomaret']) {
  const response = await fetch(`http://127.0.0.1:${PORT}/orders`, { method: 'POST', body: JSON.stringify({ item: 'coffee', store }) })
  const order = await response.json()
  console.log(response.ok ? `ordered ${order.id}: pay ${order.amount} with code ${order.paymentCode} at ${store}` : order.error)
}

async function isReady () {
  return fetch(`${GATEWAY_URL}/readyz`).then(({ ok }) => ok, () => false)
}
