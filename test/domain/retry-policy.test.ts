import * as fc from 'fast-check'
import { test } from 'tap'

import { afterAttempt, ATTEMPT_ERRORS, isFollowed, MAX_REDIRECTS } from '../../src/domain/retry-policy.ts'
import type { AttemptError, Outcome } from '../../src/domain/retry-policy.ts'
import { CHARGED_AT, MINUTE_MS, SECOND_MS } from '../support/domain.ts'
import { counterexample } from './property.ts'

type Seen = number | AttemptError

function after (number: number, seen: Seen, jitter: number | null = null, startedAt = CHARGED_AT) {
  return typeof seen === 'number'
    ? afterAttempt({ number, startedAt, status: seen, error: null }, jitter)
    : afterAttempt({ number, startedAt, status: null, error: seen }, jitter)
}

/** The minutes between attempts while each gets the next answer, and how the last one ended. */
function walk (answers: (number: number) => Seen): { waits: number[], outcome: Outcome, attempts: number } {
  const waits: number[] = []
  for (let number = 1; ; number++) {
    const { outcome, next } = after(number, answers(number))
    if (!next.again) return { waits, outcome, attempts: number }
    waits.push((next.at - CHARGED_AT) / MINUTE_MS)
  }
}

const FIVE = [2, 10, 30, 90, 210]

const rows: Array<[seen: Seen, waits: number[], outcome: Outcome]> = [
  [200, [], 'delivered'],
  [201, [], 'delivered'],
  [202, [], 'delivered'],
  [204, [], 'delivered'],
  [299, [], 'delivered'],
  [301, [], 'redirected'],
  [302, [], 'redirected'],
  [303, [], 'redirected'],
  [400, [2, 10], 'failed'],
  [404, [2, 10], 'failed'],
  [500, [2], 'failed'],
  [503, [2, 10, 30, 90], 'failed'],
  [199, FIVE, 'failed'],
  [300, FIVE, 'failed'],
  [304, FIVE, 'failed'],
  [307, FIVE, 'failed'],
  [308, FIVE, 'failed'],
  [401, FIVE, 'failed'],
  [403, FIVE, 'failed'],
  [405, FIVE, 'failed'],
  [408, FIVE, 'failed'],
  [410, FIVE, 'failed'],
  [422, FIVE, 'failed'],
  [429, FIVE, 'failed'],
  [501, FIVE, 'failed'],
  [502, FIVE, 'failed'],
  [504, FIVE, 'failed'],
  [599, FIVE, 'failed'],
  ...ATTEMPT_ERRORS.map((error): [Seen, number[], Outcome] => [error, FIVE, 'failed'])
]

for (const [seen, waits, outcome] of rows) {
  test(`${seen} every time: ${waits.length === 0 ? outcome : `again after ${waits.join(', ')} minutes, then never`}`, async (t) => {
    t.same(walk(() => seen), { waits, outcome, attempts: waits.length + 1 })
  })
}

const mixed: Array<[answers: Seen[], waits: number[], outcome: Outcome]> = [
  [[503, 200], [2], 'delivered'],
  [['timeout', 'timeout', 'refused', 'reset', 'tls', 204], FIVE, 'delivered'],
  [[500, 500], [2], 'failed'],
  [[503, 500], [2], 'failed'],
  [[500, 503, 200], [2, 10], 'delivered'],
  [[500, 'timeout', 502, 503, 503], FIVE.slice(0, 4), 'failed'],
  [[503, 400, 200], [2, 10], 'delivered'],
  [[503, 503, 400], [2, 10], 'failed'],
  [[400, 400, 503, 503, 503], FIVE.slice(0, 4), 'failed'],
  [[400, 400, 404], [2, 10], 'failed'],
  [[502, 502, 502, 502, 503], FIVE.slice(0, 4), 'failed'],
  [[503, 503, 503, 503, 502, 502], FIVE, 'failed'],
  [[502, 502, 502, 302], FIVE.slice(0, 3), 'redirected'],
  [['dns', 'dns', 'dns', 'dns', 'dns', 503], FIVE, 'failed']
]

for (const [answers, waits, outcome] of mixed) {
  test(`${answers.join(', ')}: the last answer decides, and the merchant sees ${answers.length} attempts`, async (t) => {
    t.same(walk((number) => answers[number - 1] ?? 200), { waits, outcome, attempts: answers.length })
  })
}

test('an answer that breaks off counts as none, whatever its code', async (t) => {
  for (const status of [200, 302, 404, 500]) {
    t.match(afterAttempt({ number: 5, startedAt: CHARGED_AT, status, error: 'reset' }, null), { outcome: 'failed', next: { again: true, at: CHARGED_AT + 210 * MINUTE_MS } })
  }
})

test('a wait counts from the moment the attempt began', async (t) => {
  t.equal(after(1, 503, null, CHARGED_AT + 7).next.at, CHARGED_AT + 7 + 2 * MINUTE_MS)
})

const JITTER = fc.double({ min: 0, max: 1, noNaN: true })

test('jitter leaves between a quarter and the whole of a wait, to the millisecond', async (t) => {
  t.equal(counterexample(fc.property(fc.constantFrom(1, 2, 3, 4, 5), JITTER, (number, jitter) => {
    const whole = (FIVE[number - 1] ?? 0) * MINUTE_MS
    const waitMs = (after(number, 'timeout', jitter).next.at ?? 0) - CHARGED_AT
    return Number.isInteger(waitMs) && waitMs >= whole / 4 && waitMs <= whole
  })), undefined)
})

test('jitter reaches from end to end of its range, and more of it waits longer', async (t) => {
  t.equal(after(1, 503, 0).next.at, CHARGED_AT + 30 * SECOND_MS)
  t.equal(after(1, 503, 0.5).next.at, CHARGED_AT + 75 * SECOND_MS)
  t.equal(after(1, 503, 1).next.at, CHARGED_AT + 2 * MINUTE_MS)
})

test('jitter changes neither the number of attempts nor the outcome', async (t) => {
  t.equal(counterexample(fc.property(fc.integer({ min: 1, max: 6 }), fc.constantFrom<Seen>(200, 302, 404, 500, 503, 502, 'timeout'), JITTER, (number, seen, jitter) => {
    const [exact, shaken] = [after(number, seen), after(number, seen, jitter)]
    return exact.outcome === shaken.outcome && exact.next.again === shaken.next.again && exact.next.reason === shaken.next.reason
  })), undefined)
})

test('a verdict says what was seen and how many attempts that allows', async (t) => {
  t.equal(after(1, 503).next.reason, '503: up to 4 further attempts')
  t.match(after(5, 503).next.reason, /^503: .*4 further attempts/)
  t.match(after(1, 'timeout').next.reason, /^timeout: .*5/)
  t.match(after(1, 301).next.reason, /^301: .*redirect/)
  t.match(after(1, 204).next.reason, /^204: /)
})

test('307 and 308 are followed, five times at most, and no other redirect is', async (t) => {
  t.same([200, 300, 301, 302, 303, 304, 305, 307, 308, 400].filter(isFollowed), [307, 308])
  t.equal(MAX_REDIRECTS, 5)
})
