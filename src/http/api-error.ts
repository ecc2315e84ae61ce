import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

import { explainKey, maskAuthorization } from '../domain/explain-key.ts'
import { explainRefusal } from '../domain/explain-refusal.ts'
import { seenOf, suchAs } from '../domain/explanation.ts'
import type { Explanation, Section } from '../domain/explanation.ts'
import type { Form } from '../domain/fields.ts'
import { maskKeys } from '../domain/masks.ts'
import { Refusal } from '../domain/refusal.ts'
import type { About, RefusalCode } from '../domain/refusal.ts'
import { NotKept } from '../ports.ts'
import { explainShape } from './explain-shape.ts'

/** The HTTP status of what our own interfaces refuse before any operation is asked, or fail at. */
const API_STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  admin_only: 403,
  foreign_host: 403,
  foreign_origin: 403,
  no_authority: 404,
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
  /** Where the code alone does not explain it. */
  readonly about: About

  constructor (code: ApiCode, message: string, about: About = {}) {
    super(message)
    this.status = API_STATUS[code]
    this.code = code
    this.about = about
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

type Seen = (request: FastifyRequest) => unknown
const inHeader = (name: string): Seen => ({ headers }) => headers[name]
const nothing: Seen = () => undefined

const LOGIN = 'Basic, a space, and the base64 of what logs in: '
const OURS = '13 What we decided ourselves'

/** What would pass in place of what each code refuses, and where it stands in the request. */
const PROBLEMS: Record<ApiCode, readonly [field: string | null, seen: Seen, expected: string, reference: Section]> = {
  invalid_request: ['body', nothing, suchAs('JSON in UTF-8, no deeper and with no more values than docs/gateway.md allows', {}), OURS],
  unauthorized: ['authorization', ({ headers }) => maskAuthorization(headers.authorization), `${LOGIN}the server key and a colon, or admin, a colon and the admin password`, '4 Authentication'],
  admin_only: ['authorization', ({ headers }) => maskAuthorization(headers.authorization), `${LOGIN}admin, a colon and the admin password`, '4 Authentication'],
  foreign_host: ['host', inHeader('host'), suchAs('a local name, an IP address, or a host of --allow-host', 'localhost'), '11.1 A local base URL'],
  foreign_origin: ['origin', nothing, 'no such header, as from outside of browsers, or the origin of Warung itself', OURS],
  no_authority: ['path', ({ method, url }) => `${method} ${url.split('?')[0]}`, 'the same, of a Warung that was started with --tls-port and without --tls-cert', OURS],
  not_found: ['path', ({ method, url }) => `${method} ${url.split('?')[0]}`, 'a method and a path that README lists, as GET /openapi.json describes them', OURS],
  store_unknown: ['store', nothing, 'a store that there is', '10 Till'],
  not_yet: ['status', nothing, 'the same call again, or a longer timeout', '8 Life of a transaction'],
  too_large: ['body', inHeader('content-length'), 'at most 1 MiB, or 64 MiB for POST /admin/import', OURS],
  unsupported_media_type: ['content-type', inHeader('content-type'), suchAs('JSON, declared as such', 'application/json'), OURS],
  expectation_failed: ['expect', inHeader('expect'), suchAs('no such header, or the one that anybody meets', '100-continue'), OURS],
  too_many_headers: ['headers', ({ raw }) => raw.rawHeaders.length / 2, 'fewer headers, as the message says', OURS],
  unexpected: [null, nothing, 'the same call later; what happened is no fault of the request', OURS],
  not_kept: [null, nothing, 'the same call once GET /readyz says 200', OURS]
}

/** Answers our own interfaces' errors: `{"code","message"}` with the matching HTTP status; the control API explains them. */
export function answerError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, code, message } = describe(error, request)
  if (status === 500) request.log.error(error, 'unexpected error')
  if (!/^\/admin(?:[/?]|$)/.test(request.url)) return reply.code(status).send({ code, message })
  return reply.code(status).send({ code, message, explain: shownExplanations(explain(error, request)) })
}

type Problem = Pick<ApiError, 'code' | 'message'> & { readonly status: number }

function describe (error: FastifyError, request: FastifyRequest): Omit<Problem, 'code'> & { readonly code: Code } {
  if (error instanceof Refusal) return { status: STATUS[error.code], code: error.code, message: error.message }
  return describeProblem(error, request)
}

function describeProblem (error: FastifyError, request: FastifyRequest): Problem {
  if (error instanceof ApiError) return error
  if (error instanceof NotKept) return { status: 507, code: 'not_kept', message: 'this could not be written to the data file, so nothing was changed; see /readyz for the reason' }
  if (error.validation !== undefined) return { status: 400, code: 'invalid_request', message: shapeOf(error, request).map(({ message }) => message).join('; ') }

  const [code, message] = CODES[error.statusCode ?? 500] ?? []
  if (code === undefined || message === undefined) return { status: 500, code: 'unexpected', message: 'something unexpected happened; the log has the details' }
  return { status: error.statusCode ?? 500, code, message }
}

function explain (error: FastifyError, request: FastifyRequest): readonly Explanation[] {
  if (error instanceof Refusal) return explainRefusal(error)
  if (error.validation !== undefined) return shapeOf(error, request)
  if (error.statusCode === 401) return [explainKey(request.headers.authorization, 'admin')]
  return [explainProblem(describeProblem(error, request), request)]
}

const PARTS: Readonly<Record<string, 'body' | 'query' | 'params'>> = { querystring: 'query', params: 'params' }

function shapeOf ({ validation = [], validationContext: part = 'body' }: FastifyError, request: FastifyRequest): readonly Explanation[] {
  const schema = request.routeOptions.schema as Readonly<Record<string, Form>> | undefined
  return explainShape(validation, request[PARTS[part] ?? 'body'], schema?.[part] ?? {})
}

/** What the code of a problem says by itself, but where more is known. */
export function explainProblem (problem: Pick<ApiError, 'code' | 'message'>, request: FastifyRequest): Explanation {
  const { code, message } = problem
  const [ofCode, see, usually, reference] = PROBLEMS[code]
  const { field = ofCode, expected = usually, seen }: About = problem instanceof ApiError ? problem.about : {}
  return { rule: code, field, seen: seenOf(seen ?? see(request) ?? undefined), expected, message: maskKeys(message), reference }
}

/** None is null, one stands by itself, several are a list. */
export function shownExplanations (explanations: readonly Explanation[]): Explanation | readonly Explanation[] | null {
  return explanations.length > 1 ? explanations : explanations[0] ?? null
}
