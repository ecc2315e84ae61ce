import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { TRUST } from '../../src/cli/trust.ts'
import type { Tool } from '../../src/cli/trust.ts'
import { start } from '../../src/index.ts'
import type { Sandbox } from '../../src/index.ts'
import { basic, chargeBody } from '../support/emulator.ts'

const MAIN = join(import.meta.dirname, '../../dist/main.js')

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function warung ({ url, serverKey }: Pick<Sandbox, 'url' | 'serverKey'>, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, WARUNG_URL: url, WARUNG_SERVER_KEY: serverKey } }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out: out.trimEnd(), err: err.trimEnd() })
    })
  })
}

async function charge ({ url, serverKey }: Sandbox, members: Record<string, unknown> = {}): Promise<void> {
  await fetch(`${url}/v2/charge`, { method: 'POST', headers: { authorization: basic(serverKey) }, body: JSON.stringify(chargeBody(members)) })
}

test('a session at the shell, from charge to settlement and beyond', async (t) => {
  const sandbox = await start({ frozen: '2026-11-22 20:00:00', seed: 'shell' })
  t.teardown(() => sandbox.close())
  await charge(sandbox, { cstore: { store: 'indomaret' } })
  const run = (...args: readonly string[]): Promise<Ended> => warung(sandbox, ...args)

  t.match(await run('list'), { code: 0, out: /^order-101 {2}pending {2}44000\.00 {2}indomaret {2}\d{12} {2}until 2026-11-23 20:00:00$/ })
  t.match(await run('clock'), { code: 0, out: /^2026-11-22 20:00:00 WIB, frozen; next expired at 2026-11-23T13:00:00\.000Z$/ })
  t.match(await run('settings', 'receipt_name=Toko Budi', 'notification_urls=["http://127.0.0.1:1/"]'), { code: 0, out: /"receipt_name": "Toko Budi"/ })
  t.match(await run('pay', 'order-101', '--amount', '1'), { code: 1, err: /^warung: The amount due is 44000\.00, not 1\. .* \(amount_differs\)$/ })
  t.match(await run('pay', 'order-101'), { code: 0, out: /^order-101 {2}settlement .*\n {2}2026-11-22 20:00:00 {2}pending by charge\n {2}2026-11-22 20:00:00 {2}settlement by admin\n/ })
  t.match(await run('wait', 'order-101', '--status', 'settlement'), { code: 0 })
  t.match(await run('wait', 'order-101', '--delivered', '--timeout', '1ms'), { code: 1, err: /not_yet/ })
  t.match(await run('advance', '2m'), { code: 0, out: /20:02:00 {2}order-101 attempted settlement to http:\/\/127\.0\.0\.1:1\/: refused: up to 5 further attempts\nit is 2026-11-22T13:02:00\.000Z$/ })
  t.match(await run('notifications', 'order-101'), { code: 0, out: /order-101 settlement to http:\/\/127\.0\.0\.1:1\/: waiting\n {2}2026-11-22 20:00:00 {2}refused: up to 5 further attempts/ })
  t.match(await run('reverse', 'order-101', '--json'), { code: 0, out: /^\{"transaction":\{.*"transaction_status":"deny"/ })
  t.match(await run('resume'), { code: 0, out: /WIB/ })
  t.match(await run('faults', 'none'), { code: 0, out: 'done' })
})

test('refusals, usage and silence have exit codes of their own, and one line', async (t) => {
  const sandbox = await start()
  t.teardown(() => sandbox.close())
  const cases: ReadonlyArray<readonly [args: string[], code: number, err: RegExp]> = [
    [['show', 'nothing'], 1, /transaction_unknown/],
    [['show', 'x', '--server-key', 'SB-Mid-server-nobody'], 1, /unauthorized/],
    [['show', 'x', '--url', 'http://127.0.0.1:1'], 1, /does not answer as Warung does/],
    [['settings', 'colour=red'], 2, /colour/],
    [['advance', 'soon'], 2, /duration/],
    [['import', 'nowhere.json'], 2, /ENOENT/],
    [['list', '--status', 'paid'], 2, /status/],
    [['nonsense'], 2, /unknown command 'nonsense' \(there are: start, ready, show.*; see warung --help\)$/],
    [['help', 'nonsense'], 2, /unknown command 'nonsense'/],
    [['show'], 2, /missing required argument 'REF' \(see warung show --help\)$/],
    [['pay', 'x', '--amount', 'abc'], 2, /--amount must be whole rupiah/],
    [['merchants'], 2, /--admin-password is needed/],
    [['merchants', '--admin-password', 'wrong'], 1, /unauthorized/],
    [['ready', '--url', 'http://127.0.0.1:1'], 1, /does not answer/],
    [['show', 'x', '--json'], 1, /^\{"code":"transaction_unknown",.*\}$/],
    [['ready', '--url', 'http://127.0.0.1:1', '--json'], 1, /^\{"ready":false,"reason":".+"\}$/]
  ]
  for (const [args, code, err] of cases) {
    const ended = await warung(sandbox, ...args)
    t.equal(ended.code, code, args.join(' '))
    t.match(ended.err, err)
    t.equal(ended.err.includes('\n'), false)
    t.equal(ended.out, '')
  }
})

test('merchants come and go at the shell', async (t) => {
  const sandbox = await start({ adminPassword: 'secret' })
  t.teardown(() => sandbox.close())
  const run = (...args: readonly string[]): Promise<Ended> => warung(sandbox, 'merchants', ...args, '--admin-password', 'secret')

  t.match(await run('create', 'G2'), { code: 0, out: /^G2 {2}SB-Mid-server-\w+ {2}SB-Mid-client-\w+$/ })
  t.match(await run(), { code: 0, out: /^G626262626 {2}SB-Mid-server-…rung {2}SB-Mid-client-…rung\nG2 {2}SB-Mid-server-…/ })
  t.match(await run('delete', 'G2', '--json'), { code: 0, out: /^null$/ })
  t.match(await run('delete', 'G2'), { code: 1, err: /merchant_unknown/ })
})

test('a refused charge is explained at the shell', async (t) => {
  const sandbox = await start()
  t.teardown(() => sandbox.close())
  await charge(sandbox, { transaction_details: { order_id: 'order 1', gross_amount: 44000 } })
  t.match(await warung(sandbox, 'requests'), { code: 0, out: /POST \/v2\/charge {2}400\n {2}transaction_details\.order_id is invalid; seen: "order 1"; expected: .+ \(1\.2 transaction_details\)$/ })
  t.match(await warung(sandbox, 'requests', 'none'), { code: 0, out: 'done' })
  t.match(await warung(sandbox, 'requests'), { code: 0, out: 'none' })
})

test('a world goes from file to file, and ready says so', async (t) => {
  const [from, to] = await Promise.all([start(), start()])
  t.teardown(() => Promise.all([from.close(), to.close()]))
  const file = join(t.testdir(), 'world.json')
  await charge(from)

  t.match(await warung(from, 'export', file), { code: 0, out: /^$/ })
  t.match(await warung(to, 'import', file, '--json'), { code: 0, out: /"transactions":1,/ })
  t.match(await warung(to, 'list'), { code: 0, out: /^order-101 {2}pending/ })
  t.match(await warung(to, 'import', file), { code: 1, err: /import_clash/ })
  t.match(await warung(to, 'ready', '--json'), { code: 0, out: '{"ready":true,"reason":null}' })
})

test('every help ends well and tells of all words', async (t) => {
  const nowhere = { url: '', serverKey: '' }
  const { code, out } = await warung(nowhere, '--help')
  t.equal(code, 0)
  for (const part of ['Usage: warung [start] [options]', '--auto-merchants', 'Example: warung --data', '  start ', '  show <REF> ', '  advance <DURATION> ', '  settings [KEY=VALUE…] ']) t.ok(out.includes(part), part)
  for (const args of [['-h'], ['help'], ['start', '--help'], ['help', 'start']]) t.equal((await warung(nowhere, ...args)).out, out)

  const pay = await warung(nowhere, 'pay', '--help')
  t.match(pay, { code: 0, out: /^Usage: warung pay \[options\] <REF>\n.*Example: warung pay order-101\n.*--amount <AMOUNT>.*\nAll words: start, ready, show, /s })
  t.same(await warung(nowhere, 'help', 'pay'), pay)
  t.match(await warung(nowhere, 'ready', '--help'), { code: 0, out: /Example: warung ready --wait 30s\n.*All words: start, ready, show, /s })
})

test('the authority is printed, put into a file, and trusted by the line for each tool', async (t) => {
  const folder = t.testdir()
  const sandbox = await start({ tlsPort: 0 })
  t.teardown(() => sandbox.close())
  const ca = sandbox.tls?.ca ?? ''
  const fingerprint = `SHA-256 ${new X509Certificate(ca).fingerprint256}`
  const file = join(folder, 'it\'s ca.pem')

  t.match(await warung(sandbox, 'ca'), { code: 0, out: ca.trimEnd(), err: fingerprint })
  t.match(await warung(sandbox, 'ca', '--out', file), { code: 0, out: `${file}: ${fingerprint}`, err: '' })
  t.equal(readFileSync(file, 'utf8'), ca)
  const quoted = `'${file.replace("'", "'\\''")}'`
  t.match(await warung(sandbox, 'ca', '--trust', 'node', '--out', file), { code: 0, out: [`# ${TRUST.node.about}`, `export NODE_EXTRA_CA_CERTS=${quoted}`, '# To take it back:', '# unset NODE_EXTRA_CA_CERTS'].join('\n'), err: `${file}: ${fingerprint}` })
  for (const tool of Object.keys(TRUST) as Tool[]) {
    const { code, out } = await warung(sandbox, 'ca', '--trust', tool, '--out', file, '--json')
    t.equal(code, 0)
    t.same(JSON.parse(out), { cert: ca, fingerprint, path: file, trust: TRUST[tool].trust(file), untrust: TRUST[tool].untrust })
  }

  const plain = await start()
  t.teardown(() => plain.close())
  t.match(await warung(plain, 'ca'), { code: 1, out: '', err: /has no certificate authority: start it with --tls-port/ })
  t.match(await warung(plain, 'ca', '--trust', 'perl'), { code: 2, err: /must be one of node, python/ })
  t.match(await warung({ ...plain, url: 'http://127.0.0.1:1' }, 'ca'), { code: 1, err: /does not answer/ })
})
