import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import { basic, chargeBody } from './emulator.ts'

const MAIN = join(import.meta.dirname, '../../dist/main.js')
const KEY = 'SB-Mid-server-warung'

type Child = ChildProcessByStdio<null, Readable, Readable>

export interface Ended {
  readonly code: number | null
  readonly err: string
}

export interface Reply {
  readonly http: number
  readonly body: Readonly<Record<string, unknown>>
}

/** The built process on a data file and a free port. */
export interface Running {
  /** Of what was spawned: the program it runs under, if any. */
  readonly pid: number
  /** Resolves when that has ended, however it did. */
  readonly ended: Promise<Ended>
  ask (method: string, path: string, body?: unknown): Promise<Reply>
  charge (orderId: string): Promise<Reply>
  stop (signal?: NodeJS.Signals): Promise<Ended>
}

export interface Start {
  readonly flags?: readonly string[]
  /** A program, with its arguments, that starts it. */
  readonly under?: readonly string[]
  /** The longest file it may write, in the blocks of the shell: 512 bytes or 1 KiB each. */
  readonly fileBlocks?: number
}

/** Resolves once it is ready; rejects with what it said where it ends before. */
export async function startOn (t: { teardown (end: () => void): void }, data: string, start: Start = {}): Promise<Running> {
  const child = spawnOn(data, start)
  t.teardown(() => { child.kill('SIGKILL') })
  const err = text(child.stderr)
  const ended = once(child, 'exit').then(async ([code]): Promise<Ended> => ({ code: code as number | null, err: await err }))
  const url = await readyUrl(child, err)
  const ask: Running['ask'] = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: basic(KEY), ...body === undefined ? {} : { 'content-type': 'application/json' } },
      ...body === undefined ? {} : { body: JSON.stringify(body) }
    })
    return { http: response.status, body: await response.json() as Record<string, unknown> }
  }
  return {
    pid: child.pid ?? 0,
    ended,
    ask,
    charge: (orderId) => ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: orderId, gross_amount: 44000 } })),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    }
  }
}

/** Starts it where it should refuse to. */
export async function runToEndOn (data: string, start: Start = {}): Promise<Ended & { readonly out: string }> {
  const child = spawnOn(data, start)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number | null, out, err }
}

/** The SHA-256 of each file in a folder. */
export function sums (folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder, { withFileTypes: true }).map((entry) => [
    entry.name,
    entry.isFile() ? createHash('sha256').update(readFileSync(join(folder, entry.name))).digest('hex') : 'not a file'
  ]).sort())
}

/** Without what tap loads into each process of a test: that ends it at the signal which comes with the limit, and Node does not. */
function limited (fileBlocks: number): string[] {
  return ['/bin/sh', '-c', `unset NODE_OPTIONS; ulimit -f ${fileBlocks}; exec "$@"`, 'sh']
}

function spawnOn (data: string, { flags = [], under = [], fileBlocks }: Start): Child {
  const command = [...under, process.execPath, MAIN, '--port', '0', '--data', data, '--log-level', 'warn', ...flags]
  const [file = '', ...args] = fileBlocks === undefined ? command : [...limited(fileBlocks), ...command]
  return spawn(file, args, { env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'pipe'] })
}

function readyUrl (child: Child, err: Promise<string>): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      const url = /^warung ready on (http:\/\/\S+)$/m.exec(out)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.on('exit', () => err.then((said) => reject(new Error(`ended before it was ready: ${said}`)), reject))
  })
}
