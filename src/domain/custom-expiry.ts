import type { Instant } from './instant.ts'
import { wholeSecond } from './instant.ts'
import { readNumber } from './money.ts'
import { fromOrderTime } from './wib.ts'

export interface CustomExpiry {
  readonly order_time?: string | number | null | undefined
  readonly expiry_duration?: string | number | null | undefined
  readonly unit?: string | number | null | undefined
}

export type Expiry = { readonly expiresAt: Instant } | { readonly messages: readonly string[] }

const UNITS_MS: ReadonlyMap<string, number> = new Map([['second', 1_000], ['minute', 60_000], ['hour', 3_600_000], ['day', 86_400_000]])
const DEFAULT_UNIT = 'minute'
const BELOW_THRESHOLD = 'custom_expiry is below minimum threshold'
const THRESHOLD_MS = 20_000
const MAX_MS = 180 * 86_400_000
// A year has four digits on the wire, and a batch lag may come on top.
const LAST_WRITABLE = Date.UTC(9999, 0, 1)

/** When a charge made at `now` ends by its own wish; `undefined` wish: at the default (docs/gateway.md, 1.6). */
export function readExpiry (wish: CustomExpiry | null | undefined, now: Instant, defaultMs: number): Expiry {
  const chargedAt = wholeSecond(now)
  if (wish === null || wish === undefined) return { expiresAt: wholeSecond(chargedAt + defaultMs) }

  const startsAt = isGiven(wish.order_time) ? fromOrderTime(String(wish.order_time)) : chargedAt
  const unitMs = UNITS_MS.get(isGiven(wish.unit) ? String(wish.unit) : DEFAULT_UNIT)
  const duration = readNumber(wish.expiry_duration)

  const messages: string[] = []
  if (startsAt === undefined) messages.push('custom_expiry.order_time is invalid')
  if (duration.kind === 'absent') messages.push('custom_expiry.expiry_duration is required')
  if (duration.kind === 'text') messages.push('custom_expiry.expiry_duration is not a number')
  if (duration.kind === 'fraction') messages.push('custom_expiry.expiry_duration is invalid')
  if (unitMs === undefined) messages.push('custom_expiry.unit is invalid')
  if (duration.kind === 'whole' && duration.value <= 0) messages.push(BELOW_THRESHOLD)
  if (messages.length > 0 || duration.kind !== 'whole' || startsAt === undefined || unitMs === undefined) return { messages }

  // Longer than 180 days is not refused but cut, and the 180 days count from the start of the period.
  const expiresAt = startsAt + Math.min(duration.value * unitMs, MAX_MS)
  if (expiresAt > LAST_WRITABLE) return { messages: ['custom_expiry.order_time is invalid'] }
  if (expiresAt - chargedAt < THRESHOLD_MS) return { messages: [BELOW_THRESHOLD] }
  return { expiresAt }
}

function isGiven (value: unknown): boolean {
  return value !== null && value !== undefined && value !== ''
}
