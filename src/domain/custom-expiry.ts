import { failure } from './charge-failure.ts'
import type { Explanation } from './explanation.ts'
import type { Instant } from './instant.ts'
import { wholeSecond } from './instant.ts'
import { readNumber } from './money.ts'
import { fromOrderTime, toWib } from './wib.ts'

export interface CustomExpiry {
  readonly order_time?: string | number | null | undefined
  readonly expiry_duration?: string | number | null | undefined
  readonly unit?: string | number | null | undefined
}

export type Expiry = { readonly expiresAt: Instant } | { readonly failures: readonly Explanation[] }

const UNITS_MS: ReadonlyMap<string, number> = new Map([['second', 1_000], ['minute', 60_000], ['hour', 3_600_000], ['day', 86_400_000]])
const DEFAULT_UNIT = 'minute'
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

  const wrongTime = (): Explanation => failure('invalid', 'custom_expiry.order_time', wish.order_time, 'a time as yyyy-MM-dd HH:mm:ss +0700 before the year 9999', { example: `${toWib(chargedAt)} +0700` })
  const fail = (rule: Parameters<typeof failure>[0], demand: string): Explanation => failure(rule, 'custom_expiry.expiry_duration', wish.expiry_duration, demand)
  const tooSoon = (): Explanation => failure('expires_too_soon', 'custom_expiry', wish, 'a period that ends at least 20 seconds after the charge')

  const failures: Explanation[] = []
  if (startsAt === undefined) failures.push(wrongTime())
  if (duration.kind === 'absent') failures.push(fail('required', 'how many units long'))
  if (duration.kind === 'text') failures.push(fail('not_a_number', 'a whole number of units, in digits'))
  if (duration.kind === 'fraction') failures.push(fail('invalid', 'a whole number of units'))
  if (unitMs === undefined) failures.push(failure('invalid', 'custom_expiry.unit', wish.unit, [...UNITS_MS.keys()].join(', ')))
  if (duration.kind === 'whole' && duration.value <= 0) failures.push(tooSoon())
  if (failures.length > 0 || duration.kind !== 'whole' || startsAt === undefined || unitMs === undefined) return { failures }

  // Longer than 180 days is not refused but cut, and the 180 days count from the start of the period.
  const expiresAt = startsAt + Math.min(duration.value * unitMs, MAX_MS)
  if (expiresAt > LAST_WRITABLE) return { failures: [wrongTime()] }
  if (expiresAt - chargedAt < THRESHOLD_MS) return { failures: [tooSoon()] }
  return { expiresAt }
}

function isGiven (value: unknown): boolean {
  return value !== null && value !== undefined && value !== ''
}
