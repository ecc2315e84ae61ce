/**
 * What hostile receivers cost: `node --expose-gc --import tsx bench/hostile.ts [attempts at each] [part of what a receiver does]`. One emulator in memory
 * goes through all of them, each from a process of its own; figures in MiB, after a full collection but for rss.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

import pino from 'pino'

import { systemClock } from '../src/clock/system-clock.ts'
import { compose } from '../src/compose.ts'
import { MEMORY, readConfig } from '../src/config.ts'
import { insert, MERCHANT_ID } from '../test/support/storage-changes.ts'
import { HOSTILE_RECEIVERS } from './hostile-receivers.ts'
import { printTable } from './table.ts'

const COUNT = Number(process.argv[2] ?? 200)
const only = process.argv[3] ?? ''
const TIMEOUT_MS = 500
const MIB = 2 ** 20
const DAY_MS = 86_400_000

await (process.argv[2] === 'serve' ? serve() : measure())

async function serve (): Promise<void> {
  const open = await Promise.all(HOSTILE_RECEIVERS.map((receiver) => receiver.open()))
  process.on('disconnect', () => process.exit())
  process.send?.(open.map(({ url }) => url))
}

async function measure (): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'])
  const [urls] = await once(child, 'message') as [string[]]
  const { merchant, storage, start, close } = await compose(readConfig(['--data', MEMORY, '--port', '0', '--merchant-id', MERCHANT_ID], {}), { logger: pino({ level: 'silent' }) })
  await storage.changeMerchant(MERCHANT_ID, () => ({ ...merchant, settings: { ...merchant.settings, notificationTimeoutMs: TIMEOUT_MS } }))
  const ended = new Map<string, number>()
  const endedOf = (index: number): number => ended.get(String(index)) ?? 0
  const changeNotification = storage.changeNotification.bind(storage)
  storage.changeNotification = async (id, decide) => {
    const changed = await changeNotification(id, decide)
    const index = id.split('-')[0] ?? ''
    ended.set(index, (ended.get(index) ?? 0) + 1)
    return changed
  }
  const url = await start()
  const authorization = `Basic ${btoa(`${merchant.serverKey}:`)}`

  const rows: string[][] = []
  for (const [index, { does }] of HOSTILE_RECEIVERS.entries()) {
    if (!does.includes(only)) continue
    const before = memory()
    const began = performance.now()
    const now = systemClock.now()
    await Promise.all(Array.from({ length: COUNT }, (_, n) => insert(storage, `${index}-${n}`, { chargedAt: now, lapsesAt: now + DAY_MS, expiresAt: now + DAY_MS, tell: [urls[index] ?? ''], tellAt: now })))
    // What is put into the storage directly wakes nobody; a change of settings does.
    await fetch(`${url}/admin/settings`, { method: 'PUT', headers: { authorization, 'content-type': 'application/json' }, body: '{}' })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    let [rss, slowest] = [0, 0]
    delay.enable()
    do {
      const asked = performance.now()
      await (await fetch(`${url}/v2/order-${index}-0/status`, { headers: { authorization } })).text()
      slowest = Math.max(slowest, performance.now() - asked)
      rss = Math.max(rss, process.memoryUsage.rss() / MIB)
      await systemClock.wait(20)
    } while (endedOf(index) < COUNT)
    delay.disable()
    const took = performance.now() - began
    await systemClock.wait(100)
    const after = memory()
    const { items } = await storage.listNotifications(MERCHANT_ID, { limit: COUNT })
    const reasons = [...new Set(items.map(({ attempts: [first] }) => `${first?.outcome}; ${first?.next.reason}`))].join(', ')
    const kept = items.reduce((sum, { attempts }) => sum + JSON.stringify(attempts).length, 0) / COUNT
    rows.push([does, reasons, ...[took / 1000, before.heap, after.heap, before.external, after.external, rss, kept / 1024, delay.max / 1e6, slowest].map((value) => value.toFixed(1))])
  }
  child.disconnect()
  await close()
  printTable([`${COUNT} attempts at a receiver that …`, 'on record', 's', 'heap before', 'heap after', 'external before', 'external after', 'rss at most', 'KiB on record for an attempt', 'longest stall ms', 'GET status at most ms'], rows)
}

function memory (): { readonly heap: number, readonly external: number } {
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc')
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return { heap: heapUsed / MIB, external: external / MIB }
}
