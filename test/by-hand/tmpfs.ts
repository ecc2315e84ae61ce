/**
 * Fills a disk of 1 MiB, a tmpfs in a mount namespace of its own: `npx tsx test/by-hand/tmpfs.ts`. With a file system that
 * fails on purpose the same is asserted in test/storage/full-disk.test.ts. Linux, for whoever may use user namespaces.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startOn } from '../support/data-process.ts'
import type { Reply, Running } from '../support/data-process.ts'
import { ranUnder, step } from './steps.ts'

const BALLAST_BYTES = 640 * 1024
/** Larger than what a refused charge leaves free. */
const LARGE_SETTINGS = { notification_urls: Array.from({ length: 20 }, (_, shop) => `http://127.0.0.1:9/${shop}/${'n'.repeat(200)}`) }

if (!ranUnder(['-r', '-m'], import.meta.filename)) await fillDisk()

async function fillDisk (): Promise<void> {
  const disk = mkdtempSync(join(tmpdir(), 'warung-tmpfs-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
  const ends: Array<() => void> = []
  try {
    await proveOn(disk, { teardown: (end) => { ends.push(end) } })
  } finally {
    for (const end of ends) end()
    execFileSync('umount', ['-l', disk])
    rmdirSync(disk)
  }
}

async function proveOn (disk: string, t: Parameters<typeof startOn>[0]): Promise<void> {
  const data = join(disk, 'warung.json')
  const ballast = join(disk, 'ballast')
  writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES))
  const free = (): string => {
    const { bavail, bsize } = statfsSync(disk)
    return `${bavail * bsize / 1024} KiB free`
  }
  step('a tmpfs of 1 MiB, with ballast on it', free(), true)

  const first = await startOn(t, data)
  const acknowledged: string[] = []
  let reply: Reply
  for (;;) {
    const order = `order-${acknowledged.length}`
    reply = await first.charge(order)
    if (reply.body.status_code !== '201') break
    acknowledged.push(order)
  }
  const refused = `order-${acknowledged.length}`
  step('charges acknowledged until it was full', `${acknowledged.length}, ${free()}`, acknowledged.length > 0)
  step(`POST /v2/charge of ${refused}`, reply, reply.http === 200 && reply.body.status_code === '500')
  await ask(first, 'PUT', '/admin/settings', 507, ({ code }) => code === 'not_kept', LARGE_SETTINGS)
  await ask(first, 'GET', '/readyz', 503, ({ reason }) => /ENOSPC/.test(String(reason)))
  await ask(first, 'GET', '/livez', 200)
  await ask(first, 'GET', `/v2/${refused}/status`, 200, ({ status_code: code }) => code === '404')
  const { body: { items } } = await first.ask('GET', `/admin/transactions?q=${refused}`)
  step(`GET /admin/transactions?q=${refused}`, items, JSON.stringify(items) === '[]')
  await ask(first, 'GET', '/v2/order-0/status', 200, ({ transaction_status: status }) => status === 'pending')

  rmSync(ballast)
  step('room is made', free(), true)
  await ask(first, 'GET', '/readyz', 200)
  const again = await first.charge(refused)
  step(`POST /v2/charge of ${refused}`, again, again.body.status_code === '201')
  acknowledged.push(refused)
  const { code } = await first.stop('SIGKILL')
  step('kill -9', `exit ${code}; ${readdirSync(disk).join(', ')}`, code === null)

  const second = await startOn(t, data)
  let found = 0
  for (const order of acknowledged) found += (await second.ask('GET', `/v2/${order}/status`)).body.transaction_status === 'pending' ? 1 : 0
  step('acknowledged charges that are there after the start', `${found} of ${acknowledged.length}`, found === acknowledged.length)
  await ask(second, 'GET', '/readyz', 200)
  const ended = await second.stop()
  step('SIGTERM', `exit ${ended.code}, said ${ended.err === '' ? 'nothing' : ended.err.trimEnd()}; ${readdirSync(disk).join(', ')}`, ended.code === 0 && ended.err === '')
}

async function ask (warung: Running, method: string, path: string, status: number, isRight: (body: Reply['body']) => boolean = () => true, body?: unknown): Promise<void> {
  const reply = await warung.ask(method, path, body)
  step(`${method} ${path}`, reply, reply.http === status && isRight(reply.body))
}
