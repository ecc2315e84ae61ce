import { readDelay } from './duration.ts'
import type { Instant } from './instant.ts'
import type { Move } from './transaction.ts'

export const DOINGS = ['pay', 'expire', 'cancel', 'pay_then_reverse', 'nothing'] as const
/** What a rule, or the charge itself, wants done. */
export type Doing = typeof DOINGS[number]

/** What becomes of a charge by itself: `afterMs` after it, and a reversal `reverseAfterMs` after its payment; null for none. */
export interface Course {
  readonly do: Doing
  readonly afterMs: number
  readonly reverseAfterMs: number | null
}

/** The next move that a transaction makes by itself, unless it moves otherwise before. */
export interface Fate {
  readonly move: Move
  readonly at: Instant
  /** The id of the rule; null where the charge itself asked for it. */
  readonly rule: string | null
  readonly reverseAfterMs: number | null
}

const MOVES: Record<Doing, Move | null> = { pay: 'pay', expire: 'expire', cancel: 'cancel', pay_then_reverse: 'pay', nothing: null }

/** The fate of a charge made at `now` that lapses at `expiresAt`; null where nothing comes before that. */
export function fateOf ({ do: doing, afterMs, reverseAfterMs }: Course, rule: string | null, now: Instant, expiresAt: Instant): Fate | null {
  const move = MOVES[doing]
  const at = now + afterMs
  return move === null || at >= expiresAt ? null : { move, at, rule, reverseAfterMs }
}

/** What is left of a fate once it has come about, at `now`. */
export function restOf ({ rule, reverseAfterMs }: Fate, now: Instant): Fate | null {
  return reverseAfterMs === null ? null : { move: 'reverse', at: now + reverseAfterMs, rule, reverseAfterMs: null }
}

const ASKED = /^warung:/i
const COURSE = /^warung: *(?:(pay|expire|cancel)(?: +in +(\w+))?(?:, *reverse +in +(\w+))?|(nothing)) *$/i

/** What a text such as `warung: pay in 3s` or `warung: pay in 3s, reverse in 30s` asks for; null for nothing, `unreadable` where it begins so and goes on otherwise. */
export function readCourse (text: string): Course | null | 'unreadable' {
  if (!ASKED.test(text)) return null
  const [, move, after = '0ms', reverseAfter, word = move] = COURSE.exec(text) ?? []
  const doing = DOINGS.find((name) => name === word?.toLowerCase())
  const [afterMs, reverseAfterMs] = [readDelay(after), reverseAfter === undefined ? null : readDelay(reverseAfter)]
  if (doing === undefined || afterMs === undefined || reverseAfterMs === undefined) return 'unreadable'
  if (reverseAfterMs === null) return { do: doing, afterMs, reverseAfterMs }
  return doing === 'pay' ? { do: 'pay_then_reverse', afterMs, reverseAfterMs } : 'unreadable'
}
