import { join } from 'node:path'

import * as fc from 'fast-check'
import { test } from 'tap'

import type { Storage } from '../../src/ports.ts'
import { foldSegments } from '../../src/storage/fold.ts'
import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { RecordStorage } from '../../src/storage/record-storage.ts'
import { Tables } from '../../src/storage/tables.ts'
import { chargeBody, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { membersOf } from '../support/gateway-answers.ts'
import type { Reply } from '../support/gateway-answers.ts'
import { NOBODY } from '../support/gateway-world.ts'
import { counterexampleOf } from '../support/property.ts'
import { slowFiles, slowKeeper } from '../support/storage-keepers.ts'

// Moves, by every interface there is.
const ORDERS = ['order-1', 'order-2', 'order-3']
interface World {
  readonly emulator: TestEmulator
  readonly codes: Map<string, string>
}
type Move = (world: World) => Promise<unknown>

const order = fc.constantFrom(...ORDERS)
const store = fc.constantFrom('alfamart', 'indomaret')
const says = (name: string, does: Move): Move => Object.assign(does, { toString: () => name })
const post = async ({ emulator }: World, path: string, body?: unknown): Promise<Reply> => {
  const reply = await emulator.ask('POST', path, body)
  if (reply.statusCode >= 500) throw new Error(`${path}: ${reply.statusCode} ${reply.payload}`)
  return reply
}
const posting = (path: (id: string) => string): fc.Arbitrary<Move> => order.map((id) => says(path(id), (world) => post(world, path(id))))
const atTill = (action: string): fc.Arbitrary<Move> => fc.tuple(order, store).map(([id, name]) => says(`${action} ${id} at ${name}`, (world) =>
  post(world, `/till/${name}/${action}`, { payment_code: world.codes.get(id) ?? 'none' })))
const charging = fc.tuple(order, store, fc.constantFrom(1, 60)).map(([id, name, minutes]) => says(`charge ${id} at ${name} for ${minutes} min`, async (world) => {
  const reply = membersOf(await post(world, '/v2/charge', chargeBody({
    transaction_details: { order_id: id, gross_amount: 44000 }, cstore: { store: name }, custom_expiry: { expiry_duration: minutes, unit: 'minute' }
  })))
  if (reply.payment_code !== undefined) world.codes.set(id, reply.payment_code)
}))
const passing = fc.constantFrom(1, 59, 60, 61, 3_600).map((seconds) => says(`${seconds} s pass`, ({ emulator }) => emulator.passTime(seconds * 1_000)))
const looking = fc.constant(says('look', async ({ emulator }) => {
  const found = severalLive((await emulator.ask('GET', '/admin/transactions?limit=1000')).json().items as readonly Listed[])
  if (found !== undefined) throw new Error(found)
}))
const move = fc.oneof(
  { weight: 4, arbitrary: charging },
  { weight: 1, arbitrary: posting((id) => `/v2/${id}/cancel`) },
  { weight: 1, arbitrary: posting((id) => `/v2/${id}/expire`) },
  { weight: 1, arbitrary: posting((id) => `/v2/${id}/deny`) },
  { weight: 1, arbitrary: posting((id) => `/admin/transactions/${id}/pay`) },
  { weight: 1, arbitrary: posting((id) => `/admin/transactions/${id}/expire`) },
  { weight: 1, arbitrary: posting((id) => `/admin/transactions/${id}/reverse`) },
  { weight: 2, arbitrary: atTill('payment') },
  { weight: 1, arbitrary: atTill('reversal') },
  { weight: 1, arbitrary: passing },
  { weight: 1, arbitrary: looking }
)
/** Moves of one batch are made at once. */
const batches = fc.array(fc.array(move, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 })

interface Listed {
  readonly transaction_id: string
  readonly order_id: string
  readonly transaction_status: string
}

interface Shown extends Listed {
  readonly history: ReadonlyArray<{ readonly status: string }>
  readonly notifications: ReadonlyArray<{ readonly event: string }>
}

function severalLive (all: readonly Listed[]): string | undefined {
  return ORDERS.filter((id) => all.filter((one) => one.order_id === id && ['pending', 'settlement'].includes(one.transaction_status)).length > 1)
    .map((id) => `${id} lives more than once`)[0]
}

/** What is wrong with this world; undefined where nothing is. */
async function flaw ({ ask }: TestEmulator): Promise<string | undefined> {
  const { items } = (await ask('GET', '/admin/transactions?limit=1000')).json() as { items: readonly Listed[] }
  const all = await Promise.all(items.map(async ({ transaction_id: id }) => (await ask('GET', `/admin/transactions/${id}`)).json() as Shown))
  const wrong = all.map(({ order_id: id, transaction_status: status, history, notifications }) => {
    const changes = history.map((entry) => entry.status)
    const told = notifications.map(({ event }) => event)
    if (changes.at(-1) !== status) return `${id} is ${status} after ${changes.join()}`
    return changes.join() === told.join() ? undefined : `${id} went through ${changes.join()} and told ${told.join()}`
  })
  return severalLive(all) ?? wrong.find((each) => each !== undefined)
}

async function expectSound (emulator: TestEmulator, when: string): Promise<void> {
  const found = await flaw(emulator)
  if (found !== undefined) throw new Error(`${when}: ${found}`)
}

/** How each engine is opened over a keeper or a disk that takes so many turns of the event loop for each write. */
const ENGINES: ReadonlyArray<readonly [engine: string, numRuns: number, open: (path: string, delays: readonly number[]) => Promise<Storage>]> = [
  ['memory', 100, async (_path, delays) => new RecordStorage(new Tables(), slowKeeper(delays))],
  ['JSON file', 60, async (path, delays) => {
    const files = slowFiles(delays)
    return openJsonFileStorage({ path, files, warn: (message) => { throw new Error(message) }, foldAfterBytes: 4_000, fold: (name, upTo) => foldSegments(name, upTo, files) })
  }]
]
const delays = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 })

for (const [engine, numRuns, open] of ENGINES) {
  test(`any moves, also at once, leave one live transaction of an order and tell each change once (${engine})`, async (t) => {
    const folder = t.testdir()
    let run = 0
    t.equal(await counterexampleOf(fc.asyncProperty(batches, delays, fc.boolean(), async (all, turns, restarts) => {
      const ends: Array<() => Promise<void>> = []
      const path = join(folder, `${run++}.json`)
      const start = async (): Promise<TestEmulator> => testEmulator({ teardown: (end) => { ends.push(end) } }, ['--notification-url', NOBODY], undefined, await open(path, turns))
      try {
        const world = { emulator: await start(), codes: new Map<string, string>() }
        for (const batch of all) {
          await Promise.all(batch.map((each) => each(world)))
          await expectSound(world.emulator, 'after a batch')
        }
        if (engine === 'memory' || !restarts) return
        await world.emulator.close()
        await expectSound(await start(), 'after a restart')
      } finally {
        for (const end of ends) await end()
      }
    }), numRuns), undefined)
  })
}
