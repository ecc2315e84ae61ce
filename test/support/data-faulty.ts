import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import pino from 'pino'
import type { FastifyInstance } from 'fastify'

import { createEvents } from '../../src/events.ts'
import { buildApp } from '../../src/http/app.ts'
import { openMerchant } from '../../src/operations/open-merchant.ts'
import { createRunDue } from '../../src/operations/run-due.ts'
import type { RunDue } from '../../src/operations/run-due.ts'
import type { Clock, Sender, Storage } from '../../src/ports.ts'
import { seededRandom } from '../../src/random.ts'
import { createRequestLog } from '../../src/request-log.ts'
import { foldSegments } from '../../src/storage/fold.ts'
import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { failing, faultyFiles } from '../storage/faulty-files.ts'
import type { Fault, FaultyFiles } from '../storage/faulty-files.ts'
import { holdToContract } from './contract.ts'
import { CLIENT_KEY, MERCHANT_ID, SERVER_KEY, manualClock } from './emulator.ts'

interface Test {
  testdir (): string
  teardown (end: () => Promise<void>): void
}

interface Opening {
  readonly storage: Storage
  readonly files: FaultyFiles
}

/** The storage in a JSON file, over files that fail when they are told to. */
export interface FaultyStorage extends Opening {
  readonly folder: string
  readonly path: string
  readonly warnings: string[]
  /** Goes on after a clean stop on a sound disk, or after a crash: then nothing more reached the disk. */
  reopen (how?: 'stop' | 'crash'): Promise<Storage>
}

export async function openFaultyStorage (t: Test, { folder: given, foldAfterBytes = 1e9 }: { readonly folder?: string, readonly foldAfterBytes?: number } = {}): Promise<FaultyStorage> {
  let now: Opening | undefined
  // Before the folder is made: tap takes things down in this order.
  t.teardown(async () => now?.storage.close())
  const folder = given ?? t.testdir()
  const path = join(folder, 'warung.json')
  const warnings: string[] = []

  const open = async (): Promise<Opening> => {
    const files = faultyFiles()
    const storage = await openJsonFileStorage({ path, warn: (message) => { warnings.push(message) }, files, foldAfterBytes, fold: (path, upTo) => foldSegments(path, upTo, files) })
    now = { files, storage }
    return now
  }
  const opened = { folder, path, warnings, ...await open() }
  return Object.assign(opened, {
    reopen: async (how: 'stop' | 'crash' = 'stop') => {
      opened.files.fault = how === 'stop' ? () => undefined : failing('open', 'write', 'truncate', 'sync', 'rename', 'unlink')
      await opened.storage.close()
      if (opened.files.openCount() !== 0) throw new Error('a file was left open')
      Object.assign(opened, await open())
      return opened.storage
    }
  })
}

/** A disk of so many bytes that holds this folder alone. Files take whole blocks; what is cut off or deleted gives room. */
export function smallDisk (folder: string, bytes: number, block = 1): Fault {
  const blocks = (size: number): number => Math.ceil(size / block) * block
  return (call, path, wanted) => {
    if (call !== 'write') return undefined
    const free = bytes - readdirSync(folder).reduce((used, name) => used + blocks(sizeOf(join(folder, name))), 0)
    const room = Math.max(0, free) + blocks(sizeOf(path)) - sizeOf(path)
    if (room <= 0) throw Object.assign(new Error('ENOSPC: no room on this disk'), { code: 'ENOSPC' })
    return Math.min(room, wanted)
  }
}

/** How long each segment of the journal is. */
export function segmentSizes (path: string): number[] {
  return readdirSync(dirname(path)).filter((name) => name.includes('.journal.')).map((name) => sizeOf(join(dirname(path), name)))
}

export interface FaultyEmulator {
  readonly app: FastifyInstance
  readonly runDue: RunDue
  /** What ends each wait that was begun: no clock does. */
  readonly waits: ReadonlyArray<() => void>
}

/** The whole server and due work over a storage that is handed in; it listens nowhere, and is closed at the end of the test. */
export async function emulatorOver (t: { teardown (end: () => Promise<void>): void }, storage: Storage, sender: Sender): Promise<FaultyEmulator> {
  const waits: Array<() => void> = []
  const wait: Clock['wait'] = (_ms, signal) => new Promise((resolve) => {
    waits.push(resolve)
    signal?.addEventListener('abort', () => resolve())
  })
  const clock = { ...manualClock(), wait }
  const random = seededRandom('test')
  const events = createEvents()
  await openMerchant({ storage, sender }, { merchantId: MERCHANT_ID, given: { notificationUrls: ['http://shop.test/notify'] }, defaults: { serverKey: SERVER_KEY, clientKey: CLIENT_KEY } })
  const runDue = createRunDue({ clock, random, storage, sender, events, onError: () => {}, onRoom: () => {} })
  const app = buildApp({ clock, random, storage, events, requestLog: createRequestLog(), sender, runDue, stopping: new AbortController().signal, runId: 'run', logger: pino({ level: 'silent' }), adminPassword: null, autoMerchants: false, defaultMerchantId: MERCHANT_ID, allowedHosts: [], authority: null, notReady: () => storage.trouble() })
  const expectContract = holdToContract(app)
  t.teardown(async () => {
    await app.close()
    expectContract()
  })
  return {
    app,
    runDue,
    waits
  }
}

function sizeOf (path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
