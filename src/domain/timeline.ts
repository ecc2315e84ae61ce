import type { Instant } from './instant.ts'

/**
 * A merchant's own time: the machine's time plus a shift, or standing still at an instant. While an advance steps through
 * a time that runs, it stands still at each step, and `isStepped` tells that this is not for long.
 */
export interface Timeline {
  readonly shiftMs: number
  readonly frozenAt: Instant | null
  readonly isStepped: boolean
}

export const REAL_TIME: Timeline = { shiftMs: 0, frozenAt: null, isStepped: false }

/** What the merchant's clock shows at a moment of the machine's. */
export function nowOn (timeline: Timeline, machineNow: Instant): Instant {
  return timeline.frozenAt ?? machineNow + timeline.shiftMs
}

/** The machine's moment at which this timeline reaches `at`; never, while it stands still before it. */
export function machineInstant (timeline: Timeline, at: Instant): Instant {
  if (timeline.frozenAt === null) return at - timeline.shiftMs
  return at <= timeline.frozenAt ? -Infinity : Infinity
}

export function isFrozen ({ frozenAt, isStepped }: Timeline): boolean {
  return frozenAt !== null && !isStepped
}

export function frozen (timeline: Timeline, at: Instant): Timeline {
  return { ...timeline, frozenAt: at, isStepped: false }
}

/** A step of an advance: it stands still at `at`, until the next one or `resumed`. */
export function stepped (timeline: Timeline, at: Instant): Timeline {
  return { ...timeline, frozenAt: at, isStepped: !isFrozen(timeline) }
}

/** It runs on from where it stood. */
export function resumed (timeline: Timeline, machineNow: Instant): Timeline {
  const { frozenAt } = timeline
  return frozenAt === null ? timeline : { shiftMs: frozenAt - machineNow, frozenAt: null, isStepped: false }
}
