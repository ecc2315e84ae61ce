import { cpSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { DAMAGES, DOCUMENT, edit, leaveFiles, ORDER, SEGMENTS } from '../support/data-damage.ts'
import type { Damage } from '../support/data-damage.ts'
import { runToEndOn, startOn, sums } from '../support/data-process.ts'

test('whatever is damaged stops the start with one line and exit code 1, and every file stays as it is', async (t) => {
  const root = t.testdir({ sound: {} })
  const sound = join(root, 'sound')
  await leaveFiles(t, sound)
  t.same(readdirSync(sound), [DOCUMENT, ...SEGMENTS])

  const refuse = async ([what, damaged, damage, line, flags = []]: Damage): Promise<void> => {
    const folder = join(root, what.replaceAll(' ', '-'))
    cpSync(sound, folder, { recursive: true })
    damage(join(folder, damaged))
    const before = sums(folder)
    const { code, out, err } = await runToEndOn(join(folder, DOCUMENT), { flags })
    t.equal(code, 1, what)
    t.equal(out, '', what)
    t.match(err, /^warung: [^\n]+\n$/, `${what}: one line`)
    t.match(err, line, what)
    t.same(sums(folder), before, what)
  }
  // Each waits for its process: a few side by side are sooner done.
  const left = [...DAMAGES]
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
  t.match(err, new RegExp(`^\\{[^\\n]*journal\\.000001, line ${torn}: a crash cut this line short, and what follows it; it is dropped[^\\n]*\\}\\n$`))
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
