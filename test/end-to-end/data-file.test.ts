import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { runToEndOn, startOn, sums } from '../support/data-process.ts'
import { insert } from '../support/storage-changes.ts'
import { failing, faultyFiles } from '../storage/faulty-files.ts'

const DOCUMENT = 'warung.json'
const [SECOND, THIRD, FOURTH] = [2, 3, 4].map((number) => `${DOCUMENT}.journal.00000${number}`) as [string, string, string]
const ORDER = 'order-101'

/**
 * A document as the process leaves it after one charge, and three segments of the journal behind it with a charge each, as a
 * crash leaves them that came while folding was behind.
 */
async function leaveFiles (t: Parameters<typeof startOn>[0], folder: string): Promise<void> {
  const path = join(folder, DOCUMENT)
  const warung = await startOn(t, path)
  await warung.charge(ORDER)
  await warung.stop()

  const files = faultyFiles()
  const storage = await openJsonFileStorage({ path, warn: () => {}, files, foldAfterBytes: 1, fold: async () => {} })
  for (const name of ['2', '3', '4']) await insert(storage, name, { merchantId: 'G626262626' })
  files.fault = failing('open', 'write', 'truncate', 'sync', 'rename', 'unlink')
  await storage.close()
}

function edit (path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'latin1')
  const changed = change(text)
  if (changed === text) throw new Error('nothing to change')
  writeFileSync(path, changed, 'latin1')
}

function flipBit (path: string, where: (text: string) => number): void {
  const bytes = readFileSync(path)
  const index = where(bytes.toString('latin1'))
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index)
  writeFileSync(path, bytes)
}

const half = (path: string): void => truncateSync(path, Math.floor(readFileSync(path).length / 2))
const PUT_BACK = 'put back a sound copy of it, or move the data file and its \\.journal files away to begin with nothing'

/** Of each: what is done to which file, and what the line says of which file and line, and what to do. */
const damages: Array<[what: string, damaged: string, damage: (path: string) => void, line: RegExp, flags?: string[]]> = [
  ['a document cut short', DOCUMENT, half, new RegExp(`warung\\.json, line \\d+: the file is cut short here; ${PUT_BACK}`)],
  ['a document with a bit flipped in a record', DOCUMENT, (path) => flipBit(path, (text) => text.indexOf('44000') + 1), /warung\.json, line \d+: the digest is not that of the lines before it: the file was edited by hand or damaged; to take it as it is, start once with --accept-edits; else put back a sound copy of it/],
  ['an empty document', DOCUMENT, (path) => writeFileSync(path, ''), new RegExp(`warung\\.json, line 1: the file is empty; ${PUT_BACK}`)],
  ['a foreign document', DOCUMENT, (path) => writeFileSync(path, '{"name":"shop","version":"1.0.0"}\n'), /warung\.json, line 1: this is not a document of Warung; name another file, or move this one away/],
  ['a document of a newer version', DOCUMENT, (path) => edit(path, (text) => text.replace('{"warung":1,', '{"warung":2,')), /warung\.json, line 1: a newer Warung wrote it \(format 2\); start that version/],
  ['a document edited by hand', DOCUMENT, (path) => edit(path, (text) => text.replace('44000', '45000')), /warung\.json, line \d+: the digest is not that of the lines before it: the file was edited by hand or damaged; to take it as it is, start once with --accept-edits; else put back a sound copy of it/],
  ['a document that edits made unreadable', DOCUMENT, (path) => edit(path, (text) => text.replace('"transaction_id":', '"transaction_id"')), new RegExp(`warung\\.json, line \\d+: the line is not JSON; ${PUT_BACK}`), ['--accept-edits']],
  ['a missing document', DOCUMENT, (path) => rmSync(path), new RegExp(`journal\\.000001, line 1: the file is missing between .*warung\\.json and .*journal\\.000002; ${PUT_BACK}`)],
  ['a segment cut short before another', THIRD, half, new RegExp(`journal\\.000003, line \\d+: the line is (cut short, and another segment follows|damaged: its sum is not right); ${PUT_BACK}`)],
  ['a last segment cut short in its header', FOURTH, (path) => truncateSync(path, 20), new RegExp(`journal\\.000004, line 1: this is not a journal of Warung; ${PUT_BACK}`)],
  ['a segment with a bit flipped', SECOND, (path) => flipBit(path, (text) => text.indexOf('order-2')), new RegExp(`journal\\.000002, line 2: the line is damaged: its sum is not right; ${PUT_BACK}`)],
  ['a last segment with a bit flipped', FOURTH, (path) => flipBit(path, (text) => text.indexOf('order-4')), new RegExp(`journal\\.000004, line 2: the line is damaged: its sum is not right; ${PUT_BACK}`)],
  ['an empty segment', SECOND, (path) => writeFileSync(path, ''), new RegExp(`journal\\.000002, line 1: the file is empty; ${PUT_BACK}`)],
  ['a foreign segment', THIRD, (path) => writeFileSync(path, 'hello\n'), new RegExp(`journal\\.000003, line 1: this is not a journal of Warung; ${PUT_BACK}`)],
  ['a segment of a newer version', FOURTH, (path) => edit(path, (text) => text.replace('"journal":1', '"journal":2')), /journal\.000004, line 1: a newer Warung wrote it \(format 2\); start that version/],
  ['a missing segment in the middle', THIRD, (path) => rmSync(path), new RegExp(`journal\\.000003, line 1: the file is missing between .*warung\\.json and .*journal\\.000004; ${PUT_BACK}`)]
]

test('whatever is damaged stops the start with one line and exit code 1, and every file stays as it is', async (t) => {
  const root = t.testdir({ sound: {} })
  const sound = join(root, 'sound')
  await leaveFiles(t, sound)
  t.same(readdirSync(sound), [DOCUMENT, SECOND, THIRD, FOURTH])

  const refuse = async ([what, damaged, damage, line, flags]: typeof damages[number]): Promise<void> => {
    const folder = join(root, what.replaceAll(' ', '-'))
    cpSync(sound, folder, { recursive: true })
    damage(join(folder, damaged))
    const before = sums(folder)
    const { code, out, err } = await runToEndOn(join(folder, DOCUMENT), flags)
    t.equal(code, 1, what)
    t.equal(out, '', what)
    t.match(err, /^warung: [^\n]+\n$/, `${what}: one line`)
    t.match(err, line, what)
    t.same(sums(folder), before, what)
  }
  // Each waits for its process: a few side by side are sooner done.
  const left = [...damages]
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await refuse(next)
  }))

  const warung = await startOn(t, join(sound, DOCUMENT))
  for (const order of [ORDER, 'order-2', 'order-3', 'order-4']) t.match(await warung.ask('GET', `/v2/${order}/status`), { body: { transaction_status: 'pending' } }, 'the sound files are taken')
  t.same(await warung.stop(), { code: 0, err: '' })
  t.same(readdirSync(sound), [DOCUMENT])
})

test('a document edited by hand is taken with --accept-edits, and is sealed anew', async (t) => {
  const data = join(t.testdir(), DOCUMENT)
  const first = await startOn(t, data)
  await first.charge(ORDER)
  await first.stop()
  edit(data, (text) => text.replaceAll('44000', '45000'))
  t.equal((await runToEndOn(data)).code, 1)

  const second = await startOn(t, data, { flags: ['--accept-edits'] })
  t.match(await second.ask('GET', `/v2/${ORDER}/status`), { body: { gross_amount: '45000.00' } })
  const { code, err } = await second.stop()
  t.equal(code, 0)
  t.match(err, /^\{[^\n]*warung\.json was edited by hand; it is taken as it is and sealed anew[^\n]*\}\n$/, 'with one warning')

  const third = await startOn(t, data)
  t.match(await third.ask('GET', `/v2/${ORDER}/status`), { body: { gross_amount: '45000.00' } })
  t.same(await third.stop(), { code: 0, err: '' })
})

test('a last line that a crash tore is dropped with a warning, and nothing else is', async (t) => {
  const data = join(t.testdir(), DOCUMENT)
  const journal = `${data}.journal.000001`
  const first = await startOn(t, data)
  for (const order of ['order-1', 'order-2', 'order-3']) await first.charge(order)
  await first.stop('SIGKILL')
  truncateSync(journal, readFileSync(journal).length - 7)
  const torn = readFileSync(journal, 'latin1').split('\n').length

  const second = await startOn(t, data)
  t.match(await second.ask('GET', '/v2/order-2/status'), { body: { transaction_status: 'pending' } })
  t.match(await second.ask('GET', '/v2/order-3/status'), { body: { status_code: '404' } })
  t.match(await second.charge('order-3'), { body: { status_code: '201' } })
  const { code, err } = await second.stop()
  t.equal(code, 0)
  t.match(err, new RegExp(`^\\{[^\\n]*journal\\.000001, line ${torn}: a crash cut this line short; it was never acknowledged and is dropped[^\\n]*\\}\\n$`))
  t.same(readdirSync(t.testdirName), [DOCUMENT])
})

test('a second process on the same file is refused with one line, and starts once the first was killed', async (t) => {
  const data = join(t.testdir(), DOCUMENT)
  const first = await startOn(t, data)
  await first.charge('order-1')
  const { code, out, err } = await runToEndOn(data)
  t.equal(code, 1)
  t.equal(out, '')
  t.match(err, /^warung: [^\n]*warung\.json is in use by another Warung; stop that one, or name another file by --data\n$/)
  t.match(await first.charge('order-2'), { body: { status_code: '201' } }, 'the first goes on')

  for (let round = 3; round < 5; round++) {
    const running = round === 3 ? first : await startOn(t, data)
    t.match(await running.charge(`order-${round}`), { body: { status_code: '201' } })
    await running.stop('SIGKILL')
    t.ok(readdirSync(t.testdirName).includes(`${DOCUMENT}.lock`), 'the lock is left')
  }
  const last = await startOn(t, data)
  for (let order = 1; order < 5; order++) t.match(await last.ask('GET', `/v2/order-${order}/status`), { body: { transaction_status: 'pending' } })
  t.same(await last.stop(), { code: 0, err: '' })
  t.same(readdirSync(t.testdirName), [DOCUMENT], 'a clean stop leaves the document alone')
})

test('a system that lets no file grow: what is not kept is refused and reported, and what was acknowledged is there after the start', async (t) => {
  const data = join(t.testdir(), DOCUMENT)
  const first = await startOn(t, data, { fileBlocks: 32 })
  const acknowledged: string[] = []
  let refused: Awaited<ReturnType<typeof first.charge>> | undefined
  while (refused === undefined) {
    const order = `order-${acknowledged.length}`
    const reply = await first.charge(order)
    if (reply.body.status_code === '201') acknowledged.push(order)
    else refused = reply
  }
  t.match(refused, { http: 200, body: { status_code: '500', status_message: 'Sorry. Our system is recovering from unexpected issues. Please retry.' } })
  t.match(await first.ask('GET', '/readyz'), { http: 503, body: { status: 'not_ready', reason: /could not be kept in .*warung\.json \(EFBIG/ } })
  t.match(await first.ask('PUT', '/admin/settings', { notification_urls: Array.from({ length: 20 }, (_, shop) => `http://127.0.0.1:9/${shop}/${'n'.repeat(100)}`) }), { http: 507, body: { code: 'not_kept' } })
  t.match(await first.ask('GET', `/v2/order-${acknowledged.length}/status`), { body: { status_code: '404' } })
  t.match(await first.ask('GET', '/v2/order-0/status'), { body: { transaction_status: 'pending' } }, 'reading goes on')
  await first.stop('SIGKILL')

  const second = await startOn(t, data)
  for (const order of acknowledged) t.match(await second.ask('GET', `/v2/${order}/status`), { body: { transaction_status: 'pending' } })
  t.match(await second.charge(`order-${acknowledged.length}`), { body: { status_code: '201' } })
  t.match(await second.ask('GET', '/readyz'), { http: 200 })
  t.same(await second.stop(), { code: 0, err: '' })
})
