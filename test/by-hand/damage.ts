/**
 * Damages a sound data folder in every way we know and shows what the built process says of it: `npx tsx test/by-hand/damage.ts`.
 * The same is asserted in test/end-to-end/data-file.test.ts. Ends with 1 where something is not as it should be.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DAMAGES, DOCUMENT, edit, leaveFiles, SEGMENTS } from '../support/data-damage.ts'
import { runToEndOn, startOn, sums } from '../support/data-process.ts'
import type { Ended } from '../support/data-process.ts'

type Taken = readonly [what: string, damage: (folder: string) => void, flags: readonly string[], line: RegExp]

const LAST_SEGMENT = SEGMENTS.at(-1) ?? ''
const ORDERS = ['order-101', 'order-2', 'order-3', 'order-4']

const TAKEN: readonly Taken[] = [
  ['sound files', () => {}, [], /^$/],
  ['a document edited by hand, with --accept-edits', (folder) => edit(join(folder, DOCUMENT), (text) => text.replace('44000', '45000')), ['--accept-edits'], /"level":40.*edited by hand; it is taken as it is/],
  ['a last line that a crash tore', (folder) => tear(join(folder, LAST_SEGMENT)), [], /"level":40.*a crash cut this line short.* is dropped/]
]

const root = mkdtempSync(join(tmpdir(), 'warung-damage-'))
const teardown: Array<() => void> = []
const t = { teardown: (end: () => void) => { teardown.push(end) } }
let wrong = 0
try {
  const sound = join(root, 'sound')
  await leaveFiles(t, sound)

  for (const [index, [what, damaged, damage, line, flags = []]] of DAMAGES.entries()) {
    const folder = join(root, String(index))
    cpSync(sound, folder, { recursive: true })
    damage(join(folder, damaged))
    const before = sums(folder)
    const ended = await runToEndOn(join(folder, DOCUMENT), { flags })
    const isUntouched = JSON.stringify(sums(folder)) === JSON.stringify(before)
    show([what, ...flags].join(', '), ended, `SHA-256 of all files ${isUntouched ? 'equal' : 'DIFFERENT'}`, ended.code === 1 && isUntouched && /^warung: [^\n]+\n$/.test(ended.err) && line.test(ended.err))
  }

  for (const [index, [what, damage, flags, line]] of TAKEN.entries()) {
    const folder = join(root, `taken-${index}`)
    cpSync(sound, folder, { recursive: true })
    damage(folder)
    const warung = await startOn(t, join(folder, DOCUMENT), { flags })
    const statuses = await Promise.all(ORDERS.map(async (order) => {
      const { body } = await warung.ask('GET', `/v2/${order}/status`)
      return `${order} ${String(body.transaction_status ?? body.status_code)}${body.gross_amount === undefined ? '' : ` ${String(body.gross_amount)}`}`
    }))
    const ended = await warung.stop()
    show(what, ended, `started, ${statuses.join(', ')}`, ended.code === 0 && line.test(ended.err) && ended.err.split('\n').length <= 2)
  }
} finally {
  for (const end of teardown) end()
  rmSync(root, { recursive: true })
}
console.log(wrong === 0 ? 'all as it should be' : `${wrong} not as they should be`)
process.exitCode = wrong === 0 ? 0 : 1

function show (what: string, { code, err }: Ended, then: string, isRight: boolean): void {
  if (!isRight) wrong += 1
  const said = err === '' ? '(nothing)' : err.trimEnd().replaceAll(`${root}/`, '')
  console.log(`${isRight ? 'ok' : 'NOT OK'}  ${what}\n  said  ${said}\n  exit  ${code}; ${then}\n`)
}

function tear (path: string): void {
  truncateSync(path, readFileSync(path).length - 7)
}
