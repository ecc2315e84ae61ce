import { test } from 'tap'

import { advance, clockOf, frozenEmulator, recordOf, REFUSED, rowOf } from '../support/clock-world.ts'
import { chargeBody, manualClock, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'

interface TransactionDocument {
  readonly transaction_status: string
  readonly approval_code: string | null
  readonly fate: { readonly at: string, readonly wib: string, readonly kind: string, readonly rule: string | null } | null
  readonly history: ReadonlyArray<{ readonly status: string, readonly cause: string, readonly wib: string }>
  readonly notifications: ReadonlyArray<{ readonly event: string }>
}

async function put ({ ask }: TestEmulator, items: ReadonlyArray<Record<string, unknown>>): Promise<unknown> {
  const { statusCode, payload } = await ask('PUT', '/admin/rules', { items })
  if (statusCode !== 200) throw new Error(`${statusCode} ${payload}`)
  return JSON.parse(payload)
}

async function charge ({ ask }: TestEmulator, order: string, members: Record<string, unknown> = {}): Promise<Record<string, string>> {
  return JSON.parse((await ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 }, ...members }))).payload)
}

async function show ({ ask }: TestEmulator, order: string): Promise<TransactionDocument> {
  return JSON.parse((await ask('GET', `/admin/transactions/${order}`)).payload)
}

const ends = ({ history }: TransactionDocument): unknown => history.map(({ status, cause, wib }) => [status, cause, wib.slice(11)])

test('rules are put, shown and emptied as a whole; those without an id are numbered', async (t) => {
  const emulator = await testEmulator(t)
  const items = [{ match: { store: 'alfamart' }, after: '3s', do: 'pay' }, { id: 'rule-1', do: 'nothing' }]
  const shown = { items: [{ id: 'rule-2', match: { store: 'alfamart' }, after: '3s', do: 'pay' }, { id: 'rule-1', match: {}, after: '0ms', do: 'nothing' }] }
  t.same(await put(emulator, items), shown)
  t.same((await emulator.ask('GET', '/admin/rules')).json(), shown)

  const refused = await emulator.ask('PUT', '/admin/rules', { items: [{ do: 'pay' }, { do: 'deny' }] })
  t.equal(refused.statusCode, 400)
  t.match(refused.json(), { code: 'invalid_rules', message: /do: should be one of/, explain: { rule: 'invalid_rules', expected: /such as/ } })
  t.same((await emulator.ask('GET', '/admin/rules')).json(), shown, 'nothing of a list that is refused is taken')

  t.equal((await emulator.ask('DELETE', '/admin/rules')).statusCode, 204)
  t.same((await emulator.ask('GET', '/admin/rules')).json(), { items: [] })
})

const lives: Array<[rule: Record<string, unknown>, effects: unknown, history: unknown]> = [
  [{ after: '3s', do: 'pay' }, [[0.05, 'paid', 'order-101']], [['settlement', 'rule', '20:00:03']]],
  [{ after: '1m', do: 'expire' }, [[1, 'expired', 'order-101']], [['expire', 'rule', '20:01:00']]],
  [{ after: '1m', do: 'cancel' }, [[1, 'cancelled', 'order-101']], [['cancel', 'rule', '20:01:00']]],
  [{ after: '1m', do: 'pay_then_reverse', reverse_after: '30s' }, [[1, 'paid', 'order-101'], [1.5, 'reversed', 'order-101']], [['settlement', 'rule', '20:01:00'], ['deny', 'rule', '20:01:30']]],
  [{ after: '1m', do: 'pay_then_reverse', reverse_after: 0 }, [[1, 'paid', 'order-101'], [1, 'reversed', 'order-101']], [['settlement', 'rule', '20:01:00'], ['deny', 'rule', '20:01:00']]],
  [{ after: '1m', do: 'nothing' }, [[1440, 'expired', 'order-101']], [['expire', 'clock', '20:00:00']]],
  [{ after: '48h', do: 'pay' }, [[1440, 'expired', 'order-101']], [['expire', 'clock', '20:00:00']]],
  // At once means within the charge itself.
  [{ do: 'pay' }, [], [['settlement', 'rule', '20:00:00']]],
  [{ do: 'pay_then_reverse', reverse_after: 0 }, [], [['settlement', 'rule', '20:00:00'], ['deny', 'rule', '20:00:00']]],
  [{ do: 'pay_then_reverse', reverse_after: '1m' }, [[1, 'reversed', 'order-101']], [['settlement', 'rule', '20:00:00'], ['deny', 'rule', '20:01:00']]]
]

for (const [rule, effects, history] of lives) {
  for (const store of ['alfamart', 'indomaret']) {
    test(`by the rule ${JSON.stringify(rule)} a charge at ${store} goes its way, and each state is told`, async (t) => {
      const emulator = await frozenEmulator(t)
      await put(emulator, [rule])
      await emulator.ask('PUT', '/admin/settings', { notification_urls: [REFUSED] })
      const reply = await charge(emulator, 'order-101', { cstore: { store } })
      t.match(reply, { status_code: '201', transaction_status: 'pending' })
      const { effects: seen } = await advance(emulator, '48h')
      t.same(seen.filter(({ kind }) => kind !== 'attempted').map(rowOf), effects)
      const after = await show(emulator, 'order-101')
      t.same(ends(after), [['pending', 'charge', '20:00:00'], ...history as unknown[]])
      t.equal(after.fate, null)
      t.same(after.notifications.map(({ event }) => event), after.history.map(({ status }) => status))
      t.equal(after.approval_code !== null, store === 'indomaret' && after.history.some(({ status }) => status === 'settlement'))
    })
  }
}

test('what is to become of a transaction is shown, and what comes next by the clock', async (t) => {
  const emulator = await frozenEmulator(t)
  await put(emulator, [{ id: 'soon', after: '3s', do: 'pay_then_reverse', reverse_after: '1m' }])
  await charge(emulator, 'order-101')
  t.same((await show(emulator, 'order-101')).fate, { at: '2026-11-22T13:00:03.000Z', wib: '2026-11-22 20:00:03', kind: 'paid', rule: 'soon' })
  t.match(await clockOf(emulator), { next_due: { at: '2026-11-22T13:00:03.000Z', kind: 'paid' } })
  await advance(emulator, '3s')
  t.same((await show(emulator, 'order-101')).fate, { at: '2026-11-22T13:01:03.000Z', wib: '2026-11-22 20:01:03', kind: 'reversed', rule: 'soon' })
  t.match(await clockOf(emulator), { next_due: { kind: 'reversed' } })
})

test('a charge says by itself what becomes of it, the setting permitting', async (t) => {
  const emulator = await frozenEmulator(t)
  await put(emulator, [{ do: 'expire', after: '1s' }])
  await charge(emulator, 'mine', { custom_field3: 'warung: pay in 3s' })
  await charge(emulator, 'other')
  t.match(await charge(emulator, 'wrong', { custom_field3: 'warung: pay sometime' }), { status_code: '400', validation_messages: ['custom_field3 is invalid'] })
  t.match((await emulator.ask('GET', '/admin/requests?status=400')).json(), { items: [{ explain: { rule: 'invalid', field: 'custom_field3', seen: 'warung: pay sometime', expected: /pay, expire, cancel or nothing.*such as "warung: pay in 3s"/ } }] })
  t.same((await advance(emulator, '1m')).effects.map(rowOf), [[1 / 60, 'expired', 'other'], [0.05, 'paid', 'mine']])

  await emulator.ask('PUT', '/admin/settings', { charge_fate_field: false })
  t.match(await charge(emulator, 'wrong', { custom_field3: 'warung: pay sometime' }), { status_code: '201' })
  t.match(await show(emulator, 'wrong'), { fate: { kind: 'expired', rule: 'rule-1' } })
})

test('whoever moves a transaction before its fate comes about takes it in hand', async (t) => {
  const emulator = await frozenEmulator(t)
  await put(emulator, [{ after: '1m', do: 'pay_then_reverse', reverse_after: '1m' }])
  const { payment_code: code } = await charge(emulator, 'paid')
  await charge(emulator, 'cancelled')
  t.equal((await emulator.ask('POST', '/till/alfamart/payment', { payment_code: code })).statusCode, 200)
  await emulator.ask('POST', '/v2/cancelled/cancel')
  t.same((await advance(emulator, '48h')).effects, [])
  t.match([await show(emulator, 'paid'), await show(emulator, 'cancelled')], [{ transaction_status: 'settlement', fate: null }, { transaction_status: 'cancel', fate: null }])
})

test('rules are about charges from then on: what was charged before keeps its fate', async (t) => {
  const emulator = await frozenEmulator(t)
  await put(emulator, [{ after: '1m', do: 'pay' }])
  await charge(emulator, 'before')
  await emulator.ask('DELETE', '/admin/rules')
  await charge(emulator, 'after')
  t.same((await advance(emulator, '2m')).effects.map(rowOf), [[1, 'paid', 'before']])
})

test('where time runs a rule acts by itself, and after a restart as well', async (t) => {
  const clock = manualClock()
  const flags = ['--data', t.testdir() + '/warung.json']
  const first = await testEmulator({ teardown: () => {} }, flags, clock)
  await put(first, [{ after: '1h', do: 'pay_then_reverse', reverse_after: '1h' }])
  await charge(first, 'order-101')
  await first.passTime(3_600_000)
  t.match(await show(first, 'order-101'), { transaction_status: 'settlement' })
  await first.close()

  clock.at += 7_200_000
  const second = await testEmulator(t, flags, clock)
  t.match((await second.ask('GET', '/admin/rules')).json(), { items: [{ id: 'rule-1', do: 'pay_then_reverse' }] })
  await second.passTime(0)
  t.match(ends(await show(second, 'order-101')), [['pending', 'charge', '20:00:00'], ['settlement', 'rule', '21:00:00'], ['deny', 'rule', '22:00:00']])
})

test('an export takes rules and fates along, and they come about elsewhere', async (t) => {
  const [one, other] = [await frozenEmulator(t), await testEmulator(t)]
  await put(one, [{ after: '1m', do: 'pay_then_reverse', reverse_after: '1m' }])
  await charge(one, 'order-101')
  await advance(one, '90s')
  const { payload } = await one.ask('GET', '/admin/export')
  t.equal((await other.ask('POST', '/admin/import', payload)).statusCode, 200)
  t.same((await other.ask('GET', '/admin/rules')).json(), (await one.ask('GET', '/admin/rules')).json())
  const went = await Promise.all([one, other].map(async (emulator) => JSON.stringify((await advance(emulator, '1h')).effects)))
  t.equal(went[0], went[1])
  t.match(JSON.parse(went[0] ?? ''), [{ kind: 'reversed' }])
  t.equal(await recordOf(one), await recordOf(other))
})

test('an import with a fate that its transaction cannot have is refused as a whole', async (t) => {
  const emulator = await frozenEmulator(t)
  await put(emulator, [{ after: '1m', do: 'pay' }])
  await charge(emulator, 'order-101')
  const world = (await emulator.ask('GET', '/admin/export')).json() as { transactions: Array<{ fate: { move: string } }> }
  t.match(world, { merchant: { rules: [{ do: 'pay' }] }, transactions: [{ fate: { move: 'pay', rule: 'rule-1', reverse_after_ms: null } }] })
  const [transaction] = world.transactions
  if (transaction !== undefined) transaction.fate.move = 'reverse'
  const refused = await (await testEmulator(t)).ask('POST', '/admin/import', world)
  t.equal(refused.statusCode, 400)
  t.match(refused.json(), { code: 'invalid_import', message: /fate: should go with the status/ })
})

test('a charge that is paid at once answers a retry with the same key as it did the first time', async (t) => {
  const emulator = await frozenEmulator(t)
  await put(emulator, [{ do: 'pay' }])
  const again = async (): Promise<string> => (await emulator.ask('POST', '/v2/charge', chargeBody(), { 'idempotency-key': 'key-1' })).payload
  const first = await again()
  t.match(JSON.parse(first), { status_code: '201', transaction_status: 'pending' })
  t.equal(await again(), first)
  t.match((await emulator.ask('GET', '/v2/order-101/status')).json(), { transaction_status: 'settlement' })
})

test('a rule of one merchant is no rule of another', async (t) => {
  const emulator = await testEmulator(t, ['--auto-merchants'])
  const other = { authorization: `Basic ${Buffer.from('SB-Mid-server-other:').toString('base64')}` }
  await put(emulator, [{ do: 'pay' }])
  await emulator.ask('POST', '/v2/charge', chargeBody(), other)
  t.match((await emulator.ask('GET', '/v2/order-101/status', undefined, other)).json(), { transaction_status: 'pending' })
  t.same((await emulator.ask('GET', '/admin/rules', undefined, other)).json(), { items: [] })
})
