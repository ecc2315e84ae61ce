import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import { TAMPERS } from '../../domain/fault.ts'
import { NOTIFICATION_STATES } from '../../domain/notification.ts'
import { STORE_NAMES } from '../../domain/stores.ts'
import { STATUSES } from '../../domain/transaction.ts'
import { Amount } from '../schemas.ts'

/** All members optional, no others taken. (Type.Partial would drop the options of the object.) */
function optional<Members extends Record<string, TSchema>> (members: Members) {
  const each = Object.fromEntries(Object.entries(members).map(([name, member]) => [name, Type.Optional(member)]))
  return Type.Object(each as { [Name in keyof Members]: ReturnType<typeof Type.Optional<Members[Name]>> }, { additionalProperties: false })
}

function oneOf<const Values extends readonly string[]> (values: Values) {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values] })
}

const Limit = Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000; 50 unless given' })
const Cursor = Type.String({ pattern: '^\\d{1,15}$', description: 'next_cursor of the page before' })

export const Ref = Type.Object({ ref: Type.String({ minLength: 1, description: 'a transaction id, an order id or a payment code' }) })
export const Id = Type.Object({ id: Type.String({ minLength: 1 }) })

export const TransactionsQuery = optional({
  status: oneOf(STATUSES), store: oneOf(STORE_NAMES), q: Type.String(), limit: Limit, cursor: Cursor
})

export const NotificationsQuery = optional({
  ref: Type.String({ minLength: 1 }), state: oneOf(NOTIFICATION_STATES), limit: Limit, cursor: Cursor
})

export const RequestsQuery = optional({
  status: Type.String({ pattern: '^\\d{3}$', description: 'status_code of the body that was answered' }),
  endpoint: Type.String({ minLength: 1, description: 'such as charge, status, cancel' }),
  method: Type.String({ minLength: 1 }),
  path: Type.String({ minLength: 1, description: 'the beginning of the path' }),
  transaction_id: Type.String({ minLength: 1 }),
  ref: Type.String({ minLength: 1, description: 'an order id or a transaction id' }),
  limit: Limit,
  cursor: Cursor
})

export const SignatureBody = Type.Object({ order_id: Type.String(), signature_key: Type.String() }, { additionalProperties: false })

const Timeout = Type.String({ description: 'a duration of at most 60s of real time; 10s unless given' })

export const WaitQuery = optional({
  wait: Type.Literal('attempted'),
  timeout: Timeout
})

export const AwaitedQuery = optional({
  status: oneOf(STATUSES),
  delivered: oneOf(['true', 'false']),
  timeout: Timeout
})

export const PayBody = Type.Optional(Type.Union([optional({ amount: Amount }), Type.Null()]))
export const NoBody = Type.Optional(Type.Union([optional({}), Type.Null()]))

export const NotifyBody = Type.Optional(Type.Union([optional({
  event: oneOf(STATUSES),
  times: Type.Integer({ minimum: 1, maximum: 100, description: '1 unless given' }),
  delay: Type.Union([Type.String(), Type.Integer()], { description: 'a duration; 0ms unless given' }),
  tamper: Type.Union([oneOf(TAMPERS), Type.Null()])
}), Type.Null()]))

export const MerchantId = Type.Object({ merchant_id: Type.String({ minLength: 1 }) })

export const MerchantBody = Type.Optional(Type.Union([optional({
  merchant_id: Type.String({ description: '1 to 50 letters, digits, - or _; made up unless given' }),
  server_key: Type.String({ description: 'made up unless given' }),
  client_key: Type.String({ minLength: 1, description: 'made up unless given' }),
  settings: Type.Record(Type.String(), Type.Unknown(), { description: 'as in PUT /admin/settings' })
}), Type.Null()]))

export const AdvanceBody = Type.Union([
  Type.Object({ by: Type.Union([Type.String(), Type.Integer()], { description: 'a duration such as 24h' }) }, { additionalProperties: false }),
  Type.Object({ to: Type.String({ description: 'a time such as 2026-11-23 20:00:00 in WIB, or ISO 8601 with a zone' }) }, { additionalProperties: false })
])
export const FreezeBody = Type.Optional(Type.Union([optional({ at: Type.String({ description: 'as `to` of an advance' }) }), Type.Null()]))
