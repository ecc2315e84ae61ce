import { Type } from 'typebox'

import { NOTIFICATION_STATES } from '../../domain/notification.ts'
import { STORE_NAMES } from '../../domain/stores.ts'
import { STATUSES } from '../../domain/transaction.ts'
import { Amount } from '../schemas.ts'

function oneOf<const Values extends readonly string[]> (values: Values) {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values] })
}

const closed = { additionalProperties: false }

const Limit = Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000; 50 unless given' })
const Cursor = Type.String({ pattern: '^\\d{1,15}$', description: 'next_cursor of the page before' })

export const Ref = Type.Object({ ref: Type.String({ minLength: 1, description: 'a transaction id, an order id or a payment code' }) })
export const Id = Type.Object({ id: Type.String({ minLength: 1 }) })

export const TransactionsQuery = Type.Partial(Type.Object({
  status: oneOf(STATUSES), store: oneOf(STORE_NAMES), q: Type.String(), limit: Limit, cursor: Cursor
}, closed))

export const NotificationsQuery = Type.Partial(Type.Object({
  ref: Type.String({ minLength: 1 }), state: oneOf(NOTIFICATION_STATES), limit: Limit, cursor: Cursor
}, closed))

export const WaitQuery = Type.Partial(Type.Object({
  wait: Type.Literal('attempted'),
  timeout: Type.String({ description: 'a duration of at most 60s; 10s unless given' })
}, closed))

export const PayBody = Type.Optional(Type.Union([Type.Partial(Type.Object({ amount: Amount }, closed)), Type.Null()]))
export const NoBody = Type.Optional(Type.Union([Type.Object({}, closed), Type.Null()]))
