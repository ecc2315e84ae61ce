import { textOf } from '../../../domain/charge-request.ts'
import { harmless, holdsTooMany, isObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { GatewayFault } from './answers.ts'

/** What a charge may have at most (docs/gateway.md, 13). */
const MAX_ITEMS = 1_000

const utf8 = new TextDecoder('utf-8', { fatal: true })

// A text, or an integer that may have more digits than a double keeps. Texts are matched so that nothing in them is.
const TEXT_OR_LONG_INTEGER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g

/** Reads the JSON of a charge, whatever its content type says; checked in the order of docs/gateway.md, 12. */
export function readBody (bytes: Buffer | undefined): Json {
  if (bytes === undefined || bytes.length === 0) throw new GatewayFault('empty_body')
  if (holdsTooMany(bytes)) throw new GatewayFault('wrong_format')
  const json = parse(bytes)
  if (json === null) throw new GatewayFault('empty_body')
  const clean = harmless(json)
  if (!isObject(clean)) throw new GatewayFault('wrong_format')
  // Before the schema is asked, which would report on every item.
  if (Array.isArray(clean.item_details) && clean.item_details.length > MAX_ITEMS) throw new GatewayFault('wrong_format')
  return clean
}

/** The `transaction_id` of a capture; empty where there is none, for then there is no such transaction either. */
export function readCaptureId (bytes: Buffer | undefined): string {
  try {
    const body = readBody(bytes)
    const id = isObject(body) ? body.transaction_id : undefined
    return typeof id === 'string' || typeof id === 'number' ? textOf(id) : ''
  } catch {
    return ''
  }
}

function parse (bytes: Buffer): Json {
  try {
    const text = utf8.decode(bytes)
    const json = JSON.parse(text) as Json
    // An order id may be a 64-bit integer. As text it keeps all its digits; where a number is wanted, text is taken as well.
    if (!/\d{16}/.test(text)) return json
    const exact = text.replace(TEXT_OR_LONG_INTEGER, (match) => match.startsWith('"') || Number.isSafeInteger(Number(match)) ? match : `"${match}"`)
    return exact === text ? json : JSON.parse(exact) as Json
  } catch {
    throw new GatewayFault('malformed_json')
  }
}
