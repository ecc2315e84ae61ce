/**
 * What hostile clients cost: `node --expose-gc --import tsx bench/hostile-input.ts [how often each] [part of what is sent]`.
 * The server runs in a process of its own, in memory, and measures itself. Figures in MiB, after a full collection but for
 * "rss at most".
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

import pino from 'pino'

import { systemClock } from '../src/clock/system-clock.ts'
import { compose } from '../src/compose.ts'
import { MEMORY, readConfig } from '../src/config.ts'
import { chargeBody, SERVER_KEY } from '../test/support/emulator.ts'
import { head } from '../test/support/gateway-world.ts'
import { ALIVE, BODIES, CHUNKED, MIB, wholeCharge, WIRE } from '../test/support/hostile-input.ts'
import { answersOn } from '../test/support/wire.ts'
import { printTable } from './table.ts'

interface Figures {
  readonly rss: number
  readonly mostRss: number
  readonly heap: number
  readonly external: number
  readonly stallMs: number
}

/** Resolves with what happened. */
type Send = (port: number) => Promise<string>
type Row = readonly [what: string, send: Send]

const TIMES = Number(process.argv[2] ?? 20)
const only = process.argv[3] ?? ''
const SERVED = 'serve'
const MANY = 5_000
const MOST_CONNECTING = 100
const SILENT_MS = 60_000
const connecting = new Set<Socket>()
const piece = Buffer.alloc(64 * 1024, 'x')

const ROWS: readonly Row[] = [
  ['a good charge and its cancel', (port) => repeatedly(() => expectAlive(port))],
  ...BODIES.map(([what, body]): Row => [what, (port) => repeatedly(() => chargeOf(port, body))]),
  ['a good charge of almost 1 MiB', (port) => repeatedly(() => chargeOf(port, chargeBody({ metadata: { text: 'x'.repeat(MIB - 200) } })))],
  ['a charge of 100 MiB, its length given', (port) => repeatedly(() => flood(port, head('POST', '/v2/charge', { 'content-length': String(100 * MIB) }), piece, 100 * MIB))],
  ['a charge of 100 MiB, in chunks', (port) => repeatedly(() => flood(port, head('POST', '/v2/charge', CHUNKED), chunkOf(piece), 100 * MIB))],
  ['a charge in chunks of one byte, without end', (port) => repeatedly(() => flood(port, head('POST', '/v2/charge', CHUNKED), Buffer.from('1\r\nx\r\n'.repeat(10_000))))],
  ['a chunk extension without end', (port) => repeatedly(() => flood(port, `${head('POST', '/v2/charge', CHUNKED)}1;`, piece))],
  ['a settings body of 100 MiB', (port) => repeatedly(() => flood(port, head('PUT', '/admin/settings', { 'content-type': 'application/json', 'content-length': String(100 * MIB) }), piece, 100 * MIB))],
  ['headers of 100 kB', (port) => repeatedly(() => bytes(port, head('GET', '/v2/order-101/status', { x: 'y'.repeat(100_000) })))],
  ['headers without end', (port) => repeatedly(() => flood(port, 'GET / HTTP/1.1\r\n', Buffer.from('x: y\r\n'.repeat(10_000))))],
  ['a path of 100 kB', (port) => repeatedly(() => bytes(port, head('GET', `/v2/${'x'.repeat(100_000)}/status`)))],
  ['a path without end', (port) => repeatedly(() => flood(port, 'GET /', piece))],
  ['10,000 good requests at once, then garbage', (port) => repeatedly(() => bytes(port, `${head('GET', '/v2/nobody/status', ALIVE).repeat(10_000)}garbage\r\n\r\n`))],
  ['garbage without end', (port) => repeatedly(() => flood(port, '', Buffer.from('\0garbage\r\n\r\n'.repeat(5_000))))],
  [`each of the ${WIRE.length} broken requests of test/http/hostile-input.test.ts`, (port) => repeatedly(() => allBroken(port))],
  [`${MANY} TLS handshakes at once`, (port) => atOnce(MANY, () => bytes(port, Buffer.from('16030100f1010000ed0303', 'hex')))],
  ['200 charges at once, each of lists 500,000 deep', (port) => atOnce(200, () => chargeOf(port, `${'['.repeat(MIB / 2)}${']'.repeat(MIB / 2)}`))],
  ['200 charges at once, each of 100,000 wrong items', (port) => atOnce(200, () => chargeOf(port, chargeBody({ item_details: Array.from({ length: 100_000 }, () => 1) })))],
  ['50 × 1 MiB asked for on each of 10 connections, nothing read for 3 s', async (port) => {
    await chargeOf(port, chargeBody({ metadata: { text: 'x'.repeat(MIB - 200) } }))
    return atOnce(10, () => neverRead(port, head('GET', '/v2/order-101/status', ALIVE).repeat(50)))
  }],
  [`${MANY} heads that stop in the middle, at once`, (port) => atOnce(MANY, () => bytes(port, 'POST /v2/charge HTT'))],
  [`${MANY} idle connections, at once`, (port) => atOnce(MANY, () => bytes(port, ''))],
  [`${MANY} bodies that stop in the middle, at once`, (port) => atOnce(MANY, () => bytes(port, wholeCharge().slice(0, -1)))]
]

await (process.argv[2] === SERVED ? serve() : measure())

/** The server's side: told to begin and to end a measurement, it answers each. */
async function serve (): Promise<void> {
  const emulator = await compose(readConfig(['--data', MEMORY, '--port', '0', '--server-key', SERVER_KEY], {}), { logger: pino({ level: 'silent' }) })
  const url = await emulator.start()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let mostRss = 0
  setInterval(() => { mostRss = Math.max(mostRss, process.memoryUsage.rss()) }, 20)

  process.on('disconnect', () => process.exit())
  process.on('message', async (message: 'begin' | 'end') => {
    // What came before the message is in the histogram a moment later.
    await systemClock.wait(50)
    delay.disable()
    const [stallMs, most] = [delay.max / 1e6, mostRss / MIB]
    for (let times = 0; times < 2; times++) globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    process.send?.({ rss: rss / MIB, heap: heapUsed / MIB, external: external / MIB, mostRss: most, stallMs } satisfies Figures)
    if (message === 'end') return
    await systemClock.wait(50)
    mostRss = 0
    delay.reset()
    delay.enable()
    process.send?.('begun')
  })
  process.send?.(url)
}

async function measure (): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), [SERVED], { execArgv: ['--expose-gc', '--import', 'tsx'] })
  const port = Number(new URL(await messageOf(child)).port)
  // What is compiled or allocated once and for all is no matter of what is sent.
  for (let times = 0; times < 500; times++) await expectAlive(port)

  const rows: string[][] = []
  let wrong = 0
  for (const [what, send] of ROWS) {
    if (!what.includes(only)) continue
    child.send('begin')
    const before = await messageOf<Figures>(child)
    await messageOf(child)
    const happened = await send(port)
    child.send('end')
    const after = await messageOf<Figures>(child)
    const alive = await expectAlive(port)
    if (alive !== '201') wrong += 1
    rows.push([what, `${happened}${alive === '201' ? '' : `; then ${alive}`}`, ...[after.stallMs, before.heap, after.heap, before.external, after.external, before.rss, after.mostRss, after.rss].map((value) => value.toFixed(1))])
  }
  child.disconnect()
  printTable(['sent', 'happened', 'longest stall ms', 'heap before', 'heap after', 'external before', 'external after', 'rss before', 'rss at most', 'rss after'], rows)
  if (wrong > 0) process.exitCode = 1
}

async function messageOf <Message = string> (child: ChildProcess): Promise<Message> {
  const [message] = await once(child, 'message') as [Message]
  return message
}

async function repeatedly (send: () => Promise<string>): Promise<string> {
  const seen: string[] = []
  for (let times = 0; times < TIMES; times++) seen.push(await send())
  return counted(seen)
}

async function atOnce (count: number, send: () => Promise<string>): Promise<string> {
  return counted(await Promise.all(Array.from({ length: count }, send)))
}

function counted (seen: readonly string[]): string {
  return [...new Set(seen)].map((each) => `${each} × ${seen.filter((other) => other === each).length}`).join(', ')
}

/** Statuses of all that came back; of the gateway's answers by 200 the code in the body. */
async function bytes (port: number, sent: string | Buffer): Promise<string> {
  return shown(await exchange(port, sent))
}

async function exchange (port: number, sent: string | Buffer): ReturnType<typeof answersOn> {
  const socket = await open(port)
  socket.write(sent)
  const answers = await answersOn(socket)
  socket.destroy()
  return answers
}

function shown (answers: Awaited<ReturnType<typeof answersOn>>): string {
  const seen = answers.map(({ status, body }) => /"status_code":"(\d+)"/.exec(body)?.[1] ?? String(status))
  const counts = new Map<string, number>()
  for (const each of seen) counts.set(each, (counts.get(each) ?? 0) + 1)
  return seen.length === 0 ? 'closed' : [...counts].map(([code, count]) => count === 1 ? code : `${count} times ${code}`).join(' and ')
}

async function chargeOf (port: number, body: unknown): Promise<string> {
  const sent = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const seen = await bytes(port, Buffer.concat([Buffer.from(head('POST', '/v2/charge', { 'content-length': String(sent.length) })), sent]))
  if (seen === '201') await bytes(port, head('POST', '/v2/order-101/cancel'))
  return seen
}

async function expectAlive (port: number): Promise<string> {
  const body = JSON.stringify(chargeBody({ transaction_details: { order_id: 'lives-on', gross_amount: 44000 } }))
  const seen = await bytes(port, head('POST', '/v2/charge', { 'content-length': String(body.length) }) + body)
  await bytes(port, head('POST', '/v2/lives-on/cancel'))
  return seen
}

/** Writes as fast as it is read, until the server has enough or so much was sent. */
async function flood (port: number, start: string, more: Buffer, most = Infinity): Promise<string> {
  const socket = await open(port)
  let sent = 0
  const answers = answersOn(socket)
  socket.write(start)
  const next = (): void => {
    if (socket.destroyed || !socket.writable || sent >= most) return
    sent += more.length
    socket.write(more, (error) => { if (error == null) setImmediate(next) })
  }
  next()
  const seen = shown(await answers)
  socket.destroy()
  return seen
}

async function neverRead (port: number, sent: string): Promise<string> {
  const socket = await open(port)
  socket.pause().write(sent)
  await systemClock.wait(3_000)
  socket.resetAndDestroy()
  return 'hung up'
}

async function allBroken (port: number): Promise<string> {
  let asExpected = 0
  for (const [, sent, ...statuses] of WIRE) {
    const answers = await exchange(port, sent)
    if (answers.map(({ status }) => status).join() === statuses.join()) asExpected += 1
    // An order that one of them has opened is in the way of the next.
    await bytes(port, head('POST', '/v2/order-101/cancel'))
  }
  return `${asExpected} answered as there`
}

/** Some at a time: what does not fit into the queue of the listening socket would wait for nobody. */
async function open (port: number): Promise<Socket> {
  while (connecting.size >= MOST_CONNECTING) await systemClock.wait(1)
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  connecting.add(socket)
  socket.on('error', () => {}).setTimeout(SILENT_MS, () => socket.destroy())
  await once(socket, 'connect')
  connecting.delete(socket)
  return socket
}

function chunkOf (data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}
