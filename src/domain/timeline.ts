import type { Instant } from './instant.ts'

/** A merchant's own time: the machine's time plus a shift, or standing still at an instant. */
export interface Timeline {
  readonly shiftMs: number
  readonly frozenAt: Instant | null
}

export const REAL_TIME: Timeline = { shiftMs: 0, frozenAt: null }

/** What the merchant's clock shows at a moment of the machine's. */
export function nowOn (timeline: Timeline, machineNow: Instant): Instant {
  return timeline.frozenAt ?? machineNow + timeline.shiftMs
}

/** The machine's moment at which this timeline reaches `at`; never, while it stands still before it. */
export function machineInstant (timeline: Timeline, at: Instant): Instant {
  if (timeline.frozenAt === null) return at - timeline.shiftMs
  return at <= timeline.frozenAt ? -Infinity : Infinity
}

export function frozen (timeline: Timeline, at: Instant): Timeline {
  return { ...timeline, frozenAt: at }
}

/** The same timeline, further on by `ms`. */
export function shifted (timeline: Timeline, ms: number): Timeline {
  return timeline.frozenAt === null
    ? { ...timeline, shiftMs: timeline.shiftMs + ms }
    : { ...timeline, frozenAt: timeline.frozenAt + ms }
}
