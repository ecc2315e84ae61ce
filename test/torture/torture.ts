import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { seededRandom } from '../../src/random.ts'
import { startReceiver } from '../support/receiver.ts'
import { Ledger } from './ledger.ts'
import { drive, moodyReceiver, reader, urlsOf } from './workload.ts'
import type { Chance } from './workload.ts'

/*
 * Kills the built process in the middle of its work, over and over on one data file, and compares what it then has with
 * an outside ledger of what it said. The seed repeats the choices; how they interleave is the machine's.
 */
const { values } = parseArgs({ options: { seed: { type: 'string' }, rounds: { type: 'string', default: '100' }, 'seconds-per-round': { type: 'string', default: '3' } } })
const seed = values.seed ?? String(randomInt(1_000_000))
const rounds = Number(values.rounds)
const longestMs = Number(values['seconds-per-round']) * 1000
if (!(rounds >= 1 && longestMs > 0)) throw new Error('rounds and seconds are numbers above 0')

/** When the kill comes: amid work, amid a clean stop, or amid work and then once more amid the next start or its fold. */
const MOMENTS = ['work', 'fold', 'stop', 'start'] as const
/** A round works for up to so many before the kill, if it has the time. */
const MOST_ACKNOWLEDGEMENTS = 320
/** Such a round works until the journal is folded for its size. */
const HEAVY_EVERY = 25
const HEAVY_WITHIN_MS = 5_000
const LONGEST_RUSH_MS = 20
const READY_WITHIN_MS = 30_000
const SETTLED_WITHIN_MS = 60_000

/** Any other warning is a breach. */
const EXPECTED_LOG = /a crash cut this line short/

const folder = await mkdtemp(join(tmpdir(), 'warung-torture-'))
const data = join(folder, 'data', 'warung.json')
// The build as it is now: a rebuild meanwhile must not look like a failed start.
await cp(join(import.meta.dirname, '../../dist'), join(folder, 'dist'), { recursive: true })
await copyFile(join(import.meta.dirname, '../../package.json'), join(folder, 'package.json'))

const receiver = await startReceiver()
const ledger = new Ledger(urlsOf(receiver.url))
receiver.handler = moodyReceiver(ledger, chanceOf('receiver'))

const chance = chanceOf('rounds')
const children = new Set<ChildProcess>()
/** How long these took the last time. */
const usual = { startMs: 300, stopMs: 200, foldMs: 50 }
const seen = { failedStarts: 0, kills: 0, killsAmidFold: 0, folds: 0, torn: 0 }
const fold = { isUnderWay: false, beganAt: 0, begun: (): void => {} }
const beganAt = Date.now()
await mkdir(join(folder, 'data'))
watchFolds()

console.log(`torture: seed ${seed}, ${rounds} rounds, data in ${folder}`)
process.on('SIGTERM', () => process.exit(1))
process.on('exit', () => { for (const child of children) child.kill('SIGKILL') })
for (let round = 1; round <= rounds && ledger.breaches.length === 0; round++) await torment(round)
if (ledger.breaches.length === 0) await settle()
await receiver.close()
report()
if (ledger.breaches.length === 0) await rm(folder, { recursive: true })
process.exit(ledger.breaches.length === 0 ? 0 : 1)

async function torment (round: number): Promise<void> {
  const before = ledger.acknowledgements
  const isHeavy = round % HEAVY_EVERY === 3
  const moment = MOMENTS[Math.floor(chance() * MOMENTS.length)] ?? 'work'
  const life = await start()
  if (life === undefined) return
  const { startMs } = usual

  // Every other time work comes before the comparison, and so beside the fold of the start.
  if (chance() < 0.5) {
    const work = begin(life.url, `r${round}a`)
    await acknowledgements(chance() * MOST_ACKNOWLEDGEMENTS / 4)
    await work.end()
  }
  await ledger.verify(reader(life.url)).catch((error: unknown) => ledger.breach(String(error)))

  const work = begin(life.url, `r${round}b`, isHeavy)
  await (isHeavy ? folding(HEAVY_WITHIN_MS) : acknowledgements(chance() * MOST_ACKNOWLEDGEMENTS))
  work.rush()
  await wait(chance() * (isHeavy ? usual.foldMs : LONGEST_RUSH_MS))
  // The sharpest moment: an acknowledgement has just come.
  await acknowledgements(1)
  if (life.child.exitCode !== null || life.child.signalCode !== null) ledger.breach(`it ended by itself with ${life.child.exitCode ?? life.child.signalCode}`)
  if (moment === 'stop') await stop(life, chance() * usual.stopMs * 1.5)
  await Promise.all([work.end(), life.kill()])

  if (moment === 'start' || moment === 'fold') {
    const next = launch()
    const work = next.ready.then((url) => url === undefined ? undefined : begin(url, `r${round}c`))
    if (moment === 'fold') await folding(longestMs)
    await wait(chance() * (moment === 'fold' ? usual.foldMs : usual.startMs * 1.2))
    if (next.child.exitCode !== null) failedStart(next)
    await Promise.all([work.then((work) => work?.end()), next.kill()])
  }
  console.log([
    `round ${String(round).padStart(3)}`, (isHeavy ? `heavy, ${moment}` : moment).padEnd(12), `start ${String(startMs).padStart(4)} ms`, `acknowledged ${String(ledger.acknowledgements - before).padStart(4)}`,
    `transactions ${ledger.entries.length}`, `notifications ${ledger.notifications}`, `folds ${seen.folds}`, `breaches ${ledger.breaches.length}`
  ].join('  '))
}

/** Resolves when so many more have come, or when the round has worked long enough. */
async function acknowledgements (more: number): Promise<void> {
  await Promise.race([ledger.acknowledged(more), wait(longestMs)])
}

interface Work {
  rush (): void
  /** Resolves when nothing is unanswered any more. */
  end (): Promise<void>
}

function begin (url: string, name: string, isHeavy = false): Work {
  const [rush, ending] = [new AbortController(), new AbortController()]
  const driven = drive({ url, name, isHeavy, ledger, rush: rush.signal, signal: ending.signal, chanceOf: (worker) => chanceOf(`${worker} of ${name}`) })
  return {
    rush: () => rush.abort(),
    end: async () => {
      ending.abort()
      await driven
    }
  }
}

/** Asks it to stop cleanly, and waits for that no longer than `forMs`. */
async function stop ({ child, ended }: Life, forMs: number): Promise<void> {
  const askedAt = Date.now()
  child.kill('SIGTERM')
  const exit = await Promise.race([ended, wait(forMs)])
  if (exit === undefined) return
  usual.stopMs = Date.now() - askedAt
  if (exit !== 0) ledger.breach(`a clean stop ended with exit code ${exit}`)
}

/** Lets all that is due be done, and compares for the last time. */
async function settle (): Promise<void> {
  receiver.handler = ({ url, body }, response) => {
    ledger.received(url, body)
    ledger.delivered(url, body)
    response.end()
  }
  const life = await start()
  if (life === undefined) return
  const read = reader(life.url)
  const until = Date.now() + SETTLED_WITHIN_MS
  const isOverdue = async (): Promise<boolean> => {
    const { items } = await read('/admin/notifications?state=waiting&limit=1000') as { items: Array<{ next_attempt_at: string }> }
    return items.some(({ next_attempt_at: at }) => Date.parse(at) <= Date.now())
  }
  while (Date.now() < until && await isOverdue()) await wait(100)
  await ledger.verify(read, { isSettled: true })
  await stop(life, READY_WITHIN_MS)
  await life.kill()
  const left = await readdir(join(folder, 'data'))
  if (left.join() !== 'warung.json') ledger.breach(`the last stop leaves ${left.join(', ')}`)
}

interface Life {
  readonly child: ChildProcess
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
  /** The URL once it is ready; undefined if it ends before. */
  readonly ready: Promise<string | undefined>
  kill (): Promise<void>
}

async function start (): Promise<Life & { readonly url: string } | undefined> {
  const beganAt = Date.now()
  const life = launch()
  const url = await Promise.race([life.ready, wait(READY_WITHIN_MS, undefined, { ref: false })])
  usual.startMs = Date.now() - beganAt
  if (url !== undefined) return { ...life, url }
  failedStart(life)
  await life.kill()
}

function failedStart ({ child }: Life): void {
  seen.failedStarts++
  ledger.breach(child.exitCode === null ? `not ready within ${READY_WITHIN_MS} ms` : `a start ended with exit code ${child.exitCode}`)
}

function launch (): Life {
  ledger.life++
  const child = spawn(process.execPath, [join(folder, 'dist/main.js'), '--port', '0', '--data', data, '--log-level', 'warn', '--notification-url', `${receiver.url}/own`], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => { log += chunk.toString() })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    ended,
    ready: new Promise((resolve, reject) => {
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString()
        const url = /^warung ready on (http:\/\/\S+)$/m.exec(out)?.[1]
        if (url !== undefined) resolve(url)
      })
      ended.then(() => resolve(undefined), reject)
    }),
    async kill () {
      seen.kills += child.kill('SIGKILL') ? 1 : 0
      await ended
      children.delete(child)
      seen.killsAmidFold += fold.isUnderWay ? 1 : 0
      fold.isUnderWay = false
      for (const line of log.split('\n')) {
        if (EXPECTED_LOG.test(line)) seen.torn++
        else if (line !== '') ledger.breach(`logged ${line}`)
      }
    }
  }
}

/** A fold writes the new document under a temporary name and then gives it its own. */
function watchFolds (): void {
  watch(join(folder, 'data'), (event, name) => {
    if (event !== 'rename') return
    if (name === 'warung.json') {
      seen.folds++
      usual.foldMs = Date.now() - fold.beganAt
    } else if (name === 'warung.json.tmp') {
      fold.isUnderWay = existsSync(`${data}.tmp`)
      if (!fold.isUnderWay) return
      fold.beganAt = Date.now()
      fold.begun()
    }
  })
}

/** Resolves when a fold begins, at once while one is under way, or when so long nothing was to be folded. */
async function folding (withinMs: number): Promise<void> {
  if (fold.isUnderWay) return
  await Promise.race([new Promise<void>((resolve) => { fold.begun = resolve }), wait(withinMs)])
}

function report (): void {
  const { distinct, duplicates } = ledger.deliveries()
  const rows: Array<[what: string, count: number | string]> = [
    ['rounds', rounds],
    ['kills', `${seen.kills}, ${seen.killsAmidFold} of them amid a fold`],
    ['acknowledgements', ledger.acknowledgements],
    ['transactions', `${ledger.entries.length}, ${ledger.adopted} of them from unanswered charges`],
    ['losses and other breaches', ledger.breaches.length],
    ['failed starts', seen.failedStarts],
    ['notifications on record', ledger.notifications],
    ['notifications delivered', distinct],
    ['duplicates per delivered one', distinct === 0 ? 0 : (duplicates / distinct).toFixed(4)],
    ['folds seen', seen.folds],
    ['torn lines dropped', seen.torn],
    ['seconds', Math.round((Date.now() - beganAt) / 1000)]
  ]
  console.log()
  for (const [what, count] of rows) console.log(`${what.padEnd(30)}${count}`)
  for (const breach of ledger.breaches.slice(0, 20)) console.log(`breach: ${breach}`)
  if (ledger.breaches.length > 0) console.log(`again: npm run torture -- --seed ${seed} --rounds ${rounds}; the data is left in ${folder}`)
}

function chanceOf (name: string): Chance {
  return seededRandom(seed).draw('torture', name).fraction
}
