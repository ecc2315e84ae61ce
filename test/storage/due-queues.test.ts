import * as fc from 'fast-check'
import { test } from 'tap'

import type { Room } from '../../src/ports.ts'
import { DueQueues } from '../../src/storage/due-queues.ts'
import type { Work } from '../../src/storage/due-queues.ts'
import { ANY_ROOM } from '../support/storage-changes.ts'
import { counterexample } from '../domain/property.ts'

const UNTIL = 1000

function work (id: string, at: number, { target = null, order = Number(id) }: { readonly target?: string | null, readonly order?: number } = {}): Work {
  return { id, at, order, ...target === null ? { target, next: { at, move: 'expire', cause: 'clock' } } : { target, next: null } }
}

function queuesOf (...all: readonly Work[]): DueQueues {
  const queues = new DueQueues()
  for (const each of all) queues.set(each.id, each)
  return queues
}

/** Claims until nothing is left. */
function drain (queues: DueQueues, now: number, room: Room = ANY_ROOM): readonly string[] {
  return queues.claim(now, UNTIL, Infinity, room).map(({ id }) => id)
}

test('expiries and attempts of all targets come by instant, then by order', async (t) => {
  const queues = queuesOf(
    work('5', 20, { target: 'http://a' }), work('4', 10), work('3', 20, { target: 'http://b' }), work('2', 20), work('1', 30, { target: 'http://a' })
  )

  t.equal(queues.first(ANY_ROOM)?.id, '4')
  t.same(drain(queues, 20), ['4', '2', '3', '5'])
  t.equal(queues.first(ANY_ROOM)?.id, '1', 'what is not due yet is what comes next')
})

test('work moves with its instant, forward and back, and comes once', async (t) => {
  const queues = queuesOf(work('1', 10), work('2', 20))
  queues.set('1', work('1', 30))
  t.equal(queues.first(ANY_ROOM)?.id, '2')
  queues.set('1', work('1', 5))
  queues.set('1', work('1', 15))

  t.same(drain(queues, 100), ['1', '2'])
})

test('work that is taken back does not come, and may be set again', async (t) => {
  const queues = queuesOf(work('1', 10), work('2', 20))
  queues.set('1', undefined)
  queues.set('3', undefined)
  t.same(drain(queues, 100), ['2'])

  queues.set('1', work('1', 10))
  t.same(drain(queues, 100), ['1'])
})

test('a target without room hides neither another target nor an expiry', async (t) => {
  const queues = queuesOf(work('1', 10, { target: 'http://a' }), work('2', 20, { target: 'http://b' }), work('3', 30))

  t.same(drain(queues, 100, (target) => target === 'http://a' ? 0 : 1), ['2', '3'])
  t.equal(queues.first(() => 0), undefined)
  t.equal(queues.first(ANY_ROOM)?.id, '1')
})

test('claimed work is nobody else\'s, until it is released, overdue or set anew', async (t) => {
  const queues = queuesOf(work('1', 10), work('2', 20))
  t.same(drain(queues, 100), ['1', '2'])

  queues.set('1', work('1', 10))
  t.same(drain(queues, 100), [], 'the same work set again stays claimed')
  queues.releaseOverdue(UNTIL - 1)
  t.same(drain(queues, 100), [])
  queues.releaseOverdue(UNTIL)
  t.same(drain(queues, 100), ['1', '2'])

  queues.release('2')
  queues.release('2')
  queues.release('nobody')
  t.same(drain(queues, 100), ['2'])

  queues.set('1', work('1', 15))
  queues.release('1')
  t.same(drain(queues, 100), ['1'])

  queues.set('2', undefined)
  queues.release('2')
  queues.releaseOverdue(UNTIL)
  t.same(drain(queues, 100), ['1'])
})

type Step =
  | { readonly kind: 'set', readonly id: number, readonly at: number | null }
  | { readonly kind: 'claim' | 'release', readonly id: number }

const TARGETS = [null, 'http://a', 'http://b'] as const

test('whatever is set, claimed and released, what comes next is the earliest that stands', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), id: fc.nat(6), at: fc.option(fc.nat(5)) }),
    fc.record({ kind: fc.constantFrom('claim' as const, 'release' as const), id: fc.nat(6) })
  )

  t.equal(counterexample(fc.property(fc.array<Step>(step, { maxLength: 60 }), (steps) => {
    const queues = new DueQueues()
    const standing = new Map<number, number>()
    const claimed = new Map<number, number>()

    for (const { kind, id, ...more } of steps) {
      if (kind === 'claim') {
        const [first] = [...standing].sort(([a, aAt], [b, bAt]) => aAt - bAt || a - b)
        const [got] = queues.claim(Infinity, UNTIL, 1, ANY_ROOM)
        if (got?.id !== first?.[0].toString()) return false
        if (first !== undefined) {
          standing.delete(first[0])
          claimed.set(...first)
        }
      } else if (kind === 'release') {
        queues.release(String(id))
        const at = claimed.get(id)
        if (at !== undefined) standing.set(id, at)
        claimed.delete(id)
      } else {
        const { at } = more as { at: number | null }
        queues.set(String(id), at === null ? undefined : work(String(id), at, { target: TARGETS[id % 3] ?? null }))
        // Set to the very work that is claimed, it stays claimed.
        if (at !== null && claimed.get(id) === at) continue
        claimed.delete(id)
        if (at === null) standing.delete(id)
        else standing.set(id, at)
      }
    }
    return drain(queues, Infinity).join() === [...standing].sort(([a, aAt], [b, bAt]) => aAt - bAt || a - b).map(([id]) => id).join()
  })), undefined)
})
