import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import type { JsonObject } from '../../../domain/json.ts'
import { STORE_NAMES } from '../../../domain/stores.ts'
import { STATUSES } from '../../../domain/transaction.ts'
import { Money, oneOf, Wib } from '../../schemas.ts'

// The bodies of bodies.ts, answers.ts and domain/notification.ts, as they come out. JSON Schema knows no order of members;
// docs/gateway.md gives it.

const members = {
  status_message: Type.String(),
  transaction_id: Type.String({ description: 'a UUID of version 4' }),
  order_id: Type.String(),
  merchant_id: Type.String(),
  gross_amount: Money,
  currency: Type.Literal('IDR'),
  payment_type: Type.Literal('cstore'),
  transaction_time: Wib,
  transaction_status: oneOf(STATUSES),
  fraud_status: Type.Optional(Type.Literal('accept', { description: 'Alfamart only' }))
}

const ofTheCode = {
  payment_code: Type.String({ description: 'what the customer shows at the till' }),
  store: oneOf(STORE_NAMES),
  expiry_time: Wib
}

/** What a body shows once it is so, or if the charge carried it. */
const ofLater = {
  approval_code: Type.Optional(Type.String({ description: 'Indomaret, once it was paid' })),
  settlement_time: Type.Optional(Wib),
  custom_field1: Type.Optional(Type.String()),
  custom_field2: Type.Optional(Type.String()),
  custom_field3: Type.Optional(Type.String()),
  metadata: Type.Optional(Type.Unsafe<JsonObject>({ type: 'object' }))
}

const signature = Type.String({ pattern: '^[0-9a-f]{128}$', description: 'SHA-512 of order_id, status_code, gross_amount and server key' })

const ChargeReply = Type.Object({ status_code: Type.Literal('201'), ...members, ...ofTheCode }, { title: 'ChargeReply' })

const StatusReply = Type.Object({
  status_code: oneOf(['200', '201', '202', '407'], { description: '200 settlement and cancel, 201 pending, 202 deny, 407 expire' }),
  ...members,
  ...ofTheCode,
  ...ofLater,
  signature_key: signature
}, { title: 'StatusReply' })

const ActionReply = Type.Object({ status_code: oneOf(['200', '407'], { description: '200 cancelled, 407 expired' }), ...members }, { title: 'ActionReply' })

/** What the notification URL is sent. */
export const NotificationBody = Type.Object({
  status_code: oneOf(['200', '201', '202'], { description: '200 settlement, 201 pending, 202 expire, cancel and deny' }),
  ...members,
  ...ofTheCode,
  ...ofLater,
  signature_key: signature,
  customer_details: Type.Optional(Type.Unsafe<object>({
    type: 'object',
    properties: Object.fromEntries(['phone', 'full_name', 'email', 'address'].map((name) => [name, Type.String()]))
  }))
}, { title: 'NotificationBody' })

const refusal = {
  status_code: Type.String({ pattern: '^[245]\\d\\d$', description: 'the real answer, whatever the HTTP status is' }),
  status_message: Type.String(),
  id: Type.String({ description: 'a new UUID; of 412 the transaction_id' })
}
const GatewayRefusal = Type.Object(refusal, { title: 'GatewayRefusal' })
const InvalidRequest = Type.Object({ ...refusal, status_code: Type.Literal('400'), validation_messages: Type.Array(Type.String(), { description: 'every failure; their order means nothing' }) }, { title: 'InvalidRequest' })
const AnyRefusal = Type.Union([GatewayRefusal, InvalidRequest])

/** What GET status answers. */
export const STATUS_ANSWERS = gatewayAnswers([StatusReply])
/** What every POST answers: with an Idempotency-Key one replays the success of any other (docs/gateway.md, 9). */
export const POST_ANSWERS = gatewayAnswers([ChargeReply, ActionReply])
export const NO_ANSWERS = gatewayAnswers([])

/** Mostly on HTTP 200, and by the status_code of the body (docs/gateway.md, 3.1). */
function gatewayAnswers (replies: readonly TSchema[]) {
  return {
    200: {
      content: {
        'application/json': { schema: Type.Union([...replies, GatewayRefusal, InvalidRequest]) },
        'text/html': { schema: Type.String({ description: 'no JSON, by a fault of the action `garbage`' }) }
      }
    },
    401: GatewayRefusal,
    '2xx': GatewayRefusal,
    '4xx': AnyRefusal,
    '5xx': GatewayRefusal
  }
}
