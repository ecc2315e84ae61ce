/**
 * What an emulator costs that has nothing to do: `node --import tsx bench/idle.ts [seconds]`. Processor time, as a share of
 * one core, over some seconds after all that can be begun has been.
 */
import pino from 'pino'

import { systemClock } from '../src/clock/system-clock.ts'
import { compose } from '../src/compose.ts'
import type { Emulator } from '../src/compose.ts'
import { MEMORY, readConfig } from '../src/config.ts'
import { insert, MERCHANT_ID } from '../test/support/storage-changes.ts'
import { startReceivers } from './receivers.ts'
import { printTable } from './table.ts'

const SECONDS = Number(process.argv[2] ?? 5)
const COUNT = 10_000
const DAY_MS = 86_400_000

const receivers = await startReceivers()
const hanging = receivers.urlOf('hanging')
const now = systemClock.now()
const rows: string[][] = []
await measure('nothing at all', async () => {})
await measure(`${COUNT} expiries in a day`, (emulator) => fill(emulator, {}))
await measure(`${COUNT} notifications in a day`, (emulator) => fill(emulator, { tell: [hanging], tellAt: now + DAY_MS }))
await measure(`a world that stands still, ${COUNT} notifications and expiries ahead of it`, async (emulator) => {
  await emulator.storage.changeMerchant(MERCHANT_ID, () => ({ ...emulator.merchant, timeline: { shiftMs: 0, frozenAt: now, isStepped: false } }))
  await fill(emulator, { tell: [hanging], tellAt: now + 1_000 })
})
await measure(`${COUNT} notifications due to a target that hangs, 16 under way`, (emulator) => fill(emulator, { tell: [hanging], tellAt: now }))
printTable(['', `processor over ${SECONDS} s`, 'ms'], rows)
receivers.close()

async function measure (name: string, prepare: (emulator: Emulator) => Promise<unknown>): Promise<void> {
  const emulator = await compose(readConfig(['--data', MEMORY, '--port', '0', '--merchant-id', MERCHANT_ID], {}), { logger: pino({ level: 'silent' }) })
  await prepare(emulator)
  await emulator.start()
  await systemClock.wait(2_000)
  const before = process.cpuUsage()
  await systemClock.wait(SECONDS * 1_000)
  const { user, system } = process.cpuUsage(before)
  rows.push([name, `${((user + system) / SECONDS / 10_000).toFixed(2)} %`, ((user + system) / 1_000).toFixed(1)])
  await emulator.close()
}

function fill ({ storage }: Emulator, { tell = [], tellAt = now }: { readonly tell?: readonly string[], readonly tellAt?: number }): Promise<unknown> {
  return Promise.all(Array.from({ length: COUNT }, (_, n) => insert(storage, String(n), { chargedAt: now, lapsesAt: now + DAY_MS, expiresAt: now + DAY_MS, tell, tellAt })))
}
