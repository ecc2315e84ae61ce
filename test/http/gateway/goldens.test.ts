import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'
import type { Test } from 'tap'

import { CLIENT_KEY, basic, chargeBody, testEmulator } from '../../support/emulator.ts'
import type { TestEmulator } from '../../support/emulator.ts'
import { expectError, expectHeaders, fixture, golden, GATEWAY_ERRORS, membersOf, signature, UUID_V4 } from '../../support/gateway-answers.ts'
import type { GatewayError, Reply } from '../../support/gateway-answers.ts'
import { charge, NOBODY, notificationsOf, notifiedBody, request, STATES, STORES } from '../../support/gateway-world.ts'
import type { State, StoreName } from '../../support/gateway-world.ts'

const FLAGS = ['--notification-url', `${NOBODY}/notify`]
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

const PAYMENT_CODES: Record<StoreName, RegExp> = { alfamart: /^8127\d{12}$/, indomaret: /^\d{12}$/ }

/** How requests/<store>.json reaches each state, seen as the golden bodies see it: paid at 20:05. */
const WAYS: Record<State, (emulator: TestEmulator) => Promise<Reply | undefined>> = {
  pending: async () => undefined,
  settlement: pay,
  expire: async ({ ask }) => ask('POST', '/v2/order-101/expire'),
  cancel: async ({ ask }) => ask('POST', '/v2/order-101/cancel'),
  deny: async (emulator) => {
    await pay(emulator)
    return emulator.ask('POST', '/admin/transactions/order-101/reverse')
  }
}

const covered = new Set<string>()

for (const store of STORES) {
  test(`the charge reply of ${store} is the golden one to the byte`, async (t) => {
    const emulator = await testEmulator(t, FLAGS)
    const reply = await charge(emulator, fixture(`requests/${store}.json`))
    t.equal(reply.statusCode, 200)
    t.equal(reply.payload, golden(`${store}/charge`, await madeUp(t, emulator, store, reply)))
    expectHeaders(t, reply)
  })
  covered.add(`${store}/charge.json`)

  test(`the shortest charge of ${store} gets the same reply`, async (t) => {
    const emulator = await testEmulator(t, FLAGS)
    const reply = await charge(emulator, fixture(`requests/${store}-minimal.json`))
    t.equal(reply.payload, golden(`${store}/charge`, await madeUp(t, emulator, store, reply)))
  })

  for (const state of STATES) {
    test(`status and notification of ${store} in ${state} are the golden ones to the byte`, async (t) => {
      const emulator = await testEmulator(t, FLAGS)
      const charged = await charge(emulator, fixture(`requests/${store}.json`))
      t.equal((await WAYS[state](emulator))?.statusCode ?? 200, 200, 'the way there')
      const values = await madeUp(t, emulator, store, charged)

      for (const id of ['order-101', values.transaction_id]) {
        const reply = await emulator.ask('GET', `/v2/${id}/status`)
        t.equal(reply.statusCode, 200)
        t.equal(reply.payload, golden(`${store}/status-${state}`, values))
        expectHeaders(t, reply)
      }
      t.equal(await notifiedBody(emulator, 'order-101', state), golden(`${store}/notification-${state}`, values))
    })
    covered.add(`${store}/status-${state}.json`).add(`${store}/notification-${state}.json`)
  }

  for (const action of ['cancel', 'expire'] as const) {
    test(`the reply to ${action} of ${store} is the golden one to the byte`, async (t) => {
      const emulator = await testEmulator(t, FLAGS)
      const charged = await charge(emulator, fixture(`requests/${store}.json`))
      const reply = await emulator.ask('POST', `/v2/order-101/${action}`)
      t.equal(reply.statusCode, 200)
      t.equal(reply.payload, golden(`${store}/${action}`, await madeUp(t, emulator, store, charged)))
      expectHeaders(t, reply)
    })
    covered.add(`${store}/${action}.json`)
  }

  test(`a payment of ${store} that nobody touches lapses to the golden bodies of expire`, async (t) => {
    const emulator = await testEmulator(t, FLAGS)
    const values = await madeUp(t, emulator, store, await charge(emulator, fixture(`requests/${store}.json`)))

    await emulator.passTime(DAY_MS - 1)
    t.equal((await emulator.ask('GET', '/v2/order-101/status')).payload, golden(`${store}/status-pending`, values), 'a moment before')
    await emulator.passTime(1)
    t.equal((await emulator.ask('GET', '/v2/order-101/status')).payload, golden(`${store}/status-expire`, values))
    t.equal(await notifiedBody(emulator, 'order-101', 'expire'), golden(`${store}/notification-expire`, values))
  })
}

test('an Indomaret payment that its till takes and reverses has the golden bodies too', async (t) => {
  const emulator = await testEmulator(t, FLAGS)
  const charged = await charge(emulator, fixture('requests/indomaret.json'))
  const atTill = { payment_code: membersOf(charged).payment_code }
  emulator.clock.at += 5 * MINUTE_MS
  t.equal((await emulator.ask('POST', '/till/indomaret/payment', atTill)).statusCode, 200)
  const values = await madeUp(t, emulator, 'indomaret', charged)
  t.equal(await notifiedBody(emulator, 'order-101', 'settlement'), golden('indomaret/notification-settlement', values))
  t.equal((await emulator.ask('POST', '/till/indomaret/reversal', atTill)).statusCode, 200)
  t.equal((await emulator.ask('GET', '/v2/order-101/status')).payload, golden('indomaret/status-deny', values))
  t.equal(await notifiedBody(emulator, 'order-101', 'deny'), golden('indomaret/notification-deny', values))
})

test('custom fields, metadata, address and custom expiry come back in the golden places', async (t) => {
  const emulator = await testEmulator(t, FLAGS)
  const charged = await charge(emulator, fixture('requests/full.json'))
  await pay(emulator)
  const values = await madeUp(t, emulator, 'alfamart', charged)
  t.equal((await emulator.ask('GET', '/v2/order-101/status')).payload, golden('full/status-settlement', values))
  t.equal(await notifiedBody(emulator, 'order-101', 'settlement'), golden('full/notification-settlement', values))
  t.equal(charged.payload, golden('alfamart/charge', values).replace('2026-11-23 20:00:00', '2026-11-22 21:00:00'), 'and not in the charge reply')
})
covered.add('full/status-settlement.json').add('full/notification-settlement.json')

/** One way to meet each error; each of them with nothing but order-101, pending, in the world. */
const ERRORS: Record<Exclude<GatewayError, 412>, (emulator: TestEmulator, t: Test) => Promise<Reply>> = {
  '400-sum': (emulator) => charge(emulator, chargeBody({ item_details: [{ price: 1, quantity: 1, name: 'permen' }] })),
  401: (emulator) => request(emulator, 'GET', '/v2/order-101/status', undefined, { authorization: basic(CLIENT_KEY) }),
  402: (emulator) => charge(emulator, chargeBody({ payment_type: 'gopay' })),
  '404-path': ({ ask }) => ask('GET', '/v2/nowhere'),
  '404-transaction': ({ ask }) => ask('GET', '/v2/order-404/status'),
  405: ({ ask }) => ask('GET', '/v2/charge'),
  406: (emulator) => charge(emulator, chargeBody()),
  '413-format': (emulator) => charge(emulator, chargeBody({ cstore: 'alfamart' })),
  '413-syntax': (emulator) => charge(emulator, fixture('requests/alfamart-missing-comma.txt')),
  '413-too-large': (emulator) => charge(emulator, ' '.repeat(1_048_577)),
  500: (emulator) => charge(emulator, 'null')
}

for (const [error, provoke] of Object.entries(ERRORS) as Array<[Exclude<GatewayError, 412>, typeof ERRORS[500]]>) {
  test(`error ${error} is the golden one to the byte, with a new id each time`, async (t) => {
    const emulator = await testEmulator(t, FLAGS)
    const charged = membersOf(await charge(emulator, chargeBody()))
    const [first, second] = [await provoke(emulator, t), await provoke(emulator, t)]
    expectError(t, first, error)
    expectError(t, second, error)
    const ids = [charged.transaction_id, membersOf(first).id, membersOf(second).id]
    t.equal(new Set(ids).size, 3, 'no id comes twice')
  })
  covered.add(`errors/${error}.json`)
}

test('error 412 is the golden one to the byte, its id the transaction\'s', async (t) => {
  const emulator = await testEmulator(t, FLAGS)
  const charged = membersOf(await charge(emulator, chargeBody()))
  await emulator.ask('POST', '/v2/order-101/cancel')
  expectError(t, await emulator.ask('POST', '/v2/order-101/cancel'), 412, charged.transaction_id)
})
covered.add('errors/412.json')

test('every golden file is compared with something', async (t) => {
  const folder = new URL('../../../fixtures/golden/', import.meta.url)
  const files = readdirSync(folder).flatMap((name) => readdirSync(new URL(`${name}/`, folder)).map((file) => `${name}/${file}`))
  t.same([...covered].sort(), files.sort())
  t.same(GATEWAY_ERRORS.map((error) => `${error}.json`).sort(), readdirSync(new URL('errors/', folder)).sort())
})

test('the signature formula of these tests gives the vectors that sha512sum gave', async (t) => {
  const vectors = JSON.parse(fixture('signature-vectors.json')) as Array<Record<string, string>>
  const ours = vectors.filter(({ server_key: key }) => key === 'SB-Mid-server-test')
  t.equal(ours.length > 0, true)
  for (const vector of ours) t.equal(signature(vector), vector.signature_key, `${vector.order_id} ${vector.status_code}`)
})

test('transaction_time is cut to the second, whatever the part of it', async (t) => {
  const emulator = await testEmulator(t)
  emulator.clock.at += 999
  const { transaction_time: charged, expiry_time: expiry } = membersOf(await charge(emulator, chargeBody()))
  t.same([charged, expiry], ['2026-11-22 20:00:00', '2026-11-23 20:00:00'])
})

test('the same seed gives the same bytes everywhere, ids of errors too', async (t) => {
  const first = await everything(await testEmulator(t, FLAGS))
  const second = await everything(await testEmulator(t, FLAGS))
  t.same(second, first)
  t.equal(first.length > 25, true, 'enough to compare')
})

test('the same seed gives the same bytes on both engines', async (t) => {
  const memory = await everything(await testEmulator(t, FLAGS))
  const file = await everything(await testEmulator(t, [...FLAGS, '--data', join(t.testdir(), 'warung.json')]))
  t.same(file, memory)
})

test('another seed gives other ids, codes and ids of errors', async (t) => {
  const first = madeIn(await everything(await testEmulator(t, FLAGS)))
  const second = madeIn(await everything(await testEmulator(t, [...FLAGS, '--seed', 'another'])))
  t.equal(first.length > 10, true, 'enough to compare')
  t.same(first.filter((made) => second.includes(made)), [])
})

test('errors in between do not change what a seeded run makes next', async (t) => {
  const [plain, disturbed] = [await testEmulator(t), await testEmulator(t)]
  await charge(disturbed, 'null')
  await disturbed.ask('GET', '/v2/order-404/status')
  t.equal((await charge(disturbed, chargeBody())).payload, (await charge(plain, chargeBody())).payload)
})

test('a restart in the middle does not change the transactions of a seeded run', async (t) => {
  const flags = [...FLAGS, '--data', join(t.testdir(), 'warung.json')]
  const whole = await testEmulator(t, FLAGS)
  const before = await testEmulator(t, flags)
  const orders = ['order-1', 'order-2', 'order-3'].map((order) => chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 } }))
  for (const order of orders) await charge(whole, order)
  await charge(before, orders[0])
  await before.close()
  const after = await testEmulator(t, flags)
  await charge(after, orders[1])
  await charge(after, orders[2])

  for (const order of ['order-1', 'order-2', 'order-3']) {
    t.equal((await after.ask('GET', `/v2/${order}/status`)).payload, (await whole.ask('GET', `/v2/${order}/status`)).payload)
    t.same(await notificationsOf(after, order), await notificationsOf(whole, order))
  }
})

async function pay ({ ask, clock }: TestEmulator): Promise<Reply> {
  clock.at += 5 * MINUTE_MS
  return ask('POST', '/admin/transactions/order-101/pay')
}

/** What chance made for order-101, of the form that the protocol gives it. */
async function madeUp (t: Test, { ask }: TestEmulator, store: StoreName, charged: Reply): Promise<Record<string, string>> {
  const { transaction_id: transactionId = '', payment_code: paymentCode = '' } = membersOf(charged)
  t.match(transactionId, UUID_V4, 'the transaction id is a UUID v4')
  t.match(paymentCode, PAYMENT_CODES[store], 'the payment code has the form of its store')
  const { approval_code: approvalCode } = JSON.parse((await ask('GET', `/admin/transactions/${transactionId}`)).payload) as { approval_code: string | null }
  if (approvalCode !== null) t.match(approvalCode, /^\d{4}261122\d{10}$/, 'the approval code has its form')
  return { transaction_id: transactionId, payment_code: paymentCode, approval_code: approvalCode ?? 'none' }
}

/** A bit of all that can be asked, every answer's bytes. */
async function everything (emulator: TestEmulator): Promise<readonly string[]> {
  const { ask, clock } = emulator
  const answers: string[] = []
  const keep = async (reply: Promise<Reply>): Promise<void> => { answers.push((await reply).payload) }

  for (const store of STORES) {
    const order = `order-${store}`
    const body = chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 }, cstore: { store } })
    await keep(charge(emulator, body))
    await keep(charge(emulator, body))
    clock.at += 5 * MINUTE_MS
    await keep(ask('POST', `/admin/transactions/${order}/pay`))
    await keep(ask('GET', `/v2/${order}/status`))
    await keep(ask('POST', `/v2/${order}/cancel`))
    await keep(ask('POST', `/admin/transactions/${order}/reverse`))
    await keep(ask('GET', `/v2/${order}/status`))
    await keep(charge(emulator, body))
    for (const { id } of await notificationsOf(emulator, order)) await keep(ask('GET', `/admin/notifications/${id}`))
  }
  await keep(charge(emulator, 'null'))
  await keep(charge(emulator, '{'))
  await keep(charge(emulator, {}))
  await keep(ask('GET', '/v2/nowhere/status'))
  await keep(ask('GET', '/v2/nowhere'))
  await keep(ask('GET', '/v2/charge'))
  await keep(request(emulator, 'GET', '/v2/order-101/status', undefined, { authorization: 'Basic none' }))
  await keep(request(emulator, 'GET', '/v2/order-101/status', undefined, { authorization: 'Basic none' }))
  await keep(ask('GET', '/admin/notifications'))
  await keep(ask('GET', '/admin/transactions'))
  return answers
}

/** Every UUID, payment code, approval code and notification id in these bytes. */
function madeIn (answers: readonly string[]): readonly string[] {
  return [...new Set(answers.flatMap((answer) => answer.match(/[0-9a-f]{8}-[0-9a-f-]{27}|(?<="payment_code":")\d+|(?<="approval_code":")\d+|(?<="id":")\w{20}(?=")/g) ?? []))]
}
