import { harmless, isObject } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import { GatewayFault } from './answers.ts'

/** Bytes of one megabyte are what a charge may have at most (docs/gateway.md, 13). */
export const MAX_BODY_BYTES = 1_048_576

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads the JSON of a charge, whatever its content type says; checked in the order of docs/gateway.md, 12. */
export function readBody (bytes: Buffer | undefined): Json {
  if (bytes === undefined || bytes.length === 0) throw new GatewayFault('empty_body')
  const json = parse(bytes)
  if (json === null) throw new GatewayFault('empty_body')
  const clean = harmless(json)
  if (!isObject(clean)) throw new GatewayFault('wrong_format')
  return clean
}

/** The `transaction_id` of a capture; empty where there is none, for then there is no such transaction either. */
export function readCaptureId (bytes: Buffer | undefined): string {
  try {
    const body = readBody(bytes)
    return isObject(body) && typeof body.transaction_id === 'string' ? body.transaction_id : ''
  } catch {
    return ''
  }
}

function parse (bytes: Buffer): Json {
  try {
    return JSON.parse(utf8.decode(bytes)) as Json
  } catch {
    throw new GatewayFault('malformed_json')
  }
}
