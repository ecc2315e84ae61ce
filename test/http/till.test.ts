import { test } from 'tap'

import { merchant } from '../support/domain.ts'
import { basic, manualClock, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'
import { charge, lapsesAfter, set, show } from '../support/storage-world.ts'

type Store = 'alfamart' | 'indomaret'
const STORES = ['alfamart', 'indomaret'] as const

/** What a cashier sends: no login. */
function at (emulator: TestEmulator, store: string, action: string, body: unknown) {
  return emulator.ask('POST', `/till/${store}/${action}`, body, { authorization: '' })
}

function chargeAt (emulator: TestEmulator, store: Store, orderId = 'order-101', more: Record<string, unknown> = {}) {
  return charge(emulator, orderId, { cstore: { store }, ...more })
}

for (const store of STORES) {
  test(`${store}: an inquiry shows the bill as documented`, async (t) => {
    const emulator = await testEmulator(t)
    await set(emulator, { receipt_name: 'Toko Budi' })
    const { payment_code: code } = await charge(emulator, 'order-101', {
      cstore: { store, message: 'Pay at the counter', alfamart_free_text_1: 'one', alfamart_free_text_3: 'three' },
      customer_details: { first_name: 'Budi', last_name: 'Utomo', email: 'budi@example.com' }
    })
    const answer = await at(emulator, store, 'inquiry', { payment_code: code })

    t.equal(answer.statusCode, 200)
    t.same(answer.json(), {
      store,
      payment_code: code,
      merchant: 'Toko Budi',
      order_id: 'order-101',
      gross_amount: '44000.00',
      customer_name: 'Budi Utomo',
      message: 'Pay at the counter',
      free_text: store === 'alfamart' ? ['one', '', 'three'] : ['', '', ''],
      expiry_time: '2026-11-23 20:00:00',
      payable: true,
      reason: null
    })
    t.equal((await show(emulator, 'order-101')).transaction_status, 'pending', 'an inquiry changes nothing')
  })

  test(`${store}: a payment settles, answers a receipt, and notifies`, async (t) => {
    const receiver = await startReceiver()
    t.teardown(() => receiver.close())
    const emulator = await testEmulator(t, ['--notification-url', receiver.url], manualClock(START + 400))
    const { payment_code: code } = await chargeAt(emulator, store, 'order-101', { customer_details: { first_name: 'Budi' } })
    await emulator.passTime(300_000)
    const answer = await at(emulator, store, 'payment', { payment_code: code })

    t.equal(answer.statusCode, 200)
    t.same(Object.keys(answer.json()), ['ok', 'transaction_status', 'receipt'])
    t.match(answer.json(), {
      ok: true,
      transaction_status: 'settlement',
      receipt: { store, payment_code: code, merchant: 'Warung', order_id: 'order-101', gross_amount: '44000.00', customer_name: 'Budi', free_text: ['', '', ''] }
    })
    t.match(await show(emulator, 'order-101'), { transaction_status: 'settlement', settlement_time: '2026-11-22 20:05:00', history: [{}, { at: '2026-11-22T13:05:00.400Z', cause: 'till' }] })
    await emulator.passTime(0)
    t.match(JSON.parse(receiver.requests[1]?.body ?? ''), { transaction_status: 'settlement', status_code: '200', settlement_time: '2026-11-22 20:05:00' })
  })

  test(`${store}: the texts of bill and receipt are cut to their documented lengths`, async (t) => {
    const emulator = await testEmulator(t)
    const long = '123456789 123456789 123456789 123456789 123456789 '
    const { payment_code: code } = await charge(emulator, 'order-101', { cstore: { store, message: long, alfamart_free_text_1: long, alfamart_free_text_2: long, alfamart_free_text_3: long } })
    const line = store === 'alfamart' ? long.slice(0, 40) : ''
    const texts = { message: long.slice(0, 20), free_text: [line, line, line] }

    t.match((await at(emulator, store, 'inquiry', { payment_code: code })).json(), texts)
    t.match((await at(emulator, store, 'payment', { payment_code: code })).json().receipt, texts)
  })

  test(`${store}: a bill without customer and texts shows empty ones`, async (t) => {
    const emulator = await testEmulator(t)
    const { payment_code: code } = await chargeAt(emulator, store)
    t.match((await at(emulator, store, 'inquiry', { payment_code: code })).json(), { customer_name: '', message: '', free_text: ['', '', ''] })
  })

  for (const amount of [44000, '44000', '44000.00']) {
    test(`${store}: the amount ${JSON.stringify(amount)} pays 44000.00`, async (t) => {
      const emulator = await testEmulator(t)
      const { payment_code: code } = await chargeAt(emulator, store)
      t.equal((await at(emulator, store, 'payment', { payment_code: code, amount })).statusCode, 200)
    })
  }

  for (const amount of [43999, 44000.5, 0, '4400000']) {
    test(`${store}: the amount ${JSON.stringify(amount)} is refused with 422 and changes nothing`, async (t) => {
      const emulator = await testEmulator(t)
      const { payment_code: code } = await chargeAt(emulator, store)
      const answer = await at(emulator, store, 'payment', { payment_code: code, amount })

      t.equal(answer.statusCode, 422)
      t.same(Object.keys(answer.json()), ['code', 'message'])
      t.match(answer.json(), { code: 'amount_differs', message: /44000\.00/ })
      t.match(await show(emulator, 'order-101'), { transaction_status: 'pending', settlement_time: null })
    })
  }

  for (const action of ['inquiry', 'payment']) {
    test(`${store}: ${action} of a code that nobody has is 404`, async (t) => {
      const emulator = await testEmulator(t)
      const { payment_code: code } = await chargeAt(emulator, store)
      for (const unknown of ['1234567890123456', `${code}0`, code.slice(1), 'order-101', ' ', '__proto__']) {
        const answer = await at(emulator, store, action, { payment_code: unknown })
        t.equal(answer.statusCode, 404, unknown)
        t.match(answer.json(), { code: /^[a-z_]+$/, message: /code/ })
      }
    })

    test(`${store}: ${action} of a code of the other store is 404`, async (t) => {
      const emulator = await testEmulator(t)
      const other = store === 'alfamart' ? 'indomaret' : 'alfamart'
      const { payment_code: code } = await chargeAt(emulator, other)

      t.equal((await at(emulator, store, action, { payment_code: code })).statusCode, 404)
      t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
    })
  }

  for (const body of [undefined, '', '{', '[]', 'null', '"x"', {}, { payment_code: '' }, { payment_code: null }, { payment_code: 8127740588870520 }, { payment_code: ['1'] }, { code: '1' }]) {
    test(`${store}: the body ${JSON.stringify(body)} is 400 for every action`, async (t) => {
      const emulator = await testEmulator(t)
      for (const action of ['inquiry', 'payment', 'reversal']) {
        const answer = await at(emulator, store, action, body)
        t.equal(answer.statusCode, 400, action)
        t.match(answer.json(), { code: /^[a-z_]+$/, message: /\S/ })
      }
    })
  }

  for (const amount of ['much', true, null, [], '-44000']) {
    test(`${store}: the amount ${JSON.stringify(amount)} is 400 and changes nothing`, async (t) => {
      const emulator = await testEmulator(t)
      const { payment_code: code } = await chargeAt(emulator, store)
      t.equal((await at(emulator, store, 'payment', { payment_code: code, amount })).statusCode, 400)
      t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
    })
  }
}

/** What brings a transaction out of pending, and how a cashier hears of it. */
const ended: Array<[state: string, bring: readonly string[], says: RegExp]> = [
  ['settlement', ['/admin/transactions/order-101/pay'], /paid/i],
  ['expire', ['/v2/order-101/expire'], /expired/i],
  ['cancel', ['/v2/order-101/cancel'], /cancel/i],
  ['deny', ['/admin/transactions/order-101/pay', '/admin/transactions/order-101/reverse'], /revers/i]
]

for (const store of STORES) {
  for (const [state, bring, says] of ended) {
    test(`${store}: a code in ${state} is shown as not payable, refused with the same reason, and nothing changes`, async (t) => {
      const emulator = await testEmulator(t, ['--notification-url', 'http://127.0.0.1:9/'])
      const { payment_code: code } = await chargeAt(emulator, store)
      for (const url of bring) await emulator.ask('POST', url)
      const before = await show(emulator, 'order-101')
      t.equal(before.transaction_status, state)

      const inquiry = await at(emulator, store, 'inquiry', { payment_code: code })
      t.equal(inquiry.statusCode, 200)
      t.match(inquiry.json(), { payment_code: code, payable: false, reason: says })
      const payment = await at(emulator, store, 'payment', { payment_code: code })
      t.equal(payment.statusCode, 409)
      t.same(payment.json(), { code: payment.json().code, message: inquiry.json().reason })
      t.match(payment.json().code, /^[a-z_]+$/)
      t.equal((await at(emulator, store, 'payment', { payment_code: code, amount: 1 })).statusCode, 409, 'a wrong amount is no matter then')
      t.same(await show(emulator, 'order-101'), before)
    })
  }
}

test('a code is payable until its expiry and no longer', async (t) => {
  const emulator = await testEmulator(t)
  const { payment_code: code } = await chargeAt(emulator, 'indomaret', 'order-101', lapsesAfter(1))
  const payable = async () => (await at(emulator, 'indomaret', 'inquiry', { payment_code: code })).json().payable

  emulator.clock.at = START + 59_999
  t.equal(await payable(), true)
  emulator.clock.at = START + 60_000
  t.equal(await payable(), false)
})

test('of ten payments of one code at once exactly one is taken', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', 'http://127.0.0.1:9/'])
  const { payment_code: code } = await chargeAt(emulator, 'alfamart')
  const answers = await Promise.all(Array.from({ length: 10 }, () => at(emulator, 'alfamart', 'payment', { payment_code: code })))

  t.same(answers.map(({ statusCode }) => statusCode).toSorted(), [200, ...Array(9).fill(409)])
  const { history, notifications } = await show(emulator, 'order-101')
  t.equal(history.length, 2)
  t.same(notifications.map(({ event }) => event), ['pending', 'settlement'])
})

test('Indomaret gives an approval code of 20 digits, and Alfamart none', async (t) => {
  const emulator = await testEmulator(t)
  const [indomaret, alfamart] = [await chargeAt(emulator, 'indomaret', '1'), await chargeAt(emulator, 'alfamart', '2')]

  const { receipt } = (await at(emulator, 'indomaret', 'payment', { payment_code: indomaret.payment_code })).json()
  const { approval_code: code } = await show(emulator, '1')
  t.match(code, /^\d{4}261122\d{10}$/)
  t.equal(JSON.stringify(receipt).includes(String(code)), true, 'it is on the receipt')
  t.match((await emulator.ask('GET', '/v2/1/status')).json(), { approval_code: code })

  await at(emulator, 'alfamart', 'payment', { payment_code: alfamart.payment_code })
  t.equal((await show(emulator, '2')).approval_code, null)
})

test('the Indomaret till reverses a payment: it becomes deny, with its approval code and settlement time', async (t) => {
  const receiver = await startReceiver()
  t.teardown(() => receiver.close())
  const emulator = await testEmulator(t, ['--notification-url', receiver.url])
  const { payment_code: code } = await chargeAt(emulator, 'indomaret')
  await at(emulator, 'indomaret', 'payment', { payment_code: code })
  const paid = await show(emulator, 'order-101')
  await emulator.passTime(60_000)
  const answer = await at(emulator, 'indomaret', 'reversal', { payment_code: code })

  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { ok: true, transaction_status: 'deny', receipt: { payment_code: code, order_id: 'order-101' } })
  t.match(await show(emulator, 'order-101'), { transaction_status: 'deny', approval_code: paid.approval_code, settlement_time: paid.settlement_time, history: [{}, {}, { status: 'deny', cause: 'till' }] })
  await emulator.passTime(0)
  t.match(JSON.parse(receiver.requests[2]?.body ?? ''), { transaction_status: 'deny', status_code: '202', approval_code: paid.approval_code })
  t.equal((await at(emulator, 'indomaret', 'reversal', { payment_code: code })).statusCode, 409, 'once')
})

for (const [state, bring] of [['pending', []], ['expire', ['/v2/order-101/expire']], ['cancel', ['/v2/order-101/cancel']]] as const) {
  test(`a code in ${state} is not reversed: 409`, async (t) => {
    const emulator = await testEmulator(t)
    const { payment_code: code } = await chargeAt(emulator, 'indomaret')
    for (const url of bring) await emulator.ask('POST', url)
    const answer = await at(emulator, 'indomaret', 'reversal', { payment_code: code })

    t.equal(answer.statusCode, 409)
    t.match(answer.json(), { code: 'not_settled', message: /paid/ })
    t.equal((await show(emulator, 'order-101')).transaction_status, state)
  })
}

test('a reversal of a code that nobody has is 404', async (t) => {
  const emulator = await testEmulator(t)
  t.equal((await at(emulator, 'indomaret', 'reversal', { payment_code: '123456789012' })).statusCode, 404)
})

test('the Alfamart till has no reversal: 409, says who can, and changes nothing', async (t) => {
  const emulator = await testEmulator(t)
  const { payment_code: code } = await chargeAt(emulator, 'alfamart')
  await at(emulator, 'alfamart', 'payment', { payment_code: code })
  const answer = await at(emulator, 'alfamart', 'reversal', { payment_code: code })

  t.equal(answer.statusCode, 409)
  t.match(answer.json(), { code: /^[a-z_]+$/, message: /admin/ })
  t.equal((await show(emulator, 'order-101')).transaction_status, 'settlement')
})

for (const store of ['kioson', 'admin', '__proto__']) {
  test(`a till of ${store} is 404`, async (t) => {
    const emulator = await testEmulator(t)
    for (const action of ['inquiry', 'payment', 'reversal']) {
      const answer = await at(emulator, store, action, { payment_code: '1' })
      t.equal(answer.statusCode, 404)
      t.match(answer.json(), { code: /^[a-z_]+$/, message: /alfamart.*indomaret/ })
    }
  })
}

test('what a till cannot do is 404', async (t) => {
  const emulator = await testEmulator(t)
  t.equal((await at(emulator, 'alfamart', 'refund', { payment_code: '1' })).statusCode, 404)
  t.equal((await emulator.ask('GET', '/till/alfamart/inquiry')).statusCode, 404)
})

test('a till serves the codes of every merchant, each with its receipt name and in its own time', async (t) => {
  const emulator = await testEmulator(t)
  await emulator.storage.changeMerchant('G2', () => merchant({ merchantId: 'G2', serverKey: 'key-2', settings: { receiptName: 'Toko Dua' }, timeline: { shiftMs: 86_400_000, frozenAt: null, isStepped: false } }))
  const mine = await chargeAt(emulator, 'indomaret')
  const theirs = await charge(emulator, 'order-101', { cstore: { store: 'indomaret' } }, { authorization: basic('key-2') })

  t.match((await at(emulator, 'indomaret', 'inquiry', { payment_code: mine.payment_code })).json(), { merchant: 'Warung', expiry_time: '2026-11-23 20:00:00', payable: true })
  t.match((await at(emulator, 'indomaret', 'inquiry', { payment_code: theirs.payment_code })).json(), { merchant: 'Toko Dua', expiry_time: '2026-11-24 20:00:00', payable: true })
  t.equal((await at(emulator, 'indomaret', 'payment', { payment_code: theirs.payment_code })).statusCode, 200)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
})

test('a code that was freed and given out again means the newest', async (t) => {
  const emulator = await testEmulator(t)
  const { transaction_id: old } = await chargeAt(emulator, 'indomaret', 'old')
  await emulator.ask('POST', '/v2/old/cancel')
  const code = (await show(emulator, old)).payment_code
  const { storage } = emulator
  const cancelled = await storage.findByPaymentCode('indomaret', code)
  if (cancelled === undefined) throw new Error('it is there')
  await storage.insertTransaction(cancelled.merchantId, () => ({
    transaction: { ...cancelled, transactionId: '992154fc-66ff-49ea-800d-38c4681e8d3f', orderId: 'new', status: 'pending' }, notifications: []
  }))

  t.match((await at(emulator, 'indomaret', 'inquiry', { payment_code: code })).json(), { order_id: 'new', payable: true })
})
