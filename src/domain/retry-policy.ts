import type { Instant } from './instant.ts'

export const ATTEMPT_ERRORS = ['timeout', 'refused', 'reset', 'dns', 'tls', 'invalid_response', 'too_many_redirects', 'forbidden_target'] as const
/** Why an attempt got no answer. */
export type AttemptError = typeof ATTEMPT_ERRORS[number]

export const OUTCOMES = ['delivered', 'failed', 'redirected'] as const
export type Outcome = typeof OUTCOMES[number]

/** What happens after an attempt, and why. */
export type Next =
  | { readonly again: true, readonly at: Instant, readonly reason: string }
  | { readonly again: false, readonly at: null, readonly reason: string }

export interface Verdict {
  readonly outcome: Outcome
  readonly next: Next
}

const MINUTE_MS = 60_000
const INTERVALS_MS = [2, 10, 30, 90, 210].map((minutes) => minutes * MINUTE_MS)

/** Further attempts by answer; every other answer, and none at all, allows as many as there are intervals (docs/gateway.md, 7.4). */
const FURTHER_ATTEMPTS: Readonly<Record<number, number>> = { 301: 0, 302: 0, 303: 0, 400: 2, 404: 2, 500: 1, 503: 4 }

const FOLLOWED = new Set([307, 308])
export const MAX_REDIRECTS = 5

/** Is this answer a redirect that is followed with the same POST and body? */
export function isFollowed (status: number): boolean {
  return FOLLOWED.has(status)
}

export interface EndedAttempt {
  /** 1 for the first. */
  readonly number: number
  readonly startedAt: Instant
  readonly status: number | null
  readonly error: AttemptError | null
  /** None follows, whatever comes of it. */
  readonly isLast?: boolean
}

/**
 * What the gateway does after an attempt. Intervals count from the attempt's beginning; `jitter` (0 to 1) shortens one to
 * between a quarter and the whole of it, `null` leaves it exact.
 */
export function afterAttempt ({ number, startedAt, status, error, isLast = false }: EndedAttempt, jitter: number | null): Verdict {
  const seen = error ?? String(status)
  if (error === null && status !== null && status >= 200 && status <= 299) return { outcome: 'delivered', next: stop(`${seen}: delivered`) }

  const further = (error === null && status !== null ? FURTHER_ATTEMPTS[status] : undefined) ?? INTERVALS_MS.length
  if (further === 0) return { outcome: 'redirected', next: stop(`${seen}: this redirect is not followed and counts as a failure`) }

  if (isLast) return { outcome: 'failed', next: stop(`${seen}: its schedule is over`) }
  const intervalMs = INTERVALS_MS[number - 1]
  if (number > further || intervalMs === undefined) return { outcome: 'failed', next: stop(`${seen}: its ${further} further attempts are used up`) }
  const waitMs = Math.round(intervalMs * (jitter === null ? 1 : 0.25 + 0.75 * jitter))
  return { outcome: 'failed', next: { again: true, at: startedAt + waitMs, reason: `${seen}: up to ${further} further attempts` } }
}

function stop (reason: string): Next {
  return { again: false, at: null, reason }
}
