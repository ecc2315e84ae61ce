import { createHash } from 'node:crypto'

export interface Signed {
  readonly orderId: string
  readonly statusCode: string
  readonly grossAmount: string
  readonly serverKey: string
}

/** `sha512(order_id + status_code + gross_amount + server key)` in lower-case hex (docs/gateway.md, 7.3). */
export function sign ({ orderId, statusCode, grossAmount, serverKey }: Signed): string {
  return createHash('sha512').update(orderId + statusCode + grossAmount + serverKey).digest('hex')
}
