import { randomUUID } from 'node:crypto'

import { openGateway } from './gateway.js'
import { ordersInMemory } from './orders.js'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Move, Orders } from './orders.js' */
/** @typedef {{ status: number, body: unknown }} Answer */

/** Prices are ours: no amount is taken from a customer's request. */
const PRICES = new Map([['tea', 25_000], ['coffee', 44_000]])

/**
 * Where the gateway's word takes an order, and from where. What is told twice, late or out of order finds no way.
 * @type {Record<string, Move>}
 */
const MOVES = {
  settlement: { from: ['pending'], to: 'paid' },
  expire: { from: ['pending'], to: 'expired' },
  cancel: { from: ['pending'], to: 'cancelled' },
  deny: { from: ['pending', 'paid'], to: 'reversed' }
}

const BODY_LIMIT = 64 * 1024

/**
 * A shop whose customers pay at Alfamart or Indomaret: `POST /orders`, `GET /orders/{id}`, and `POST /notifications` for the gateway.
 * Made for `http.createServer`.
 * @param {object} config
 * @param {string} config.gatewayUrl `https://api.midtrans.com`, `https://api.sandbox.midtrans.com`, or Warung's
 * @param {string} config.serverKey
 * @param {Orders} [config.orders]
 * @param {(orderId: string) => unknown} [config.ship] Called once for an order that is paid. With a database, note it there in the same transaction as the move
 * @param {(line: string) => void} [config.log]
 */
export function createShop ({ gatewayUrl, serverKey, orders = ordersInMemory(), ship = () => {}, log = () => {} }) {
  const gateway = openGateway({ url: gatewayUrl, serverKey })

  /**
   * @param {Record<string, unknown>} wish
   * @returns {Promise<Answer>}
   */
  async function placeOrder ({ item, store }) {
    const amount = PRICES.get(String(item))
    if (amount === undefined) return { status: 400, body: { error: `we sell ${[...PRICES.keys()].join(' and ')}` } }

    const id = `order-${randomUUID()}`
    // Kept before it is charged, since a notification may overtake the gateway's reply.
    await orders.add({ id, item: String(item), store: String(store), amount, status: 'pending' })
    const charge = await gateway.charge({ id, store: String(store), amount })
    if ('refusal' in charge) {
      await orders.move(id, { from: ['pending'], to: 'refused' })
      return { status: 422, body: { error: charge.refusal } }
    }
    await orders.amend(id, { paymentCode: charge.payment.payment_code, payBefore: charge.payment.expiry_time })
    return { status: 201, body: await orders.find(id) }
  }

  /**
   * @param {string} id
   * @returns {Promise<Answer>}
   */
  async function showOrder (id) {
    const order = await orders.find(id)
    return order === undefined ? { status: 404, body: { error: 'no such order' } } : { status: 200, body: order }
  }

  /**
   * Answers only when all is done: whoever is told 200 does not tell again.
   * @param {Record<string, unknown>} notification
   * @returns {Promise<Answer>}
   */
  async function hear (notification) {
    if (!gateway.isGenuine(notification)) return { status: 403, body: { error: 'wrong signature' } }
    const id = String(notification.order_id)
    if (await orders.find(id) === undefined) return { status: 404, body: { error: 'no such order' } }

    // A notification is a reason to ask, no more: its state is not what is signed, and may be history by now.
    const { transaction_status: status } = await gateway.status(id)
    log(`notification: ${id} is ${status}`)
    const move = MOVES[status]
    if (move !== undefined && await orders.move(id, move) && move.to === 'paid') await ship(id)
    return { status: 200, body: {} }
  }

  /**
   * @param {IncomingMessage} request
   * @returns {Promise<Answer>}
   */
  async function answer (request) {
    const { method, url = '' } = request
    if (method === 'POST' && url === '/orders') return placeOrder(await readJson(request))
    if (method === 'GET' && url.startsWith('/orders/')) return showOrder(url.slice('/orders/'.length))
    if (method === 'POST' && url === '/notifications') return hear(await readJson(request))
    return { status: 404, body: { error: 'no such page' } }
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  return async function handle (request, response) {
    const { status, body } = await answer(request).catch((error) => {
      log(`${request.method} ${request.url} failed: ${error}`)
      // After a 503 the gateway tells again, up to four times.
      return { status: 503, body: { error: 'try again later' } }
    })
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
}

/**
 * What is no JSON object, or too long, has no members.
 * @param {IncomingMessage} request
 * @returns {Promise<Record<string, unknown>>}
 */
async function readJson (request) {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > BODY_LIMIT) return {}
  }
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
