import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { test } from 'tap'

import { connect, SandboxError, start, UsageError } from '../../src/index.ts'
import type { Fault, Sandbox, StartOptions } from '../../src/index.ts'
import { basic, chargeBody } from '../support/emulator.ts'
import { reply, startReceiver } from '../support/receiver.ts'

const DIST = join(import.meta.dirname, '../../dist')
const INDEX = JSON.stringify(pathToFileURL(join(DIST, 'index.js')))

interface Teardown {
  teardown (end: () => unknown): void
}

async function sandboxOf (t: Teardown, options: StartOptions = {}): Promise<Sandbox> {
  const sandbox = await start(options)
  t.teardown(() => sandbox.close())
  return sandbox
}

async function charge ({ url, serverKey }: Sandbox, orderId: string): Promise<{ readonly status_code: string, readonly payment_code: string }> {
  const response = await fetch(`${url}/v2/charge`, {
    method: 'POST',
    headers: { authorization: basic(serverKey), 'content-type': 'application/json' },
    body: JSON.stringify({ payment_type: 'cstore', transaction_details: { order_id: orderId, gross_amount: 44000 }, cstore: { store: 'indomaret' } })
  })
  return await response.json() as { readonly status_code: string, readonly payment_code: string }
}

function runScript (script: string): Promise<{ readonly stdout: string, readonly stderr: string }> {
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
}

test('a test pays, waits, and reads what its receiver was told', async (t) => {
  const receiver = await startReceiver(reply(200))
  t.teardown(() => receiver.close())
  const sandbox = await sandboxOf(t, { notificationUrl: receiver.url })
  const { payment_code: code } = await charge(sandbox, 'order-1')

  const paid = await sandbox.pay(code, { wait: 'attempted', amount: 44000 })
  t.match(paid, { transaction: { transaction_status: 'settlement' }, notifications: [{ event: 'settlement', state: 'delivered' }] })
  t.match(await sandbox.waitFor('order-1', { status: 'settlement', delivered: true }), { order_id: 'order-1' })
  const told = await sandbox.notifications({ ref: 'order-1' })
  t.same(told.map(({ event }) => event), ['settlement', 'pending'])
  t.equal((await sandbox.notification(told[0]?.id ?? '')).body, receiver.requests.find(({ body }) => body.includes('"settlement"'))?.body)

  t.match(await sandbox.reverse('order-1'), { transaction: { transaction_status: 'deny' } })
  t.match(await sandbox.notify('order-1', { event: 'pending', times: 2, wait: 'attempted' }), { notifications: [{ event: 'pending' }, { event: 'pending' }] })
  t.same((await sandbox.transactions({ status: 'deny' })).map((each) => each.order_id), ['order-1'])
  t.equal((await sandbox.transaction('order-1')).history.length, 3)
})

test('a day passes in a call, and a frozen seeded run repeats to the byte', async (t) => {
  const runs = await Promise.all([1, 2].map(async () => {
    const sandbox = await sandboxOf(t, { seed: 'run', frozen: '2026-11-22 20:00:00', notificationUrl: 'http://127.0.0.1:1/' })
    return JSON.stringify([await charge(sandbox, 'order-1'), await sandbox.advance('24h'), await sandbox.clock(), (await sandbox.transaction('order-1')).history])
  }))

  t.equal(runs[0], runs[1])
  const [charged, { effects }] = JSON.parse(runs[0] ?? '') as [{ transaction_time: string }, { effects: Array<{ wib: string, kind: string }> }]
  t.equal(charged.transaction_time, '2026-11-22 20:00:00')
  t.same(effects.map(({ wib, kind }) => `${wib} ${kind}`), [
    '2026-11-22 20:00:00 attempted', '2026-11-22 20:02:00 attempted', '2026-11-22 20:12:00 attempted', '2026-11-22 20:42:00 attempted',
    '2026-11-22 22:12:00 attempted', '2026-11-23 01:42:00 attempted', '2026-11-23 20:00:00 expired', '2026-11-23 20:00:00 attempted'
  ])
})

test('the clock stands from the beginning, goes on when told, and never back', async (t) => {
  const sandbox = await sandboxOf(t, { frozen: new Date('2026-11-22T13:00:00Z') })
  t.match(await sandbox.clock(), { now: '2026-11-22T13:00:00.000Z', frozen: true })
  await charge(sandbox, 'order-1')

  t.match(await sandbox.advance({ to: '2026-11-22 20:00:05' }), { from: '2026-11-22T13:00:00.000Z', to: '2026-11-22T13:00:05.000Z', effects: [] })
  t.match(await sandbox.advance(1_000), { to: '2026-11-22T13:00:06.000Z' })
  await t.rejects(sandbox.advance({ to: new Date(NaN) }), RangeError)
  await t.rejects(sandbox.freeze('2026-11-22 20:00:00'), { name: 'SandboxError', status: 409, code: 'time_goes_back' })
  t.match(await sandbox.freeze('2026-11-22 21:00:00'), { wib: '2026-11-22 21:00:00' })
  t.match(await sandbox.resume(), { frozen: false })
  t.match(await sandbox.expire('order-1'), { transaction: { transaction_status: 'expire' } })
})

test('what does not hold in time is told with the state as it is', async (t) => {
  const sandbox = await sandboxOf(t, { frozen: true })
  await charge(sandbox, 'order-1')
  const refusal = await sandbox.waitFor('order-1', { status: 'settlement', timeout: 1 }).catch((error) => error) as SandboxError

  t.ok(refusal instanceof SandboxError)
  t.match(refusal, { status: 408, code: 'not_yet', document: { transaction: { transaction_status: 'pending' } } })
  await t.rejects(sandbox.pay('nothing'), { status: 404, code: 'transaction_unknown' })
})

test('an option that cannot be is refused before anything starts', async (t) => {
  await t.rejects(start({ frozen: 'yesterday' }), UsageError)
  await t.rejects(start({ frozen: new Date(NaN) }), UsageError)
  await t.rejects(start({ serverKey: 'admin' }), UsageError)
})

test('closing twice is fine, and whatever is called then says that it is closed', async (t) => {
  const sandbox = await start()
  const other = await sandbox.merchant()
  const waiting = sandbox.waitFor('order-1', { status: 'settlement' }).catch((error) => error) as Promise<Error>
  await Promise.all([sandbox.close(), sandbox.close()])
  await sandbox.close()

  const closed = { name: 'Error', message: `the sandbox on ${sandbox.url} is closed` }
  t.match(await waiting, closed)
  const calls: ReadonlyArray<() => Promise<unknown>> = [sandbox.clock, sandbox.transactions, sandbox.merchant, other.clock, other.merchant]
  for (const call of calls) await t.rejects(call(), closed)
  await t.rejects(connect({ url: sandbox.url }).clock(), { message: /does not answer as Warung does \(.*ECONNREFUSED.*\); is it running\?$/ })
})

test('a merchant has a world of its own, and closing it leaves the others', async (t) => {
  const [receiver, elsewhere] = await Promise.all([startReceiver(), startReceiver()])
  t.teardown(() => Promise.all([receiver.close(), elsewhere.close()]))
  const sandbox = await sandboxOf(t, { notificationUrl: receiver.url })
  const other = await sandbox.merchant({ merchantId: 'G2', serverKey: 'SB-Mid-server-two', notificationUrl: [elsewhere.url] })
  const third = await other.merchant()
  t.match(other, { url: sandbox.url, serverKey: 'SB-Mid-server-two', merchantId: 'G2' })
  t.equal(new Set([sandbox, other, third].flatMap(({ serverKey, merchantId }) => [serverKey, merchantId])).size, 6)

  const [mine, its] = await Promise.all([charge(sandbox, 'order-1'), charge(other, 'order-1')])
  t.same([mine.status_code, its.status_code], ['201', '201'])
  await sandbox.pay('order-1', { wait: 'attempted' })
  await other.freeze()
  await other.advance('1h')
  await other.settings({ receipt_name: 'Two' })
  await other.faults([{ match: { event: '*' }, action: 'drop' }])

  t.match(await other.transaction('order-1'), { merchant_id: 'G2', transaction_status: 'pending' })
  t.match(await sandbox.transaction('order-1'), { merchant_id: sandbox.merchantId, transaction_status: 'settlement' })
  await t.rejects(sandbox.transaction(its.payment_code), { code: 'transaction_unknown' })
  t.same((await other.notifications()).map(({ event, url }) => `${event} ${url}`), [`pending ${elsewhere.url}`])
  t.same((await sandbox.requests()).map(({ path, status_code: status }) => `${path} ${status}`), ['/v2/charge 201'])
  t.match(await sandbox.clock(), { frozen: false, shift_ms: 0 })
  t.match(await other.clock(), { frozen: true })
  t.equal((await sandbox.settings()).receipt_name, 'Warung')
  t.same(await sandbox.faults(), [])
  t.same(await third.transactions(), [])
  t.equal(receiver.requests.every(({ body }) => body.includes(mine.payment_code)), true)

  await other.reset()
  t.equal((await sandbox.transactions()).length, 1)
  await t.rejects(sandbox.merchant({ merchantId: 'G2' }), { code: 'merchant_taken', status: 409 })
  await t.rejects(sandbox.merchant({ notificationUrl: 'nonsense' }), { code: 'invalid_settings' })
  await other.close()
  await t.rejects(other.clock(), { message: /is closed$/ })
  t.match(await sandbox.clock(), { frozen: false })
  t.match(await third.clock(), { frozen: false })
})

test('the same handle serves a process that runs already', async (t) => {
  const child = spawn(process.execPath, [join(DIST, 'main.js'), '--port', '0', '--data', ':memory:', '--merchant-id', 'G7', '--server-key', 'SB-Mid-server-seven', '--admin-password', 'secret'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  t.teardown(() => child.kill())
  const [line] = await once(createInterface(child.stdout), 'line') as [string]
  const url = line.replace('warung ready on ', '')

  const sandbox = connect({ url, serverKey: 'SB-Mid-server-seven' })
  t.throws(() => sandbox.merchantId, /known from the first answer on/)
  t.same(await sandbox.transactions(), [])
  t.equal(sandbox.merchantId, 'G7')
  await charge(sandbox, 'order-1')
  t.match(await sandbox.pay('order-1'), { transaction: { transaction_status: 'settlement', merchant_id: 'G7' } })
  await t.rejects(sandbox.merchant(), { message: /admin password|adminPassword/ })
  await t.rejects(connect({ url, serverKey: 'SB-Mid-server-nobody' }).transactions(), { name: 'SandboxError', status: 401, code: 'unauthorized' })
  await t.rejects(connect({ url, adminPassword: 'wrong' }).merchant(), { name: 'SandboxError', status: 401 })

  const other = await connect({ url, serverKey: 'SB-Mid-server-seven', adminPassword: 'secret' }).merchant()
  t.same(await other.transactions(), [])
  t.match(await charge(other, 'order-1'), { status_code: '201' })
  await sandbox.close()
  await t.rejects(sandbox.clock(), { message: /is closed$/ })
  t.equal((await other.transactions()).length, 1, 'closing lets go of it alone')

  child.kill()
  await exited
  await t.rejects(other.clock(), { message: /does not answer as Warung does/ })
})

for (const options of [{ url: 'ftp://127.0.0.1' }, { url: 'nonsense' }, { serverKey: 'admin' }, { adminPassword: '' }]) {
  test(`connect refuses ${JSON.stringify(options)} at once`, async (t) => {
    t.throws(() => connect(options), UsageError)
  })
}

test('lists hold all there is, not a page of it; a world can be taken elsewhere', async (t) => {
  const [sandbox, other] = await Promise.all([sandboxOf(t, { frozen: '2026-11-22 20:00:00' }), sandboxOf(t)])
  await charge(sandbox, 'order-0')
  await t.rejects(sandbox.resetClock(), { code: 'world_not_empty' })
  const world = await sandbox.exportWorld() as { readonly transactions: ReadonlyArray<Record<string, unknown>> }
  const numbers = Array.from({ length: 2_001 }, (_, index) => String(index).padStart(12, '0'))
  const transactions = numbers.map((number, order) => ({ ...world.transactions[0], transaction_id: number, order_id: `order-${number}`, payment_code: number, order }))

  await other.importWorld({ ...world, transactions, notifications: [] })
  t.same((await other.transactions()).map(({ payment_code: code }) => code), [...numbers].reverse())
  t.equal((await other.transactions({ q: 'order-00000000199' })).length, 10)
  await t.rejects(other.importWorld({ ...world, version: 2 }), { code: 'invalid_import' })
  t.equal((await other.transactions({ status: 'pending', store: 'indomaret' })).length, 2_001)
  await other.reset()
  t.same(await other.transactions(), [])
  t.match(await other.resetClock(), { frozen: false, shift_ms: 0 })
})

test('settings, faults and deliveries are in the hands of a test, and a refusal explains itself', async (t) => {
  const receiver = await startReceiver(reply(500))
  t.teardown(() => receiver.close())
  const sandbox = await sandboxOf(t, { frozen: true })
  t.match(await sandbox.settings({ notification_urls: [receiver.url], expiry_lag: 61_000, default_expiry: { alfamart: '1h' } }),
    { notification_urls: [receiver.url], expiry_lag: '61s', default_expiry: { alfamart: '1h', indomaret: '24h' }, retry_jitter: false })
  await t.rejects(sandbox.settings({ expiry_lag: 'soon' }), { code: 'invalid_settings', status: 400 })

  const faults: readonly Fault[] = [
    { match: { endpoint: 'status' }, action: 'error', status_code: 500 },
    { match: { event: 'settlement', store: 'indomaret' }, action: 'hold', times: null }
  ]
  t.match(await sandbox.faults(faults), [{ id: 'fault-1', times: 1, seen: 0, action: 'error', status_code: '500' }, { id: 'fault-2', times: null, action: 'hold' }])
  // @ts-expect-error: an error answers a call
  await t.rejects(sandbox.faults([{ match: { event: 'settlement' }, action: 'error', status_code: 500 }]), { code: 'invalid_faults' })

  await charge(sandbox, 'order-1')
  t.match(await sandbox.pay('order-1'), { notifications: [{ event: 'settlement', state: 'held' }] })
  t.same(await sandbox.faults([]), [])
  receiver.handler = reply(200)
  const [settlement] = await sandbox.notifications({ ref: 'order-1' })
  t.match(await sandbox.attempt(settlement?.id ?? ''), { state: 'delivered', attempts: [{ status: 200 }] })
  const { signature_key: signature } = JSON.parse(receiver.requests.find(({ body }) => body.includes('"settlement"'))?.body ?? '{}') as { readonly signature_key: string }
  t.match(await sandbox.explainSignature('order-1', signature), { matches: true, problem: 'none', event: 'settlement' })
  t.match(await sandbox.explainSignature('order-1', 'f'.repeat(128)), { matches: false, problem: 'unknown' })

  await charge(sandbox, 'order 2')
  const [refused] = await sandbox.requests({ status: 400, endpoint: 'charge' })
  t.match(refused, { method: 'POST', path: '/v2/charge', explain: { field: 'transaction_details.order_id', seen: 'order 2', reference: '1.2 transaction_details' } })
  t.equal((await sandbox.requests()).length, 2)
})

test('a charge settles by a rule while the clock is moved', async (t) => {
  const sandbox = await sandboxOf(t, { frozen: '2026-11-22 20:00:00' })
  const rules = await sandbox.rules([{ match: { store: 'indomaret', min_amount: 10_000 }, after: 3_000, do: 'pay_then_reverse', reverse_after: '1m' }])
  t.same(rules, [{ id: 'rule-1', match: { store: 'indomaret', min_amount: 10_000 }, after: '3s', do: 'pay_then_reverse', reverse_after: '1m' }])
  t.same(await sandbox.rules(), rules)
  // @ts-expect-error: only what was paid is reversed
  await t.rejects(sandbox.rules([{ do: 'cancel', reverse_after: '1m' }]), { code: 'invalid_rules' })

  await charge(sandbox, 'order-1')
  t.match(await sandbox.transaction('order-1'), { transaction_status: 'pending', fate: { wib: '2026-11-22 20:00:03', kind: 'paid', rule: 'rule-1' } })
  t.same((await sandbox.advance('2m')).effects.map(({ wib, kind }) => `${wib} ${kind}`), ['2026-11-22 20:00:03 paid', '2026-11-22 20:01:03 reversed'])
  t.same((await sandbox.transaction('order-1')).history.map(({ status, cause }) => `${status} ${cause}`), ['pending charge', 'settlement rule', 'deny rule'])
  t.same(await sandbox.rules([]), [])
})

test('a test process ends as soon as its sandbox is closed: no timer is left', async (t) => {
  const { stdout } = await runScript(`
    import { start } from ${INDEX}
    const sandbox = await start({ notificationUrl: 'http://127.0.0.1:1/' })
    await fetch(sandbox.url + '/v2/charge', { method: 'POST', headers: { authorization: 'Basic ' + btoa(sandbox.serverKey + ':') }, body: ${JSON.stringify(JSON.stringify(chargeBody()))} }).then((response) => response.text())
    await sandbox.pay('order-101', { wait: 'attempted' })
    await sandbox.close()
    console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, 'timers')`)
  t.equal(stdout, '0 timers\n')
})

test('a program that has only asked ends by itself, whatever it made of fetch', async (t) => {
  const sandbox = await sandboxOf(t)
  const { stdout, stderr } = await runScript(`
    import { connect } from ${INDEX}
    globalThis.fetch = () => { throw new Error('this test has none') }
    const sandbox = connect(${JSON.stringify({ url: sandbox.url, serverKey: sandbox.serverKey })})
    await Promise.all(Array.from({ length: 20 }, () => sandbox.clock()))
    console.log(sandbox.merchantId)`)
  t.equal(stdout, `${sandbox.merchantId}\n`)
  t.equal(stderr, '')
})

test('an order id of dots is an order id like any other', async (t) => {
  const sandbox = await start()
  t.teardown(() => sandbox.close())
  for (const order of ['.', '..', 'a..b']) {
    await fetch(`${sandbox.url}/v2/charge`, { method: 'POST', headers: { authorization: basic(sandbox.serverKey) }, body: JSON.stringify(chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 } })) })
    t.match(await sandbox.pay(order), { transaction: { order_id: order, transaction_status: 'settlement' } })
    t.match(await sandbox.transaction(order), { order_id: order })
  }
})
