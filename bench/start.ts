/**
 * How long a start takes, beside a bare `node:http` server: `npx tsx bench/start.ts [rounds] [node]`. From the spawn to the
 * line that says it listens; one after the other in each round, so that what else the machine does falls on both alike.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 20)
const NODE = process.argv[3] ?? process.execPath
const MAIN = join(import.meta.dirname, '../dist/main.js')
const BARE = "require('node:http').createServer().listen(0, '127.0.0.1', () => console.log('ready'))"

const bare: number[] = []
const warung: number[] = []
// The first of each only fills the caches of the machine.
for (let round = -1; round < ROUNDS; round++) {
  const pair = [await start(['-e', BARE]), await start([MAIN, '--port', '0', '--data', ':memory:', '--log-level', 'silent'])] as const
  if (round < 0) continue
  bare.push(pair[0])
  warung.push(pair[1])
}

printTable([`${ROUNDS} starts each`, 'min ms', 'median ms', 'max ms'], [['node:http', ...figures(bare, 0)], ['warung', ...figures(warung, 0)]])
printTable(['', 'min', 'median', 'max'], [['warung ÷ node:http, by pair', ...figures(warung.map((ms, round) => ms / (bare[round] ?? NaN)), 2)]])

async function start (args: readonly string[]): Promise<number> {
  const begun = performance.now()
  const child = spawn(NODE, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(([code]) => { throw new Error(`${args.join(' ')} ended with ${String(code)} before it was ready`) })
  ])
  const took = performance.now() - begun
  child.kill()
  await ended
  return took
}

function figures (values: readonly number[], digits: number): readonly string[] {
  const sorted = values.toSorted((a, b) => a - b)
  return [0, (sorted.length - 1) >> 1, sorted.length - 1].map((at) => (sorted[at] ?? NaN).toFixed(digits))
}
