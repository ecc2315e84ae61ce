import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { start } from '../../src/index.ts'
import { basic } from '../support/emulator.ts'
import { runToEndOn, startOn } from '../support/data-process.ts'

const SEED = join(import.meta.dirname, '../../fixtures/seed.json')

test('a start begins with the seed file where the world is empty, and leaves any other alone', async (t) => {
  const folder = t.testdir()
  const data = join(folder, 'warung.json')
  const first = await startOn(t, data, { flags: ['--seed-file', SEED] })
  t.match((await first.ask('GET', '/v2/seed-paid/status')).body, { transaction_status: 'settlement' })
  t.match((await first.ask('GET', '/admin/settings')).body, { receipt_name: 'Toko Contoh' })
  t.match((await first.ask('GET', '/admin/clock')).body, { wib: '2026-11-22 20:00:00', frozen: true })
  t.match((await first.charge('own')).body, { status_code: '201' })
  await first.stop()

  // Nobody even looks at the file.
  const second = await startOn(t, data, { flags: ['--seed-file', join(folder, 'none.json')] })
  const { items } = (await second.ask('GET', '/admin/transactions')).body as { items: unknown[] }
  t.equal(items.length, 4)
  await second.stop()
})

const bad: Array<[what: string, content: string | undefined, message: RegExp]> = [
  ['is not there', undefined, /cannot be read \(ENOENT/],
  ['is no JSON', 'x', /it is not JSON/],
  ['is no export', '{}', /not an export of Warung/],
  ['is of another version', readFileSync(SEED, 'utf8').replace('"version": 1', '"version": 9'), /version: this Warung reads version 1, not 9/],
  ['is spoiled', readFileSync(SEED, 'utf8').replace('"gross_amount": 25000', '"gross_amount": "x"'), /transactions: item 2: gross_amount: should be a whole number/]
]
for (const [what, content, message] of bad) {
  test(`a seed file that ${what} stops the start with one line`, async (t) => {
    const folder = t.testdir()
    const seed = join(folder, 'bad.json')
    if (content !== undefined) writeFileSync(seed, content)
    const { code, err, out } = await runToEndOn(join(folder, 'warung.json'), { flags: ['--seed-file', seed] })
    t.equal(code, 1)
    t.equal(out, '')
    t.equal(err.trimEnd().split('\n').length, 1)
    t.match(err, message)
    t.match(err, 'bad.json')
  })
}

test('the library begins with a seed, and opens worlds by themselves; what was given wins', async (t) => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'a'))
  copyFileSync(SEED, join(folder, 'a/seed.json'))
  const sandbox = await start({ seedFile: join(folder, 'a/seed.json'), autoMerchants: true, notificationUrl: 'http://127.0.0.1:9/', frozen: '2026-11-01 08:00:00' })
  t.teardown(() => sandbox.close())
  t.equal((await sandbox.transactions()).length, 3)
  t.match(await sandbox.clock(), { wib: '2026-11-01 08:00:00', frozen: true })
  const settings = await (await fetch(`${sandbox.url}/admin/settings`, { headers: { authorization: basic(sandbox.serverKey) } })).json()
  t.match(settings, { receipt_name: 'Toko Contoh', notification_urls: ['http://127.0.0.1:9/'] })
  const other = await fetch(`${sandbox.url}/admin/transactions`, { headers: { authorization: basic('SB-Mid-server-any') } })
  t.same(await other.json(), { items: [], next_cursor: null })
})

test('auto merchants that were opened are there after a restart', async (t) => {
  const data = join(t.testdir(), 'warung.json')
  const ask = async (url: string): Promise<number> => (await fetch(`${url}/admin/transactions`, { headers: { authorization: basic('SB-Mid-server-any') } })).status
  for (const [autoMerchants, status] of [[false, 401], [true, 200], [false, 200]] as const) {
    const sandbox = await start({ data, autoMerchants })
    t.equal(await ask(sandbox.url), status)
    await sandbox.close()
  }
})

test('what was emptied, imported and charged before a kill is so after it', async (t) => {
  const data = join(t.testdir(), 'warung.json')
  const first = await startOn(t, data, { flags: ['--seed-file', SEED] })
  const exported = (await first.ask('GET', '/admin/export')).body
  t.equal((await first.ask('POST', '/admin/reset')).http, 200)
  await first.charge('after')
  t.equal((await first.ask('POST', '/admin/import', exported)).http, 200)
  await first.ask('POST', '/admin/reset')
  await first.charge('last')
  const before = (await first.ask('GET', '/admin/export')).body
  await first.stop('SIGKILL')

  const second = await startOn(t, data, { flags: ['--seed-file', SEED] })
  t.same((await second.ask('GET', '/admin/export')).body, before)
  t.equal((await second.ask('GET', '/v2/seed-paid/status')).body.status_code, '404')
  await second.stop()
  const third = await startOn(t, data)
  t.same((await third.ask('GET', '/admin/export')).body, before)
  await third.stop()
})
