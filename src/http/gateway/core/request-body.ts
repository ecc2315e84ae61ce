import { textOf } from '../../../domain/charge-request.ts'
import { seenOf } from '../../../domain/explanation.ts'
import { harmless, holdsTooMany, isObject, MAX_DEPTH, MAX_VALUES, parseExactly } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { GatewayFault } from './answers.ts'
import { explainFault } from './explain-fault.ts'

/** What a charge may have at most (docs/gateway.md, 13). */
const MAX_ITEMS = 1_000

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads the JSON of a charge, whatever its content type says; checked in the order of docs/gateway.md, 12. */
export function readBody (bytes: Buffer | undefined): Json {
  if (bytes === undefined || bytes.length === 0) throw new GatewayFault('empty_body')
  if (holdsTooMany(bytes)) throw wrongFormat('too_many_values', `The body holds more than ${MAX_VALUES} values.`)
  const json = parse(bytes)
  if (json === null) throw new GatewayFault('empty_body')
  const clean = harmless(json)
  if (clean === undefined) throw wrongFormat('too_deep', `The body nests deeper than ${MAX_DEPTH} levels.`)
  if (!isObject(clean)) throw wrongFormat('not_an_object', 'The body is JSON, but no object.', clean)
  // Before the schema is asked, which would report on every item.
  if (Array.isArray(clean.item_details) && clean.item_details.length > MAX_ITEMS) {
    throw wrongFormat('too_many_items', `There are more than ${MAX_ITEMS} items.`)
  }
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
    // An order id may be a 64-bit integer. As text it keeps all its digits; where a number is wanted, text is taken as well.
    return parseExactly(utf8.decode(bytes))
  } catch (error) {
    throw new GatewayFault('malformed_json', [explainFault('malformed_json', { seen: seenOf((error as Error).message) })])
  }
}

function wrongFormat (rule: string, message: string, seen?: unknown): GatewayFault {
  return new GatewayFault('wrong_format', [explainFault('wrong_format', { rule, message, seen: seenOf(seen) })])
}
