// Prints every notification that arrives, and whether its signature is right.
//   node examples/receiver.js            listens on http://127.0.0.1:8000
// PORT, HOST and SERVER_KEY change what you would expect them to.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const { PORT = '8000', HOST = '127.0.0.1', SERVER_KEY = 'SB-Mid-server-warung' } = process.env

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    console.log(body)
    console.log(verdict(body))
    response.end('OK')
  })
})

server.listen(Number(PORT), HOST, () => console.log(`receiver ready on http://${HOST}:${server.address().port}`))

function verdict (body) {
  try {
    const { order_id: orderId, status_code: statusCode, gross_amount: grossAmount, signature_key: signature, transaction_status: status } = JSON.parse(body)
    const expected = createHash('sha512').update(orderId + statusCode + grossAmount + SERVER_KEY).digest('hex')
    return `${orderId} ${status}: signature ${signature === expected ? 'right' : 'WRONG'}`
  } catch {
    return 'this is not a notification'
  }
}
