import { test } from 'tap'

import { basic, chargeBody, CLIENT_KEY, manualClock, MERCHANT_ID, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import { charge } from '../support/storage-world.ts'
import { admin, askerOf, made, PASSWORD } from '../support/worlds.ts'

const WITH_ADMIN = ['--admin-password', PASSWORD]

test('a merchant is made as it is asked for, its keys are shown once, and lists mask them', async (t) => {
  const emulator = await testEmulator(t, WITH_ADMIN)
  const wish = { merchant_id: 'G2', server_key: 'SB-Mid-server-shop-two', client_key: 'SB-Mid-client-shop-two' }
  const reply = await admin(emulator)('POST', '/admin/merchants', { ...wish, settings: { receipt_name: 'Toko Dua' } })
  t.equal(reply.statusCode, 201)
  t.match(reply.json(), { ...wish, settings: { receipt_name: 'Toko Dua', store_limits: true } })

  const list = (await admin(emulator)('GET', '/admin/merchants')).json()
  t.same(list.next_cursor, null)
  t.match(list.items, [
    { merchant_id: MERCHANT_ID, server_key: 'SB-Mid-server-…', client_key: 'SB-Mid-client-…' },
    { merchant_id: 'G2', server_key: 'SB-Mid-server-…-two', client_key: 'SB-Mid-client-…-two', settings: { receipt_name: 'Toko Dua' } }
  ])
  t.equal((await askerOf(emulator, wish.server_key)('GET', '/admin/settings')).json().receipt_name, 'Toko Dua')
})

test('what is left out is made up, and a seed makes up the same', async (t) => {
  const [first, second] = [await testEmulator(t, WITH_ADMIN), await testEmulator(t, WITH_ADMIN)]
  const merchants = [await made(first), await made(first, {}), await made(first, { merchant_id: 'G2' })]
  for (const { server_key: key, client_key: client } of merchants) {
    t.match(key, /^SB-Mid-server-[a-z0-9]{20}$/)
    t.equal(client, key.replace('server', 'client'))
  }
  for (const { merchant_id: id } of merchants.slice(0, 2)) t.match(id, /^G\d{9}$/)
  t.same([await made(second), await made(second), await made(second, { merchant_id: 'G2' })], merchants)
  t.equal(new Set(merchants.map(({ server_key: key }) => key)).size, 3)
})

test('merchants that are made side by side, and after others have gone, all differ', async (t) => {
  const emulator = await testEmulator(t, WITH_ADMIN)
  const first = await Promise.all(Array.from({ length: 20 }, () => made(emulator)))
  for (const { merchant_id: id } of first.slice(5, 9)) t.equal((await admin(emulator)('DELETE', `/admin/merchants/${id}`)).statusCode, 204)
  await Promise.all(Array.from({ length: 20 }, () => made(emulator)))
  t.equal((await emulator.storage.merchants()).length, 37)
})

const refusals: Array<[what: string, wish: unknown, status: number, code: string]> = [
  ['an id that is taken', { merchant_id: MERCHANT_ID }, 409, 'merchant_taken'],
  ['a server key that is taken', { server_key: SERVER_KEY }, 409, 'key_taken'],
  ['the key of the admin account', { server_key: 'admin' }, 400, 'invalid_merchant'],
  ['a key with a colon', { server_key: 'a:b' }, 400, 'invalid_merchant'],
  ['an id with a blank', { merchant_id: 'a b' }, 400, 'invalid_merchant'],
  ['a setting that is none', { settings: { colour: 'red' } }, 400, 'invalid_settings'],
  ['a member that is none', { name: 'x' }, 400, 'invalid_request'],
  ['a number for an id', { merchant_id: 7 }, 400, 'invalid_request']
]
for (const [what, wish, status, code] of refusals) {
  test(`no merchant is made with ${what}`, async (t) => {
    const emulator = await testEmulator(t, WITH_ADMIN)
    const reply = await admin(emulator)('POST', '/admin/merchants', wish)
    t.equal(reply.statusCode, status)
    t.equal(reply.json().code, code)
    t.equal((await emulator.storage.merchants()).length, 1)
  })
}

test('each answer names the merchant that it is about, a refusal too, and none to who may not know', async (t) => {
  const emulator = await testEmulator(t, WITH_ADMIN)
  const { server_key: key } = await made(emulator, { merchant_id: 'G2' })
  const [mine, its, seenByAdmin, refused, stranger] = await Promise.all([
    emulator.ask('GET', '/admin/clock'),
    askerOf(emulator, key)('DELETE', '/admin/requests'),
    emulator.ask('GET', '/admin/clock', undefined, { authorization: basic('admin', PASSWORD), 'x-merchant-id': 'G2' }),
    askerOf(emulator, key)('GET', '/admin/transactions/nothing'),
    askerOf(emulator, 'SB-Mid-server-nobody')('GET', '/admin/clock')
  ])
  t.same([mine, its, seenByAdmin, refused, stranger].map(({ headers }) => headers['x-merchant-id']), [MERCHANT_ID, 'G2', 'G2', 'G2', undefined])
  t.equal((await emulator.ask('GET', '/v2/order-101/status')).headers['x-merchant-id'], undefined)
})

test('a server key may not list, make or delete merchants', async (t) => {
  const { ask } = await testEmulator(t, WITH_ADMIN)
  for (const [method, url] of [['GET', '/admin/merchants'], ['POST', '/admin/merchants'], ['DELETE', `/admin/merchants/${MERCHANT_ID}`]] as const) {
    const reply = await ask(method, url)
    t.equal(reply.statusCode, 403)
    t.equal(reply.json().code, 'admin_only')
  }
})

test('a merchant that is deleted is gone with its world, and others are as they were', async (t) => {
  const emulator = await testEmulator(t, WITH_ADMIN)
  const other = await made(emulator, { settings: { notification_urls: ['http://127.0.0.1:9/'] } })
  const ask = askerOf(emulator, other.server_key)
  const { payment_code: code } = (await ask('POST', '/v2/charge', chargeBody())).json()
  await charge(emulator, 'order-101')

  t.equal((await admin(emulator)('DELETE', `/admin/merchants/${other.merchant_id}`)).statusCode, 204)
  await emulator.passTime(0)
  t.equal((await ask('GET', '/admin/transactions')).statusCode, 401)
  t.equal((await ask('GET', '/v2/order-101/status')).json().status_code, '401')
  t.equal((await emulator.ask('POST', '/till/alfamart/inquiry', { payment_code: code })).statusCode, 404)
  t.equal((await emulator.ask('GET', '/v2/order-101/status')).json().transaction_status, 'pending')
  t.equal((await admin(emulator)('DELETE', `/admin/merchants/${other.merchant_id}`)).json().code, 'merchant_unknown')
  const kept = await admin(emulator)('DELETE', `/admin/merchants/${MERCHANT_ID}`)
  t.equal(kept.statusCode, 409)
  t.equal(kept.json().code, 'default_merchant')
})

const AUTO = ['--auto-merchants', ...WITH_ADMIN]

test('with auto merchants any sandbox key opens a fresh world, at the gateway and at the admin API', async (t) => {
  const emulator = await testEmulator(t, AUTO)
  await charge(emulator, 'order-101')
  for (const [key, url] of [['SB-Mid-server-1', '/v2/order-101/status'], ['SB-Mid-server-2', '/admin/transactions/order-101']] as const) {
    t.equal(Number((await askerOf(emulator, key)('GET', url)).json().status_code ?? 404), 404)
    t.equal((await askerOf(emulator, key)('POST', '/v2/charge', chargeBody())).json().status_code, '201')
  }
  t.same((await emulator.storage.merchants()).map(({ serverKey, clientKey }) => [serverKey, clientKey]), [
    [SERVER_KEY, CLIENT_KEY], ['SB-Mid-server-1', 'SB-Mid-client-1'], ['SB-Mid-server-2', 'SB-Mid-client-2']
  ])
})

test('uses of one new key at the same time open one world, of the same id in every run', async (t) => {
  const emulators = [await testEmulator(t, AUTO), await testEmulator(t, AUTO)]
  const ids = []
  for (const emulator of emulators) {
    const ask = askerOf(emulator, 'SB-Mid-server-worker-7')
    const replies = await Promise.all(Array.from({ length: 10 }, (_, at) => ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: `order-${at}`, gross_amount: 20000 } }))))
    ids.push(...new Set(replies.map((reply) => reply.json().merchant_id)))
    t.equal((await emulator.storage.merchants()).length, 2)
  }
  t.match(ids, [/^G\d{9}$/, ids[0]])
  t.equal(ids.length, 2)
})

test('keys that open by themselves keep out of the way of merchants there are', async (t) => {
  const [probe, emulator] = [await testEmulator(t, AUTO), await testEmulator(t, AUTO)]
  const { merchant_id: id } = (await askerOf(probe, 'SB-Mid-server-a')('POST', '/v2/charge', chargeBody())).json()
  await made(emulator, { merchant_id: id, server_key: 'another' })
  const { merchant_id: other } = (await askerOf(emulator, 'SB-Mid-server-a')('POST', '/v2/charge', chargeBody())).json()
  t.match(other, /^G\d{9}$/)
  t.not(other, id)
})

const unknown: Array<[key: string, flags: readonly string[]]> = [
  ['SB-Mid-server-x', []], ['SB-Mid-server-', AUTO], ['SB-Mid-server-a b', AUTO], ['SB-Mid-client-x', AUTO], ['Mid-server-x', AUTO], ['x', AUTO], ['', AUTO]
]
for (const [key, flags] of unknown) {
  test(`the key "${key}" opens nothing ${flags.length === 0 ? 'without' : 'with'} auto merchants`, async (t) => {
    const emulator = await testEmulator(t, flags, manualClock())
    for (const url of ['/v2/order-101/status', '/admin/settings']) {
      t.equal((await emulator.ask('GET', url, undefined, { authorization: basic(key) })).statusCode, 401)
    }
    t.equal((await emulator.storage.merchants()).length, 1)
  })
}
