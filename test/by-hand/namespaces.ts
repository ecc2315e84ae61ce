/**
 * Two processes on one data folder, each alone in its network and its process ids as in a container:
 * `npx tsx test/by-hand/namespaces.ts`. Without namespaces the same is asserted in test/end-to-end/data-file.test.ts. Linux,
 * for whoever may use user namespaces.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import { runToEndOn, startOn } from '../support/data-process.ts'
import type { Running } from '../support/data-process.ts'
import { step } from './steps.ts'

const ALONE = { under: ['unshare', '-r', '-n', '-p', '-f', '--kill-child', '--mount-proc'] }

const folder = mkdtempSync(join(tmpdir(), 'warung-namespaces-'))
const data = join(folder, 'warung.json')
const ends: Array<() => void> = []
const t = { teardown: (end: () => void) => { ends.push(end) } }
try {
  const first = await startOn(t, data, ALONE)
  const pid = insideOf(first)
  step('the first starts', describe(pid), true)
  await refuseSecond('a second while the first lives')

  process.kill(pid, 'SIGSTOP')
  while (stateOf(pid) !== 'T') await wait(10)
  step('the first is stopped', 'state T', true)
  await refuseSecond('a second while the first is stopped')
  process.kill(pid, 'SIGCONT')

  process.kill(pid, 'SIGKILL')
  await first.ended
  step('kill -9 of the first leaves', readdirSync(folder).join(', '), readdirSync(folder).includes('warung.json.lock'))
  const second = await startOn(t, data, ALONE)
  step('the second starts', describe(insideOf(second)), true)
  await refuseSecond('a third while the second lives')
  process.kill(insideOf(second), 'SIGTERM')
  const { code, err } = await second.ended
  step('SIGTERM', `exit ${code}; ${readdirSync(folder).join(', ')}`, code === 0 && err === '' && readdirSync(folder).join() === 'warung.json')
} finally {
  for (const end of ends) end()
  rmSync(folder, { recursive: true })
}

async function refuseSecond (what: string): Promise<void> {
  const { code, out, err } = await runToEndOn(data, ALONE)
  step(what, `exit ${code}, ${err.trimEnd()}`, code === 1 && out === '' && /^warung: [^\n]*warung\.json is in use by another Warung; [^\n]*\n$/.test(err))
}

/** The process id, as we see it, of what runs under `unshare`. */
function insideOf ({ pid }: Running): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
}

function stateOf (pid: number): string {
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
}

function describe (pid: number): string {
  const own = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return `process ${own} of ${readlinkSync(`/proc/${pid}/ns/pid`)}, ${readlinkSync(`/proc/${pid}/ns/net`)}`
}
