/**
 * What due work costs the storage in memory, without HTTP: `node --expose-gc --import tsx bench/due-work.ts [1000 10000 …]`.
 * Per shape of work: microseconds for each piece claimed and ended, and the longest that one call of the storage took.
 */
import { performance } from 'node:perf_hooks'

import type { Storage } from '../src/ports.ts'
import { createMemoryStorage } from '../src/storage/memory.ts'
import { CHARGED_AT, merchant } from '../test/support/domain.ts'
import { ANY_ROOM, endAttempt, insert, LEASE, MERCHANT_ID, move, opening, URL_A } from '../test/support/storage-changes.ts'
import { printTable } from './table.ts'

interface Shape {
  readonly name: string
  /** Above it this takes too long to wait for. */
  readonly atMost?: number
  readonly fill: (storage: Storage, count: number) => Promise<unknown>
}

const SHAPES: readonly Shape[] = [
  { name: 'one target', fill: (storage, count) => each(count, (n) => insert(storage, String(n), { tell: [URL_A] })) },
  { name: 'each its own target', atMost: 20_000, fill: (storage, count) => each(count, (n) => insert(storage, String(n), { tell: [`http://shop-${n}.test/`] })) },
  { name: 'one transaction, one URL', atMost: 20_000, fill: (storage, count) => resent(storage, count, () => URL_A) },
  { name: 'one transaction, each its own URL of one target', atMost: 20_000, fill: (storage, count) => resent(storage, count, (n) => `${URL_A}/${n}`) },
  { name: 'expiries', fill: (storage, count) => each(count, (n) => insert(storage, String(n), { lapsesAt: CHARGED_AT })) }
]
const BATCH = 64

const counts = process.argv.slice(2).map(Number)
for (const count of counts.length > 0 ? counts : [1_000, 10_000, 50_000]) {
  const rows: string[][] = []
  for (const shape of SHAPES) rows.push(count > (shape.atMost ?? Infinity) ? [shape.name, 'left out'] : await measure(shape, count))
  console.log(`\n${count} pieces of due work`)
  printTable(['', 'fill ms', 'work off ms', 'µs each', 'longest nextDue ms', 'longest claimDue ms', 'longest end ms'], rows)
}

async function measure ({ name, fill }: Shape, count: number): Promise<string[]> {
  const storage = createMemoryStorage()
  await storage.changeMerchant(MERCHANT_ID, () => merchant())
  const beganFilling = performance.now()
  await fill(storage, count)
  const filled = performance.now()
  const longest = { next: 0, claim: 0, end: 0 }

  let done = 0
  for (;;) {
    const next = await timed('next', () => storage.nextDue(ANY_ROOM))
    if (next === undefined || next.due.at > CHARGED_AT) break
    const claimed = await timed('claim', () => storage.claimDue(MERCHANT_ID, next.due.at, BATCH, LEASE, ANY_ROOM))
    await timed('end', () => Promise.all(claimed.map((due) => due.kind === 'attempt'
      ? endAttempt(storage, due.notificationId, null)
      : move(storage, due.transactionId.replace(/^id-/, ''), 'expire'))))
    done += claimed.length
  }
  const ended = performance.now()
  if (done !== count) throw new Error(`${name}: ${done} of ${count} done`)
  return [name, ...[filled - beganFilling, ended - filled, (ended - filled) * 1000 / count, longest.next, longest.claim, longest.end].map((value) => value.toFixed(1))]

  async function timed<Result> (call: keyof typeof longest, run: () => Promise<Result>): Promise<Result> {
    const began = performance.now()
    const result = await run()
    longest[call] = Math.max(longest[call], performance.now() - began)
    return result
  }
}

/** One transaction with so many notifications, as after resending its event again and again. */
function resent (storage: Storage, count: number, urlOf: (n: number) => string): Promise<unknown> {
  const { transaction, notifications: [first] } = opening('resent', { tell: [URL_A] })
  if (first === undefined) throw new Error('an opening tells whom it is told to')
  const notifications = Array.from({ length: count }, (_, n) => ({ ...first, id: `n${n}`, url: urlOf(n) }))
  return storage.insertTransaction(MERCHANT_ID, () => ({ transaction, notifications }))
}

function each (count: number, run: (n: number) => Promise<unknown>): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, (_, n) => run(n)))
}
