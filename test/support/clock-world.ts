import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { basic, manualClock, MERCHANT_ID, START, testEmulator } from './emulator.ts'
import type { ManualClock, TestEmulator } from './emulator.ts'

/** Nobody listens there, and no other test does. */
export const REFUSED = 'http://127.0.0.1:1/notify'

/** Minutes at which the attempts at a receiver that is down begin, counted from the event (docs/gateway.md, 7.4). */
export const SCHEDULE = [0, 2, 12, 42, 132, 342] as const

/** A second merchant's, for `openOther`. */
export const OTHER = { authorization: basic('key-2') }

export interface EffectDocument {
  readonly at: string
  readonly wib: string
  readonly kind: string
  readonly transaction_id: string
  readonly order_id: string
  readonly notification_id?: string
  readonly event?: string
  readonly url?: string
  readonly attempt?: number
  readonly status?: number | null
  readonly error?: string | null
  readonly outcome?: string
  readonly next?: { readonly again: boolean, readonly at: string | null, readonly reason: string }
}

export interface AdvanceDocument {
  readonly from: string
  readonly to: string
  readonly effects: readonly EffectDocument[]
}

export interface ClockDocument {
  readonly now: string
  readonly wib: string
  readonly frozen: boolean
  readonly shift_ms: number
  readonly next_due: { readonly at: string, readonly kind: string } | null
}

interface Teardown {
  teardown (end: () => Promise<void>): void
}

/** An emulator that stands still at the moment at which tests begin. */
export async function frozenEmulator (t: Teardown, flags: readonly string[] = [], clock: ManualClock = manualClock()): Promise<TestEmulator> {
  const emulator = await testEmulator(t, flags, clock)
  await freeze(emulator, '2026-11-22 20:00:00')
  return emulator
}

export async function freeze (emulator: TestEmulator, at?: string): Promise<ClockDocument> {
  return done(await emulator.ask('POST', '/admin/clock/freeze', at === undefined ? undefined : { at }))
}

/** By a duration, or to an instant. */
export async function advance (emulator: TestEmulator, by: string | number | { readonly to: string }): Promise<AdvanceDocument> {
  return done(await emulator.ask('POST', '/admin/clock/advance', typeof by === 'object' ? by : { by }))
}

export async function resume (emulator: TestEmulator): Promise<ClockDocument> {
  return done(await emulator.ask('POST', '/admin/clock/resume'))
}

export async function clockOf (emulator: TestEmulator): Promise<ClockDocument> {
  return done(await emulator.ask('GET', '/admin/clock'))
}

/** Minutes since the test began, and what happened, short enough for a table. */
export function rowOf ({ at, kind, order_id: order, event, attempt, status, error, next }: EffectDocument): readonly unknown[] {
  const when = (Date.parse(at) - START) / 60_000
  return kind === 'attempted' ? [when, kind, order, event, attempt, status ?? error, next?.again] : [when, kind, order]
}

/** All that is on record, as the admin API shows it, as text: without what is real time by its nature. */
export async function recordOf ({ ask }: TestEmulator, headers: Record<string, string> = {}): Promise<string> {
  const [transactions, notifications] = await Promise.all(['transactions', 'notifications'].map(async (list) => {
    const { items } = (await ask('GET', `/admin/${list}?limit=1000`, undefined, headers)).json() as { items: ReadonlyArray<Record<string, string>> }
    return Promise.all(items.map(async (item) => (await ask('GET', `/admin/${list}/${list === 'transactions' ? item.transaction_id : item.id}`, undefined, headers)).json()))
  }))
  return JSON.stringify({ transactions, notifications }, (name, value) => name === 'duration_ms' || name === 'date' ? undefined : value, 1)
}

/** Where a killed process left its data: all files of the folder as they are now, without the lock. */
export async function copyData (path: string, name: string): Promise<string> {
  const folder = join(dirname(dirname(path)), name)
  await cp(dirname(path), folder, { recursive: true, filter: (file) => !file.endsWith('.lock') })
  return join(folder, 'warung.json')
}

/** The timeline as it is on record. */
export async function timelineOf ({ storage }: TestEmulator): Promise<unknown> {
  return (await storage.findMerchant(MERCHANT_ID))?.timeline
}

function done<Answer> (reply: { readonly statusCode: number, readonly payload: string }): Answer {
  if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.payload}`)
  return JSON.parse(reply.payload) as Answer
}
