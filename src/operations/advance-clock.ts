import { byInstant, lastAttempted } from '../domain/effect.ts'
import type { Effect } from '../domain/effect.ts'
import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { inReach } from '../domain/moment.ts'
import { Refusal } from '../domain/refusal.ts'
import { isFrozen, nowOn } from '../domain/timeline.ts'
import { toWib } from '../domain/wib.ts'
import { laterThan, moveClock } from './move-clock.ts'
import type { MoveClockDeps } from './move-clock.ts'

export type Goal = { readonly by: number } | { readonly to: Instant }

export interface Advance {
  readonly from: Instant
  readonly to: Instant
  readonly effects: readonly Effect[]
}

/**
 * Moves a merchant's clock on, by milliseconds or to an instant, and does all that falls due on the way, each at its time.
 * Resolves when all of it is done. Refuses `time_goes_back` and, while another call moves this clock, `advance_under_way`.
 */
export async function advanceClock (deps: MoveClockDeps, merchant: Merchant, goal: Goal): Promise<Advance> {
  return moveClock(deps, merchant, async ({ timeline, stepTo }) => {
    const before = await timeline()
    const from = nowOn(before, deps.clock.now())
    const to = 'by' in goal ? inReach('by', from + goal.by) : goal.to
    if (to < from) throw new Refusal('time_goes_back', `it is ${toWib(from)} already, and time never goes back; advance to a later time`, { field: 'to', expected: laterThan(from) })

    // The moment at which a world stands still is part of the way, and whoever did its work. Where time runs, it is over.
    const attempted = isFrozen(before) ? await deps.storage.takeAttemptedAt(merchant.merchantId, from) : []
    const done = await stepTo(from)
    const present = isFrozen(before) ? [...attempted.map(({ notification, order }) => lastAttempted(notification, order, from)), ...done].sort(byInstant) : []
    return { from, to, effects: [...present, ...await stepTo(to)] }
  })
}
