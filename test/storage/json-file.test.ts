import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'

import fc from 'fast-check'
import { test } from 'tap'

import { NotKept } from '../../src/ports.ts'
import { foldInBackground } from '../../src/storage/fold-in-background.ts'
import { foldSegments } from '../../src/storage/fold.ts'
import { commitLine, headerLine } from '../../src/storage/journal-format.ts'
import { openJsonFile } from '../../src/storage/json-file.ts'
import type { JsonFile, JsonFileOptions } from '../../src/storage/json-file.ts'
import type { Commit, StoredRecord } from '../../src/storage/record.ts'
import { failing, faultyFiles, fullAfter } from './faulty-files.ts'

type Kept = Map<string, string>

interface Opened {
  readonly file: JsonFile
  /** What was handed out, in that order. */
  readonly records: string[]
  readonly kept: Kept
  readonly warnings: string[]
}

/** Opened with a fold on this thread, unless the options say otherwise. */
async function open (path: string, options: Partial<JsonFileOptions> = {}): Promise<Opened> {
  const [records, warnings]: [string[], string[]] = [[], []]
  const kept: Kept = new Map()
  const file = await openJsonFile({
    path,
    onRecord: (section, value, line) => {
      if (JSON.stringify(value) !== line) throw new Error('value and line differ')
      records.push(line)
      kept.set(`${section} ${String(Object.values(value as object)[0])}`, line)
    },
    warn: (message) => { warnings.push(message) },
    fold: (path, upTo) => foldSegments(path, upTo, options.files),
    ...options
  })
  return { file, records, kept, warnings }
}

function put (id: string, version = 0): StoredRecord {
  return { section: 'transactions', key: id, line: JSON.stringify({ transaction_id: id, version }) }
}

function lines (...records: ReadonlyArray<readonly [string, number]>): string[] {
  return records.map(([id, version]) => put(id, version).line)
}

function snapshot (folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).sort().map((name) => [name, readFileSync(`${folder}/${name}`, 'latin1')]))
}

function restore (folder: string, files: Readonly<Record<string, string>>): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text, 'latin1')
}

function segment (number: number, after: number, ...commits: readonly Commit[]): string {
  return headerLine({ segment: number, seq: after, file: null }) + commits.map((commit, index) => commitLine(after + index + 1, commit)).join('')
}

/** A document with `a`, and behind it the given segments, counted from 2. */
async function someFiles (folder: string, ...segments: readonly string[]): Promise<Record<string, string>> {
  restore(folder, { 'warung.json.journal.000001': segment(1, 0, [put('a')]) })
  await foldSegments(`${folder}/warung.json`, 1)
  const files = { ...snapshot(folder), ...Object.fromEntries(segments.map((text, index) => [`warung.json.journal.00000${index + 2}`, text])) }
  restore(folder, files)
  return files
}

test('what is appended is there again, from the journal and from the document', async (t) => {
  const path = `${t.testdir()}/not/yet/warung.json`
  const files = faultyFiles()
  const first = await open(path, { files })
  t.same([first.records, readdirSync(`${t.testdirName}/not/yet`)], [[], []])
  await first.file.append([[put('a', 1), put('b', 1)], [{ section: 'merchants', key: 'm', line: '{"merchant_id":"m"}' }]])
  await first.file.append([[put('a', 2)], [put('ç☕', 1)]])

  const killed = await open(path, { files, fold: async () => {} })
  t.same(killed.records, [put('a', 1).line, put('b', 1).line, '{"merchant_id":"m"}', put('a', 2).line, put('ç☕', 1).line], 'as it came')
  t.same(killed.warnings, [])

  await first.file.close()
  t.same(readdirSync(`${t.testdirName}/not/yet`), ['warung.json'])
  const again = await open(path, { files })
  t.same(again.records, ['{"merchant_id":"m"}', ...lines(['a', 2], ['b', 1], ['ç☕', 1])], 'a changed record keeps its place')
  await again.file.append([[put('d', 1)], [put('b', 2)]])
  await again.file.close()
  t.same(JSON.parse(readFileSync(path, 'utf8')), {
    warung: 1,
    folded: { segment: 2, seq: 6 },
    merchants: [{ merchant_id: 'm' }],
    counters: [],
    transactions: [['a', 2], ['b', 2], ['ç☕', 1], ['d', 1]].map(([id, version]) => ({ transaction_id: id, version })),
    notifications: [],
    digest: /^sha256-[0-9a-f]{64}$/.exec(JSON.parse(readFileSync(path, 'utf8')).digest)?.[0]
  })
  t.equal(files.openCount(), 0)
})

test('nothing appended, nothing written', async (t) => {
  const path = `${t.testdir()}/warung.json`
  await (await open(path)).file.close()
  t.same(readdirSync(t.testdirName), [])
})

test('a last line that a crash cut short is dropped with a warning, wherever it was cut', async (t) => {
  const folder = `${t.testdir()}/data`
  const whole = segment(2, 1, [put('b')])
  const torn = segment(2, 1, [put('b')], [put('c')])
  for (let length = whole.length + 1; length < torn.length; length++) {
    await someFiles(folder, torn.slice(0, length))
    const { file, records, warnings } = await open(`${folder}/warung.json`, { fold: async () => {} })
    const cut = snapshot(folder)['warung.json.journal.000002']
    if (cut !== whole) throw new Error(`not cut off at ${length}`)
    if (records.join() !== lines(['a', 0], ['b', 0]).join()) throw new Error(`other records at ${length}`)
    if (!/journal\.000002, line 3: .* dropped$/.test(warnings.join())) throw new Error(`no warning at ${length}`)
    await file.append([[put('d')]])
    await file.close()
    const again = await open(`${folder}/warung.json`)
    if (again.records.join() !== lines(['a', 0], ['b', 0], ['d', 0]).join()) throw new Error(`does not go on at ${length}`)
    await again.file.close()
  }
  t.same(readdirSync(folder), ['warung.json'])
})

const TWO = segment(2, 1, [put('b')], [put('c')])
const THREE = segment(3, 3, [put('d')])

const damages: Array<[what: string, segments: string[], message: RegExp]> = [
  ['an empty segment', [''], /journal\.000002, line 1: the file is empty; put back/],
  ['a foreign segment', ['hello\n'], /journal\.000002, line 1: this is not a journal of Warung; put back/],
  ['a segment of a newer version', [TWO.replace('"journal":1', '"journal":2')], /journal\.000002, line 1: a newer Warung wrote it \(format 2\); start that version/],
  ['a segment without all of its header', [TWO.slice(0, 50)], /journal\.000002, line 1: the line is damaged/],
  ['a segment under another name', [segment(3, 1)], /journal\.000002, line 1: this is segment 3 under another name/],
  ['a commit that is missing', [TWO.replace(commitLine(2, [put('b')]), '')], /journal\.000002, line 2: commit 2 should stand here, not 3/],
  ['a commit that is there twice', [TWO + commitLine(3, [put('c')])], /journal\.000002, line 4: commit 4 should stand here, not 3/],
  ['an altered commit', [TWO.replace('"version":0', '"version":1')], /journal\.000002, line 2: the line is damaged: its sum is not right/],
  ['a commit of an unknown section', [segment(2, 1, [{ ...put('b'), section: 'shops' as 'merchants' }])], /journal\.000002, line 2: this is not a commit/],
  ['a record without its key', [segment(2, 1, [{ ...put('b'), line: '{}' }])], /journal\.000002, line 2: this is not a commit/],
  ['a line that is not JSON', [segment(2, 1, [{ ...put('b'), line: '{' }])], /journal\.000002, line 2: the line is not JSON/],
  ['a newline that is damaged', [TWO.slice(0, -1) + '\x0b'], /journal\.000002, line 3: the newline at its end is damaged/],
  ['a segment that lost its last line', [TWO.slice(0, TWO.lastIndexOf('{"sum"')), THREE], /journal\.000003, line 1: it follows commit 3, but the last one before it is 2/],
  ['a segment that is cut short before another', [TWO.slice(0, -5), THREE], /journal\.000002, line 3: the line is cut short, and another segment follows/]
]

for (const [what, segments, message] of damages) {
  test(`${what}: refused with one line, and every file stays as it is`, async (t) => {
    const folder = `${t.testdir()}/data`
    const files = { ...await someFiles(folder, ...segments), 'warung.json.tmp': 'half', 'warung.json.journal.000001': segment(1, 0, [put('a')]) }
    restore(folder, files)
    await t.rejects(open(`${folder}/warung.json`), { name: 'DamagedFile', message })
    t.same(snapshot(folder), files)
  })
}

test('a missing segment or document: refused', async (t) => {
  const folder = `${t.testdir()}/data`
  const all = await someFiles(folder, TWO, THREE, segment(4, 4))
  for (const [name, line] of [
    ['warung.json.journal.000002', /journal\.000002, line 1: the file is missing between .*warung\.json and .*journal\.000003; put back/],
    ['warung.json.journal.000003', /journal\.000003, line 1: the file is missing between/],
    ['warung.json', /journal\.000001, line 1: the file is missing between/]
  ] as const) {
    const { [name]: _, ...files } = all
    restore(folder, files)
    await t.rejects(open(`${folder}/warung.json`), { name: 'DamagedFile', message: line })
    t.same(snapshot(folder), files)
  }
})

test('a segment with any bit flipped, and a damaged document beside a torn line: refused, untouched', async (t) => {
  const folder = `${t.testdir()}/data`
  const files = await someFiles(folder, TWO)
  const accepted: number[] = []
  for (let index = 0; index < TWO.length; index++) {
    const flipped = Buffer.from(TWO)
    flipped.writeUInt8(flipped.readUInt8(index) ^ (1 << (index % 8)), index)
    writeFileSync(`${folder}/warung.json.journal.000002`, flipped)
    const error: unknown = await open(`${folder}/warung.json`).catch((error: unknown) => error)
    if (!(error instanceof Error && /, line \d+: [^\n]+; [^\n]+$/.test(error.message))) accepted.push(index)
    if (!flipped.equals(readFileSync(`${folder}/warung.json.journal.000002`))) accepted.push(index)
  }
  t.same(accepted, [])

  const damaged = { ...files, 'warung.json': `${files['warung.json']}x`, 'warung.json.journal.000002': TWO.slice(0, -5) }
  restore(folder, damaged)
  await t.rejects(open(`${folder}/warung.json`), { name: 'DamagedFile' })
  t.same(snapshot(folder), damaged)
})

test('a record that its reader refuses is named by file and line', async (t) => {
  const folder = `${t.testdir()}/data`
  const files = await someFiles(folder, TWO)
  for (const [id, message] of [['a', /warung\.json, line 7: this record cannot be read \(no amount\); put/], ['c', /journal\.000002, line 3: this record cannot be read \(no amount\); put/]] as const) {
    await t.rejects(open(`${folder}/warung.json`, {
      onRecord: (_section, value) => {
        if ((value as { transaction_id: string }).transaction_id === id) throw new Error('no amount')
      }
    }), { name: 'DamagedFile', message })
    t.same(snapshot(folder), files)
  }
})

test('a fold may be killed at any moment', async (t) => {
  const folder = `${t.testdir()}/data`
  const path = `${folder}/warung.json`
  const before = await someFiles(folder, TWO, THREE)
  await foldSegments(path, 3)
  const after = snapshot(folder)
  t.same(Object.keys(after), ['warung.json'])

  const moments: Array<[what: string, files: Record<string, string>]> = [
    ['before anything', before],
    ['while the document is being written', { ...before, 'warung.json.tmp': (after['warung.json'] ?? '').slice(0, 90) }],
    ['before the document has its name', { ...before, 'warung.json.tmp': after['warung.json'] ?? '' }],
    ['before a segment is deleted', { ...before, ...after }],
    ['between two deletions', { 'warung.json.journal.000003': THREE, ...after }],
    ['at the end', after],
    ['and a new segment had begun', { ...before, ...after, 'warung.json.journal.000004': segment(4, 4), 'warung.json.journal.000005.tmp': 'half' }]
  ]
  for (const [what, files] of moments) {
    for (const fold of [async () => {}, foldSegments]) {
      restore(folder, files)
      const { file, kept, warnings } = await open(path, { fold })
      t.same([...kept.values()], lines(['a', 0], ['b', 0], ['c', 0], ['d', 0]), what)
      await file.append([[put('e')]])
      await file.close()
      t.same(warnings, [])
      t.same(readdirSync(folder), ['warung.json'])
      t.match(JSON.parse(readFileSync(path, 'utf8')), { folded: { seq: 5 }, transactions: { length: 5 } })
    }
  }
})

test('the journal is folded at the start and whenever it has grown, one fold at a time, and commits go on', async (t) => {
  const folder = `${t.testdir()}/data`
  const path = `${folder}/warung.json`
  await someFiles(folder, TWO)
  const folds: number[] = []
  let finish = (): void => {}
  const { file, warnings } = await open(path, {
    foldAfterBytes: 200,
    fold: async (path, upTo) => {
      folds.push(upTo)
      await new Promise<void>((resolve) => { finish = resolve })
      await foldSegments(path, upTo)
    }
  })
  for (let version = 0; version < 5; version++) await file.append([[put('e', version)]])
  t.same(folds, [2], 'at the start; the next waits for its end')
  t.same(readdirSync(folder), ['warung.json', 'warung.json.journal.000002', 'warung.json.journal.000003'])

  finish()
  while (readdirSync(folder).length > 2) await new Promise(setImmediate)
  await new Promise(setImmediate)
  await file.append([[put('e', 5)]])
  await file.append([[put('e', 6)]])
  t.same(folds, [2, 3])
  t.same(readdirSync(folder), ['warung.json', 'warung.json.journal.000003', 'warung.json.journal.000004'])

  finish()
  await file.close()
  t.same([warnings, readdirSync(folder)], [[], ['warung.json']])
  t.same((await open(path)).records, lines(['a', 0], ['b', 0], ['c', 0], ['e', 6]))
})

test('a fold that fails only warns, and is done later', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  const warnings: string[] = []
  const { file } = await open(path, { files, foldAfterBytes: 1, warn: (message) => { warnings.push(message) } })
  const faults = [fullAfter(0), fullAfter(100), failing('sync'), failing('rename'), failing('unlink')]
  for (const [index, fault] of faults.entries()) {
    files.fault = (call, path, bytes) => call === 'unlink' || /warung\.json(\.tmp)?$/.test(path) ? fault(call, path, bytes) : undefined
    await file.append([[put('a', index)]])
    while (warnings.length === index) await new Promise(setImmediate)
    await new Promise(setImmediate)
  }
  files.fault = () => undefined
  await file.append([[put('b')]])
  await file.close()
  t.equal(warnings.length, faults.length)
  t.match(warnings[0], /warung\.json: folding the journal into it failed \(ENOSPC: on purpose\); nothing is lost/)
  t.same(readdirSync(t.testdirName), ['warung.json'])
  t.same((await open(path)).records, lines(['a', 4], ['b', 0]))
})

test('a full disk at the stop: the journal stays, and the next start has everything', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const files = faultyFiles()
  const { file, warnings } = await open(path, { files })
  await file.append([[put('a')]])
  files.fault = fullAfter(20)
  await t.rejects(file.append([[put('b')]]), NotKept)
  await file.close()
  t.equal(warnings.length, 1)
  t.same(readdirSync(t.testdirName), ['warung.json.journal.000001'])
  t.equal(files.openCount(), 0)

  const again = await open(path)
  t.same([again.records, again.warnings], [lines(['a', 0]), []])
  await again.file.close()
})

test('the fold runs in a thread of its own', async (t) => {
  const folder = `${t.testdir()}/data`
  const path = `${folder}/warung.json`
  await someFiles(folder, TWO, THREE)
  const { file, kept, warnings } = await open(path, { fold: foldInBackground })
  await file.append([[put('e')]])
  await file.close()
  t.same([warnings, kept.size, readdirSync(folder)], [[], 4, ['warung.json']])
  t.same((await open(path)).records, lines(['a', 0], ['b', 0], ['c', 0], ['d', 0], ['e', 0]))

  await someFiles(folder, 'damaged\n')
  const awake = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(awake))
  await t.rejects(foldInBackground(path, 2), { message: /journal\.000002, line 1: this is not a journal/ })
})

test('any sequence of appends, full disks, folds, stops and crashes gives what a Map gives', async (t) => {
  const root = t.testdir()
  const keys = { merchants: 'merchant_id', transactions: 'transaction_id', notifications: 'id' } as const
  const record = fc.record({ section: fc.constantFrom('merchants' as const, 'transactions' as const, 'notifications' as const), key: fc.constantFrom('a', 'b', 'c', '__proto__'), text: fc.string({ unit: 'binary' }) })
    .map(({ section, key, text }): StoredRecord => ({ section, key, line: JSON.stringify({ [keys[section]]: key, text }) }))
  const commits = fc.array(fc.array(record, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ commits, room: fc.constant(Infinity) }) },
    { weight: 1, arbitrary: fc.record({ commits, room: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.constantFrom('stop' as const, 'crash' as const) }
  )
  const sorted = (kept: Kept): string => JSON.stringify([...kept].sort())
  let run = 0

  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.constantFrom(1, 400, 1e9), async (steps, foldAfterBytes) => {
    const path = `${root}/${run++}/warung.json`
    const model: Kept = new Map()
    let files = faultyFiles()
    let opened = await open(path, { files, foldAfterBytes })
    for (const step of [...steps, 'crash', 'stop'] as const) {
      if (typeof step === 'object') {
        if (step.room !== Infinity) files.fault = fullAfter(step.room)
        const isKept = await opened.file.append(step.commits).then(() => true, () => false)
        files.fault = () => undefined
        if (isKept) for (const { section, key, line } of step.commits.flat()) model.set(`${section} ${key}`, line)
        continue
      }
      // After a crash nothing reaches the disk any more, whatever the fold was about to do.
      if (step === 'crash') files.fault = failing('open', 'write', 'truncate', 'sync', 'rename', 'unlink')
      await opened.file.close()
      if (files.openCount() !== 0) throw new Error('a file was left open')
      files = faultyFiles()
      opened = await open(path, { files, foldAfterBytes })
      if (sorted(opened.kept) !== sorted(model)) throw new Error(`${sorted(opened.kept)} instead of ${sorted(model)}`)
      t.same(opened.warnings, [])
    }
    await opened.file.close()
    if (model.size > 0 && readdirSync(`${root}/${run - 1}`).join() !== 'warung.json') throw new Error('something is left behind')
  }), { numRuns: 40 })
})

/** A data file of so many commits in a folder of its own, its name drawn anew; stopped, or as a crash leaves it. */
async function dataFile (folder: string, name: string, commits: number, stops: boolean): Promise<Record<string, string>> {
  mkdirSync(folder)
  const { file } = await open(`${folder}/warung.json`, { newName: () => name })
  for (let commit = 0; commit < commits; commit++) await file.append([[put(`${name}-${commit}`)]])
  const crashed = snapshot(folder)
  await file.close()
  return stops ? snapshot(folder) : crashed
}

test('no document and no segment of another data file is taken for a part of this one', async (t) => {
  const folder = t.testdir()
  const [own, other] = [await dataFile(`${folder}/own`, 'own', 3, false), await dataFile(`${folder}/other`, 'other', 3, false)]
  const [ownStopped, otherStopped] = [await dataFile(`${folder}/own2`, 'own', 3, true), await dataFile(`${folder}/other2`, 'other', 3, true)]
  const next = segment(2, 3, [put('b')])
  const segment1 = 'warung.json.journal.000001'

  for (const [what, files, message] of [
    ['a segment of another beside the document', { ...ownStopped, 'warung.json.journal.000002': next }, /000002, line 1: it belongs to another data file; move it away/],
    ['the document of another beside a segment', { ...otherStopped, [segment1]: own[segment1] ?? '' }, /000001, line 1: it belongs to another data file/],
    ['a later segment under an old number', { ...ownStopped, [segment1]: segment(2, 3, [put('b')]) }, /000001, line 1: this is segment 2 under another name/],
    ['anything under an old number', { ...ownStopped, 'warung.json.journal.000000': 'precious' }, /000000, line 1: this is not a journal of Warung/],
    ['a folded segment of another', { ...ownStopped, [segment1]: other[segment1] ?? '' }, /000001, line 1: it belongs to another data file/]
  ] as const) {
    restore(`${folder}/try`, files)
    await t.rejects(open(`${folder}/try/warung.json`), { name: 'DamagedFile', message }, what)
    t.same(snapshot(`${folder}/try`), files, 'every file stays as it is')
  }

  restore(`${folder}/try`, { ...ownStopped, [segment1]: own[segment1] ?? '' })
  const { file, records } = await open(`${folder}/try/warung.json`)
  t.equal(records.length, 3, 'its own folded segment may go')
  await file.close()
  t.same(readdirSync(`${folder}/try`), ['warung.json'])
})

test('a tail that no line of ours begins with is no torn line', async (t) => {
  const folder = `${t.testdir()}/data`
  const files = await dataFile(folder, 'own', 2, false)
  const [name = '', text = ''] = Object.entries(files)[0] ?? []
  for (const tail of ['garbage', '\0'.repeat(100)]) {
    restore(folder, { [name]: text + tail })
    await t.rejects(open(`${folder}/warung.json`), { message: /line 4: no line of a journal begins like this/ })
  }
  restore(folder, { [name]: `${text}{"sum` })
  const { file, warnings } = await open(`${folder}/warung.json`)
  t.match(warnings, [/line 4: a crash cut this line short/])
  await file.close()
})
