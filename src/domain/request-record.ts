import type { Explanation } from './explanation.ts'
import type { Headers } from './notification.ts'
import type { Instant } from './instant.ts'
import { harmless, parseExactly } from './json.ts'
import type { Json } from './json.ts'

/** A request at the gateway and what it got. */
export interface SeenRequest {
  readonly at: Instant
  readonly method: string
  readonly path: string
  /** The last words of its route, such as `charge` or `status`; null where none serves it. */
  readonly endpoint: string | null
  /** Without keys. */
  readonly headers: Headers
  readonly body: string | null
  /** The HTTP status; null where no answer was sent. */
  readonly status: number | null
  /** `status_code` of the answer's body. */
  readonly statusCode: string | null
  readonly response: string | null
  readonly durationMs: number
  readonly transactionId: string | null
  /** Order ids and transaction ids that it named or got. */
  readonly refs: readonly string[]
  /** Why it was refused; empty where it was not. */
  readonly explanations: readonly Explanation[]
}

/** A request in a merchant's journal; `number` counts from 1. */
export interface RequestRecord extends SeenRequest {
  readonly number: number
  readonly merchantId: string
}

const MAX_JSON_BYTES = 16_384
const MAX_TEXT = 4_096

/** As much of a body as is kept: whole where it may be shown as JSON. */
export function keptText (bytes: Uint8Array): string {
  const kept = bytes.length > MAX_JSON_BYTES ? bytes.subarray(0, MAX_TEXT) : bytes
  return Buffer.from(kept.buffer, kept.byteOffset, kept.length).toString()
}

/** A kept text as it is shown: as JSON where it is some, else cut to 4 KiB. */
export function shownText (text: string | null): Json {
  if (text === null) return null
  try {
    return harmless(parseExactly(text)) ?? text.slice(0, MAX_TEXT)
  } catch {
    return text.slice(0, MAX_TEXT)
  }
}
