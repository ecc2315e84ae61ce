import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import type { Test } from 'tap'

import { SERVER_KEY } from './emulator.ts'

/** What a test looks at of an answer of `app.inject`. */
export interface Reply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly payload: string
  readonly rawPayload: Buffer
}

export const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The HTTP status that each error of fixtures/golden/errors travels with. */
const HTTP = {
  '400-sum': 400,
  401: 401,
  402: 200,
  '404-path': 404,
  '404-transaction': 200,
  405: 405,
  406: 200,
  412: 200,
  '413-format': 200,
  '413-syntax': 200,
  '413-too-large': 413,
  500: 200
} as const

export type GatewayError = keyof typeof HTTP
export const GATEWAY_ERRORS = Object.keys(HTTP) as readonly GatewayError[]

export function fixture (path: string): string {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), 'utf8')
}

/** A golden body, its placeholders replaced; the signature is computed here, by the documented formula. */
export function golden (path: string, values: Readonly<Record<string, string>> = {}): string {
  const template = fixture(`golden/${path}.json`)
  const body = JSON.parse(template) as Record<string, string>
  const all = { ...values, signature_key: signature(body) }
  return Object.entries(all).reduce((text, [name, value]) => text.replaceAll(`<${name}>`, value), template)
}

export function signature ({ order_id: orderId, status_code: statusCode, gross_amount: amount }: Readonly<Record<string, string>>): string {
  return createHash('sha512').update(`${orderId}${statusCode}${amount}${SERVER_KEY}`).digest('hex')
}

/** Fails unless this is that error to the letter: status line, headers, body; `id` is a new UUID, for 412 the transaction's. */
export function expectError (t: Test, reply: Reply, error: GatewayError, transactionId?: string): void {
  t.equal(reply.statusCode, HTTP[error], 'HTTP status')
  if (transactionId === undefined) t.equal(withoutId(reply.payload), golden(`errors/${error}`), 'body')
  else t.equal(reply.payload, golden(`errors/${error}`, { transaction_id: transactionId, id: transactionId }), 'body')
  // What is left of a body that is too large is not read: the connection cannot be used again.
  expectHeaders(t, reply, error === '413-too-large' ? 'close' : 'keep-alive')
}

/** Fails unless this is a 400 with exactly these messages in this order. */
export function expectInvalid (t: Test, reply: Reply, messages: readonly string[]): void {
  t.equal(reply.statusCode, 400, 'HTTP status')
  t.equal(withoutId(reply.payload), JSON.stringify({
    status_code: '400', status_message: 'One or more parameters in the payload is invalid.', validation_messages: messages, id: '<id>'
  }), 'body')
  expectHeaders(t, reply)
}

/** The headers of protocol section 3.4 and no others. */
export function expectHeaders (t: Test, { headers, rawPayload }: Reply, connection = 'keep-alive'): void {
  const { date, ...rest } = headers
  t.match(date, /GMT$/, 'date')
  t.same(rest, {
    'content-type': 'application/json',
    pragma: 'no-cache',
    'cache-control': 'no-cache',
    'content-length': String(rawPayload.length),
    connection
  }, 'headers')
}

/** The body with its `id` as the placeholder, where that is a UUID of version 4. */
export function withoutId (payload: string): string {
  const { id } = JSON.parse(payload) as { id?: unknown }
  return typeof id === 'string' && UUID_V4.test(id) ? payload.replace(id, '<id>') : payload
}

export function membersOf (reply: Pick<Reply, 'payload'>): Record<string, string> {
  return JSON.parse(reply.payload) as Record<string, string>
}
