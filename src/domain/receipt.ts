import { textOf } from './charge-request.ts'
import type { ChargeRequest } from './charge-request.ts'
import type { Json } from './json.ts'
import { STORES } from './stores.ts'
import type { Store } from './stores.ts'

const MESSAGE_LENGTH = 20
const FREE_TEXT_LENGTH = 40

/** The texts a till shows and prints, over-long ones cut to the documented length (docs/gateway.md, 1.5). */
export function receiptTexts (request: ChargeRequest, store: Store): { customerName: string, message: string, freeText: readonly [string, string, string] } {
  const { cstore } = request
  const lines = STORES[store].printsFreeText
    ? [cstore?.alfamart_free_text_1, cstore?.alfamart_free_text_2, cstore?.alfamart_free_text_3]
    : []
  const line = (index: number) => cut(textOf(lines[index]), FREE_TEXT_LENGTH)
  return {
    customerName: fullName(request),
    message: cut(textOf(cstore?.message), MESSAGE_LENGTH),
    freeText: [line(0), line(1), line(2)]
  }
}

/** The customer as a notification shows him; undefined where the charge carried no such data (docs/gateway.md, 7.2). */
export function notifiedCustomer (request: ChargeRequest): { readonly [name: string]: Json } | undefined {
  const { phone, email, billing_address: billing, shipping_address: shipping } = request.customer_details ?? {}
  const members = Object.entries({
    phone: textOf(phone),
    full_name: fullName(request),
    email: textOf(email),
    address: textOf(billing?.address) || textOf(shipping?.address)
  }).filter(([, text]) => text !== '')
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

/** By whole characters: half of one cannot be printed. */
function cut (text: string, length: number): string {
  return [...text].slice(0, length).join('')
}

function fullName ({ customer_details: customer }: ChargeRequest): string {
  return [textOf(customer?.first_name), textOf(customer?.last_name)].filter((name) => name !== '').join(' ')
}
