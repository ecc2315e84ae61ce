import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

import { Low } from 'lowdb'
import { test } from 'tap'

import { DamagedFile } from '../../src/storage/damaged-file.ts'
import { DocumentFile, EMPTY_DOCUMENT } from '../../src/storage/document.ts'
import type { Document } from '../../src/storage/document.ts'
import { nodeFiles } from '../../src/storage/files.ts'
import type { Files } from '../../src/storage/files.ts'
import type { KeptRecord } from '../../src/storage/kept-record.ts'
import { SECTIONS } from '../../src/storage/record.ts'
import type { Section } from '../../src/storage/record.ts'
import { failing, faultyFiles, fullAfter } from './faulty-files.ts'

function record (section: Section, key: string, rest: object = {}): KeptRecord {
  const value = { [SECTIONS[section]]: key, ...rest }
  return { section, key, line: JSON.stringify(value), value, at: 0 }
}

function document (records: readonly KeptRecord[], folded: Document['folded'] = { segment: 3, seq: 120, file: 'k3v' }): Document {
  return { folded, records: { async * [Symbol.asyncIterator] () { yield * records } } }
}

async function write (path: string, data: Document, files: Files = nodeFiles): Promise<void> {
  const low = new Low(new DocumentFile(files, path), EMPTY_DOCUMENT)
  low.data = data
  await low.write()
}

async function read (path: string): Promise<{ folded: Document['folded'], records: KeptRecord[] }> {
  const low = new Low(new DocumentFile(nodeFiles, path), EMPTY_DOCUMENT)
  await low.read()
  const records: KeptRecord[] = []
  for await (const record of low.data.records) records.push(record)
  return { folded: low.data.folded, records }
}

const SAMPLE = [record('merchants', 'G626262626'), record('transactions', 'a', { name: 'Siti Nurhaliza ☕' }), record('transactions', 'b')]

const SAMPLE_LINES = `{"warung":1,"file":"k3v","folded":{"segment":3,"seq":120},
"merchants":[
{"merchant_id":"G626262626"}
],
"counters":[
],
"transactions":[
{"transaction_id":"a","name":"Siti Nurhaliza ☕"},
{"transaction_id":"b"}
],
"notifications":[
],
`

function withDigest (lines: string): string {
  return `${lines}"digest":"sha256-${createHash('sha256').update(lines).digest('hex')}"}\n`
}

test('the document is one JSON value with a record per line, and a digest of all lines before its last', async (t) => {
  const path = `${t.testdir()}/warung.json`
  await write(path, document(SAMPLE))
  const text = readFileSync(path, 'utf8')
  t.equal(text, withDigest(SAMPLE_LINES))
  t.match(JSON.parse(text), { warung: 1, file: 'k3v', folded: { segment: 3, seq: 120 }, counters: [], transactions: [{ transaction_id: 'a' }, { transaction_id: 'b' }] })
  t.same(readdirSync(t.testdirName), ['warung.json'])

  const { folded, records } = await read(path)
  t.same(folded, { segment: 3, seq: 120, file: 'k3v' })
  t.same(records, SAMPLE.map((record, index) => ({ ...record, at: [3, 8, 9][index] })))
})

test('an empty document, and none', async (t) => {
  const path = `${t.testdir()}/warung.json`
  t.same(await read(path), { folded: { segment: 0, seq: 0, file: null }, records: [] })
  await write(path, document([]))
  t.same(JSON.parse(readFileSync(path, 'utf8')).notifications, [])
  t.same((await read(path)).records, [])
})

test('a large document is written in pieces and read back the same', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const records = Array.from({ length: 3000 }, (_, index) => record('notifications', `n-${index}`, { text: '☕é'.repeat(index % 400) }))
  records.push(record('notifications', 'long', { text: '☕'.repeat(300_000) }))
  const files = faultyFiles()
  const pieces: number[] = []
  files.fault = (call, _path, bytes) => {
    if (call === 'write') pieces.push(bytes)
    return undefined
  }
  await write(path, document(records), files)
  t.equal(pieces.filter((bytes) => bytes < 128 * 1024).length, 1, 'the last')
  t.equal(pieces.filter((bytes) => bytes > 512 * 1024).length, 1, 'the one with the long record')
  t.same((await read(path)).records.map(({ line }) => line), records.map(({ line }) => line))
  t.equal(JSON.parse(readFileSync(path, 'utf8')).notifications.length, 3001)
})

test('a document that cannot be written leaves the one before, and nothing else', async (t) => {
  const path = `${t.testdir()}/warung.json`
  await write(path, document(SAMPLE))
  const files = faultyFiles()
  for (const fault of [fullAfter(0), fullAfter(200), failing('sync'), failing('rename'), failing('open')]) {
    files.fault = fault
    await t.rejects(write(path, document([]), files), { message: /on purpose/ })
    t.equal(readFileSync(path, 'utf8'), withDigest(SAMPLE_LINES))
    t.same(readdirSync(t.testdirName), ['warung.json'])
    t.equal(files.openCount(), 0)
  }
})

test('records out of the order of the sections are not written', async (t) => {
  const path = `${t.testdir()}/warung.json`
  await t.rejects(write(path, document([record('transactions', 'a'), record('merchants', 'm')])), { message: /comes too late/ })
})

test('a document that is cut short or has one bit flipped is refused, wherever', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const sound = Buffer.from(withDigest(SAMPLE_LINES))
  const accepted: unknown[] = []
  for (let index = 0; index < sound.length; index++) {
    const flipped = Buffer.from(sound)
    flipped.writeUInt8(sound.readUInt8(index) ^ (1 << (index % 8)), index)
    for (const bytes of [sound.subarray(0, index), flipped]) {
      writeFileSync(path, bytes)
      const error: unknown = await read(path).catch((error: unknown) => error)
      if (!(error instanceof DamagedFile) || !/^[^\n]+warung\.json, line \d+: [^\n]+; [^\n]+$/.test(error.message)) accepted.push([index, error])
    }
  }
  t.same(accepted, [])
})

const damages: Array<[what: string, text: string, message: RegExp]> = [
  ['empty', '', /, line 1: the file is empty; put back/],
  ['foreign JSON', '{"transactions":[]}', /, line 1: this is not a document of Warung; name another file/],
  ['of a newer version', withDigest(SAMPLE_LINES.replace('"warung":1', '"warung":2')), /, line 1: a newer Warung wrote it \(format 2\); start that version/],
  ['edited', withDigest(SAMPLE_LINES).replace('Siti', 'Budi'), /, line 13: the digest is not that .* edited by hand or damaged/],
  ['cut after a line', SAMPLE_LINES, /, line 13: the file is cut short here/],
  ['cut in a line', SAMPLE_LINES.slice(0, 113), /, line 5: the file is cut short here/],
  ['with a line that is not JSON', withDigest(SAMPLE_LINES.replace('"b"}', '"b"')), /, line 9: the line is not JSON/],
  ['with a record without its key', withDigest(SAMPLE_LINES.replace('{"transaction_id":"b"}', '{"id":"b"}')), /, line 9: this is not a record of "transactions"/],
  ['with null for a record', withDigest(SAMPLE_LINES.replace('{"transaction_id":"b"}', 'null')), /, line 9: this is not a record of "transactions"/],
  ['without a comma', withDigest(SAMPLE_LINES.replace('☕"},', '☕"}')), /, line 9: the line before has no comma/],
  ['with a comma too many', withDigest(SAMPLE_LINES.replace('"b"}', '"b"},')), /, line 10: the line before has a comma/],
  ['without a section', withDigest(SAMPLE_LINES.replace('"counters":[\n],\n', '')), /, line 5: the section "counters" should begin here/],
  ['with something behind its end', `${withDigest(SAMPLE_LINES)}\n`, /, line 13: something follows the end/]
]

for (const [what, text, message] of damages) {
  test(`a document ${what} is refused`, async (t) => {
    const path = `${t.testdir({ 'warung.json': text })}/warung.json`
    await t.rejects(read(path), { name: 'DamagedFile', message })
  })
}

test('a folder in the place of the document is refused', async (t) => {
  await t.rejects(read(t.testdir()), { name: 'DamagedFile', message: /line 1: it cannot be read/ })
})
