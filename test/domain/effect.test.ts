import { test } from 'tap'

import { byInstant, lastAttempted, moveEffect } from '../../src/domain/effect.ts'
import { attempted, listed } from '../../src/domain/notification.ts'
import type { AttemptCause, Notification } from '../../src/domain/notification.ts'
import { answer, CHARGED_AT, MINUTE_MS, notification, transaction } from '../support/domain.ts'

type Attempts = ReadonlyArray<readonly [cause: AttemptCause, minute: number]>

/** A notification after attempts that failed, each so many minutes after the charge. */
function after (...attempts: Attempts): Notification {
  return attempts.reduce((current, [cause, at]) => attempted(current, { at: CHARGED_AT + at * MINUTE_MS, cause, answer: answer({ status: 502 }), jitter: null }), notification())
}

const numbers: Array<[attempts: Attempts, minute: number | undefined, number: number | undefined]> = [
  [[['advance', 0]], undefined, 1],
  [[['advance', 0], ['advance', 2]], undefined, 2],
  [[['clock', 0], ['admin', 0]], undefined, 2],
  [[['clock', 0], ['admin', 0]], 0, 1],
  [[['clock', 0], ['clock', 2], ['admin', 2], ['admin', 3]], 2, 2],
  [[], undefined, undefined],
  [[['admin', 0]], 0, undefined],
  [[['clock', 0]], 2, undefined]
]

for (const [attempts, at, number] of numbers) {
  test(`after ${JSON.stringify(attempts)} the effect ${at === undefined ? 'last seen' : `of minute ${at}`} is ${number === undefined ? 'none' : `attempt ${number}`}`, async (t) => {
    const attemptedSoFar = after(...attempts)
    const effect = () => lastAttempted(attemptedSoFar, 7, at === undefined ? undefined : CHARGED_AT + at * MINUTE_MS)
    if (number === undefined) t.throws(effect, { message: /was not attempted/ })
    else t.match(effect(), { kind: 'attempted', order: 7, notificationId: attemptedSoFar.id, attempt: { number } })
  })
}

test('effects are sorted by instant, then as their causes were recorded', async (t) => {
  const effect = (at: number, order: number) => moveEffect(transaction(), 'expire', CHARGED_AT + at, order)
  const sorted = [effect(2, 1), effect(1, 9), effect(1, 3), effect(0, 5)].sort(byInstant)
  t.same(sorted.map(({ at, order }) => [at - CHARGED_AT, order]), [[0, 5], [1, 3], [1, 9], [2, 1]])
})

test('once listed, what the clock attempted at an instant is an advance\'s, and nothing else changes', async (t) => {
  const before = after(['clock', 0], ['clock', 2], ['admin', 2])
  const { attempts, ...rest } = listed(before, CHARGED_AT + 2 * MINUTE_MS)
  t.same(attempts.map(({ cause }) => cause), ['clock', 'advance', 'admin'])
  t.same({ ...rest, attempts: attempts.map((attempt, index) => ({ ...attempt, cause: before.attempts[index]?.cause })) }, before)
})
