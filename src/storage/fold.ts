import { Low } from 'lowdb'

import { readCounter } from '../domain/records.ts'
import type { Counter } from '../domain/records.ts'
import { DamagedFile } from './damaged-file.ts'
import { DocumentFile, EMPTY_DOCUMENT } from './document.ts'
import { deleteIfThere, nodeFiles } from './files.ts'
import type { Files } from './files.ts'
import { findSegments, segmentPath } from './journal-format.ts'
import type { KeptRecord } from './kept-record.ts'
import { readJournal } from './read-journal.ts'
import { SECTION_NAMES } from './record.ts'
import type { Section } from './record.ts'

/** By key, in the order in which they were first put. */
type Changed = Record<Section, Map<string, KeptRecord>>

/**
 * Merges the closed segments up to number `upTo` into the document, then deletes them. It needs nothing but the files, and
 * may be killed at any moment: until the new document has its name nothing has changed, and then it says what is in it.
 */
export async function foldSegments (path: string, upTo: number, files: Files = nodeFiles): Promise<void> {
  const document = new Low(new DocumentFile(files, path), EMPTY_DOCUMENT)
  await document.read()
  const { folded, records } = document.data

  const changed: Changed = { merchants: new Map(), counters: new Map(), transactions: new Map(), notifications: new Map() }
  const { segment, seq, file, torn } = await readJournal(files, path, folded, upTo, (record) => changed[record.section].set(record.key, record))
  if (torn !== undefined) throw new DamagedFile(torn.file, torn.at, 'the line is cut short')
  if (segment > folded.segment) {
    document.data = { folded: { segment, seq, file }, records: standing(merge(records, changed), counters(changed)) }
    await document.write()
  }

  for (const number of await findSegments(files, path)) {
    if (number <= segment) await deleteIfThere(files, segmentPath(path, number))
  }
}

/** Worlds are emptied and merchants deleted by a counter, which the journal then has. */
function counters ({ counters }: Changed): ReadonlyMap<string, Counter> {
  return new Map([...counters.values()].map(({ key, value }) => [key, readCounter(value)]))
}

/** Without what a counter says is gone. */
async function * standing (records: AsyncIterable<KeptRecord>, counters: ReadonlyMap<string, Counter>): AsyncGenerator<KeptRecord, void, undefined> {
  for await (const record of records) {
    const { merchant_id: merchantId, order } = record.value as { readonly merchant_id?: string, readonly order?: number }
    const counter = counters.get(merchantId ?? '')
    const isGone = counter !== undefined && (counter.isDeleted || (order !== undefined && order < counter.since))
    if (!isGone) yield record
  }
}

/** A changed record keeps its place; new ones come at their section's end. */
async function * merge (records: AsyncIterable<KeptRecord>, changed: Changed): AsyncGenerator<KeptRecord, void, undefined> {
  let ended = 0
  for await (const record of records) {
    const present = SECTION_NAMES.indexOf(record.section)
    for (const section of SECTION_NAMES.slice(ended, present)) yield * changed[section].values()
    ended = present

    const change = changed[record.section].get(record.key)
    changed[record.section].delete(record.key)
    yield change ?? record
  }
  for (const section of SECTION_NAMES.slice(ended)) yield * changed[section].values()
}
