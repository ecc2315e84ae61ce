import { readFileSync, readdirSync } from 'node:fs'
import { crc32 } from 'node:zlib'

import { test } from 'tap'

import { NotKept } from '../../src/ports.ts'
import { nodeFiles } from '../../src/storage/files.ts'
import { Journal } from '../../src/storage/journal.ts'
import type { Commit } from '../../src/storage/record.ts'
import { failing, faultyFiles, fullAfter } from './faulty-files.ts'

const START = { segment: 0, seq: 0, file: null }

function commit (...keys: readonly string[]): Commit {
  return keys.map((key) => ({ section: 'transactions', key, line: JSON.stringify({ transaction_id: key }) }))
}

function sealed (rest: string): string {
  return `{"sum":"${crc32(rest).toString(16).padStart(8, '0')}",${rest}\n`
}

/** What was written in one go stands in one list. */
function segment (number: number, after: number, ...batches: ReadonlyArray<string | readonly string[]>): string {
  let seq = after
  const lines = batches.flatMap((batch) => {
    const puts = typeof batch === 'string' ? [batch] : batch
    const until = seq + puts.length
    return puts.map((put) => sealed(`"seq":${++seq},${seq === until ? '' : `"until":${until},`}"put":[${put}]}`))
  })
  return sealed(`"journal":1,"segment":${number},"after":${after}}`) + lines.join('')
}

const A = '["transactions",{"transaction_id":"a"}]'
const B = '["transactions",{"transaction_id":"b"}]'
const C = '["transactions",{"transaction_id":"ç"}]'

test('a segment is a header and a line per commit, each with the sum of the rest', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const journal = new Journal(nodeFiles, path, START)
  await journal.append([])
  t.same(readdirSync(t.testdirName), [], 'begun by the first commit only')
  await journal.append([commit('a', 'b'), commit('ç')])
  await journal.append([commit('a')])

  const text = segment(1, 0, [`${A},${B}`, C], A)
  t.equal(readFileSync(`${path}.journal.000001`, 'utf8'), text)
  t.equal(journal.bytes, Buffer.byteLength(text))

  const { last, closed } = journal.endSegment()
  t.equal(last, 1)
  await closed
  t.equal(journal.bytes, 0)
  await journal.append([commit('b')])
  t.equal(readFileSync(`${path}.journal.000002`, 'utf8'), segment(2, 3, B))
  await journal.endSegment().closed
})

test('many commits are one write', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  const journal = new Journal(files, path, START)
  await journal.append([commit('a')])
  let writes = 0
  files.fault = (call) => {
    if (call === 'write') writes += 1
    return undefined
  }
  await journal.append(Array.from({ length: 100 }, (_, index) => commit(`id-${index}`)))
  t.equal(writes, 1)
  await journal.endSegment().closed
  t.equal(files.openCount(), 0)
})

test('writes that take a few bytes only are gone on with', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  files.fault = (call, _path, bytes) => call === 'write' ? Math.min(bytes, 7) : undefined
  const journal = new Journal(files, path, START)
  await journal.append([commit('a'), commit('ç')])
  t.equal(readFileSync(`${path}.journal.000001`, 'utf8'), segment(1, 0, [A, C]))

  files.fault = (call) => call === 'write' ? 0 : undefined
  await t.rejects(journal.append([commit('b')]), NotKept, 'none at all is a failure, not a loop')
  await journal.endSegment().closed
})

test('a full disk takes nothing of a batch, wherever it fills up', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  const journal = new Journal(files, path, START)
  await journal.append([commit('a')])
  const before = segment(1, 0, A)
  const batch = Buffer.byteLength(segment(1, 0, A, [B, C])) - before.length

  const halves: number[] = []
  for (let room = 0; room < batch; room++) {
    files.fault = fullAfter(room)
    const error: unknown = await journal.append([commit('b'), commit('ç')]).catch((error: unknown) => error)
    if (room === 0) t.match(error, { message: /warung\.json \(ENOSPC: on purpose\)/, cause: { code: 'ENOSPC' } })
    if (!(error instanceof NotKept) || readFileSync(`${path}.journal.000001`, 'utf8') !== before) halves.push(room)
  }

  t.same(halves, [])

  files.fault = fullAfter(batch)
  await journal.append([commit('b'), commit('ç')])
  t.equal(readFileSync(`${path}.journal.000001`, 'utf8'), segment(1, 0, A, [B, C]), 'there is room again')
  await journal.endSegment().closed
})

test('what cannot be cut off is cut off before anything else is written', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  const journal = new Journal(files, path, START)
  await journal.append([commit('a')])

  const full = fullAfter(10)
  const broken = failing('truncate')
  files.fault = (...call) => broken(...call) ?? full(...call)
  await t.rejects(journal.append([commit('b')]), NotKept)
  t.equal(readFileSync(`${path}.journal.000001`).length, segment(1, 0, A).length + 10)

  files.fault = failing('truncate')
  await t.rejects(journal.append([commit('b')]), NotKept, 'refused, though the disk would take it')
  t.equal(readFileSync(`${path}.journal.000001`).length, segment(1, 0, A).length + 10)

  files.fault = () => undefined
  await journal.append([commit('ç')])
  t.equal(readFileSync(`${path}.journal.000001`, 'utf8'), segment(1, 0, A, C))
  await journal.endSegment().closed
})

test('what cannot be cut off keeps its segment from being folded', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  const journal = new Journal(files, path, START)
  await journal.append([commit('a')])
  files.fault = failing('truncate', 'write')
  await t.rejects(journal.append([commit('b')]), NotKept)
  await t.rejects(journal.endSegment().closed, { code: 'EIO' })
  t.equal(files.openCount(), 0)
})

for (const call of ['open', 'write', 'sync', 'rename'] as const) {
  test(`a segment that cannot be begun (${call}) leaves nothing behind`, async (t) => {
    const path = `${t.testdir()}/warung.json`
    const files = faultyFiles()
    const journal = new Journal(files, path, START)
    files.fault = failing(call)
    await t.rejects(journal.append([commit('a')]), NotKept)
    t.same(readdirSync(t.testdirName), [])
    t.equal(files.openCount(), 0)

    files.fault = () => undefined
    await journal.append([commit('b')])
    t.equal(readFileSync(`${path}.journal.000001`, 'utf8'), segment(1, 0, B))
    await journal.endSegment().closed
  })
}
