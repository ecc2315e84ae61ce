import { test } from 'tap'

import { merchant } from '../support/domain.ts'
import { basic, chargeBody, manualClock, MERCHANT_ID, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { charge, lapsesAfter, set, show } from '../support/storage-world.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const OTHER_ID = 'G2'
const OTHER = { authorization: basic('key-2') }

interface Teardown {
  teardown (end: () => Promise<void>): void
}

async function openReceiver (t: Teardown, handler?: Handler): Promise<Receiver> {
  const receiver = await startReceiver(handler)
  t.teardown(() => receiver.close())
  return receiver
}

/** Makes a second merchant with the key `key-2`. */
async function openOther (emulator: TestEmulator, url?: string): Promise<void> {
  await emulator.storage.changeMerchant(OTHER_ID, () => merchant({
    merchantId: OTHER_ID, serverKey: 'key-2', settings: { receiptName: 'Toko Dua', notificationUrls: url === undefined ? [] : [url] }
  }))
}

test('a transaction is shown with every documented member, its history and its notifications', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url], manualClock(START + 123))
  const body = chargeBody({ customer_details: { first_name: 'Budi', nickname: 'B' }, metadata: { a: [null, 1.5] }, unknown: { x: true } })
  const charged = (await emulator.ask('POST', '/v2/charge', body)).json()
  await emulator.passTime(0)

  const answer = await emulator.ask('GET', '/admin/transactions/order-101')
  const { notifications, ...members } = answer.json()
  t.equal(answer.statusCode, 200)
  t.match(String(answer.headers['content-type']), /^application\/json/)
  t.same(members, {
    transaction_id: charged.transaction_id,
    order_id: 'order-101',
    merchant_id: MERCHANT_ID,
    store: 'alfamart',
    payment_code: charged.payment_code,
    gross_amount: '44000.00',
    transaction_status: 'pending',
    transaction_time: '2026-11-22 20:00:00',
    expiry_time: '2026-11-23 20:00:00',
    settlement_time: null,
    approval_code: null,
    fate: null,
    request: body,
    history: [{ at: '2026-11-22T13:00:00.123Z', wib: '2026-11-22 20:00:00', status: 'pending', cause: 'charge' }]
  })
  t.match(notifications, [{ transaction_id: charged.transaction_id, order_id: 'order-101', event: 'pending', url: receiver.url, state: 'delivered' }])
  t.equal('body' in notifications[0], false)
  for (const member of ['request_headers', 'response_headers', 'response_body']) t.equal(member in notifications[0].attempts[0], false)
})

test('the request is shown as it was received, numbers and all', async (t) => {
  const emulator = await testEmulator(t)
  const body = chargeBody({ transaction_details: { order_id: 1554317097, gross_amount: '44000' }, cstore: { store: 'IndoMaret', message: 'x'.repeat(60) } })
  await emulator.ask('POST', '/v2/charge', body)

  t.match(await show(emulator, '1554317097'), { order_id: '1554317097', store: 'indomaret', gross_amount: '44000.00' })
  t.same((await emulator.ask('GET', '/admin/transactions/1554317097')).json().request, body)
})

test('the history tells who moved a transaction, and when', async (t) => {
  const emulator = await testEmulator(t)
  const { payment_code: code } = await charge(emulator, 'till')
  for (const order of ['admin', 'cancelled', 'api', 'clock', 'expired']) await charge(emulator, order, order === 'clock' ? lapsesAfter(1) : {})
  await emulator.passTime(1500)
  await emulator.ask('POST', '/till/alfamart/payment', { payment_code: code })
  await emulator.ask('POST', '/admin/transactions/admin/pay')
  await emulator.ask('POST', '/v2/cancelled/cancel')
  await emulator.ask('POST', '/v2/api/expire')
  await emulator.ask('POST', '/admin/transactions/expired/expire')
  await emulator.ask('POST', '/admin/transactions/admin/reverse')
  await emulator.passTime(60_000)
  const moves = async (order: string) => (await show(emulator, order)).history.slice(1).map(({ status, cause, at, wib }) => `${status} ${cause} ${at} ${wib}`)
  const then = '2026-11-22T13:00:01.500Z 2026-11-22 20:00:01'

  t.same(await moves('till'), [`settlement till ${then}`])
  t.same(await moves('admin'), [`settlement admin ${then}`, `deny admin ${then}`])
  t.same(await moves('cancelled'), [`cancel api ${then}`])
  t.same(await moves('api'), [`expire api ${then}`])
  t.same(await moves('expired'), [`expire admin ${then}`])
  t.same(await moves('clock'), ['expire clock 2026-11-22T13:01:00.000Z 2026-11-22 20:01:00'])
})

test('a reference is a transaction id, an order id or a payment code, each the newest, and odd ones are percent-encoded', async (t) => {
  const emulator = await testEmulator(t)
  await set(emulator, { strict_order_id: false })
  const first = await charge(emulator, 'order-101')
  await emulator.ask('POST', '/v2/order-101/cancel')
  const second = await charge(emulator, 'order-101')
  const odd = await charge(emulator, 'a b/c%')

  t.equal((await show(emulator, first.transaction_id)).transaction_id, first.transaction_id)
  t.equal((await show(emulator, first.payment_code)).transaction_id, first.transaction_id)
  t.equal((await show(emulator, 'order-101')).transaction_id, second.transaction_id)
  t.equal((await show(emulator, encodeURIComponent('a b/c%'))).transaction_id, odd.transaction_id)
})

test('transactions are listed newest first, page by page', async (t) => {
  const emulator = await testEmulator(t)
  t.same((await emulator.ask('GET', '/admin/transactions')).json(), { items: [], next_cursor: null })
  for (let order = 1; order <= 60; order++) await charge(emulator, `order-${order}`)
  const list = async (query: string) => {
    const { items, next_cursor: cursor } = (await emulator.ask('GET', `/admin/transactions${query}`)).json()
    return { orders: items.map((item: { order_id: string }) => item.order_id.replace('order-', '')), cursor }
  }

  t.equal((await list('')).orders[0], '60')
  const first = await list('?limit=25')
  t.same(first.orders, Array.from({ length: 25 }, (_, index) => String(60 - index)))
  await charge(emulator, 'order-61')
  const second = await list(`?limit=25&cursor=${first.cursor}`)
  const third = await list(`?limit=25&cursor=${second.cursor}`)
  t.same([...second.orders, ...third.orders], Array.from({ length: 35 }, (_, index) => String(35 - index)))
  t.equal(third.cursor, null)
  t.equal((await list('?limit=61')).orders.length, 61)
})

test('a list of transactions keeps to status, store and q', async (t) => {
  const emulator = await testEmulator(t)
  const { payment_code: code } = await charge(emulator, 'a-1')
  const { transaction_id: id } = await charge(emulator, 'a-2', { cstore: { store: 'indomaret' } })
  await charge(emulator, 'b-3')
  await emulator.ask('POST', '/admin/transactions/b-3/pay')
  const list = async (query: string) => (await emulator.ask('GET', `/admin/transactions?${query}`)).json().items.map((item: { order_id: string }) => item.order_id)

  t.same(await list('status=pending'), ['a-2', 'a-1'])
  t.same(await list('status=settlement'), ['b-3'])
  t.same(await list('status=deny'), [])
  t.same(await list('store=indomaret'), ['a-2'])
  t.same(await list('store=alfamart&status=pending'), ['a-1'])
  t.same(await list('q=a-'), ['a-2', 'a-1'])
  t.same(await list(`q=${code}`), ['a-1'])
  t.same(await list(`q=${id.slice(0, 12)}`), ['a-2'])
  t.same(await list('q=-1'), [])
  t.same(await list('q=a-&store=alfamart'), ['a-1'])
})

test('an item of the list has the members of the transaction', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')
  const whole = await show(emulator, 'order-101') as unknown as Record<string, unknown>
  const [item] = (await emulator.ask('GET', '/admin/transactions')).json().items

  for (const member of ['transaction_id', 'order_id', 'merchant_id', 'store', 'payment_code', 'gross_amount', 'transaction_status', 'transaction_time', 'expiry_time', 'settlement_time', 'approval_code']) {
    t.equal(item[member], whole[member], member)
  }
})

const badQueries = [
  'transactions?status=paid', 'transactions?status=', 'transactions?store=Alfamart', 'transactions?limit=0', 'transactions?limit=-1', 'transactions?limit=1001',
  'transactions?limit=ten', 'transactions?limit=1.5', 'transactions?limit=', 'transactions?cursor=abc', 'transactions?cursor=', 'transactions?cursor=-1',
  'transactions?nonsense=1', 'transactions?status=pending&status=expire', 'transactions?limit=1&limit=2',
  'notifications?state=lost', 'notifications?limit=0', 'notifications?cursor=x', 'notifications?status=pending', 'notifications?ref='
]

for (const query of badQueries) {
  test(`GET /admin/${query} is 400 and says which member is wrong`, async (t) => {
    const emulator = await testEmulator(t)
    const answer = await emulator.ask('GET', `/admin/${query}`)

    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: /^[a-z_]+$/, message: new RegExp(query.replace(/^.*\?(\w+)=.*$/, '$1')) })
  })
}

const unknown: ReadonlyArray<readonly ['GET' | 'POST', string]> = [
  ['GET', '/admin/transactions/nobody'], ['POST', '/admin/transactions/nobody/pay'], ['POST', '/admin/transactions/nobody/expire'],
  ['POST', '/admin/transactions/nobody/reverse'], ['GET', '/admin/notifications/nobody'], ['GET', '/admin/notifications?ref=nobody'],
  ['GET', '/admin/nothing'], ['POST', '/admin/transactions'], ['GET', '/admin'], ['GET', '/nothing']
]

for (const [method, url] of unknown) {
  test(`${method} ${url} is 404 with a code and a message`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    const answer = await emulator.ask(method, url)

    t.equal(answer.statusCode, 404)
    t.same(Object.keys(answer.json()), url.startsWith('/admin') ? ['code', 'message', 'explain'] : ['code', 'message'])
    t.match(answer.json(), { code: /^[a-z_]+$/, message: /\S/ })
  })
}

for (const url of ['/admin/transactions/%E0%A4%A', '/admin/notifications/%', '/till/%/inquiry']) {
  test(`the path ${url}, which cannot be decoded, is refused with a code and a message`, async (t) => {
    const emulator = await testEmulator(t)
    const answer = await emulator.ask('GET', url)

    t.equal(answer.statusCode >= 400 && answer.statusCode < 500, true)
    t.same(Object.keys(answer.json()), url.startsWith('/admin') ? ['code', 'message', 'explain'] : ['code', 'message'])
    t.match(answer.json().code, /^[a-z_]+$/)
  })
}

test('a payment, an expiry and a reversal by admin answer the transaction and what they notify', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'paid', { cstore: { store: 'indomaret' } })
  await charge(emulator, 'lapsed')
  await emulator.passTime(300_000)

  const paid = await emulator.ask('POST', '/admin/transactions/paid/pay')
  t.equal(paid.statusCode, 200)
  t.same(Object.keys(paid.json()).toSorted(), ['notifications', 'transaction'])
  t.match(paid.json(), {
    transaction: { order_id: 'paid', transaction_status: 'settlement', settlement_time: '2026-11-22 20:05:00', approval_code: /^\d{4}261122\d{10}$/, history: [{}, { cause: 'admin' }] },
    notifications: [{ event: 'settlement', state: 'waiting', attempts: [], next_attempt_at: '2026-11-22T13:05:00.000Z' }]
  })
  t.equal(paid.json().notifications.length, 1)

  const reversed = (await emulator.ask('POST', '/admin/transactions/paid/reverse')).json()
  t.match(reversed, { transaction: { transaction_status: 'deny', settlement_time: '2026-11-22 20:05:00', approval_code: paid.json().transaction.approval_code }, notifications: [{ event: 'deny' }] })

  const lapsed = (await emulator.ask('POST', '/admin/transactions/lapsed/expire')).json()
  t.match(lapsed, { transaction: { transaction_status: 'expire', settlement_time: null, approval_code: null }, notifications: [{ event: 'expire' }] })
  await emulator.passTime(0)
  t.same((await show(emulator, 'paid')).notifications.map(({ event, state }) => `${event} ${state}`), ['pending delivered', 'settlement delivered', 'deny delivered'])
})

test('an Alfamart payment has no approval code, and admin reverses it too', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')

  t.match((await emulator.ask('POST', '/admin/transactions/order-101/pay')).json().transaction, { transaction_status: 'settlement', approval_code: null })
  t.match((await emulator.ask('POST', '/admin/transactions/order-101/reverse')).json().transaction, { transaction_status: 'deny', settlement_time: '2026-11-22 20:00:00' })
})

for (const amount of [44000, '44000', '44000.00']) {
  test(`the amount ${JSON.stringify(amount)} pays 44000.00`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay', { amount })).statusCode, 200)
  })
}

for (const amount of [43999, 44001, 0, 44000.5, '43999', '43999.00']) {
  test(`the amount ${JSON.stringify(amount)} does not pay 44000.00, and changes nothing`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    const answer = await emulator.ask('POST', '/admin/transactions/order-101/pay', { amount })

    t.equal(answer.statusCode, 422)
    t.match(answer.json(), { code: 'amount_differs', message: /44000.00/ })
    t.match(await show(emulator, 'order-101'), { transaction_status: 'pending', history: [{ status: 'pending' }] })
  })
}

for (const body of ['{', '[]', '"x"', '5', { amount: true }, { amount: 'much' }, { amount: null }, { amounts: 44000 }]) {
  test(`the body ${JSON.stringify(body)} does not pay and is 400`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    const answer = await emulator.ask('POST', '/admin/transactions/order-101/pay', body)

    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: /^[a-z_]+$/, message: /\S/ })
    t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  })
}

for (const body of [undefined, '', {}]) {
  test(`the body ${JSON.stringify(body)} pays whatever is due`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay', body)).statusCode, 200)
  })
}

/** What brings a transaction to a state, and the actions that it then refuses. */
const states: Array<[state: string, bring: readonly string[], refused: ReadonlyArray<readonly [action: string, code: string]>]> = [
  ['pending', [], [['reverse', 'not_settled']]],
  ['settlement', ['/admin/transactions/order-101/pay'], [['pay', 'already_paid'], ['expire', 'already_paid']]],
  ['expire', ['/v2/order-101/expire'], [['pay', 'expired'], ['expire', 'expired'], ['reverse', 'not_settled']]],
  ['cancel', ['/v2/order-101/cancel'], [['pay', 'cancelled'], ['expire', 'cancelled'], ['reverse', 'not_settled']]],
  ['deny', ['/admin/transactions/order-101/pay', '/admin/transactions/order-101/reverse'], [['pay', 'denied'], ['expire', 'denied'], ['reverse', 'not_settled']]]
]

for (const [state, bring, refused] of states) {
  for (const [action, code] of refused) {
    test(`in ${state} ${action} is 409 ${code}, says what to do, and changes nothing`, async (t) => {
      const emulator = await testEmulator(t, ['--notification-url', 'http://127.0.0.1:9/'])
      await charge(emulator, 'order-101')
      for (const url of bring) await emulator.ask('POST', url)
      const before = await show(emulator, 'order-101')
      t.equal(before.transaction_status, state)

      const answer = await emulator.ask('POST', `/admin/transactions/order-101/${action}`)
      t.equal(answer.statusCode, 409)
      t.same(Object.keys(answer.json()), ['code', 'message', 'explain'])
      t.equal(answer.json().code, code)
      // "what is wrong and what to do": an instruction, or what can be done.
      t.match(answer.json().message, /\b(ask|charge|create|make|take|give|pay|use|reverse|do not|nothing (more )?to|can|GET|POST)\b/i)
      t.same(await show(emulator, 'order-101'), before)
    })
  }
}

test('a notification is shown with its body, what was signed, and every attempt whole', async (t) => {
  const receiver = await openReceiver(t, reply(503, { 'x-shop': 'busy' }, 'later'))
  const emulator = await testEmulator(t, ['--notification-url', `${receiver.url}/notify?a=1`, '--server-key', 'SB-Mid-server-warung'], manualClock(START + 7))
  const key = { authorization: basic('SB-Mid-server-warung') }
  const { transaction_id: id } = await charge(emulator, 'order-101', {}, key)
  await emulator.passTime(0)
  receiver.handler = reply(200)
  await emulator.passTime(120_000)

  const { items: [item] } = (await emulator.ask('GET', '/admin/notifications', undefined, key)).json()
  const answer = (await emulator.ask('GET', `/admin/notifications/${item.id}`, undefined, key)).json()
  const { attempts, ...members } = answer
  t.same(members, {
    id: item.id,
    transaction_id: id,
    order_id: 'order-101',
    event: 'pending',
    url: `${receiver.url}/notify?a=1`,
    state: 'delivered',
    created_at: '2026-11-22T13:00:00.007Z',
    next_attempt_at: null,
    body: receiver.requests[0]?.body,
    signed_text: 'order-10120144000.00SB-Mid-server-…rung'
  })
  t.match(attempts, [
    {
      number: 1,
      at: '2026-11-22T13:00:00.007Z',
      wib: '2026-11-22 20:00:00',
      duration_ms: 0,
      request_headers: { 'User-Agent': 'Veritrans', Accept: 'application/json', 'Content-Type': 'application/json' },
      status: 503,
      response_headers: { 'x-shop': 'busy' },
      response_body: 'later',
      error: null,
      outcome: 'failed',
      next: { again: true, at: '2026-11-22T13:02:00.007Z', reason: '503: up to 4 further attempts' }
    },
    { number: 2, at: '2026-11-22T13:02:00.007Z', wib: '2026-11-22 20:02:00', status: 200, response_body: '', error: null, outcome: 'delivered', next: { again: false, at: null, reason: /\S/ } }
  ])
  t.equal(attempts.length, 2)
  t.equal(JSON.stringify(answer).includes('SB-Mid-server-warung'), false, 'the key is masked')

  for (const member of ['id', 'transaction_id', 'order_id', 'event', 'url', 'state', 'created_at', 'next_attempt_at']) t.equal(item[member], answer[member], member)
  t.equal('body' in item, false)
  for (const attempt of item.attempts) {
    t.same(['request_headers', 'response_headers', 'response_body'].filter((member) => member in attempt), [], 'lists keep attempts without headers and bodies')
    t.match(attempt, { number: Number, at: /Z$/, wib: /^2026/, duration_ms: 0, outcome: /./, next: { reason: /./ } })
  }
})

test('an answer is kept to its first 4 KiB', async (t) => {
  const receiver = await openReceiver(t, reply(200, {}, 'x'.repeat(10_000)))
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await charge(emulator, 'order-101')
  await emulator.passTime(0)
  const { notifications: [first] } = await show(emulator, 'order-101')

  t.equal((await emulator.ask('GET', `/admin/notifications/${first?.id}`)).json().attempts[0].response_body, 'x'.repeat(4096))
})

test('notifications are listed newest first, by reference and by state, page by page', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  const { payment_code: code, transaction_id: id } = await charge(emulator, 'one')
  await charge(emulator, 'two')
  await emulator.passTime(0)
  receiver.handler = reply(302)
  await emulator.ask('POST', '/admin/transactions/one/pay')
  await emulator.passTime(0)
  await emulator.ask('POST', '/admin/transactions/two/pay')
  const list = async (query: string) => {
    const { items, next_cursor: cursor } = (await emulator.ask('GET', `/admin/notifications${query}`)).json()
    return { items: items.map((item: { order_id: string, event: string }) => `${item.order_id} ${item.event}`).join(), cursor }
  }

  t.same(await list(''), { items: 'two settlement,one settlement,two pending,one pending', cursor: null })
  for (const ref of ['one', code, id]) t.equal((await list(`?ref=${ref}`)).items, 'one settlement,one pending')
  t.equal((await list('?state=waiting')).items, 'two settlement')
  t.equal((await list('?state=delivered')).items, 'two pending,one pending')
  t.equal((await list('?state=failed')).items, 'one settlement')
  t.equal((await list('?state=held')).items, '')
  t.equal((await list('?state=dropped')).items, '')
  t.equal((await list('?ref=one&state=failed')).items, 'one settlement')
  const first = await list('?limit=3')
  t.equal(first.items, 'two settlement,one settlement,two pending')
  t.same(await list(`?limit=3&cursor=${first.cursor}`), { items: 'one pending', cursor: null })
})

test('with wait=attempted the answer comes when each first attempt has ended, well or badly', async (t) => {
  const [good, bad] = [await openReceiver(t), await openReceiver(t, reply(500))]
  const emulator = await testEmulator(t, ['--notification-url', `${good.url},${bad.url}`])
  await emulator.start()
  await charge(emulator, 'order-101')

  for (const [action, event] of [['pay', 'settlement'], ['reverse', 'deny']] as const) {
    const answer = await emulator.ask('POST', `/admin/transactions/order-101/${action}?wait=attempted&timeout=30s`)
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), {
      notifications: [
        { event, url: good.url, state: 'delivered', attempts: [{ status: 200, outcome: 'delivered' }] },
        { event, url: bad.url, state: 'waiting', attempts: [{ status: 500, outcome: 'failed' }] }
      ]
    })
    t.same(answer.json().transaction.notifications.slice(-2), answer.json().notifications)
  }
})

test('with wait=attempted and nobody to notify the answer comes at once', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')
  const answer = await emulator.ask('POST', '/admin/transactions/order-101/expire?wait=attempted&timeout=60s')
  t.equal(answer.statusCode, 200)
  t.same(answer.json().notifications, [])
})

test('with wait=attempted a receiver that hangs is left alone when the time is up: 200, as it is', async (t) => {
  const receiver = await openReceiver(t, () => {})
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  await emulator.start()
  await charge(emulator, 'order-101')
  const answer = await emulator.ask('POST', '/admin/transactions/order-101/pay?wait=attempted&timeout=20ms')

  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { transaction: { transaction_status: 'settlement' }, notifications: [{ event: 'settlement', state: 'waiting', attempts: [] }] })
})

test('without wait a timeout is nothing, and a duration may be a number of milliseconds', async (t) => {
  const emulator = await testEmulator(t)
  for (const [order, query] of [['1', '?timeout=1s'], ['2', '?wait=attempted&timeout=1500'], ['3', '?wait=attempted&timeout=1m'], ['4', '?wait=attempted'], ['5', '?wait=attempted&timeout=0']] as const) {
    await charge(emulator, order)
    t.equal((await emulator.ask('POST', `/admin/transactions/${order}/pay${query}`)).statusCode, 200, query)
  }
})

for (const query of ['wait=delivered', 'wait=', 'wait=attempted&timeout=soon', 'wait=attempted&timeout=-1s', 'wait=attempted&timeout=', 'timeout=1.5s', 'nonsense=1']) {
  test(`?${query} is 400 and changes nothing`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    const answer = await emulator.ask('POST', `/admin/transactions/order-101/pay?${query}`)

    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: /^[a-z_]+$/, message: /\S/ })
    t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  })
}

const SETTINGS = {
  notification_urls: [] as string[],
  active_stores: ['alfamart', 'indomaret'],
  default_expiry: { alfamart: '24h', indomaret: '24h' },
  store_limits: true,
  strict_order_id: true,
  pending_notification: true,
  pending_notification_delay: '0ms',
  expiry_lag: '0ms',
  retry_jitter: false,
  notification_timeout: '15s',
  charge_fate_field: true,
  receipt_name: 'Warung'
}

test('the settings of a new merchant are the documented ones', async (t) => {
  const emulator = await testEmulator(t)
  const answer = await emulator.ask('GET', '/admin/settings')
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), SETTINGS)
  t.same(answer.json().notification_urls, [])
})

const changes: ReadonlyArray<Readonly<Record<string, unknown>>> = [
  { notification_urls: ['http://127.0.0.1:3000/a', 'https://shop.test/b'] },
  { notification_urls: [] },
  { active_stores: ['indomaret'] },
  { active_stores: [] },
  { default_expiry: { alfamart: '2h', indomaret: '3h' } },
  { store_limits: false },
  { strict_order_id: false },
  { pending_notification: false },
  { pending_notification_delay: '2s' },
  { expiry_lag: '45s' },
  { retry_jitter: true },
  { notification_timeout: '500ms' },
  { receipt_name: 'Toko Budi' },
  { receipt_name: 'Toko Budi', store_limits: false, expiry_lag: '45s' },
  {}
]

for (const change of changes) {
  test(`PUT /admin/settings with ${JSON.stringify(change)} changes that and leaves the rest`, async (t) => {
    const emulator = await testEmulator(t)
    const before = (await emulator.ask('GET', '/admin/settings')).json()
    const answer = await emulator.ask('PUT', '/admin/settings', change)

    t.equal(answer.statusCode, 200)
    t.same(answer.json(), { ...before, ...change })
    t.same((await emulator.ask('GET', '/admin/settings')).json(), { ...before, ...change })
  })
}

test('the whole document that GET gives is taken by PUT, and a part of default_expiry leaves the other store', async (t) => {
  const emulator = await testEmulator(t)
  await set(emulator, { default_expiry: { indomaret: '2h' }, receipt_name: 'Toko' })
  const document = (await emulator.ask('GET', '/admin/settings')).json()
  t.same(document.default_expiry, { alfamart: '24h', indomaret: '2h' })

  const answer = await emulator.ask('PUT', '/admin/settings', document)
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), document)
})

const wrongSettings: ReadonlyArray<readonly [body: unknown, names: string]> = [
  [{ notification_urls: ['nonsense'] }, 'notification_urls'],
  [{ notification_urls: ['ftp://a.test/'] }, 'notification_urls'],
  [{ notification_urls: ['http://u:p@a.test/'] }, 'notification_urls'],
  [{ notification_urls: 'http://a.test/' }, 'notification_urls'],
  [{ notification_urls: ['http://169.254.169.254/latest'] }, 'notification_urls'],
  [{ notification_urls: ['http://[fe80::1]/'] }, 'notification_urls'],
  [{ notification_urls: ['http://[fd00:ec2::254]/'] }, 'notification_urls'],
  [{ active_stores: ['kioson'] }, 'active_stores'],
  [{ active_stores: 'alfamart' }, 'active_stores'],
  [{ default_expiry: '24h' }, 'default_expiry'],
  [{ default_expiry: { kioson: '24h' } }, 'default_expiry'],
  [{ default_expiry: { alfamart: 'long' } }, 'default_expiry'],
  [{ store_limits: 'yes' }, 'store_limits'],
  [{ strict_order_id: 1 }, 'strict_order_id'],
  [{ pending_notification: null }, 'pending_notification'],
  [{ pending_notification_delay: 'soon' }, 'pending_notification_delay'],
  [{ expiry_lag: -1 }, 'expiry_lag'],
  [{ retry_jitter: 'false' }, 'retry_jitter'],
  [{ notification_timeout: '0ms' }, 'notification_timeout'],
  [{ receipt_name: '' }, 'receipt_name'],
  [{ receipt_name: 7 }, 'receipt_name'],
  [{ nonsense: true }, 'nonsense'],
  [{ merchant_id: 'G1' }, 'merchant_id']
]

for (const [body, names] of wrongSettings) {
  test(`PUT /admin/settings with ${JSON.stringify(body)} is 400, names ${names}, and keeps everything as it was`, async (t) => {
    const emulator = await testEmulator(t)
    await set(emulator, { receipt_name: 'Before' })
    const before = (await emulator.ask('GET', '/admin/settings')).json()
    const answer = await emulator.ask('PUT', '/admin/settings', { receipt_name: 'After', ...body as object })

    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: /^[a-z_]+$/, message: names })
    t.same((await emulator.ask('GET', '/admin/settings')).json(), before)
  })
}

for (const body of ['[]', 'null', '"x"', '{', '']) {
  test(`PUT /admin/settings with the body ${JSON.stringify(body)} is 400`, async (t) => {
    const emulator = await testEmulator(t)
    const answer = await emulator.ask('PUT', '/admin/settings', body)
    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: /^[a-z_]+$/, message: /\S/ })
  })
}

test('our own origin is no notification URL', async (t) => {
  const emulator = await testEmulator(t)
  const url = await emulator.start()
  const { port } = new URL(url)

  for (const own of [url, `http://localhost:${port}/v2/charge`]) {
    t.equal((await emulator.ask('PUT', '/admin/settings', { notification_urls: [own] })).statusCode, 400, own)
  }
})

test('new URLs count for what is recorded from then on, also of older transactions, but not over an override', async (t) => {
  const [old, fresh, chosen] = [await openReceiver(t), await openReceiver(t), await openReceiver(t)]
  const emulator = await testEmulator(t, ['--notification-url', old.url])
  await charge(emulator, 'order-101')
  await charge(emulator, 'order-102', {}, { 'x-override-notification': chosen.url })
  await set(emulator, { notification_urls: [fresh.url] })
  for (const order of ['order-101', 'order-102']) await emulator.ask('POST', `/admin/transactions/${order}/pay`)
  await emulator.passTime(0)

  const urls = async (order: string) => (await show(emulator, order)).notifications.map(({ event, url }) => [event, url])
  t.same(await urls('order-101'), [['pending', old.url], ['settlement', fresh.url]])
  t.same(await urls('order-102'), [['pending', chosen.url], ['settlement', chosen.url]])
  t.same([old, fresh, chosen].map(({ requests }) => requests.length), [1, 1, 2])
})

test('settings are at work at once', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', 'http://127.0.0.1:9/'])
  const ask = async (orderId: string, store: string, amount = 44000) => (await emulator.ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: orderId, gross_amount: amount }, cstore: { store } }))).json()

  await set(emulator, { active_stores: ['alfamart'], pending_notification: false, default_expiry: { alfamart: '2h' } })
  t.equal((await ask('1', 'indomaret')).status_code, '402')
  t.match(await ask('2', 'alfamart'), { status_code: '201', expiry_time: '2026-11-22 22:00:00' })
  t.same((await show(emulator, '2')).notifications, [])
  t.equal((await ask('3', 'alfamart', 5_000_001)).status_code, '400')
  t.equal((await ask('4 4', 'alfamart')).status_code, '400')
  await set(emulator, { store_limits: false, strict_order_id: false })
  t.equal((await ask('3', 'alfamart', 5_000_001)).status_code, '201')
  t.equal((await ask('4 4', 'alfamart')).status_code, '201')
})

const ROUTES: ReadonlyArray<readonly ['GET' | 'POST' | 'PUT', string]> = [
  ['GET', '/admin/transactions'], ['GET', '/admin/transactions/order-101'], ['POST', '/admin/transactions/order-101/pay'],
  ['POST', '/admin/transactions/order-101/expire'], ['POST', '/admin/transactions/order-101/reverse'],
  ['GET', '/admin/notifications'], ['GET', '/admin/notifications/n1'], ['GET', '/admin/settings'], ['PUT', '/admin/settings']
]

const badKeys: ReadonlyArray<readonly [who: string, authorization: string]> = [
  ['nobody', ''], ['an unknown key', basic('SB-Mid-server-nobody')], ['a client key', basic('SB-Mid-client-test')], ['an empty key', basic('')],
  ['a bearer', 'Bearer SB-Mid-server-test'], ['something malformed', 'Basic !!!'], ['admin, while there is no admin account', basic('admin', '')]
]

for (const [method, url] of ROUTES) {
  test(`${method} ${url} is for who has the server key only`, async (t) => {
    const emulator = await testEmulator(t, [], quickClock())
    await charge(emulator, 'order-101')
    for (const [who, authorization] of badKeys) {
      const answer = await emulator.ask(method, url, method === 'GET' ? undefined : {}, { authorization })
      t.equal(answer.statusCode, 401, who)
      t.equal(answer.headers['www-authenticate'], undefined, 'no dialog of a browser')
      t.match(answer.json(), { code: /^[a-z_]+$/, message: /key/ })
    }
    t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  })
}

test('the admin account acts on the default merchant, or on the one it names', async (t) => {
  const emulator = await testEmulator(t, ['--admin-password', 'open sesame:'])
  const admin = { authorization: basic('admin', 'open sesame:') }
  await openOther(emulator)
  await charge(emulator, 'mine')
  await charge(emulator, 'theirs', {}, OTHER)
  const list = async (headers: Record<string, string>) => (await emulator.ask('GET', '/admin/transactions', undefined, headers)).json().items?.map((item: { order_id: string }) => item.order_id)

  t.same(await list(admin), ['mine'])
  t.same(await list({ ...admin, 'x-merchant-id': MERCHANT_ID }), ['mine'])
  t.same(await list({ ...admin, 'x-merchant-id': OTHER_ID }), ['theirs'])
  t.equal((await emulator.ask('PUT', '/admin/settings', { receipt_name: 'By admin' }, { ...admin, 'x-merchant-id': OTHER_ID })).statusCode, 200)
  t.equal((await emulator.ask('GET', '/admin/settings', undefined, OTHER)).json().receipt_name, 'By admin')
  t.equal((await emulator.ask('GET', '/admin/settings')).json().receipt_name, 'Warung')
  t.same(await list({ 'x-merchant-id': OTHER_ID }), ['mine'], 'a server key opens its own world and no other')
})

test('the admin account is told when it names a merchant that is not there', async (t) => {
  const emulator = await testEmulator(t, ['--admin-password', 'sesame'])
  const answer = await emulator.ask('GET', '/admin/settings', undefined, { authorization: basic('admin', 'sesame'), 'x-merchant-id': 'G404' })

  t.equal(answer.statusCode, 404)
  t.match(answer.json(), { code: /merchant/, message: /G404/ })
})

test('only wrong admin passwords are slowed down, one after the other', async (t) => {
  const clock = quickClock()
  const emulator = await testEmulator(t, ['--admin-password', 'sesame'], clock)
  for (const authorization of [basic('nobody'), basic('nobody', 'sesame'), basic('admin', 'sesame'), '']) {
    await emulator.ask('GET', '/admin/settings', undefined, { authorization })
  }
  t.same(clock.waits, [])

  const wrong = await Promise.all(['', 'Sesame', 'sesame ', 'sesam'].map((password) => emulator.ask('GET', '/admin/settings', undefined, { authorization: basic('admin', password) })))
  t.same(wrong.map(({ statusCode }) => statusCode), [401, 401, 401, 401])
  for (const answer of wrong) t.equal(answer.headers['www-authenticate'], undefined)
  t.equal(clock.waits.length, 4)
  t.equal(clock.mostAtOnce, 1)
})

test('the admin account opens no gateway', async (t) => {
  const emulator = await testEmulator(t, ['--admin-password', 'sesame'])
  t.equal((await emulator.ask('POST', '/v2/charge', chargeBody(), { authorization: basic('admin', 'sesame') })).statusCode, 401)
})

test('nothing of one merchant is seen or touched by another', async (t) => {
  const receiver = await openReceiver(t)
  const emulator = await testEmulator(t, ['--notification-url', `${receiver.url}/mine`])
  await openOther(emulator, `${receiver.url}/theirs`)
  const mine = await charge(emulator, 'order-101')
  const theirs = await charge(emulator, 'order-101', {}, OTHER)
  const { notifications: [notification] } = await show(emulator, 'order-101')

  for (const ref of [mine.transaction_id, mine.payment_code]) {
    t.equal((await emulator.ask('GET', `/admin/transactions/${ref}`, undefined, OTHER)).statusCode, 404)
    t.equal((await emulator.ask('GET', `/admin/notifications?ref=${ref}`, undefined, OTHER)).statusCode, 404)
    for (const action of ['pay', 'expire', 'reverse']) t.equal((await emulator.ask('POST', `/admin/transactions/${ref}/${action}`, undefined, OTHER)).statusCode, 404)
  }
  t.equal((await emulator.ask('GET', `/admin/notifications/${notification?.id}`, undefined, OTHER)).statusCode, 404)
  t.equal((await emulator.ask('GET', `/v2/${mine.transaction_id}/status`, undefined, OTHER)).json().status_code, '404')
  t.equal((await emulator.ask('GET', '/admin/transactions/order-101', undefined, OTHER)).json().transaction_id, theirs.transaction_id)
  for (const list of ['transactions', 'notifications']) {
    const items = (await emulator.ask('GET', `/admin/${list}`, undefined, OTHER)).json().items
    t.same(items.map((item: { transaction_id: string }) => item.transaction_id), [theirs.transaction_id])
  }
  t.equal((await emulator.ask('GET', '/admin/settings', undefined, OTHER)).json().receipt_name, 'Toko Dua')
  await emulator.ask('POST', '/admin/transactions/order-101/pay', undefined, OTHER)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  await emulator.passTime(0)
  t.same(receiver.requests.map(({ url, body }) => `${url} ${JSON.parse(body).merchant_id}`).toSorted(), [`/mine ${MERCHANT_ID}`, '/theirs G2', '/theirs G2'])
})

test('ids are of the documented forms', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', 'http://127.0.0.1:9/'])
  const { transaction_id: id } = await charge(emulator, 'order-101')
  t.match(id, UUID)
  t.match((await show(emulator, 'order-101')).notifications[0]?.id, /^[A-Za-z0-9_-]+$/)
})

/** A clock whose waits end at once, and are counted. */
function quickClock () {
  const waits: number[] = []
  let atOnce = 0
  const clock = {
    ...manualClock(),
    waits,
    mostAtOnce: 0,
    wait: async (ms: number) => {
      waits.push(ms)
      clock.mostAtOnce = Math.max(clock.mostAtOnce, ++atOnce)
      await new Promise((resolve) => { setImmediate(resolve) })
      atOnce--
    }
  }
  return clock
}
