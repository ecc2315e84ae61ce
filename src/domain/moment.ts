import { fromIso } from './instant.ts'
import type { Instant } from './instant.ts'
import { Refusal } from './refusal.ts'
import { fromWib } from './wib.ts'

/** Beyond it, a charge could lapse in a year of five digits, which the gateway's form of time has no room for. */
const LATEST: Instant = Date.UTC(9_998, 0, 1)

/** An instant as people give it: `2026-11-23 20:00:00` in WIB, or ISO 8601 with a zone. Refuses `invalid_request`. */
export function readMoment (name: string, text: string): Instant {
  const at = fromWib(text) ?? fromIso(text)
  if (at === undefined) throw new Refusal('invalid_request', `${name} must be a time such as "2026-11-23 20:00:00" in WIB, or ISO 8601 with a zone`)
  return inReach(name, at)
}

/** Is this instant from 1970 on and not too far ahead? */
export function isInReach (at: Instant): boolean {
  return at >= 0 && at <= LATEST
}

/** Refuses `invalid_request` for an instant that is not in reach. */
export function inReach (name: string, at: Instant): Instant {
  if (!isInReach(at)) throw new Refusal('invalid_request', `${name} leads out of the years from 1970 to 9997`)
  return at
}
