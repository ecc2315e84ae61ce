import type { Instant } from './instant.ts'

const WIB_OFFSET_MS = 7 * 3_600_000
const ORDER_TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?: ([+-])(\d\d)(\d\d))?$/

/** `YYYY-MM-DD HH:mm:ss` in Western Indonesia Time, a fixed UTC+7 (docs/gateway.md, 2.3). */
export function toWib (at: Instant): string {
  return new Date(at + WIB_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** Reads `YYYY-MM-DD HH:mm:ss +0700` (any offset); undefined where no such moment exists. */
export function fromOrderTime (text: string): Instant | undefined {
  return read(text, true)
}

/** Reads `YYYY-MM-DD HH:mm:ss` as WIB; undefined where no such moment exists. */
export function fromWib (text: string): Instant | undefined {
  return read(text, false)
}

function read (text: string, withOffset: boolean): Instant | undefined {
  const match = ORDER_TIME.exec(text)
  if (match === null || (match[7] !== undefined) !== withOffset) return undefined

  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  const [offsetHours, offsetMinutes] = [Number(match[8] ?? 7), Number(match[9] ?? 0)]
  if (offsetHours > 14 || offsetMinutes > 59) return undefined

  const local = new Date(0)
  local.setUTCFullYear(year, month - 1, day)
  local.setUTCHours(hour, minute, second)
  // A calendar rolls 31 February over to March; a round trip shows that there is no such day.
  if (local.toISOString().slice(0, 19).replace('T', ' ') !== text.slice(0, 19)) return undefined

  return local.getTime() - (match[7] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000
}
