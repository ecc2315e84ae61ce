import { maskKeys } from './masks.ts'

/** Why something was refused, and what would pass. */
export interface Explanation {
  /** The name of the rule, in snake_case. */
  readonly rule: string
  /** Such as `transaction_details.order_id`; null where it is about no single one. */
  readonly field: string | null
  /** What stood there, cut short, keys masked; null for nothing. */
  readonly seen: string | null
  /** A sentence; where changing the field is enough, it ends in `such as` and JSON that would pass. */
  readonly expected: string
  readonly message: string
  readonly reference: Section
}

/** Headings of docs/gateway.md. */
export type Section =
  | '1 Charge request' | '1.1 Top level' | '1.2 transaction_details' | '1.3 item_details[]' | '1.4 customer_details' | '1.5 cstore' | '1.6 custom_expiry'
  | '3.1 HTTP status and body code' | '3.3 Messages' | '4 Authentication' | '5 Status' | '6 Actions'
  | '7 Notifications' | '7.2 Events and fields' | '7.3 Signature' | '7.5 URLs per charge'
  | '8 Life of a transaction' | '9 Idempotency-Key' | '10 Till' | '11.1 A local base URL' | '12 Order of checks' | '13 What we decided ourselves'

const MAX_SEEN = 100

/** A value as an explanation shows it. */
export function seenOf (value: unknown): string | null {
  if (value === undefined) return null
  const text = maskKeys(typeof value === 'object' ? JSON.stringify(value) : String(value))
  return text.length > MAX_SEEN ? `${text.slice(0, MAX_SEEN - 1)}…` : text
}

/** How a member is named: `items[2].after`; null for the whole. */
export function fieldOf (path: ReadonlyArray<string | number>): string | null {
  return path.length === 0 ? null : path.reduce<string>((field, step) => typeof step === 'number' ? `${field}[${step}]` : field === '' ? step : `${field}.${step}`, '')
}

/** The end of the sentence is what a reader, or a test, may put in place of what was seen. */
export function suchAs (demand: string, example: unknown): string {
  return `${demand}, such as ${JSON.stringify(example)}`
}
