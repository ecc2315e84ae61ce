// What the tests of all runners share.
import { once } from 'node:events'
import { createServer } from 'node:http'

/** @import { RequestListener } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */
/** @import { Order } from './shop/orders.js' */

/**
 * A backend under test. It has its address before anything answers there: Warung must know where to notify before the backend can
 * know where to charge. `serve` takes whatever `http.createServer` takes, an Express application too, and may be called again.
 */
export async function openBackend () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`

  /**
   * @param {string} path
   * @param {RequestInit} [request]
   * @returns {Promise<Order & { paymentCode: string }>}
   */
  async function ask (path, request) {
    const response = await fetch(url + path, request)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
    return JSON.parse(text)
  }

  /** @param {RequestListener} handler */
  function serve (handler) {
    server.removeAllListeners('request').on('request', handler)
  }

  return {
    url,
    port,
    serve,

    /** Answers as a proxy before a backend that is down does, until `serve` is called again. */
    goDown () {
      serve((_request, response) => response.writeHead(503).end())
    },

    /** @param {{ item?: string, store?: 'alfamart' | 'indomaret' }} [wish] */
    order ({ item = 'coffee', store = 'alfamart' } = {}) {
      return ask('/orders', { method: 'POST', body: JSON.stringify({ item, store }) })
    },

    /** @param {string} orderId */
    async statusOf (orderId) {
      return (await ask(`/orders/${orderId}`)).status
    },

    async close () {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
