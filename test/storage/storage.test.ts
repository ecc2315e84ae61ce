import * as fc from 'fast-check'
import { test } from 'tap'

import type { Merchant } from '../../src/domain/merchant.ts'
import { isLive, moved as afterMove, STATUSES } from '../../src/domain/transaction.ts'
import type { Status } from '../../src/domain/transaction.ts'
import { NotKept } from '../../src/ports.ts'
import type { Change, Due, Storage } from '../../src/ports.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { RecordStorage } from '../../src/storage/record-storage.ts'
import { Tables } from '../../src/storage/tables.ts'
import { CHARGED_AT, DAY_MS, HOUR_MS, merchant, MINUTE_MS } from '../support/domain.ts'
import { ANY_ROOM, endAttempt, insert, LEASE, MERCHANT_ID, move, moving, opening, URL_A, URL_B } from '../support/storage-changes.ts'
import { ENGINES } from '../support/storage-engines.ts'
import { heldKeeper, slowKeeper, turn, watch } from '../support/storage-keepers.ts'

const OTHER_ID = 'G2'
const ALL = { limit: 1000 }

for (const [engine, open] of ENGINES) {
  test(`${engine}: a merchant is found by its id and its key, and is kept`, async (t) => {
    const { storage, reopen } = await open(t)
    const own = merchant({ settings: { notificationUrls: [URL_A], expiryLagMs: 60_000 }, timeline: { shiftMs: 7, frozenAt: CHARGED_AT, isStepped: false } })
    const other = merchant({ merchantId: OTHER_ID, serverKey: 'key-2' })

    t.same(await storage.merchants(), [])
    t.same(await create(storage, own), own)
    t.same(await create(storage, other), other)

    for (const kept of [storage, await reopen()]) {
      t.same(await kept.findMerchant(MERCHANT_ID), own)
      t.same(await kept.findMerchantByKey('SB-Mid-server-test'), own)
      t.same(await kept.findMerchantByKey('key-2'), other)
      t.same([...await kept.merchants()].sort((a, b) => a.merchantId < b.merchantId ? -1 : 1), [other, own])
      t.equal(await kept.findMerchant('G3'), undefined)
      t.equal(await kept.findMerchantByKey('key-3'), undefined)
      t.equal(await kept.findMerchantByKey(''), undefined)
    }
  })

  test(`${engine}: a change of a merchant is made from what it was, and its old key opens nothing`, async (t) => {
    const { storage, reopen } = await open(t)
    await create(storage, merchant())

    const seen: Array<Merchant | undefined> = []
    const changed = await storage.changeMerchant(MERCHANT_ID, (current) => {
      seen.push(current)
      return merchant({ ...current, serverKey: 'key-new' })
    })

    t.same(seen.at(-1), merchant())
    t.same(changed, merchant({ serverKey: 'key-new' }))
    for (const kept of [storage, await reopen()]) {
      t.equal(await kept.findMerchantByKey('SB-Mid-server-test'), undefined)
      t.same(await kept.findMerchantByKey('key-new'), merchant({ serverKey: 'key-new' }))
    }
  })

  test(`${engine}: a server key belongs to one merchant, and is free once it is given up`, async (t) => {
    const { storage } = await open(t)
    await create(storage, merchant())

    t.equal(await create(storage, merchant({ merchantId: OTHER_ID })), 'key_taken')
    t.equal(await storage.findMerchant(OTHER_ID), undefined)
    t.same(await storage.findMerchantByKey('SB-Mid-server-test'), merchant())
    t.same(await create(storage, merchant()), merchant(), 'its own key is not taken')

    t.same(await Promise.all([
      create(storage, merchant({ merchantId: 'G3', serverKey: 'key-3' })),
      create(storage, merchant({ merchantId: 'G4', serverKey: 'key-3' }))
    ]), [merchant({ merchantId: 'G3', serverKey: 'key-3' }), 'key_taken'], 'in one turn of the event loop too')

    t.same(await Promise.all([
      create(storage, merchant({ serverKey: 'key-new' })),
      create(storage, merchant({ merchantId: OTHER_ID }))
    ]), [merchant({ serverKey: 'key-new' }), merchant({ merchantId: OTHER_ID })])
    t.equal((await storage.findMerchantByKey('SB-Mid-server-test'))?.merchantId, OTHER_ID)
    t.equal((await storage.findMerchantByKey('key-new'))?.merchantId, MERCHANT_ID)
  })

  test(`${engine}: what deciding about a merchant throws changes nothing`, async (t) => {
    const { storage } = await open(t)
    await create(storage, merchant())

    await t.rejects(storage.changeMerchant(MERCHANT_ID, () => { throw new Error('no') }), { message: 'no' })
    t.same(await storage.findMerchant(MERCHANT_ID), merchant())
  })

  test(`${engine}: an inserted transaction is found in every way, with its notifications, and is kept`, async (t) => {
    const { storage, reopen } = await open(t)
    const change = opening('1', { tell: [URL_A, URL_B], request: { payment_type: 'cstore', metadata: { text: 'a\u2028b\n"é' } } })

    t.same(await storage.insertTransaction(MERCHANT_ID, () => change), change)

    for (const kept of [storage, await reopen()]) {
      t.same(await kept.findTransaction(MERCHANT_ID, 'id-1', ['transaction_id']), change.transaction)
      t.same(await kept.findTransaction(MERCHANT_ID, 'order-1', ['order_id']), change.transaction)
      t.same(await kept.findTransaction(MERCHANT_ID, 'code-1', ['payment_code']), change.transaction)
      t.same(await kept.findByPaymentCode('alfamart', 'code-1'), change.transaction)
      t.same(await kept.notificationsOf('id-1'), change.notifications)
      t.same(await kept.findNotification(`1 pending ${URL_A}`), change.notifications[0])
    }
  })

  test(`${engine}: what is not there is undefined, or nobody's`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })

    t.equal(await storage.findTransaction(MERCHANT_ID, 'order-1', ['transaction_id', 'payment_code']), undefined)
    t.equal(await storage.findTransaction(MERCHANT_ID, 'order-1', []), undefined)
    t.equal(await storage.findTransaction(MERCHANT_ID, 'order-2', ['transaction_id', 'order_id', 'payment_code']), undefined)
    for (const ref of ['id-1', 'order-1', 'code-1']) {
      t.equal(await storage.findTransaction(OTHER_ID, ref, ['transaction_id', 'order_id', 'payment_code']), undefined, `${ref} belongs to another merchant`)
    }
    t.equal(await storage.findByPaymentCode('indomaret', 'code-1'), undefined)
    t.equal(await storage.findByPaymentCode('alfamart', 'code-2'), undefined)
    t.equal(await storage.findNotification('2'), undefined)
    t.same(await storage.notificationsOf('id-2'), [])
    t.same(await storage.listTransactions(OTHER_ID, ALL), { items: [], nextCursor: null })
    t.same(await storage.listNotifications(OTHER_ID, ALL), { items: [], nextCursor: null })
    t.same(await storage.listNotifications(OTHER_ID, { ...ALL, transactionId: 'id-1' }), { items: [], nextCursor: null })
    t.equal(await storage.moveTransaction('id-2', () => { throw new Error('asked') }), undefined)
    t.equal(await storage.changeNotification('2', () => { throw new Error('asked') }), undefined)
  })

  for (const [status, holds] of [['pending', true], ['settlement', true], ['expire', false], ['cancel', false], ['deny', false]] as const) {
    test(`${engine}: in ${status} a transaction ${holds ? 'holds' : 'frees'} its order id and its payment code`, async (t) => {
      const { storage, reopen } = await open(t)
      await insert(storage, '1')
      if (status !== 'pending') await move(storage, '1', status)

      const kept = await reopen()
      const code = await insert(kept, '2', { paymentCode: 'code-1' })
      const order = await insert(kept, '3', { orderId: 'order-1' })

      t.equal(typeof code === 'string' ? code : 'made', holds ? 'code_taken' : 'made')
      t.equal(typeof order === 'string' ? order : 'made', holds ? 'order_taken' : 'made')
      t.equal((await kept.listTransactions(MERCHANT_ID, ALL)).items.length, holds ? 1 : 3)
    })
  }

  test(`${engine}: the same order id at another merchant and the same code in another store are free`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1')

    t.equal(typeof await insert(storage, '2', { orderId: 'order-1', merchantId: OTHER_ID }), 'object')
    t.equal(typeof await insert(storage, '3', { paymentCode: 'code-1', store: 'indomaret' }), 'object')
    t.equal(await insert(storage, '4', { paymentCode: 'code-1', merchantId: OTHER_ID }), 'code_taken', 'a till knows no merchants')
  })

  test(`${engine}: of ten inserts at once with one order id exactly one is made, and with one code too`, async (t) => {
    const { storage, reopen } = await open(t)
    const names = Array.from({ length: 10 }, (_, index) => String(index))

    const orders = await Promise.all(names.map((name) => insert(storage, `a${name}`, { orderId: 'same', tell: [URL_A] })))
    const codes = await Promise.all(names.map((name) => insert(storage, `b${name}`, { paymentCode: 'same', tell: [URL_A] })))

    t.same(orders.map((result) => typeof result === 'string' ? result : 'made'), ['made', ...names.slice(1).map(() => 'order_taken')])
    t.same(codes.map((result) => typeof result === 'string' ? result : 'made'), ['made', ...names.slice(1).map(() => 'code_taken')])
    const kept = await reopen()
    t.same((await kept.listTransactions(MERCHANT_ID, ALL)).items.map((item) => item.transactionId), ['id-b0', 'id-a0'])
    t.equal((await kept.listNotifications(MERCHANT_ID, ALL)).items.length, 2)
  })

  test(`${engine}: an order id that is freed in this very turn is free for the next insert of it`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1')

    const [taken, , free, again] = await Promise.all([
      insert(storage, '2', { orderId: 'order-1' }),
      move(storage, '1', 'cancel'),
      insert(storage, '3', { orderId: 'order-1' }),
      insert(storage, '4', { orderId: 'order-1' })
    ])

    t.equal(taken, 'order_taken')
    t.equal(typeof free, 'object')
    t.equal(again, 'order_taken')
  })

  test(`${engine}: a move sees the transaction as it is, and is kept with its notifications`, async (t) => {
    const { storage, reopen } = await open(t)
    const { transaction: opened } = opening('1')
    await insert(storage, '1', { tell: [URL_A] })

    const seen: Status[] = []
    const change = await storage.moveTransaction('id-1', (current) => {
      seen.push(current.status)
      t.same(current, opened)
      return moving(current, 'settlement', { tell: [URL_A] })
    })

    t.same([...new Set(seen)], ['pending'])
    t.same(change, moving(opened, 'settlement', { tell: [URL_A] }))
    for (const kept of [storage, await reopen()]) {
      t.same(await kept.findTransaction(MERCHANT_ID, 'id-1', ['transaction_id']), moving(opened, 'settlement').transaction)
      t.same((await kept.notificationsOf('id-1')).map(({ id }) => id), [`1 pending ${URL_A}`, `1 settlement ${URL_A}`])
    }
  })

  test(`${engine}: an Idempotency-Key finds the transaction that it moved last, whatever else has moved since, in its merchant's world alone`, async (t) => {
    const { storage, reopen } = await open(t)
    const keyed = (key: string | null, at = CHARGED_AT) => ({ history: [{ at, status: 'pending', cause: 'charge', idempotencyKey: key } as const] })
    await insert(storage, '1', keyed('once'))
    await insert(storage, '2', keyed('twice'))
    await insert(storage, '3', keyed('twice', CHARGED_AT + MINUTE_MS))
    await insert(storage, '4', keyed(null))
    await insert(storage, '5', { ...keyed('once', CHARGED_AT + HOUR_MS), merchantId: OTHER_ID })
    for (const name of ['1', '2', '4']) await move(storage, name, 'settlement', { at: CHARGED_AT + HOUR_MS })

    for (const kept of [storage, await reopen()]) {
      const found = async (merchantId: string, key: string) => (await kept.findByIdempotencyKey(merchantId, key))?.transactionId
      t.same(await Promise.all(['once', 'twice', 'never', ''].map((key) => found(MERCHANT_ID, key))), ['id-1', 'id-3', undefined, undefined])
      t.same(await Promise.all(['once', 'twice'].map((key) => found(OTHER_ID, key))), ['id-5', undefined])
    }
  })

  test(`${engine}: of two moves at once the second sees what the first made`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1')
    const from: Status[] = []
    const moveTo = (status: Status) => storage.moveTransaction('id-1', (current) => {
      from.push(current.status)
      if (current.status !== 'pending') throw new Error('not pending')
      return moving(current, status)
    })

    const [paid, cancelled] = await Promise.allSettled([moveTo('settlement'), moveTo('cancel')])

    t.same([...new Set(from)], ['pending', 'settlement'])
    t.equal(paid.status, 'fulfilled')
    t.match(cancelled, { status: 'rejected', reason: { message: 'not pending' } })
    t.equal((await storage.findTransaction(MERCHANT_ID, 'id-1', ['transaction_id']))?.status, 'settlement')
  })

  test(`${engine}: what a deciding function throws rejects its change alone`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })
    const error = new Error('no')

    const results = await Promise.allSettled([
      insert(storage, '2'),
      storage.insertTransaction(MERCHANT_ID, () => { throw error }),
      storage.moveTransaction('id-1', () => { throw error }),
      storage.changeNotification(`1 pending ${URL_A}`, () => { throw error }),
      insert(storage, '4')
    ])

    t.same(results.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'])
    for (const result of results) if (result.status === 'rejected') t.equal(result.reason, error)
    const kept = await reopen()
    t.same((await kept.listTransactions(MERCHANT_ID, ALL)).items.map(({ orderId, status }) => `${orderId} ${status}`), ['order-4 pending', 'order-2 pending', 'order-1 pending'])
  })

  test(`${engine}: a change that cannot be written rejects alone, and nothing of it is there`, async (t) => {
    const { storage, reopen } = await open(t)
    const change = opening('1', { tell: [URL_A] })
    const unwritable: Change = { ...change, notifications: change.notifications.map((each) => ({ ...each, createdAt: NaN })) }

    await t.rejects(storage.insertTransaction(MERCHANT_ID, () => unwritable))
    t.equal(await storage.findTransaction(MERCHANT_ID, 'order-1', ['order_id']), undefined)
    const chances: number[] = []
    await Promise.allSettled([
      storage.insertTransaction(MERCHANT_ID, () => unwritable),
      storage.insertTransaction(MERCHANT_ID, ({ chance }) => {
        chances.push(chance)
        return opening('2')
      })
    ])

    t.same(chances, [0])
    const kept = await reopen()
    t.same((await kept.listTransactions(MERCHANT_ID, ALL)).items.map(({ orderId }) => orderId), ['order-2'])
  })

  test(`${engine}: chance counts kept changes, of each merchant apart, and goes on after reopening`, async (t) => {
    const { storage, reopen } = await open(t)
    const chances: string[] = []
    const charge = (kept: Storage, name: string, merchantId = MERCHANT_ID) => kept.insertTransaction(merchantId, ({ chance }) => {
      chances.push(`${merchantId} ${name} ${chance}`)
      return opening(name, { merchantId, tell: [URL_A, URL_B] })
    })

    await charge(storage, '1')
    await Promise.all([charge(storage, '2'), charge(storage, '3', OTHER_ID), charge(storage, '4')])
    await charge(storage, '1') // order_taken
    await insert(storage, '5', { paymentCode: 'code-1' }) // code_taken
    await storage.moveTransaction('id-1', () => { throw new Error('no') }).catch(() => {})
    await endAttempt(storage, `1 pending ${URL_A}`, null)
    const kept = await reopen()
    await kept.moveTransaction('id-1', (current, { chance }) => {
      chances.push(`${MERCHANT_ID} move ${chance}`)
      return moving(current, 'cancel')
    })
    await charge(kept, '6')
    await charge(kept, '7', OTHER_ID)

    // What a disk refuses is decided again, with the same chance.
    t.same([...new Set(chances)], [
      `${MERCHANT_ID} 1 0`, `${MERCHANT_ID} 2 1`, `${OTHER_ID} 3 0`, `${MERCHANT_ID} 4 2`, `${MERCHANT_ID} 1 3`,
      `${MERCHANT_ID} move 3`, `${MERCHANT_ID} 6 4`, `${OTHER_ID} 7 1`
    ])
  })

  test(`${engine}: an order id, a payment code and a till find the newest of several`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { orderId: 'same', paymentCode: 'same' })
    await move(storage, '1', 'cancel')
    await insert(storage, '2', { orderId: 'same', paymentCode: 'same', store: 'indomaret' })
    await move(storage, '2', 'expire')
    await insert(storage, '3', { orderId: 'same', paymentCode: 'other' })
    await insert(storage, '4', { paymentCode: 'same', merchantId: OTHER_ID })
    await move(storage, '1', 'cancel') // a later change does not make it newer

    for (const kept of [storage, await reopen()]) {
      t.equal((await kept.findTransaction(MERCHANT_ID, 'same', ['order_id', 'payment_code']))?.transactionId, 'id-3')
      t.equal((await kept.findTransaction(MERCHANT_ID, 'id-1', ['transaction_id', 'order_id', 'payment_code']))?.transactionId, 'id-1')
      t.equal((await kept.findByPaymentCode('alfamart', 'same'))?.transactionId, 'id-4', 'whosever it is')
      t.equal((await kept.findByPaymentCode('indomaret', 'same'))?.transactionId, 'id-2')
      t.equal((await kept.findTransaction(MERCHANT_ID, 'same', ['payment_code']))?.transactionId, 'id-2', 'of this merchant')
    }
  })

  test(`${engine}: a reference is looked up in the order of the ways that are given`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { orderId: 'ref' })
    await insert(storage, '2', { transactionId: 'ref' })
    await insert(storage, '3', { paymentCode: 'ref' })
    const find = async (...ways: Array<'transaction_id' | 'order_id' | 'payment_code'>) => (await storage.findTransaction(MERCHANT_ID, 'ref', ways))?.paymentCode

    t.equal(await find('transaction_id', 'order_id', 'payment_code'), 'code-2')
    t.equal(await find('order_id', 'transaction_id'), 'code-1')
    t.equal(await find('payment_code', 'transaction_id'), 'ref')
  })

  test(`${engine}: transactions are listed newest first, page by page, whatever comes meanwhile`, async (t) => {
    const { storage, reopen } = await open(t)
    for (const name of ['1', '2', '3', '4', '5']) await insert(storage, name)
    await insert(storage, 'other', { merchantId: OTHER_ID })
    const list = async (kept: Storage, limit: number, cursor?: string | null) => {
      const { items, nextCursor } = await kept.listTransactions(MERCHANT_ID, { limit, cursor: cursor ?? undefined })
      return { orders: items.map(({ orderId }) => orderId.replace('order-', '')).join(), nextCursor }
    }

    t.same(await list(storage, 5), { orders: '5,4,3,2,1', nextCursor: null })
    const first = await list(storage, 2)
    t.equal(first.orders, '5,4')

    const kept = await reopen()
    await insert(kept, '6')
    await move(kept, '2', 'cancel')
    const second = await list(kept, 2, first.nextCursor)
    const third = await list(kept, 2, second.nextCursor)
    t.equal(second.orders, '3,2')
    t.same(third, { orders: '1', nextCursor: null })
    t.equal((await list(kept, 10)).orders, '6,5,4,3,2,1')
  })

  test(`${engine}: a list of transactions keeps to its filters, also across pages`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, 'a1')
    await insert(storage, 'a2', { store: 'indomaret' })
    await insert(storage, 'b3')
    await insert(storage, 'b4', { store: 'indomaret' })
    await insert(storage, 'a5', { orderId: 'code-x' })
    await move(storage, 'a1', 'settlement')
    await move(storage, 'b4', 'settlement')
    const list = async (query: object) => (await storage.listTransactions(MERCHANT_ID, { ...ALL, ...query })).items.map(({ transactionId }) => transactionId.replace('id-', '')).join()

    t.equal(await list({ status: 'settlement' }), 'b4,a1')
    t.equal(await list({ status: 'deny' }), '')
    t.equal(await list({ store: 'indomaret' }), 'b4,a2')
    t.equal(await list({ store: 'indomaret', status: 'pending' }), 'a2')
    t.equal(await list({ q: 'order-a' }), 'a2,a1')
    t.equal(await list({ q: 'id-b' }), 'b4,b3')
    t.equal(await list({ q: 'code-a' }), 'a5,a2,a1')
    t.equal(await list({ q: 'code-x' }), 'a5')
    t.equal(await list({ q: 'rder-a' }), '', 'q is a beginning')
    t.equal(await list({ q: '' }), 'a5,b4,b3,a2,a1')

    const first = await storage.listTransactions(MERCHANT_ID, { limit: 1, q: 'order-b' })
    t.equal(first.items[0]?.transactionId, 'id-b4')
    const second = await storage.listTransactions(MERCHANT_ID, { limit: 1, q: 'order-b', cursor: first.nextCursor ?? undefined })
    t.equal(second.items[0]?.transactionId, 'id-b3')
    t.equal(second.nextCursor, null, 'what is left does not fit the filter')
  })

  test(`${engine}: notifications are kept in the order of recording, and listed newest first with filters and pages`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { tell: [URL_A, URL_B] })
    await insert(storage, '2', { tell: [URL_A] })
    await move(storage, '1', 'settlement', { tell: [URL_A] })
    await insert(storage, 'other', { merchantId: OTHER_ID, tell: [URL_A] })
    await endAttempt(storage, `1 pending ${URL_A}`, null)

    for (const kept of [storage, await reopen()]) {
      const list = async (query: object) => (await kept.listNotifications(MERCHANT_ID, { ...ALL, ...query })).items.map(({ id }) => id)
      t.same((await kept.notificationsOf('id-1')).map(({ id }) => id), [`1 pending ${URL_A}`, `1 pending ${URL_B}`, `1 settlement ${URL_A}`])
      t.same(await list({}), [`1 settlement ${URL_A}`, `2 pending ${URL_A}`, `1 pending ${URL_B}`, `1 pending ${URL_A}`])
      t.same(await list({ state: 'delivered' }), [`1 pending ${URL_A}`])
      t.same(await list({ transactionId: 'id-1' }), [`1 settlement ${URL_A}`, `1 pending ${URL_B}`, `1 pending ${URL_A}`])
      t.same(await list({ transactionId: 'id-1', state: 'waiting' }), [`1 settlement ${URL_A}`, `1 pending ${URL_B}`])
      t.same(await list({ transactionId: 'id-2', state: 'held' }), [])
      const page = await kept.listNotifications(MERCHANT_ID, { limit: 3 })
      t.same((await kept.listNotifications(MERCHANT_ID, { limit: 3, cursor: page.nextCursor ?? undefined })), { items: await kept.notificationsOf('id-1').then(([first]) => [first]), nextCursor: null })
    }
  })

  test(`${engine}: a change of a notification is made from what it was, attempts and all, and is kept`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })

    await Promise.all([endAttempt(storage, `1 pending ${URL_A}`, CHARGED_AT + MINUTE_MS), endAttempt(storage, `1 pending ${URL_A}`, null)])

    const before = await storage.findNotification(`1 pending ${URL_A}`)
    t.same(before?.attempts.map(({ number, outcome }) => `${number} ${outcome}`), ['1 failed', '2 delivered'])
    t.same(await (await reopen()).findNotification(`1 pending ${URL_A}`), before)
  })

  test(`${engine}: due work is handed out by due instant, then in the order of recording`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { lapsesAt: CHARGED_AT + 3000, tell: [URL_A], tellAt: CHARGED_AT + 2000 })
    await insert(storage, '2', { lapsesAt: CHARGED_AT + 1000, tell: [URL_B], tellAt: CHARGED_AT + 3000 })
    await insert(storage, '3', { lapsesAt: CHARGED_AT + 3000, tell: [URL_A], tellAt: CHARGED_AT + 3001 })
    await insert(storage, 'other', { merchantId: OTHER_ID, lapsesAt: CHARGED_AT })

    const kept = await reopen()
    const due = await claim(kept, CHARGED_AT + 3000)

    t.same(due.map(name), ['id-2', `1 pending ${URL_A}`, 'id-1', `2 pending ${URL_B}`, 'id-3'])
    t.match(due[0], { kind: 'move', merchantId: MERCHANT_ID, at: CHARGED_AT + 1000, transactionId: 'id-2', move: 'expire', cause: 'clock' })
    t.match(due[1], { kind: 'attempt', merchantId: MERCHANT_ID, at: CHARGED_AT + 2000, notificationId: `1 pending ${URL_A}`, target: 'http://a.test' })
    t.same(await claim(kept, CHARGED_AT + 3000), [], 'nothing twice')
    t.same((await claim(kept, CHARGED_AT + 3001)).map(name), [`3 pending ${URL_A}`])
    t.same((await claim(kept, CHARGED_AT, OTHER_ID)).map(name), ['id-other'])
    t.same(await claim(kept, CHARGED_AT, 'nobody'), [])
  })

  test(`${engine}: a fate that comes before the lapse is due in its place, and after the payment what is left of it, at the same instant too`, async (t) => {
    const { storage, reopen } = await open(t)
    const fate = { move: 'pay', at: CHARGED_AT + 1000, rule: 'rule-1', reverseAfterMs: 0 } as const
    await insert(storage, '1', { lapsesAt: CHARGED_AT + 2000, fate })
    await insert(storage, '2', { lapsesAt: CHARGED_AT + 1000, fate })
    await insert(storage, '3', { lapsesAt: CHARGED_AT + 2000, fate: { ...fate, at: CHARGED_AT + 1001 } })

    const kept = await reopen()
    const due = await claim(kept, CHARGED_AT + 1000)
    t.match(due, [
      { kind: 'move', transactionId: 'id-1', at: CHARGED_AT + 1000, move: 'pay', cause: 'rule' },
      { kind: 'move', transactionId: 'id-2', at: CHARGED_AT + 1000, move: 'expire', cause: 'clock' }
    ])
    t.equal(due.length, 2)
    const paid = await kept.moveTransaction('id-1', (current) => ({ transaction: afterMove(current, 'pay', { now: CHARGED_AT + 1000, cause: 'rule' }), notifications: [] }))
    t.match(paid?.transaction, { status: 'settlement', fate: { move: 'reverse', at: CHARGED_AT + 1000, rule: 'rule-1', reverseAfterMs: null } })
    t.match(await claim(kept, CHARGED_AT + 1000), [{ transactionId: 'id-1', at: CHARGED_AT + 1000, move: 'reverse', cause: 'rule' }])
    await kept.moveTransaction('id-1', (current) => ({ transaction: afterMove(current, 'reverse', { now: CHARGED_AT + 1000, cause: 'rule' }), notifications: [] }))
    // Whoever pays first takes the fate in hand.
    await kept.moveTransaction('id-3', (current) => ({ transaction: afterMove(current, 'pay', { now: CHARGED_AT + 1000, cause: 'till' }), notifications: [] }))
    t.same(await claim(kept, CHARGED_AT + 9000), [])
  })

  test(`${engine}: ties keep the order of recording, also through changes and reopening`, async (t) => {
    const { storage, reopen } = await open(t)
    const names = ['5', '3', '1', '4', '2']
    for (const each of names) await insert(storage, each, { lapsesAt: CHARGED_AT, tell: [`http://${each}.test/`] })
    await endAttempt(storage, '5 pending http://5.test/', CHARGED_AT)

    const expected = names.flatMap((each) => [`id-${each}`, `${each} pending http://${each}.test/`])
    t.same((await claim(await reopen(), CHARGED_AT)).map(name), expected)
    t.same((await claim(await reopen(), CHARGED_AT + DAY_MS, MERCHANT_ID, { ...LEASE, from: LEASE.until })).map(name), expected)
  })

  test(`${engine}: a claim takes no more than its limit, and claims at once share nothing`, async (t) => {
    const { storage } = await open(t)
    for (const each of ['1', '2', '3', '4', '5']) await insert(storage, each, { lapsesAt: CHARGED_AT })

    t.same(await storage.claimDue(MERCHANT_ID, CHARGED_AT, 0, LEASE, ANY_ROOM), [])
    const [first, second] = await Promise.all([
      storage.claimDue(MERCHANT_ID, CHARGED_AT, 2, LEASE, ANY_ROOM),
      storage.claimDue(MERCHANT_ID, CHARGED_AT, 2, LEASE, ANY_ROOM)
    ])

    t.same([first, second].map((due) => due.map(name).join()), ['id-1,id-2', 'id-3,id-4'])
    t.same((await claim(storage, CHARGED_AT)).map(name), ['id-5'])
  })

  test(`${engine}: claimed work comes up again when its lease runs out, and not before`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { lapsesAt: CHARGED_AT, tell: [URL_A] })
    const from = (ms: number) => ({ from: CHARGED_AT + ms, until: CHARGED_AT + ms + 1000 })

    t.equal((await claim(storage, CHARGED_AT, MERCHANT_ID, from(0))).length, 2)
    t.same(await claim(storage, CHARGED_AT + DAY_MS, MERCHANT_ID, from(999)), [], 'leases are in the time of the machine')
    t.same((await claim(storage, CHARGED_AT, MERCHANT_ID, from(1000))).map(name), ['id-1', `1 pending ${URL_A}`])
  })

  test(`${engine}: released work comes up again in its place, and releasing twice is nothing`, async (t) => {
    const { storage } = await open(t)
    for (const each of ['1', '2', '3']) await insert(storage, each, { lapsesAt: CHARGED_AT, tell: [URL_A] })
    const [expiry, attempt] = await claim(storage, CHARGED_AT)

    for (const due of [attempt, expiry, expiry]) if (due !== undefined) await storage.release(due)

    t.same((await claim(storage, CHARGED_AT)).map(name), ['id-1', `1 pending ${URL_A}`])
  })

  test(`${engine}: what was done while it was claimed does not come up again`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { lapsesAt: CHARGED_AT, tell: [URL_A] })
    const due = await claim(storage, CHARGED_AT)

    await move(storage, '1', 'expire')
    await endAttempt(storage, `1 pending ${URL_A}`, null)
    for (const each of due) await storage.release(each)

    t.same(await claim(storage, CHARGED_AT + DAY_MS, MERCHANT_ID, { from: LEASE.until, until: LEASE.until + HOUR_MS }), [])
  })

  test(`${engine}: a failed attempt ends the claim, and the next one falls due at its own instant`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })
    await claim(storage, CHARGED_AT)

    await endAttempt(storage, `1 pending ${URL_A}`, CHARGED_AT + MINUTE_MS)

    t.same(await claim(storage, CHARGED_AT + MINUTE_MS - 1), [])
    t.match(await claim(await reopen(), CHARGED_AT + MINUTE_MS), [{ at: CHARGED_AT + MINUTE_MS, notificationId: `1 pending ${URL_A}` }])
  })

  test(`${engine}: a change of a notification ends the claim on its attempt even where its instant stays`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })
    await claim(storage, CHARGED_AT)

    await endAttempt(storage, `1 pending ${URL_A}`, CHARGED_AT)

    t.same((await claim(storage, CHARGED_AT)).map(name), [`1 pending ${URL_A}`])
  })

  test(`${engine}: the attempt of one notification leaves the claim on another to the same URL alone`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })
    await endAttempt(storage, `1 pending ${URL_A}`, CHARGED_AT + MINUTE_MS)
    await move(storage, '1', 'settlement', { tell: [URL_A] })
    t.same((await claim(storage, CHARGED_AT + MINUTE_MS)).map(name), [`1 settlement ${URL_A}`, `1 pending ${URL_A}`])

    await endAttempt(storage, `1 settlement ${URL_A}`, null)

    t.same(await claim(storage, CHARGED_AT + MINUTE_MS), [])
  })

  for (const status of STATUSES.filter((status) => status !== 'pending')) {
    test(`${engine}: a transaction in ${status} has no expiry ahead of it`, async (t) => {
      const { storage, reopen } = await open(t)
      await insert(storage, '1')
      await move(storage, '1', status)

      for (const kept of [storage, await reopen()]) {
        t.same(await claim(kept, CHARGED_AT + 365 * DAY_MS), [])
        t.equal(await kept.nextDue(ANY_ROOM), undefined)
      }
    })
  }

  for (const state of ['held', 'delivered', 'failed', 'dropped'] as const) {
    test(`${engine}: a notification that is ${state} is not due, and holds up none behind it`, async (t) => {
      const { storage } = await open(t)
      await insert(storage, '1', { tell: [URL_A] })
      await storage.changeNotification(`1 pending ${URL_A}`, (current) => [{ ...current, state }])
      await move(storage, '1', 'settlement', { tell: [URL_A] })

      t.same((await claim(storage, CHARGED_AT)).map(name), [`1 settlement ${URL_A}`])
    })
  }

  test(`${engine}: a target takes no more attempts than it has room for, and holds up nothing else`, async (t) => {
    const { storage } = await open(t)
    await create(storage, merchant())
    for (const each of ['1', '2', '3']) await insert(storage, each, { lapsesAt: CHARGED_AT, tell: [URL_A, 'http://a.test/elsewhere', 'https://a.test/notify'] })
    const room = (target: string) => target === 'http://a.test' ? 2 : target === 'https://a.test' ? 0 : Infinity

    const due = await storage.claimDue(MERCHANT_ID, CHARGED_AT, 100, LEASE, room)

    t.same(due.map(name), ['id-1', `1 pending ${URL_A}`, '1 pending http://a.test/elsewhere', 'id-2', 'id-3'])
    t.match((await storage.nextDue((target) => target === 'http://a.test' ? 1 : 0))?.due, { kind: 'attempt', merchantId: MERCHANT_ID, at: CHARGED_AT, notificationId: `2 pending ${URL_A}`, target: 'http://a.test' })
    t.equal(await storage.nextDue(() => 0), undefined)
  })

  test(`${engine}: first attempts of one transaction to one URL wait for those before them`, async (t) => {
    const { storage, reopen } = await open(t)
    await insert(storage, '1', { tell: [URL_A, URL_B], tellAt: CHARGED_AT + MINUTE_MS })
    await move(storage, '1', 'settlement', { tell: [URL_A, URL_B] })
    await move(storage, '1', 'deny', { tell: [URL_A] })
    await insert(storage, '2', { tell: [URL_A], lapsesAt: CHARGED_AT + DAY_MS })

    const kept = await reopen()
    t.same((await claim(kept, CHARGED_AT)).map(name), [`2 pending ${URL_A}`], 'another transaction waits for nobody')
    t.equal((await kept.nextDue(ANY_ROOM)), undefined, 'there is no merchant')
    t.same((await claim(kept, CHARGED_AT + MINUTE_MS)).map(name), [`1 pending ${URL_A}`, `1 pending ${URL_B}`])
    t.same(await claim(kept, CHARGED_AT + MINUTE_MS), [], 'both are under way')

    await endAttempt(kept, `1 pending ${URL_B}`, null)
    t.same((await claim(kept, CHARGED_AT + MINUTE_MS)).map(name), [`1 settlement ${URL_B}`])
    await endAttempt(kept, `1 pending ${URL_A}`, CHARGED_AT + HOUR_MS)
    t.same((await claim(kept, CHARGED_AT + MINUTE_MS)).map(name), [`1 settlement ${URL_A}`], 'a failed first attempt has ended too')
    await endAttempt(kept, `1 settlement ${URL_A}`, CHARGED_AT + HOUR_MS)
    t.same((await claim(kept, CHARGED_AT + MINUTE_MS)).map(name), [`1 deny ${URL_A}`])
  })

  test(`${engine}: further attempts wait for nobody`, async (t) => {
    const { storage } = await open(t)
    await insert(storage, '1', { tell: [URL_A] })
    await endAttempt(storage, `1 pending ${URL_A}`, CHARGED_AT + MINUTE_MS)
    await move(storage, '1', 'settlement', { tell: [URL_A], at: CHARGED_AT })
    t.equal((await claim(storage, CHARGED_AT)).length, 1)

    t.same((await claim(storage, CHARGED_AT + MINUTE_MS)).map(name), [`1 pending ${URL_A}`], 'while the first of settlement is under way')
  })

  test(`${engine}: the next due work is the earliest of all merchants, by the time of the machine`, async (t) => {
    const { storage, reopen } = await open(t)
    await create(storage, merchant())
    await create(storage, merchant({ merchantId: OTHER_ID, serverKey: 'key-2', timeline: { shiftMs: HOUR_MS, frozenAt: null, isStepped: false } }))
    t.equal(await storage.nextDue(ANY_ROOM), undefined)
    await insert(storage, '1', { lapsesAt: CHARGED_AT + 30 * MINUTE_MS })
    await insert(storage, '2', { lapsesAt: CHARGED_AT + 80 * MINUTE_MS, merchantId: OTHER_ID })
    await insert(storage, '3', { lapsesAt: CHARGED_AT + 100 * MINUTE_MS, merchantId: OTHER_ID })

    for (const kept of [storage, await reopen()]) {
      t.match(await kept.nextDue(ANY_ROOM), {
        due: { kind: 'move', move: 'expire', cause: 'clock', merchantId: OTHER_ID, at: CHARGED_AT + 80 * MINUTE_MS, transactionId: 'id-2' },
        machineAt: CHARGED_AT + 20 * MINUTE_MS
      })
    }
    const kept = await reopen()
    await claim(kept, CHARGED_AT + 80 * MINUTE_MS, OTHER_ID)
    t.match(await kept.nextDue(ANY_ROOM), { due: { transactionId: 'id-1' }, machineAt: CHARGED_AT + 30 * MINUTE_MS })
    await move(kept, '1', 'cancel')
    t.match(await kept.nextDue(ANY_ROOM), { due: { transactionId: 'id-3' }, machineAt: CHARGED_AT + 40 * MINUTE_MS })
  })

  test(`${engine}: on a frozen timeline what is past is due at once, and what lies ahead never`, async (t) => {
    const { storage } = await open(t)
    await create(storage, merchant({ timeline: { shiftMs: 0, frozenAt: CHARGED_AT, isStepped: false } }))
    await insert(storage, '1', { lapsesAt: CHARGED_AT + 1 })
    t.equal((await storage.nextDue(ANY_ROOM))?.machineAt ?? Infinity, Infinity)

    await insert(storage, '2', { lapsesAt: CHARGED_AT })
    const next = await storage.nextDue(ANY_ROOM)
    t.match(next?.due, { transactionId: 'id-2', at: CHARGED_AT })
    t.equal((next?.machineAt ?? Infinity) <= 0, true, 'whatever the time of the machine')

    await create(storage, merchant({ timeline: { shiftMs: -DAY_MS, frozenAt: null, isStepped: false } }))
    t.match(await storage.nextDue(ANY_ROOM), { due: { transactionId: 'id-2' }, machineAt: CHARGED_AT + DAY_MS })
    t.same((await claim(storage, CHARGED_AT + 1)).map(name), ['id-2', 'id-1'], 'freezing and shifting re-key nothing')
  })

  test(`${engine}: what was asked for before a close is kept by it`, async (t) => {
    const { storage, reopen } = await open(t)
    const inserted = insert(storage, '1')
    const kept = await reopen()

    t.equal(typeof await inserted, 'object')
    t.equal((await kept.findTransaction(MERCHANT_ID, 'order-1', ['order_id']))?.transactionId, 'id-1')
  })
}

test('no reader sees a change before it is kept, nor anyone that it was made', async (t) => {
  const keeper = heldKeeper()
  const storage = new RecordStorage(new Tables(), keeper)

  const inserted = insert(storage, '1', { tell: [URL_A], lapsesAt: CHARGED_AT })
  const created = create(storage, merchant())
  const watched = [watch(inserted), watch(created)]
  await keeper.asked(1)

  t.same(await allSeen(storage), nothing)
  t.same(watched.map(({ state }) => state), ['open', 'open'])
  keeper.keepNow()
  await Promise.all([inserted, created])
  t.same(await allSeen(storage), { merchants: 1, byKey: true, transaction: 'pending', byCode: true, transactions: 1, notifications: 1, ofTransaction: 1, due: 2 })

  const moved = move(storage, '1', 'settlement', { tell: [URL_A] })
  const ended = endAttempt(storage, `1 pending ${URL_A}`, null)
  const all = [watch(moved), watch(ended)]
  await keeper.asked(2)
  t.match(await allSeen(storage), { transaction: 'pending', notifications: 1 })
  t.equal((await storage.findNotification(`1 pending ${URL_A}`))?.state, 'waiting')
  t.same(all.map(({ state }) => state), ['open', 'open'])
  keeper.keepNow()
  await Promise.all([moved, ended])
  t.match(await allSeen(storage), { transaction: 'settlement', notifications: 2 })
  t.equal((await storage.findNotification(`1 pending ${URL_A}`))?.state, 'delivered')
})

test('changes of one turn of the event loop are kept in one go, each as a commit of its own', async (t) => {
  const keeper = heldKeeper()
  const storage = new RecordStorage(new Tables(), keeper)

  const done = Promise.all([insert(storage, '1', { tell: [URL_A] }), insert(storage, '1'), insert(storage, '2')])
  await keeper.asked(1)
  keeper.keepNow()
  await done

  t.same(keeper.batches.map((batch) => batch.map((commit) => commit.map(({ section }) => section).sort())), [[
    ['counters', 'notifications', 'transactions'], ['counters', 'transactions']
  ]], 'a refusal keeps nothing; a state and its notifications are one commit')
})

test('a refusal that rests on a change that is not kept yet waits for it', async (t) => {
  const keeper = heldKeeper()
  const storage = new RecordStorage(new Tables(), keeper)

  const inserted = insert(storage, '1')
  const refused = [insert(storage, '2', { orderId: 'order-1' }), insert(storage, '3', { paymentCode: 'code-1' })]
  const thrown = storage.moveTransaction('id-1', ({ status }) => { throw new Error(`seen ${status}`) })
  const watched = [...refused, thrown].map(watch)
  await keeper.asked(1)
  const late = insert(storage, '4', { orderId: 'order-1' })
  watched.push(watch(late))
  await turn()
  await turn()

  t.same(watched.map(({ state }) => state), ['open', 'open', 'open', 'open'])
  keeper.keepNow()
  await inserted
  t.same(await Promise.all(refused), ['order_taken', 'code_taken'])
  await t.rejects(thrown, { message: 'seen pending' })
  t.equal(await late, 'order_taken')
})

test('a batch that cannot be kept rejects whole, and leaves nothing', async (t) => {
  const keeper = heldKeeper()
  const storage = new RecordStorage(new Tables(), keeper)
  const chances: number[] = []
  const all = () => [
    storage.insertTransaction(MERCHANT_ID, ({ chance }) => {
      chances.push(chance)
      return opening('1', { tell: [URL_A], lapsesAt: CHARGED_AT })
    }),
    create(storage, merchant()),
    insert(storage, '2')
  ]

  const failed = all()
  const settled = Promise.allSettled(failed)
  await keeper.asked(1)
  keeper.fail()
  for (const result of await settled) t.equal(result.status === 'rejected' && result.reason instanceof NotKept, true)
  t.same(await allSeen(storage), nothing)

  const again = all()
  await keeper.asked(2)
  keeper.keepNow()
  t.same((await Promise.all(again)).map((result) => typeof result), ['object', 'object', 'object'], 'order ids, codes and keys are free')
  t.same(chances, [0, 0], 'chance is not used up')
})

test('a failed batch takes back a move, and the order id stays taken', async (t) => {
  const keeper = heldKeeper()
  const storage = new RecordStorage(new Tables(), keeper)
  const inserted = insert(storage, '1', { lapsesAt: CHARGED_AT, tell: [URL_A] })
  await keeper.asked(1)
  keeper.keepNow()
  await inserted
  t.equal((await claim(storage, CHARGED_AT)).length, 2)

  const moved = move(storage, '1', 'expire', { tell: [URL_A] })
  const ended = endAttempt(storage, `1 pending ${URL_A}`, null)
  const both = Promise.allSettled([moved, ended])
  await keeper.asked(2)
  keeper.fail()
  t.same((await both).map(({ status }) => status), ['rejected', 'rejected'])

  t.equal((await storage.findTransaction(MERCHANT_ID, 'id-1', ['transaction_id']))?.status, 'pending')
  t.equal((await storage.notificationsOf('id-1')).length, 1)
  t.equal(await insert(storage, '2', { orderId: 'order-1' }), 'order_taken')
  t.same(await claim(storage, CHARGED_AT), [], 'the claims stand')
})

test('a close waits for what is being kept', async (t) => {
  const keeper = heldKeeper()
  const storage = new RecordStorage(new Tables(), keeper)
  const inserted = insert(storage, '1')
  await keeper.asked(1)
  const closed = watch(storage.close())
  await turn()

  t.equal(closed.state, 'open')
  keeper.keepNow()
  await inserted
  await turn()
  t.equal(closed.state, 'resolved')
})

type Step = { readonly kind: 'insert', readonly order: number, readonly code: number } | { readonly kind: 'move', readonly order: number, readonly to: Status, readonly wait: boolean }

const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), order: fc.nat(2), code: fc.nat(3) }),
  fc.record({ kind: fc.constant('move' as const), order: fc.nat(2), to: fc.constantFrom<Status>('settlement', 'expire', 'cancel', 'deny'), wait: fc.boolean() })
), { maxLength: 12 })

test('whatever several tasks do at once, an order id and a code have one live transaction, and a change and a URL one notification', async (t) => {
  const found = await fc.check(fc.asyncProperty(fc.array(steps, { minLength: 2, maxLength: 4 }), fc.array(fc.integer({ min: -2, max: 4 }), { minLength: 1, maxLength: 5 }), async (tasks, delays) => {
    const storage = new RecordStorage(new Tables(), slowKeeper(delays))
    const kept: string[] = []
    let made = 0

    const work = async (task: readonly Step[]): Promise<void> => {
      for (const step of task) {
        const change = await doStep(storage, step, () => String(made++)).catch((error: unknown) => {
          if (!(error instanceof NotKept)) throw error
        })
        if (typeof change === 'object') kept.push(...change.notifications.map(({ id }) => id))
        assertOneLive((await storage.listTransactions(MERCHANT_ID, ALL)).items)
      }
    }
    await Promise.all(tasks.map(work))

    const recorded = (await storage.listNotifications(MERCHANT_ID, ALL)).items.map(({ id }) => id)
    if (recorded.toSorted().join() !== kept.toSorted().join()) throw new Error(`kept ${kept.join()}, recorded ${recorded.join()}`)
  }), { numRuns: 150 })

  t.equal(found.failed ? fc.defaultReportMessage(found) : undefined, undefined)
})

test('a storage in memory begins with nothing', async (t) => {
  const storage = createMemoryStorage()
  t.teardown(() => storage.close())
  t.same(await allSeen(storage), nothing)
})

async function doStep (storage: Storage, step: Step, newName: () => string): Promise<Change | string | undefined> {
  if (step.kind === 'insert') {
    return insert(storage, newName(), { orderId: `order-${step.order}`, paymentCode: `code-${step.code}`, tell: [URL_A, URL_B] })
  }
  const current = await storage.findTransaction(MERCHANT_ID, `order-${step.order}`, ['order_id'])
  if (current === undefined) return undefined
  if (step.wait) await turn()
  return storage.moveTransaction(current.transactionId, (now) => {
    if (!isLive(now.status) || now.status === step.to) throw new NotKept('not a move')
    return moving(now, step.to, { tell: [URL_A, URL_B] })
  })
}

function assertOneLive (transactions: ReadonlyArray<{ readonly status: Status, readonly orderId: string, readonly paymentCode: string }>): void {
  const live = transactions.filter(({ status }) => isLive(status))
  for (const names of [live.map(({ orderId }) => orderId), live.map(({ paymentCode }) => paymentCode)]) {
    if (new Set(names).size < names.length) throw new Error(`live: ${names.join()}`)
  }
}

const nothing = { merchants: 0, byKey: false, transaction: undefined, byCode: false, transactions: 0, notifications: 0, ofTransaction: 0, due: 0 }

/** What a reader sees of merchant, transaction `1` and what belongs to it. Claims what is due and gives it back. */
async function allSeen (storage: Storage): Promise<object> {
  const due = await claim(storage, CHARGED_AT)
  for (const each of due) await storage.release(each)
  return {
    merchants: (await storage.merchants()).length,
    byKey: await storage.findMerchantByKey('SB-Mid-server-test') !== undefined,
    transaction: (await storage.findTransaction(MERCHANT_ID, 'order-1', ['order_id']))?.status,
    byCode: await storage.findByPaymentCode('alfamart', 'code-1') !== undefined,
    transactions: (await storage.listTransactions(MERCHANT_ID, ALL)).items.length,
    notifications: (await storage.listNotifications(MERCHANT_ID, ALL)).items.length,
    ofTransaction: (await storage.notificationsOf('id-1')).length,
    due: due.length
  }
}

function create (storage: Storage, wanted: Merchant): Promise<Merchant | 'key_taken'> {
  return storage.changeMerchant(wanted.merchantId, () => wanted)
}

function claim (storage: Storage, now: number, merchantId = MERCHANT_ID, lease = LEASE): Promise<readonly Due[]> {
  return storage.claimDue(merchantId, now, 100, lease, ANY_ROOM)
}

function name (due: Due): string {
  return due.kind === 'move' ? due.transactionId : due.notificationId
}
