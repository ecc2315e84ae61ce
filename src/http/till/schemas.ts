import { Type } from 'typebox'

import { STORE_NAMES } from '../../domain/stores.ts'
import { STATUSES } from '../../domain/transaction.ts'
import { Amount, Money, oneOf, orNull, Wib } from '../schemas.ts'

export const Counter = Type.Object({ store: Type.String({ sense: { enum: STORE_NAMES } }) })
export const Slip = Type.Object({ payment_code: Type.String({ minLength: 1 }), amount: Type.Optional(Amount) })

const billMembers = {
  store: oneOf(STORE_NAMES),
  payment_code: Type.String(),
  merchant: Type.String({ description: 'the setting `receipt_name`' }),
  order_id: Type.String(),
  gross_amount: Money,
  customer_name: Type.String(),
  message: Type.String(),
  free_text: Type.Array(Type.String(), { minItems: 3, maxItems: 3 }),
  expiry_time: Wib
}

export const Inquiry = Type.Object({
  ...billMembers,
  payable: Type.Boolean(),
  reason: orNull(Type.String({ description: 'why it cannot be paid' }))
}, { title: 'Inquiry' })

export const Done = Type.Object({
  ok: Type.Literal(true),
  transaction_status: oneOf(STATUSES),
  receipt: Type.Object({ ...billMembers, settlement_time: orNull(Wib), approval_code: orNull(Type.String()) })
}, { title: 'Receipt' })
