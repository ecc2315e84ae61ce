// The official client as it stands, with nothing but its key: npm install midtrans-client
import midtrans from 'midtrans-client'

const client = new midtrans.CoreApi({ isProduction: false, serverKey: 'SB-Mid-server-warung', clientKey: 'SB-Mid-client-warung' })

const charge = (orderId) => client.charge({
  payment_type: 'cstore',
  transaction_details: { order_id: orderId, gross_amount: 44000 },
  cstore: { store: 'alfamart', message: 'Order in my shop' }
})
const show = (what, { order_id: orderId, transaction_status: status, status_code: code }) => console.log(`${what}: ${orderId} is ${status}, ${code}`)

const [first, second] = [`official-node-1-${Date.now()}`, `official-node-2-${Date.now()}`]
show('charge', await charge(first))
show('status', await client.transaction.status(first))
show('cancel', await client.transaction.cancel(first))
show('charge', await charge(second))
show('expire', await client.transaction.expire(second))
