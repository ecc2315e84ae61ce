import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import type { ChargeRequest } from '../../../domain/charge-request.ts'

// The shape of a charge alone: its sense is the domain's. A boolean, list or object where a text or a number is
// documented, or the other way round, is of the wrong shape (docs/gateway.md, 13); `null` is as good as absent.
const scalar = Type.Unsafe({ type: ['string', 'number', 'null'] })

/** No member is required here, and members that are not named are tolerated. */
function members (type: 'object' | readonly ['object', 'null'], properties: Readonly<Record<string, TSchema>>) {
  return Type.Unsafe({ type, properties })
}

function nullable (properties: Readonly<Record<string, TSchema>>) {
  return members(['object', 'null'], properties)
}

function scalars (...names: readonly string[]): Record<string, TSchema> {
  return Object.fromEntries(names.map((name) => [name, scalar]))
}

const Address = nullable(scalars('first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code', 'country_code'))

const Item = members('object', scalars('id', 'price', 'quantity', 'name', 'brand', 'category', 'merchant_name', 'url'))

/** The body of POST /v2/charge. */
export const ChargeBody = Type.Unsafe<ChargeRequest>(members('object', {
  ...scalars('payment_type', 'custom_field1', 'custom_field2', 'custom_field3'),
  transaction_details: nullable(scalars('order_id', 'gross_amount')),
  cstore: nullable(scalars('store', 'message', 'alfamart_free_text_1', 'alfamart_free_text_2', 'alfamart_free_text_3')),
  item_details: Type.Unsafe({ type: ['array', 'null'], items: Item }),
  customer_details: nullable({
    ...scalars('first_name', 'last_name', 'email', 'phone'),
    billing_address: Address,
    shipping_address: Address
  }),
  custom_expiry: nullable(scalars('order_time', 'expiry_duration', 'unit')),
  metadata: nullable({})
}))
