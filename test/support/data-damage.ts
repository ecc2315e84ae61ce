import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { headerLine } from '../../src/storage/journal-format.ts'
import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { failing, faultyFiles } from '../storage/faulty-files.ts'
import { startOn } from './data-process.ts'
import { insert } from './storage-changes.ts'

export const DOCUMENT = 'warung.json'
const [SECOND, THIRD, FOURTH] = [2, 3, 4].map((number) => `${DOCUMENT}.journal.00000${number}`) as [string, string, string]
export const SEGMENTS = [SECOND, THIRD, FOURTH]
export const ORDER = 'order-101'
/** The process that reads them has the machine's time. */
const NEVER = Date.parse('9999-01-01T00:00:00Z')

/**
 * A document as the process leaves it after one charge, and three segments of the journal behind it with a charge each, as a
 * crash leaves them that came while folding was behind.
 */
export async function leaveFiles (t: Parameters<typeof startOn>[0], folder: string): Promise<void> {
  const path = join(folder, DOCUMENT)
  const warung = await startOn(t, path)
  await warung.charge(ORDER)
  await warung.stop()

  const files = faultyFiles()
  const storage = await openJsonFileStorage({ path, warn: () => {}, files, foldAfterBytes: 1, fold: async () => {} })
  for (const name of ['2', '3', '4']) await insert(storage, name, { merchantId: 'G626262626', lapsesAt: NEVER })
  files.fault = failing('open', 'write', 'truncate', 'sync', 'rename', 'unlink')
  await storage.close()
}

export function edit (path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'latin1')
  const changed = change(text)
  if (changed === text) throw new Error('nothing to change')
  writeFileSync(path, changed, 'latin1')
}

function putFolder (path: string): void {
  rmSync(path, { force: true })
  mkdirSync(path)
}

function flipBit (path: string, where: (text: string) => number): void {
  const bytes = readFileSync(path)
  const index = where(bytes.toString('latin1'))
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index)
  writeFileSync(path, bytes)
}

const half = (path: string): void => truncateSync(path, Math.floor(readFileSync(path).length / 2))
const PUT_BACK = 'put back a sound copy of it, or move the data file and its \\.journal files away to begin with nothing'

/** What is done to which file, and what the line says of which file and line, and what to do. */
export type Damage = readonly [what: string, damaged: string, damage: (path: string) => void, line: RegExp, flags?: readonly string[]]

export const DAMAGES: readonly Damage[] = [
  ['a document cut short', DOCUMENT, half, new RegExp(`warung\\.json, line \\d+: the file is cut short here; ${PUT_BACK}`)],
  ['a document with a bit flipped in a record', DOCUMENT, (path) => flipBit(path, (text) => text.indexOf('44000') + 1), /warung\.json, line \d+: the digest is not that of the lines before it: the file was edited by hand or damaged; to take it as it is, start once with --accept-edits; else put back a sound copy of it/],
  ['an empty document', DOCUMENT, (path) => writeFileSync(path, ''), new RegExp(`warung\\.json, line 1: the file is empty; ${PUT_BACK}`)],
  ['a foreign document', DOCUMENT, (path) => writeFileSync(path, '{"name":"shop","version":"1.0.0"}\n'), /warung\.json, line 1: this is not a document of Warung; name another file, or move this one away/],
  ['a document of a newer version', DOCUMENT, (path) => edit(path, (text) => text.replace('{"warung":1,', '{"warung":2,')), /warung\.json, line 1: a newer Warung wrote it \(format 2\); start that version/],
  ['a document edited by hand', DOCUMENT, (path) => edit(path, (text) => text.replace('44000', '45000')), /warung\.json, line \d+: the digest is not that of the lines before it: the file was edited by hand or damaged; to take it as it is, start once with --accept-edits; else put back a sound copy of it/],
  ['a document that edits made unreadable', DOCUMENT, (path) => edit(path, (text) => text.replace('"transaction_id":', '"transaction_id"')), new RegExp(`warung\\.json, line \\d+: the line is not JSON; ${PUT_BACK}`), ['--accept-edits']],
  ['a folder in place of the document', DOCUMENT, putFolder, /warung\.json, line 1: it cannot be read \(EISDIR: .*\); let this user read it, or name another file/],
  ['a missing document', DOCUMENT, (path) => rmSync(path), new RegExp(`journal\\.000001, line 1: the file is missing between .*warung\\.json and .*journal\\.000002; ${PUT_BACK}`)],
  ['a segment cut short before another', THIRD, half, new RegExp(`journal\\.000003, line \\d+: the line is (cut short, and another segment follows|damaged: its sum is not right); ${PUT_BACK}`)],
  ['a last segment cut short in its header', FOURTH, (path) => truncateSync(path, 20), new RegExp(`journal\\.000004, line 1: this is not a journal of Warung; ${PUT_BACK}`)],
  ['a segment with a bit flipped', SECOND, (path) => flipBit(path, (text) => text.indexOf('order-2')), new RegExp(`journal\\.000002, line 2: the line is damaged: its sum is not right; ${PUT_BACK}`)],
  ['a last segment with a bit flipped', FOURTH, (path) => flipBit(path, (text) => text.indexOf('order-4')), new RegExp(`journal\\.000004, line 2: the line is damaged: its sum is not right; ${PUT_BACK}`)],
  ['a line that is there twice', FOURTH, (path) => edit(path, (text) => text + text.slice(text.indexOf('\n') + 1)), new RegExp(`journal\\.000004, line 3: commit \\d+ should stand here, not \\d+; ${PUT_BACK}`)],
  ['an empty segment', SECOND, (path) => writeFileSync(path, ''), new RegExp(`journal\\.000002, line 1: the file is empty; ${PUT_BACK}`)],
  ['a foreign segment', THIRD, (path) => writeFileSync(path, 'hello\n'), new RegExp(`journal\\.000003, line 1: this is not a journal of Warung; ${PUT_BACK}`)],
  ['a segment of another data file', THIRD, (path) => writeFileSync(path, headerLine({ segment: 3, seq: 4, file: 'another' })), /journal\.000003, line 1: it belongs to another data file; move it away/],
  ['something under the name of a segment that is folded', `${DOCUMENT}.journal.000000`, (path) => writeFileSync(path, 'precious'), new RegExp(`journal\\.000000, line 1: this is not a journal of Warung; ${PUT_BACK}`)],
  ['a segment of a newer version', FOURTH, (path) => edit(path, (text) => text.replace('"journal":1', '"journal":2')), /journal\.000004, line 1: a newer Warung wrote it \(format 2\); start that version/],
  ['a folder in place of a segment', THIRD, putFolder, /journal\.000003, line 1: it cannot be read \(EISDIR: .*\); let this user read it, or name another file/],
  ['a folder in place of the lock', `${DOCUMENT}.lock`, putFolder, /a folder has the name warung\.json\.lock, which is that of the lock beside the data file; move it away/],
  ['a missing segment in the middle', THIRD, (path) => rmSync(path), new RegExp(`journal\\.000003, line 1: the file is missing between .*warung\\.json and .*journal\\.000004; ${PUT_BACK}`)]
]
