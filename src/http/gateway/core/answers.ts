import type { Explanation } from '../../../domain/explanation.ts'
import { Refusal } from '../../../domain/refusal.ts'
import type { ErrorCode } from '../../../domain/fault.ts'
import type { RefusalCode } from '../../../domain/refusal.ts'

/** A body of the gateway and the HTTP status it travels with: mostly 200, whatever the body says (docs/gateway.md, 3.1). */
export interface Answer {
  readonly http: number
  readonly body: Readonly<Record<string, unknown>>
}

type MakeAnswer = (id: string, refusal?: Refusal) => Answer

/** What the server itself finds wrong before any rule of the domain is asked. */
export type Fault = 'unauthorized' | 'unknown_path' | 'wrong_method' | 'too_large' | 'empty_body' | 'malformed_json' | 'wrong_format' | 'unexpected'

const MESSAGES = {
  bank: 'Bank is experiencing connection issue.',
  beingProcessed: 'Request with the same Idempotency-Key is being processed',
  conflict: 'The request could not be completed due to a conflict with the current state of the target resource, please try again',
  deactivated: 'Merchant account is deactivated. Please contact Midtrans support',
  format: 'Payload format is not supported.',
  fraud: 'Fraud detection is unavailable.',
  inactive: 'Payment channel is not activated.',
  invalid: 'One or more parameters in the payload is invalid.',
  method: 'HTTP method is not allowed',
  partner: 'Bank/partner is experiencing connection issue.',
  path: 'The requested resource is not found',
  rateLimit: 'API rate limit exceeded',
  reference: 'VA or payment reference could not be created.',
  state: 'Transaction status cannot be updated.',
  syntax: 'The request cannot be processed due to malformed syntax in the request body',
  unavailable: 'The feature is unavailable.',
  unexpected: 'Sorry. Our system is recovering from unexpected issues. Please retry.',
  unauthorized: 'Unknown Merchant server_key/id',
  unknown: 'Transaction doesn\'t exist.'
} as const

/** Literals of docs/gateway.md, 3.3. */
export const FAULTS: Record<Fault, MakeAnswer> = {
  unauthorized: error('401', MESSAGES.unauthorized, 401),
  unknown_path: error('404', MESSAGES.path, 404),
  wrong_method: error('405', MESSAGES.method, 405),
  too_large: error('413', MESSAGES.format, 413),
  empty_body: error('500', MESSAGES.unexpected),
  malformed_json: error('413', MESSAGES.syntax),
  wrong_format: error('413', MESSAGES.format),
  unexpected: error('500', MESSAGES.unexpected)
}

/** A call with an Idempotency-Key while the first with it has not been answered (docs/gateway.md, 13.28). */
export const beingProcessed = error('202', MESSAGES.beingProcessed, 202)

const stateForbids = error('412', MESSAGES.state)
/** What the gateway answers to refusals (docs/gateway.md, 3.3 and 6). */
const REFUSALS: Partial<Record<RefusalCode, MakeAnswer>> = {
  invalid_charge: (id, refusal) => ({
    http: 400,
    body: { status_code: '400', status_message: MESSAGES.invalid, validation_messages: refusal?.messages ?? [], id }
  }),
  channel_inactive: error('402', MESSAGES.inactive),
  order_taken: error('406', MESSAGES.conflict),
  // Deleted while it was asked.
  merchant_unknown: FAULTS.unauthorized,
  transaction_unknown: error('404', MESSAGES.unknown),
  not_b2b: error('404', MESSAGES.unknown),
  action_refused: stateForbids,
  already_paid: stateForbids,
  expired: stateForbids,
  cancelled: stateForbids,
  denied: stateForbids,
  not_settled: stateForbids
}

/** The answer to whatever was thrown; `freshId` is for those that name no transaction. */
export function answerTo (thrown: unknown, freshId: string): Answer {
  if (thrown instanceof Refusal) {
    // The others belong to our own interfaces; no call of the gateway can meet them.
    const answer = REFUSALS[thrown.code] ?? FAULTS.unexpected
    return answer(thrown.code === 'transaction_unknown' ? freshId : thrown.transactionId ?? freshId, thrown)
  }
  return FAULTS[thrown instanceof GatewayFault ? thrown.fault : 'unexpected'](freshId)
}

/** The server finds a request at fault. */
export class GatewayFault extends Error {
  override readonly name = 'GatewayFault'
  readonly fault: Fault
  /** Where more is known than the fault says. */
  readonly explanations: readonly Explanation[]

  constructor (fault: Fault, explanations: readonly Explanation[] = []) {
    super(fault)
    this.fault = fault
    this.explanations = explanations
  }
}

/** The gateway's own body of each error code that a fault can ask for. */
const BY_CODE: Record<ErrorCode, MakeAnswer> = {
  400: (id) => ({ http: 400, body: { status_code: '400', status_message: MESSAGES.invalid, validation_messages: [], id } }),
  401: FAULTS.unauthorized,
  402: error('402', MESSAGES.inactive),
  404: error('404', MESSAGES.unknown),
  405: FAULTS.wrong_method,
  406: error('406', MESSAGES.conflict),
  410: error('410', MESSAGES.deactivated),
  412: stateForbids,
  413: FAULTS.wrong_format,
  429: error('429', MESSAGES.rateLimit, 429),
  500: FAULTS.unexpected,
  501: error('501', MESSAGES.unavailable),
  502: error('502', MESSAGES.bank),
  503: error('503', MESSAGES.partner),
  504: error('504', MESSAGES.fraud),
  505: error('505', MESSAGES.reference)
}

const TOO_MANY: ErrorCode = '429'

/** What a fault makes the gateway answer: HTTP 200 but for 429, or with `asHttp` the code itself. */
export function answerOfCode (code: ErrorCode, asHttp: boolean, freshId: string): Answer {
  return { ...BY_CODE[code](freshId), http: asHttp || code === TOO_MANY ? Number(code) : 200 }
}

function error (status: string, message: string, http = 200): MakeAnswer {
  return (id) => ({ http, body: { status_code: status, status_message: message, id } })
}
