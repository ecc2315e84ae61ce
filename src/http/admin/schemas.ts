import { Type } from 'typebox'

import { FAULTS_FORM, TAMPERS } from '../../domain/fault.ts'
import { NOTIFICATION_STATES } from '../../domain/notification.ts'
import { RULES_FORM } from '../../domain/rule.ts'
import { SETTINGS_FORM } from '../../domain/settings.ts'
import { STORE_NAMES } from '../../domain/stores.ts'
import { STATUSES } from '../../domain/transaction.ts'
import { WORLD_FORM } from '../../domain/world.ts'
import { Amount, duration, durationText, headers, moment, oneOf, optional } from '../schemas.ts'

const Limit = Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$', description: 'a number from 1 to 1000; 50 unless given', examples: ['50'] })
const Cursor = Type.String({ pattern: '^\\d{1,15}$', description: 'next_cursor of the page before', examples: ['50'] })

export const Ref = Type.Object({ ref: Type.String({ minLength: 1, description: 'a transaction id, an order id or a payment code' }) })
export const Id = Type.Object({ id: Type.String({ minLength: 1 }) })

export const TransactionsQuery = optional({
  status: oneOf(STATUSES), store: oneOf(STORE_NAMES), q: Type.String({ description: 'the beginning of an order id, a code or a transaction id' }), limit: Limit, cursor: Cursor
})

export const NotificationsQuery = optional({
  ref: Type.String({ minLength: 1, description: 'a transaction id, an order id or a payment code' }), state: oneOf(NOTIFICATION_STATES), limit: Limit, cursor: Cursor
})

export const RequestsQuery = optional({
  status: Type.String({ pattern: '^\\d{3}$', description: 'the three digits of status_code in the body that was answered', examples: ['201'] }),
  endpoint: Type.String({ minLength: 1, description: 'such as charge, status, cancel' }),
  method: Type.String({ minLength: 1 }),
  path: Type.String({ minLength: 1, description: 'the beginning of the path' }),
  transaction_id: Type.String({ minLength: 1 }),
  ref: Type.String({ minLength: 1, description: 'an order id or a transaction id' }),
  limit: Limit,
  cursor: Cursor
})

export const SignatureBody = Type.Object({ order_id: Type.String(), signature_key: Type.String() }, { additionalProperties: false })

const Timeout = durationText('at most 60s of real time; 10s unless given')

export const WaitQuery = optional({
  wait: Type.Literal('attempted', { description: 'answer once the first attempt of every notification that this caused has ended' }),
  timeout: Timeout
})

export const AwaitedQuery = optional({
  status: oneOf(STATUSES),
  delivered: oneOf(['true', 'false'], { description: 'whether every notification so far must be delivered' }),
  timeout: Timeout
})

export const PayBody = Type.Optional(Type.Union([optional({ amount: Amount }), Type.Null()]))
export const NoBody = Type.Optional(Type.Union([optional({}), Type.Null()]))

export const NotifyBody = Type.Optional(Type.Union([optional({
  event: oneOf(STATUSES),
  times: Type.Integer({ minimum: 1, maximum: 100, description: '1 unless given' }),
  delay: duration('at most 180d; 0ms unless given'),
  tamper: Type.Union([oneOf(TAMPERS), Type.Null()])
}), Type.Null()]))

export const MerchantId = Type.Object({ merchant_id: Type.String({ minLength: 1 }) })

export const MerchantBody = Type.Optional(Type.Union([optional({
  merchant_id: Type.String({ sense: { pattern: '^[A-Za-z0-9_-]{1,50}$' }, description: 'made up unless given' }),
  server_key: Type.String({ description: 'without blanks, control characters and colons, and not `admin`; made up unless given' }),
  client_key: Type.String({ minLength: 1, description: 'made up unless given' }),
  settings: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', sense: SETTINGS_FORM })
}), Type.Null()]))

export const AdvanceBody = optional({
  by: duration('as long as you like', Number.MAX_SAFE_INTEGER),
  to: moment()
}, { minProperties: 1, maxProperties: 1, description: 'an object with `by` or `to`, one of them', examples: [{ by: '24h' }] })
export const FreezeBody = Type.Optional(Type.Union([optional({ at: moment() }), Type.Null()]))

// What these may be is the domain's alone to say.
export const SettingsBody = Type.Unsafe<unknown>({ sense: SETTINGS_FORM })
export const FaultsBody = Type.Unsafe<unknown>({ sense: FAULTS_FORM })
export const RulesBody = Type.Unsafe<unknown>({ sense: RULES_FORM })
export const WorldBody = Type.Unsafe<unknown>({ sense: { ...WORLD_FORM, title: 'World' } })

export const LastEventId = headers({ 'Last-Event-ID': 'the id of the last event that was seen: what came since comes first' })
