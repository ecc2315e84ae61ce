import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

import { explainKey } from '../domain/explain-key.ts'
import { explainRefusal } from '../domain/explain-refusal.ts'
import type { Explanation } from '../domain/explanation.ts'
import { Refusal } from '../domain/refusal.ts'
import type { RefusalCode } from '../domain/refusal.ts'
import { NotKept } from '../ports.ts'
import { describeShape, explainShape } from './explain-shape.ts'

/** The HTTP status of what our own interfaces refuse before any operation is asked, or fail at. */
const API_STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  admin_only: 403,
  foreign_host: 403,
  foreign_origin: 403,
  not_found: 404,
  store_unknown: 404,
  not_yet: 408,
  too_large: 413,
  unsupported_media_type: 415,
  expectation_failed: 417,
  too_many_headers: 431,
  unexpected: 500,
  not_kept: 507
} as const
export type ApiCode = keyof typeof API_STATUS

/** Our own interfaces say no before any operation is asked. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: ApiCode

  constructor (code: ApiCode, message: string) {
    super(message)
    this.status = API_STATUS[code]
    this.code = code
  }
}

/** The HTTP status of each refusal in the admin API and at the till. */
const STATUS: Record<RefusalCode, number> = {
  invalid_charge: 400,
  invalid_request: 400,
  invalid_settings: 400,
  invalid_faults: 400,
  invalid_rules: 400,
  invalid_merchant: 400,
  invalid_import: 400,
  transaction_unknown: 404,
  notification_unknown: 404,
  merchant_unknown: 404,
  not_b2b: 404,
  order_taken: 409,
  already_paid: 409,
  expired: 409,
  cancelled: 409,
  denied: 409,
  not_settled: 409,
  action_refused: 409,
  channel_inactive: 409,
  no_reversal_at_till: 409,
  key_taken: 409,
  merchant_taken: 409,
  default_merchant: 409,
  import_clash: 409,
  advance_under_way: 409,
  time_goes_back: 409,
  world_not_empty: 409,
  event_not_had: 409,
  amount_differs: 422
}

const ALL_STATUS: Record<Code, number> = { ...STATUS, ...API_STATUS }
export type Code = RefusalCode | ApiCode

export function statusOf (code: Code): number {
  return ALL_STATUS[code]
}

/** What Fastify itself finds wrong, by HTTP status. */
const CODES: Readonly<Record<number, readonly [code: ApiCode, message: string]>> = {
  400: ['invalid_request', 'the request cannot be read'],
  401: ['unauthorized', 'give the server key as user name with an empty password, or the user "admin" with the admin password'],
  413: ['too_large', 'the body is too large'],
  415: ['unsupported_media_type', 'send the body as JSON, with the header Content-Type: application/json']
}

/** Answers our own interfaces' errors: `{"code","message"}` with the matching HTTP status; the control API explains them. */
export function answerError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, code, message } = describe(error)
  if (status === 500) request.log.error(error, 'unexpected error')
  if (!/^\/admin(?:[/?]|$)/.test(request.url)) return reply.code(status).send({ code, message })
  const explanations = explain(error, request, { code, message })
  return reply.code(status).send({ code, message, explain: shownExplanations(explanations) })
}

/** Every failure of the shape, with the member it is about. */
function describeAll ({ validation = [], validationContext: part }: FastifyError): string {
  return validation.map((error) => `${part ?? 'request'}${error.instancePath} ${describeShape(error)}`).join('; ')
}

function describe (error: FastifyError): { status: number, code: string, message: string } {
  if (error instanceof Refusal) return { status: STATUS[error.code], code: error.code, message: error.message }
  if (error instanceof ApiError) return error
  if (error instanceof NotKept) return { status: 507, code: 'not_kept', message: 'this could not be written to the data file, so nothing was changed; see /readyz for the reason' }
  if (error.validation !== undefined) return { status: 400, code: 'invalid_request', message: describeAll(error) }

  const [code, message] = CODES[error.statusCode ?? 500] ?? []
  if (code === undefined || message === undefined) return { status: 500, code: 'unexpected', message: 'something unexpected happened; the log has the details' }
  return { status: error.statusCode ?? 500, code, message }
}

function explain (error: FastifyError, request: FastifyRequest, { code, message }: { code: string, message: string }): readonly Explanation[] {
  if (error instanceof Refusal) return explainRefusal(error)
  if (error.validation !== undefined) return explainShape(error.validation, request[PARTS[error.validationContext ?? 'body'] ?? 'body'])
  if (error.statusCode === 401) return [explainKey(request.headers.authorization)]
  return [explainProblem({ code, message })]
}

const PARTS: Readonly<Record<string, 'body' | 'query' | 'params'>> = { querystring: 'query', params: 'params' }

/** What the code and the message of a problem say by themselves. */
export function explainProblem ({ code, message }: { readonly code: string, readonly message: string }): Explanation {
  return { rule: code, field: null, seen: null, expected: message, message, reference: '13 What we decided ourselves' }
}

/** None is null, one stands by itself, several are a list. */
export function shownExplanations (explanations: readonly Explanation[]): Explanation | readonly Explanation[] | null {
  return explanations.length > 1 ? explanations : explanations[0] ?? null
}
