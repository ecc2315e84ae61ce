import type { FastifySchema } from 'fastify'
import { Type } from 'typebox'

import { headers } from '../../schemas.ts'
import { NO_ANSWERS, POST_ANSWERS, STATUS_ANSWERS } from './body-schemas.ts'
import { CaptureBody, ChargeBody } from './schemas.ts'

const params = Type.Object({ id: Type.String({ description: 'an order id or a transaction id' }) })

const IDEMPOTENCY = { 'Idempotency-Key': 'at most 46 characters: for five minutes the first success is replayed; Indomaret ignores it' }
const URLS = 'URLs, at most three, separated by commas'

export const CHARGE: FastifySchema = {
  operationId: 'charge',
  summary: 'Charges a payment at a store',
  headers: headers({
    ...IDEMPOTENCY,
    'X-Override-Notification': `${URLS}: these receive all notifications of this transaction, the merchant's own none`,
    'X-Append-Notification': `${URLS}: these receive them beside the merchant's own`
  }),
  body: ChargeBody,
  response: POST_ANSWERS
}

export const CAPTURE: FastifySchema = {
  operationId: 'capture',
  summary: 'Refused: a store payment cannot be captured',
  headers: headers(IDEMPOTENCY),
  body: CaptureBody,
  response: POST_ANSWERS
}

export const STATUS: FastifySchema = { operationId: 'getStatus', summary: 'The status of a transaction', params, response: STATUS_ANSWERS }

export const STATUS_B2B: FastifySchema = { operationId: 'getStatusB2b', summary: 'Refused: a store payment has no business-to-business status', params, response: NO_ANSWERS }

export const CANCEL = action('cancel', 'Cancels a pending transaction')

export const EXPIRE = action('expire', 'Expires a pending transaction')

/** Of an action that no store payment knows. */
export function refusedAction (operationId: string): FastifySchema {
  return action(operationId, 'Refused: a store payment has no such action')
}

function action (operationId: string, summary: string): FastifySchema {
  return { operationId, summary, params, headers: headers(IDEMPOTENCY), response: POST_ANSWERS }
}
