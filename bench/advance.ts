/**
 * What an advance costs in real time, over HTTP: `node --import tsx bench/advance.ts [runs]`.
 * Each run is a world of its own. The receiver runs in a process of its own, or nobody listens.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

import pino from 'pino'

import { compose } from '../src/compose.ts'
import { MEMORY, readConfig } from '../src/config.ts'
import { startReceivers } from './receivers.ts'
import { printTable } from './table.ts'

interface Scene {
  readonly name: string
  readonly charges: number
  /** To whom each is told; none tells nobody. */
  readonly tell: 'nobody listens' | 'good' | null
  readonly pending: boolean
  readonly by: string
  readonly effects: number
  /** Those that take long are measured less often. */
  readonly part?: number
}

const RUNS = Number(process.argv[2] ?? 20)
const SERVER_KEY = 'SB-Mid-server-test'
const HEADERS = { authorization: `Basic ${btoa(`${SERVER_KEY}:`)}`, 'content-type': 'application/json' }
const ENGINES = ['in memory', 'in a file'] as const

const SCENES: readonly Scene[] = [
  { name: 'one schedule of 5.7 hours, six attempts', charges: 1, tell: 'nobody listens', pending: true, by: '6h', effects: 6 },
  { name: 'ten schedules, sixty attempts', charges: 10, tell: 'nobody listens', pending: true, by: '6h', effects: 60 },
  { name: '1,000 expiries, told to nobody', charges: 1_000, tell: null, pending: false, by: '24h', effects: 1_000, part: 0.25 },
  { name: '1,000 expiries, each told to a receiver of 2 ms', charges: 1_000, tell: 'good', pending: false, by: '24h', effects: 2_000, part: 0.25 }
]

const folder = mkdtempSync(join(tmpdir(), 'warung-advance-'))
const receivers = await startReceivers()
try {
  const rows: string[][] = []
  for (const scene of SCENES) {
    for (const engine of ENGINES) {
      const times: number[] = []
      // The first is for the compiler.
      for (let run = 0; run <= RUNS * (scene.part ?? 1); run++) times.push(await measure(scene, engine))
      const sorted = times.slice(1).sort((a, b) => a - b)
      const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed(1)
      rows.push([scene.name, engine, at(0.5), at(0), at(1)])
    }
  }
  printTable(['', '', 'median ms', 'least ms', 'most ms'], rows)
} finally {
  receivers.close()
  rmSync(folder, { recursive: true })
}

/** From the call of the advance to its answer, in a world of its own. */
async function measure ({ name, charges, tell, pending, by, effects }: Scene, engine: typeof ENGINES[number]): Promise<number> {
  const data = engine === 'in memory' ? MEMORY : join(mkdtempSync(join(folder, 'data-')), 'warung.json')
  const emulator = await compose(readConfig(['--data', data, '--port', '0', '--server-key', SERVER_KEY, '--seed', 'bench'], {}), { logger: pino({ level: 'silent' }) })
  try {
    const url = await emulator.start()
    const ask = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
      const response = await fetch(url + path, { method, headers: HEADERS, body: JSON.stringify(body) })
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return await response.json() as Record<string, unknown>
    }
    const urls = { 'nobody listens': ['http://127.0.0.1:1/notify'], good: [receivers.urlOf('good')] }
    await ask('POST', '/admin/clock/freeze', {})
    await ask('PUT', '/admin/settings', { pending_notification: pending, pending_notification_delay: '1ms', notification_urls: tell === null ? [] : urls[tell] })
    await Promise.all(Array.from({ length: charges }, (_, n) => ask('POST', '/v2/charge', {
      payment_type: 'cstore', transaction_details: { order_id: `order-${n}`, gross_amount: 44000 }, cstore: { store: 'alfamart' }
    })))

    const began = performance.now()
    const advanced = await ask('POST', '/admin/clock/advance', { by })
    const took = performance.now() - began
    const { length } = advanced.effects as readonly unknown[]
    if (length !== effects) throw new Error(`${name}: ${length} effects`)
    return took
  } finally {
    await emulator.close()
  }
}
