import { createHash, timingSafeEqual } from 'node:crypto'

/** Well below the 15 seconds that the gateway waits for us while we ask it. */
const PATIENCE_MS = 5_000

/**
 * @typedef {object} Payment What the gateway knows of an order; among others:
 * @property {string} transaction_status `pending`, `settlement`, `expire`, `cancel` or `deny`
 * @property {string} payment_code What the customer shows at the till
 * @property {string} expiry_time Until when, in Jakarta time
 */
/** @typedef {Partial<Payment> & { status_code: string, status_message: string, validation_messages?: string[] }} Reply */

/**
 * The payment gateway. Production, its sandbox and Warung differ by `url` and `serverKey` alone.
 * @param {{ url: string, serverKey: string }} config
 */
export function openGateway ({ url, serverKey }) {
  const authorization = `Basic ${Buffer.from(`${serverKey}:`).toString('base64')}`

  /**
   * @param {string} path
   * @param {RequestInit} [request]
   * @returns {Promise<Reply>}
   */
  async function call (path, { headers, ...request } = {}) {
    const response = await fetch(new URL(path, url), {
      ...request,
      headers: { authorization, accept: 'application/json', 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(PATIENCE_MS)
    })
    // The HTTP status says little: the true one stands in the body.
    return /** @type {Promise<Reply>} */ (response.json())
  }

  /** @param {string} orderId */
  const askFor = (orderId) => call(`/v2/${encodeURIComponent(orderId)}/status`)

  return {
    /**
     * Asks for a payment code. Throws where the gateway gave no answer: there may be a charge, or none.
     * @param {{ id: string, store: string, amount: number }} order
     * @returns {Promise<{ payment: Payment } | { refusal: string }>}
     */
    async charge ({ id, store, amount }) {
      const attempt = () => call('/v2/charge', {
        method: 'POST',
        headers: { 'idempotency-key': id },
        body: JSON.stringify({ payment_type: 'cstore', transaction_details: { order_id: id, gross_amount: amount }, cstore: { store } })
      })
      // The charge may be made and only its reply lost. With the same key, asking again makes no second one.
      let reply = await attempt().catch(attempt)
      // Indomaret knows no such key: there, the order id is taken by the charge whose reply was lost.
      if (reply.status_code === '406') reply = await askFor(id)
      return isPayment(reply) ? { payment: reply } : { refusal: [reply.status_message, ...reply.validation_messages ?? []].join(' ') }
    },

    /**
     * How a payment stands now.
     * @param {string} orderId
     */
    async status (orderId) {
      const reply = await askFor(orderId)
      if (!isPayment(reply)) throw new Error(`the gateway does not tell of ${orderId}: ${reply.status_code} ${reply.status_message}`)
      return reply
    },

    /**
     * Whether someone who knows the server key wrote this notification.
     * @param {Record<string, unknown>} notification
     */
    isGenuine ({ order_id: orderId, status_code: statusCode, gross_amount: grossAmount, signature_key: signature }) {
      const expected = createHash('sha512').update(`${orderId}${statusCode}${grossAmount}${serverKey}`).digest()
      const given = Buffer.from(String(signature), 'hex')
      return given.length === expected.length && timingSafeEqual(given, expected)
    }
  }
}

/**
 * @param {Partial<Payment>} reply
 * @returns {reply is Payment}
 */
function isPayment (reply) {
  return reply.transaction_status !== undefined
}
