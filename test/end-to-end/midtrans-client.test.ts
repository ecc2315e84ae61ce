import { createRequire } from 'node:module'

import { test } from 'tap'
import type { Test } from 'tap'

import { start } from '../../src/index.ts'
import { startReceiver } from '../support/receiver.ts'

const require = createRequire(import.meta.url)

type Body = Record<string, string>
interface CoreApi {
  charge (parameter: unknown): Promise<Body>
  transaction: Record<'status' | 'cancel' | 'expire' | 'deny' | 'approve' | 'refund' | 'statusb2b', (id: string) => Promise<Body>> & { notification (body: unknown): Promise<Body> }
}
/** What the official client throws. */
interface MidtransError { httpStatusCode: unknown, ApiResponse: Body & { validation_messages?: string[] } }

// The official client as its users point it here; the package itself is untouched.
const midtrans = require('midtrans-client') as { CoreApi: new (options: { isProduction: boolean, serverKey: string, clientKey: string }) => CoreApi }
const apiConfig = require('midtrans-client/lib/apiConfig') as { CORE_SANDBOX_BASE_URL: string }

const serverKey = 'SB-Mid-server-e2e'

test('the official client charges, asks, cancels and expires, and handles a notification while it is delivered', async (t) => {
  const receiver = await startReceiver()
  const sandbox = await start({ serverKey, notificationUrl: `${receiver.url}/notify` })
  t.teardown(receiver.close)
  t.teardown(sandbox.close)
  apiConfig.CORE_SANDBOX_BASE_URL = sandbox.url
  const client = clientWith(serverKey)

  const handled: Body[] = []
  receiver.handler = async (request, response) => {
    handled.push(await client.transaction.notification(JSON.parse(request.body)))
    response.end()
  }

  const alfamart = await client.charge(charge('order-a', 'alfamart'))
  t.match(alfamart, { status_code: '201', transaction_status: 'pending', store: 'alfamart', fraud_status: 'accept', gross_amount: '44000.00' })
  const indomaret = await client.charge(charge('order-i', 'Indomaret'))
  t.match(indomaret, { status_code: '201', store: 'indomaret', payment_code: /^\d{12}$/ })

  t.match(await client.transaction.status('order-a'), { status_code: '201', transaction_id: alfamart.transaction_id })
  t.match(await client.transaction.status(alfamart.transaction_id ?? ''), { order_id: 'order-a', status_message: 'Success, transaction is found' })

  await refused(t, client.charge(charge('order-a', 'alfamart')), '406')
  await refused(t, clientWith('SB-Mid-server-unknown').charge(charge('order-b', 'alfamart')), 401)
  const invalid = await refused(t, client.charge({ payment_type: 'cstore', cstore: { store: 'alfamart' }, transaction_details: { order_id: '', gross_amount: 0 } }), 400)
  t.same(invalid.ApiResponse.validation_messages, [
    'transaction_details.order_id is required', 'transaction_details.gross_amount must be greater than or equal to 0.01'
  ])

  t.match(await client.transaction.cancel('order-a'), { status_code: '200', status_message: 'Success, transaction is canceled', transaction_status: 'cancel' })
  const again = await refused(t, client.transaction.cancel('order-a'), '412')
  t.equal(again.ApiResponse.id, alfamart.transaction_id)
  // Body 407 on HTTP 200: a success to every client.
  t.match(await client.transaction.expire('order-i'), { status_code: '407', status_message: 'Success, transaction is expired' })
  t.match(await client.transaction.status('order-i'), { status_code: '407', transaction_status: 'expire' })
  await refused(t, client.transaction.status('order-unknown'), '404')
  for (const action of ['approve', 'deny', 'refund'] as const) await refused(t, client.transaction[action]('order-i'), '412')
  await refused(t, client.transaction.statusb2b('order-i'), '404')

  await receiver.received(4)
  while (handled.length < 4) await new Promise((resolve) => setImmediate(resolve))
  const notified = receiver.requests.map(({ body }) => JSON.parse(body) as Body).map((body) => `${body.order_id} ${body.transaction_status}`)
  t.same(notified.sort(), ['order-a cancel', 'order-a pending', 'order-i expire', 'order-i pending'])
  t.match(receiver.requests[0], { method: 'POST', url: '/notify', headers: { 'user-agent': 'Veritrans', accept: 'application/json', 'content-type': 'application/json' } })
  t.same(new Set(handled.map((body) => body.transaction_id)), new Set([alfamart.transaction_id, indomaret.transaction_id]))
})

function clientWith (key: string): CoreApi {
  return new midtrans.CoreApi({ isProduction: false, serverKey: key, clientKey: 'SB-Mid-client-e2e' })
}

function charge (orderId: string, store: string): unknown {
  return { payment_type: 'cstore', transaction_details: { order_id: orderId, gross_amount: 44000 }, cstore: { store } }
}

/** A number where the client read the HTTP status, a text where it read the body: both are part of what users see. */
async function refused (t: Pick<Test, 'equal'>, promise: Promise<unknown>, status: string | number): Promise<MidtransError> {
  const error = await promise.then(() => undefined, (error: MidtransError) => error)
  t.equal(error?.httpStatusCode, status)
  return error ?? { httpStatusCode: undefined, ApiResponse: {} }
}
