/**
 * @typedef {'pending' | 'refused' | 'paid' | 'expired' | 'cancelled' | 'reversed'} OrderStatus
 * @typedef {{ id: string, item: string, store: string, amount: number, status: OrderStatus, paymentCode?: string, payBefore?: string }} Order
 * @typedef {{ from: readonly OrderStatus[], to: OrderStatus }} Move
 */

/**
 * @typedef {object} Orders
 * @property {(order: Order) => Promise<void>} add
 * @property {(id: string) => Promise<Order | undefined>} find
 * @property {(id: string, details: Pick<Order, 'paymentCode' | 'payBefore'>) => Promise<void>} amend
 * @property {(id: string, move: Move) => Promise<boolean>} move Whether it was this call that moved it: of several at once, one
 */

/**
 * Orders in memory. With a database in its place, `move` is
 * `UPDATE orders SET status = :to WHERE id = :id AND status IN (:from)`, and true where that changed a row.
 * @returns {Orders}
 */
export function ordersInMemory () {
  /** @type {Map<string, Order>} */
  const orders = new Map()

  return {
    async add (order) {
      orders.set(order.id, order)
    },

    async find (id) {
      return orders.get(id)
    },

    async amend (id, details) {
      const order = orders.get(id)
      if (order !== undefined) orders.set(id, { ...order, ...details })
    },

    async move (id, { from, to }) {
      const order = orders.get(id)
      if (order === undefined || !from.includes(order.status)) return false
      orders.set(id, { ...order, status: to })
      return true
    }
  }
}
