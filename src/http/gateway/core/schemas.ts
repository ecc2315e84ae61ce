import { Type } from 'typebox'

import type { Scalar } from '../../../domain/charge-request.ts'

// The shape of a charge alone: its sense is the domain's. A boolean, list or object where a text or a number is
// documented, or the other way round, is of the wrong shape (docs/gateway.md, 13); `null` is as good as absent.
const scalar = Type.Unsafe<Scalar>({ type: ['string', 'number', 'null'] })

function nullable<Members extends Parameters<typeof Type.Object>[0]> (members: Members) {
  return Type.Partial(Type.Object(members, { type: ['object', 'null'] as unknown as 'object' }))
}

function scalars<Name extends string> (...names: readonly Name[]): Record<Name, typeof scalar> {
  return Object.fromEntries(names.map((name) => [name, scalar])) as Record<Name, typeof scalar>
}

const Address = nullable(scalars('first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code', 'country_code'))

const Item = Type.Partial(Type.Object(scalars('id', 'price', 'quantity', 'name', 'brand', 'category', 'merchant_name', 'url')))

/** The body of POST /v2/charge. Members it does not name are tolerated. */
export const ChargeBody = Type.Partial(Type.Object({
  ...scalars('payment_type', 'custom_field1', 'custom_field2', 'custom_field3'),
  transaction_details: nullable(scalars('order_id', 'gross_amount')),
  cstore: nullable(scalars('store', 'message', 'alfamart_free_text_1', 'alfamart_free_text_2', 'alfamart_free_text_3')),
  item_details: Type.Array(Item, { type: ['array', 'null'] as unknown as 'array' }),
  customer_details: nullable({
    ...scalars('first_name', 'last_name', 'email', 'phone'),
    billing_address: Address,
    shipping_address: Address
  }),
  custom_expiry: nullable(scalars('order_time', 'expiry_duration', 'unit')),
  metadata: Type.Unsafe<Readonly<Record<string, never>> | null>({ type: ['object', 'null'] })
}))
