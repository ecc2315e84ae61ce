import { setMaxListeners } from 'node:events'

import { test } from 'tap'

import { createAlarm } from '../../src/clock/alarm.ts'
import type { Answer } from '../../src/domain/notification.ts'
import { originOf } from '../../src/domain/target.ts'
import { createEvents } from '../../src/events.ts'
import { createRunDue } from '../../src/operations/run-due.ts'
import type { RunDue } from '../../src/operations/run-due.ts'
import { NotKept } from '../../src/ports.ts'
import type { Clock, Delivery, Storage } from '../../src/ports.ts'
import { seededRandom } from '../../src/random.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { RecordStorage } from '../../src/storage/record-storage.ts'
import { Tables } from '../../src/storage/tables.ts'
import { answer, CHARGED_AT, merchant } from '../support/domain.ts'
import { insert, MERCHANT_ID, opening, URL_A, URL_B } from '../support/storage-changes.ts'
import { turn } from '../support/storage-keepers.ts'

const MANY = 10_000
const SOME = 1_000
const SIDE_BY_SIDE = 16

/** The loop and the alarm that wakes it, as they run, over a storage in memory and receivers of the test's own. */
interface Loop {
  readonly runDue: RunDue
  readonly clock: Clock & { at: number }
  /** The bodies that each target got, in order. */
  readonly got: Map<string, string[]>
  /** The most attempts that went to one target side by side. */
  readonly most: Map<string, number>
  readonly errors: unknown[]
  /** How often the loop looked for work. */
  looks: number
  poke (): void
  /** Resolves when that many attempts at a target have begun. */
  begun (url: string, count: number): Promise<void>
  close (): Promise<void>
}

interface Teardown {
  teardown (end: () => Promise<void>): void
}

async function loop (t: Teardown, storage: Storage, receive: (delivery: Delivery) => Promise<Answer>): Promise<Loop> {
  const [got, underWay, most]: [Map<string, string[]>, Map<string, number>, Map<string, number>] = [new Map(), new Map(), new Map()]
  const errors: unknown[] = []
  const clock: Loop['clock'] = { at: CHARGED_AT, now () { return this.at }, wait: turn }
  const send = async (delivery: Delivery): Promise<Answer> => {
    const target = originOf(delivery.url)
    const now = (underWay.get(target) ?? 0) + 1
    underWay.set(target, now)
    most.set(target, Math.max(most.get(target) ?? 0, now))
    got.set(target, got.get(target) ?? [])
    got.get(target)?.push(delivery.body)
    try {
      return await receive(delivery)
    } finally {
      underWay.set(target, (underWay.get(target) ?? 0) - 1)
    }
  }
  const runDue = createRunDue({
    clock,
    storage,
    random: seededRandom('test'),
    events: createEvents(),
    sender: { send, forbids: () => false, close: async () => {} },
    onError: (error) => errors.push(error),
    onRoom: () => alarm.poke()
  })
  const looking: Loop = {
    runDue,
    clock,
    got,
    most,
    errors,
    looks: 0,
    poke: () => alarm.poke(),
    async begun (url, count) {
      while ((got.get(originOf(url))?.length ?? 0) < count) await turn()
    },
    async close () {
      await alarm.close()
      await runDue.close(0)
    }
  }
  const next: RunDue['next'] = () => {
    looking.looks += 1
    return runDue.next()
  }
  const alarm = createAlarm({ clock, next, run: runDue.run, onError: (error) => errors.push(error) })
  t.teardown(() => looking.close())
  await storage.changeMerchant(MERCHANT_ID, () => merchant({ settings: { notificationUrls: [URL_A] } }))
  return looking
}

/** So many transactions, each with a notification to this URL that is due; its body is its order id. */
async function tell (storage: Storage, url: string, count: number, from = 0): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, number) => `${new URL(url).hostname}-${from + number}`)
  await Promise.all(names.map((name) => {
    const { transaction, notifications } = opening(name, { tell: [url] })
    return storage.insertTransaction(MERCHANT_ID, () => ({ transaction, notifications: notifications.map((each) => ({ ...each, body: name })) }))
  }))
  return names
}

/** How many there are, by state and number of attempts on record. */
async function tally (storage: Storage): Promise<Record<string, number>> {
  const { items } = await storage.listNotifications(MERCHANT_ID, { limit: Infinity })
  const tally: Record<string, number> = {}
  for (const { state, attempts } of items) tally[`${state} after ${attempts.length}`] = (tally[`${state} after ${attempts.length}`] ?? 0) + 1
  return tally
}

async function answerSoon (): Promise<Answer> {
  await turn()
  return answer()
}

/** As the sender: many attempts may hear the one signal. */
function hang (signal: AbortSignal): Promise<Answer> {
  setMaxListeners(0, signal)
  return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason)) })
}

test(`${MANY} notifications that fall due at once are delivered, each once, in their order, 16 side by side`, async (t) => {
  const storage = createMemoryStorage()
  const { poke, runDue, got, most, errors, begun } = await loop(t, storage, answerSoon)
  const names = await tell(storage, URL_A, MANY)

  poke()
  await begun(URL_A, MANY)
  await runDue.settled()

  t.equal(got.get(originOf(URL_A))?.join(), names.join())
  t.same([...most.values()], [SIDE_BY_SIDE])
  t.same(await tally(storage), { 'delivered after 1': MANY })
  t.same(errors, [])
})

test(`${MANY} for a target that hangs hold up none of ${SOME} for another, and leave once it answers`, async (t) => {
  const storage = createMemoryStorage()
  let release = (): void => {}
  const hanging = new Promise<void>((resolve) => { release = resolve })
  const { poke, runDue, got, most, errors, begun } = await loop(t, storage, async ({ url }) => {
    if (url === URL_A) await hanging
    return answerSoon()
  })
  const hung = await tell(storage, URL_A, MANY)
  const told = await tell(storage, URL_B, SOME)

  poke()
  await begun(URL_B, SOME)
  t.equal(got.get(originOf(URL_B))?.join(), told.join())
  t.equal(got.get(originOf(URL_A))?.join(), hung.slice(0, SIDE_BY_SIDE).join())

  release()
  await begun(URL_A, MANY)
  await runDue.settled()
  t.equal(got.get(originOf(URL_A))?.join(), hung.join())
  t.same([...most.values()], [SIDE_BY_SIDE, SIDE_BY_SIDE])
  t.same(await tally(storage), { 'delivered after 1': MANY + SOME })
  t.same(errors, [])
})

test('what is recorded while the loop looks, and while it runs, is not missed', async (t) => {
  const storage = createMemoryStorage()
  let told = 0
  const { poke, runDue, got, begun } = await loop(t, storage, async ({ url }) => {
    // From within an attempt, as by a receiver that calls us back.
    if (url === URL_A) {
      await tell(storage, URL_B, 1, told++)
      poke()
    }
    return answer()
  })
  await tell(storage, URL_A, SOME)

  poke()
  await begun(URL_B, SOME)
  await runDue.settled()
  t.equal(new Set(got.get(originOf(URL_B))).size, SOME)
  t.same(await tally(storage), { 'delivered after 1': 2 * SOME })
})

test('while all targets are full, and while a world stands still before its work, nobody looks for any', async (t) => {
  const storage = createMemoryStorage()
  const watched = await loop(t, storage, ({ signal }) => hang(signal))
  await tell(storage, URL_A, SOME)
  watched.poke()
  await watched.begun(URL_A, SIDE_BY_SIDE)
  await storage.changeMerchant(MERCHANT_ID, (current) => ({ ...current ?? merchant(), timeline: { shiftMs: 0, frozenAt: CHARGED_AT - 1, isStepped: false } }))
  await tell(storage, URL_B, SOME)
  watched.poke()
  for (let count = 0; count < 10; count++) await turn()

  const { looks } = watched
  for (let count = 0; count < 1_000; count++) await turn()
  t.equal(watched.looks, looks)
  t.same([...watched.got].map(([target, bodies]) => [target, bodies.length]), [[originOf(URL_A), SIDE_BY_SIDE]])
})

test('a close in the midst of thousands loses none of them', async (t) => {
  const storage = createMemoryStorage()
  const first = await loop(t, storage, ({ url, signal }) => url === URL_A ? answerSoon() : hang(signal))
  await tell(storage, URL_A, SOME)
  await tell(storage, URL_B, SOME)
  first.poke()
  await first.begun(URL_A, SOME / 2)
  await first.close()

  const delivered = (await tally(storage))['delivered after 1'] ?? 0
  const begunBefore = first.got.get(originOf(URL_A))?.length
  for (let count = 0; count < 100; count++) await turn()
  t.equal(first.got.get(originOf(URL_A))?.length, begunBefore, 'nothing more is begun')
  t.equal(delivered, begunBefore, 'and what was begun is on record')
  t.same(await tally(storage), { 'delivered after 1': delivered, 'waiting after 0': 2 * SOME - delivered })
  t.same(first.errors, [])
})

test('while outcomes cannot be kept now and then, none is lost, and each is on record once', async (t) => {
  let batches = 0
  let isFailing = false
  const storage = storageThat(() => isFailing && batches++ % 3 !== 2)
  const { poke, runDue, got, most, errors, begun } = await loop(t, storage, answerSoon)
  const names = await tell(storage, URL_A, SOME / 2)
  for (let number = 0; number < SOME / 2; number++) await insert(storage, `lapsing-${number}`, { lapsesAt: CHARGED_AT })

  isFailing = true
  poke()
  await begun(URL_A, SOME)
  do for (let count = 0; count < 100; count++) await turn()
  while ((await tally(storage))['delivered after 1'] !== SOME)
  await runDue.settled()

  t.same(names.filter((name) => !got.get(originOf(URL_A))?.includes(name)), [], 'at least once')
  t.equal(errors.length > 0 && errors.every((error) => error instanceof NotKept), true)
  t.same([...most.values()], [SIDE_BY_SIDE])
})

test('while nothing can be kept, what lapses is not tried all at once, and all of it lapses in the end', async (t) => {
  let isFailing = false
  const storage = storageThat(() => isFailing)
  const { poke, clock, errors } = await loop(t, storage, answerSoon)
  for (let number = 0; number < SOME; number++) await insert(storage, `lapsing-${number}`, { lapsesAt: CHARGED_AT })
  let endPause = (): void => {}
  let pauses = 0
  clock.wait = () => new Promise((resolve) => {
    pauses += 1
    endPause = resolve
  })

  isFailing = true
  poke()
  while (errors.length === 0) await turn()
  for (let count = 0; count < 100; count++) await turn()
  t.equal(errors.length < SOME / 10, true, `${errors.length} were tried`)
  t.equal(pauses, 1)

  isFailing = false
  clock.wait = turn
  endPause()
  while ((await storage.listTransactions(MERCHANT_ID, { limit: 1, status: 'pending' })).items.length > 0) await turn()
  t.equal((await storage.listTransactions(MERCHANT_ID, { limit: Infinity, status: 'expire' })).items.length, SOME)
})

/** A storage in memory that keeps nothing while this holds. */
function storageThat (fails: () => boolean): Storage {
  const keep = async (): Promise<void> => {
    await turn()
    if (fails()) throw new NotKept('the disk is full')
  }
  return new RecordStorage(new Tables(), { keep, close: async () => {} })
}
