import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import type { ChargeRequest } from '../../../domain/charge-request.ts'
import { STORE_NAMES } from '../../../domain/stores.ts'

// The shape of a charge alone: its sense is the domain's. A boolean, list or object where a text or a number is
// documented, or the other way round, is of the wrong shape (docs/gateway.md, 13); `null` is as good as absent.
const scalar = Type.Unsafe({ type: ['string', 'number', 'null'] })

/** No member is required here, and members that are not named are tolerated; which the domain requires, the document tells. */
function members (type: 'object' | readonly ['object', 'null'], properties: Readonly<Record<string, TSchema>>, required: readonly string[] = []) {
  return Type.Unsafe({ type, properties, ...required.length === 0 ? {} : { sense: { required } } })
}

function nullable (properties: Readonly<Record<string, TSchema>>, required?: readonly string[]) {
  return members(['object', 'null'], properties, required)
}

function told (description: string): TSchema {
  return Type.Unsafe({ ...scalar, description })
}

function scalars (...names: readonly string[]): Record<string, TSchema> {
  return Object.fromEntries(names.map((name) => [name, scalar]))
}

const Address = nullable(scalars('first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code', 'country_code'))

const Item = members('object', scalars('id', 'price', 'quantity', 'name', 'brand', 'category', 'merchant_name', 'url'), ['price', 'quantity', 'name'])

/** The body of POST /v2/charge. */
export const ChargeBody = Type.Unsafe<ChargeRequest>({
  title: 'Charge',
  ...members('object', {
    payment_type: told('cstore'),
    ...scalars('custom_field1', 'custom_field2', 'custom_field3'),
    transaction_details: nullable({ order_id: told('at most 50 letters, digits and - _ ~ .'), gross_amount: told('whole rupiah; the sum of price times quantity where there are items') }, ['order_id', 'gross_amount']),
    cstore: nullable({ store: told(`in any letter case: ${STORE_NAMES.join(', ')}`), ...scalars('message', 'alfamart_free_text_1', 'alfamart_free_text_2', 'alfamart_free_text_3') }, ['store']),
    item_details: Type.Unsafe({ type: ['array', 'null'], items: Item }),
    customer_details: nullable({
      ...scalars('first_name', 'last_name', 'email', 'phone'),
      billing_address: Address,
      shipping_address: Address
    }),
    custom_expiry: nullable({ order_time: told('yyyy-MM-dd HH:mm:ss +0700'), expiry_duration: told('how many units'), unit: told('second, minute, hour or day; minute unless given') }, ['expiry_duration']),
    metadata: nullable({})
  }, ['payment_type', 'transaction_details', 'cstore'])
})

/** The body of POST /v2/capture, which is read for the transaction that it names and never refused for its shape. */
export const CaptureBody = Type.Unsafe<unknown>({ sense: members('object', scalars('transaction_id', 'gross_amount')) })
