/**
 * Ten thousand notifications that fall due at once, over HTTP: `node --expose-gc --import tsx bench/many-due.ts [count]`.
 * Each scene runs twice: once for time and the event loop, once with a full collection at every tenth for the heap.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

import pino from 'pino'

import { systemClock } from '../src/clock/system-clock.ts'
import { compose } from '../src/compose.ts'
import type { Emulator } from '../src/compose.ts'
import { MEMORY, readConfig } from '../src/config.ts'
import type { Storage } from '../src/ports.ts'
import { insert, MERCHANT_ID } from '../test/support/storage-changes.ts'
import { startReceivers } from './receivers.ts'
import type { Manner, Receivers } from './receivers.ts'
import { printTable } from './table.ts'

interface Scene {
  readonly name: string
  readonly file?: boolean
  /** How many notifications go to whom. */
  readonly due: Partial<Record<Manner, number>>
}

interface Filled {
  readonly emulator: Emulator
  readonly empty: number
  readonly ended: Record<Manner, number>
}

const COUNT = Number(process.argv[2] ?? 10_000)
const [QUICK_MS, USUAL_MS] = [50, 15_000]
const MIB = 2 ** 20
const DAY_MS = 86_400_000
const SERVER_KEY = 'SB-Mid-server-test'

const SCENES: readonly Scene[] = [
  { name: 'all to a good receiver, in memory', due: { good: COUNT } },
  { name: 'all to a good receiver, in a file', file: true, due: { good: COUNT } },
  { name: 'all to a hanging one, a tenth as many to a good one, in memory', due: { hanging: COUNT, good: COUNT / 10 } },
  { name: 'all to a hanging one, a tenth as many to a good one, in a file', file: true, due: { hanging: COUNT, good: COUNT / 10 } }
]

const folder = mkdtempSync(join(tmpdir(), 'warung-many-due-'))
const receivers = await startReceivers()
try {
  const [times, heaps]: [string[][], string[][]] = [[], []]
  for (const scene of SCENES) times.push(await measureTime(scene, receivers))
  printTable(['', 'good done after s', 'all done after s', 'longest stall ms', '99 % below ms', 'answered GET status at most ms', 'requests good / hanging', 'bodies good / hanging', 'side by side good / hanging', 'on record'], times)
  console.log()
  for (const scene of SCENES) heaps.push(await measureHeap(scene, receivers))
  printTable(['heapUsed after gc, MiB', 'empty', 'recorded', '10 %', '20 %', '30 %', '40 %', '50 %', '60 %', '70 %', '80 %', '90 %', 'done', 'rss at most'], heaps)
} finally {
  receivers.close()
  rmSync(folder, { recursive: true })
}

async function measureTime (scene: Scene, receivers: Receivers): Promise<string[]> {
  const { emulator, ended } = await fill(scene, receivers)
  const wanted = wantedOf(scene)
  await receivers.seen()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const began = performance.now()
  let [goodAfter, slowest] = [0, 0]

  const url = await emulator.start()
  delay.enable()
  do {
    const asked = performance.now()
    await (await fetch(`${url}/v2/order-good-0/status`, { headers: { authorization: `Basic ${btoa(`${SERVER_KEY}:`)}` } })).text()
    slowest = Math.max(slowest, performance.now() - asked)
    await new Promise((resolve) => setTimeout(resolve, 50))
    if (goodAfter === 0 && ended.good === wanted.good) goodAfter = performance.now() - began
  } while (ended.good < wanted.good || ended.hanging < wanted.hanging)
  await emulator.runDue.settled()
  const doneAfter = performance.now() - began
  delay.disable()

  const seen = await receivers.seen()
  const { items } = await emulator.storage.listNotifications(MERCHANT_ID, { limit: Infinity })
  const outcomes = new Map<string, number>()
  for (const { url, attempts } of items) {
    const outcome = `${url === receivers.urlOf('good') ? 'good' : 'hanging'}: ${attempts.map(({ status, error }) => status ?? error).join(' ')}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  await emulator.close()
  return [
    scene.name, ...[goodAfter / 1000, doneAfter / 1000, delay.max / 1e6, delay.percentile(99) / 1e6, slowest].map((value) => value.toFixed(1)),
    `${seen.good.requests} / ${seen.hanging.requests}`, `${seen.good.bodies} / ${seen.hanging.bodies}`,
    `${seen.good.mostSideBySide} / ${seen.hanging.mostSideBySide}`, [...outcomes].map((outcome) => outcome.join(' × ')).join(', ')
  ]
}

async function measureHeap (scene: Scene, receivers: Receivers): Promise<string[]> {
  const { emulator, empty, ended } = await fill(scene, receivers)
  const { good, hanging } = wantedOf(scene)
  const marks = [empty, heapUsed()]
  let rss = 0
  await emulator.start()
  for (let tenth = 1; tenth <= 10;) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    rss = Math.max(rss, process.memoryUsage.rss())
    if (ended.good + ended.hanging < (good + hanging) * tenth / 10) continue
    if (tenth === 10) await emulator.runDue.settled()
    marks.push(heapUsed())
    tenth += 1
  }
  await emulator.close()
  return [scene.name, ...[...marks, rss / MIB].map((value) => value.toFixed(1))]
}

/** An emulator with all of it recorded and due, which has not started. */
async function fill (scene: Scene, receivers: Receivers): Promise<Filled> {
  const data = scene.file === true ? join(mkdtempSync(join(folder, 'data-')), 'warung.json') : MEMORY
  const flags = ['--data', data, '--port', '0', '--merchant-id', MERCHANT_ID, '--server-key', SERVER_KEY, '--seed', 'bench']
  const emulator = await compose(readConfig(flags, {}), { logger: pino({ level: 'silent' }) })
  const { merchant, storage } = emulator
  await storage.changeMerchant(MERCHANT_ID, () => ({ ...merchant, settings: { ...merchant.settings, notificationTimeoutMs: (scene.due.hanging ?? 0) > 0 ? QUICK_MS : USUAL_MS } }))
  const empty = heapUsed()
  const now = systemClock.now()
  for (const [manner, count] of Object.entries(wantedOf(scene)) as Array<[Manner, number]>) {
    await Promise.all(Array.from({ length: count }, (_, n) => insertDue(storage, `${manner}-${n}`, receivers.urlOf(manner), now)))
  }
  return { emulator, empty, ended: countEnded(storage) }
}

/** With a body of a usual size, which names its order. */
async function insertDue (storage: Storage, name: string, url: string, now: number): Promise<void> {
  await insert(storage, name, { chargedAt: now, lapsesAt: now + DAY_MS, expiresAt: now + DAY_MS, tell: [url], tellAt: now })
  await storage.changeNotification(`${name} pending ${url}`, (current) => [{ ...current, body: JSON.stringify({ order_id: name, padding: 'x'.repeat(700) }) }])
}

/** How many attempts are on record, from now on. */
function countEnded (storage: Storage): Record<Manner, number> {
  const ended = { good: 0, hanging: 0 }
  const changeNotification = storage.changeNotification.bind(storage)
  storage.changeNotification = async (id, decide) => {
    const changed = await changeNotification(id, decide)
    ended[id.startsWith('good') ? 'good' : 'hanging'] += 1
    return changed
  }
  return ended
}

function wantedOf ({ due: { good = 0, hanging = 0 } }: Scene): Record<Manner, number> {
  return { good, hanging }
}

/** After a full collection, in MiB. */
function heapUsed (): number {
  collect()
  return process.memoryUsage().heapUsed / MIB
}

function collect (): void {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  globalThis.gc()
}
