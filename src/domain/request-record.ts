import type { Explanation } from './explanation.ts'
import { maskAuthorization } from './explain-key.ts'
import type { Instant } from './instant.ts'
import { harmless, parseExactly } from './json.ts'
import type { Json } from './json.ts'
import { maskKeys } from './masks.ts'
import type { Headers } from './notification.ts'

/** A request at the gateway and what it got. */
export interface SeenRequest {
  readonly at: Instant
  readonly method: string
  readonly path: string
  /** The last words of its route, such as `charge` or `status`; null where none serves it. */
  readonly endpoint: string | null
  /** Names and values in turn, as they came: with keys. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array | null
  /** The HTTP status; null where no answer was sent. */
  readonly status: number | null
  /** `status_code` of the answer's body. */
  readonly statusCode: string | null
  readonly response: Uint8Array | null
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

const SECRET: ReadonlyMap<string, (value: string) => string | null> = new Map([
  ['authorization', maskAuthorization],
  ['proxy-authorization', () => '…'],
  ['cookie', () => '…']
])

/** As much of a body as is kept: whole where it may be shown as JSON. */
export function keptBytes (bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_JSON_BYTES) return bytes.slice(0, MAX_TEXT)
  return bytes
}

/** A body as it may be shown: as JSON where it is some, else as text cut to 4 KiB; without keys. */
export function shownBody (bytes: Uint8Array | null): Json {
  if (bytes === null) return null
  const text = maskKeys(new TextDecoder().decode(bytes))
  try {
    return harmless(parseExactly(text)) ?? text.slice(0, MAX_TEXT)
  } catch {
    return text.slice(0, MAX_TEXT)
  }
}

/** Headers as they may be shown; one that came several times stands here once. */
export function shownHeaders (raw: readonly string[]): Headers {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at]?.toLowerCase(), raw[at + 1]]
    const shown = SECRET.has(name) ? SECRET.get(name)?.(value) ?? '' : maskKeys(value)
    const before = headers.get(name)
    headers.set(name, before === undefined ? shown : `${before}, ${shown}`)
  }
  return Object.fromEntries(headers)
}
