import { deepEqual } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { test } from 'tap'

import type { Merchant } from '../../src/domain/merchant.ts'
import type { Notification } from '../../src/domain/notification.ts'
import type { Transaction } from '../../src/domain/transaction.ts'
import type { WorldContent } from '../../src/domain/world.ts'
import type { Storage } from '../../src/ports.ts'
import { foldSegments } from '../../src/storage/fold.ts'
import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { CHARGED_AT, DAY_MS, merchant, notification, transaction } from '../support/domain.ts'
import { ANY_ROOM, endAttempt, insert, LEASE, MERCHANT_ID, move, opening, URL_A } from '../support/storage-changes.ts'
import { ENGINES } from '../support/storage-engines.ts'

const OTHER_ID = 'G2'
const ALL = { limit: 1000 }

for (const [engine, open] of ENGINES) {
  test(`${engine}: a world that is emptied holds nothing, its merchant stays, and no other world is touched`, async (t) => {
    const { storage, reopen } = await open(t)
    await twoWorlds(storage)

    t.equal(await storage.resetWorld(MERCHANT_ID), true)
    t.equal(await storage.resetWorld('G3'), false)

    for (const kept of [storage, await reopen()]) {
      t.same(await seen(kept, MERCHANT_ID, '1'), { ...NOTHING, merchant: MERCHANT_ID, key: MERCHANT_ID })
      t.same(await seen(kept, OTHER_ID, '2'), { merchant: OTHER_ID, key: OTHER_ID, chance: 1, byOrder: 'id-2', byCode: 'id-2', transactions: 1, notifications: 1, ofTransaction: 1, due: 2 })
    }
  })

  test(`${engine}: an emptied world begins anew with the same names, as often as it is emptied`, async (t) => {
    const { storage, reopen } = await open(t)
    await twoWorlds(storage)
    const used = await seen(storage, MERCHANT_ID, '1')

    let kept = storage
    for (let time = 0; time < 3; time++) {
      await kept.resetWorld(MERCHANT_ID)
      t.same(await chances(kept, '1', { tell: [URL_A] }), [0])
      t.same(await seen(kept, MERCHANT_ID, '1'), used)
      kept = await reopen()
      t.same(await seen(kept, MERCHANT_ID, '1'), used, 'after a restart')
    }
  })

  test(`${engine}: what a batch decides before and after it empties a world is decided in order`, async (t) => {
    const { storage, reopen } = await open(t)
    await create(storage, merchant())
    const [first, taken, isEmptied, again, gone] = await Promise.all([
      insert(storage, '1', { tell: [URL_A] }),
      insert(storage, '1b', { orderId: 'order-1' }),
      storage.resetWorld(MERCHANT_ID),
      insert(storage, '2', { orderId: 'order-1', paymentCode: 'code-1', tell: [URL_A] }),
      move(storage, '1', 'settlement')
    ])
    t.type(first, 'object')
    t.equal(taken, 'order_taken')
    t.equal(isEmptied, true)
    t.type(again, 'object')
    t.equal(gone, undefined)
    for (const kept of [storage, await reopen()]) {
      t.equal((await kept.findTransaction(MERCHANT_ID, 'order-1', ['order_id']))?.transactionId, 'id-2')
      t.equal(await kept.findTransaction(MERCHANT_ID, 'id-1', ['transaction_id']), undefined)
      t.equal((await kept.listNotifications(MERCHANT_ID, ALL)).items.length, 1)
    }
  })

  test(`${engine}: work that is under way when its world is emptied ends without harm`, async (t) => {
    const { storage } = await open(t)
    await twoWorlds(storage)
    const claimed = await storage.claimDue(MERCHANT_ID, CHARGED_AT + DAY_MS, 100, LEASE, ANY_ROOM)
    t.equal(claimed.length, 2)
    await storage.resetWorld(MERCHANT_ID)

    t.equal(await endAttempt(storage, `1 pending ${URL_A}`, null), undefined)
    t.equal(await move(storage, '1', 'expire'), undefined)
    for (const due of claimed) await storage.release(due)
    t.same(await storage.takeAttemptedAt(MERCHANT_ID, CHARGED_AT), [])
    t.equal((await storage.nextDue(ANY_ROOM, (id) => id === MERCHANT_ID)), undefined)
  })

  test(`${engine}: a merchant that is deleted opens nothing, and may be made anew`, async (t) => {
    const { storage, reopen } = await open(t)
    await twoWorlds(storage)

    t.equal(await storage.deleteMerchant(MERCHANT_ID), true)
    t.equal(await storage.deleteMerchant(MERCHANT_ID), false)
    t.same(await seen(storage, MERCHANT_ID, '1'), { ...NOTHING, chance: undefined })
    t.same((await storage.merchants()).map(({ merchantId }) => merchantId), [OTHER_ID])

    t.same(await create(storage, merchant({ serverKey: 'key-new' })), merchant({ serverKey: 'key-new' }))
    t.same(await chances(storage, '1'), [0])
    for (const kept of [storage, await reopen()]) {
      t.equal((await kept.findMerchantByKey('key-new'))?.merchantId, MERCHANT_ID)
      t.equal(await kept.findMerchantByKey('SB-Mid-server-test'), undefined)
      t.equal((await kept.listTransactions(MERCHANT_ID, ALL)).items.length, 1)
    }
    await (await reopen()).deleteMerchant(MERCHANT_ID)
    t.equal(await (await reopen()).findMerchant(MERCHANT_ID), undefined)
  })

  test(`${engine}: a code that an emptied world had goes back to who had it before`, async (t) => {
    const { storage, reopen } = await open(t)
    await twoWorlds(storage)
    await move(storage, '2', 'expire')
    await insert(storage, '3', { paymentCode: 'code-2' })
    t.equal((await storage.findByPaymentCode('alfamart', 'code-2'))?.transactionId, 'id-3')
    await storage.resetWorld(MERCHANT_ID)
    for (const kept of [storage, await reopen()]) t.equal((await kept.findByPaymentCode('alfamart', 'code-2'))?.transactionId, 'id-2')
  })

  test(`${engine}: an exported world comes into another merchant as it was`, async (t) => {
    const { storage, reopen } = await open(t)
    await twoWorlds(storage)
    await move(storage, '1', 'settlement', { tell: [URL_A] })
    const exported = await storage.exportWorld(MERCHANT_ID)
    t.same(exported?.records.map(({ transaction, notification }) => transaction?.transactionId ?? notification?.id), ['id-1', `1 pending ${URL_A}`, `1 settlement ${URL_A}`])
    t.equal(exported?.chance, 2)
    t.equal(await storage.exportWorld('G3'), undefined)

    await storage.resetWorld(MERCHANT_ID)
    t.equal(await storage.importWorld('G3', () => { throw new Error('asked for a merchant who is not there') }), undefined)
    const imported = await bring(storage, OTHER_ID, exported?.records ?? [], 9)
    t.match(imported, { chance: 9 })
    for (const kept of [storage, await reopen()]) {
      t.same(await seen(kept, OTHER_ID, '1'), { merchant: OTHER_ID, key: OTHER_ID, chance: 9, byOrder: 'id-1', byCode: 'id-1', transactions: 2, notifications: 3, ofTransaction: 2, due: 3 })
      t.same((await kept.exportWorld(OTHER_ID))?.records.slice(2), exported?.records.map((record) => withMerchant(record, OTHER_ID)))
    }
  })

  const clashes: Array<[what: string, records: WorldContent['records'], clash: object]> = [
    ['a transaction id of another world', [{ transaction: fresh({ transactionId: 'id-2' }) }], { what: 'transaction_id', id: 'id-2' }],
    ['a notification id of another world', [{ transaction: fresh() }, { notification: notification({ id: `2 pending ${URL_A}`, transactionId: 'id-9' }) }], { what: 'notification_id', id: `2 pending ${URL_A}` }],
    ['a live order id', [{ transaction: fresh({ orderId: 'order-1', status: 'cancel' }) }], { what: 'order_id', id: 'order-1' }],
    ['a live payment code of another world', [{ transaction: fresh({ paymentCode: 'code-2', status: 'expire' }) }], { what: 'payment_code', id: 'code-2' }]
  ]
  for (const [what, records, clash] of clashes) {
    test(`${engine}: ${what} keeps a whole import out`, async (t) => {
      const { storage, reopen } = await open(t)
      await twoWorlds(storage)
      const before = await storage.exportWorld(MERCHANT_ID)
      t.same(await bring(storage, MERCHANT_ID, [{ transaction: fresh({ transactionId: 'id-8', orderId: 'order-8', paymentCode: 'code-8' }) }, ...records], 9), clash)
      for (const kept of [storage, await reopen()]) t.same(await kept.exportWorld(MERCHANT_ID), before)
    })
  }

  test(`${engine}: chance passes over names that an import brought elsewhere`, async (t) => {
    const { storage } = await open(t)
    await twoWorlds(storage)
    const exported = await storage.exportWorld(MERCHANT_ID)
    await storage.resetWorld(MERCHANT_ID)
    await bring(storage, OTHER_ID, exported?.records ?? [], 9)

    const names = ['1', '7']
    const inserted = await storage.insertTransaction(MERCHANT_ID, ({ chance }) => opening(names[chance] ?? 'x', { paymentCode: 'code-7', tell: [URL_A] }))
    t.match(inserted, { transaction: { transactionId: 'id-7' } })
    t.equal((await storage.findTransaction(OTHER_ID, 'id-1', ['transaction_id']))?.merchantId, OTHER_ID)
    t.same(await chances(storage, '8'), [2])
  })
}

const STEPS = fc.array(fc.record({ what: fc.constantFrom('charge', 'charge', 'charge', 'end', 'reset', 'delete', 'fold', 'restart', 'import'), world: fc.constantFrom(MERCHANT_ID, OTHER_ID), name: fc.integer({ min: 1, max: 4 }) }), { maxLength: 25 })

test('a file and memory show the same worlds, whatever is charged, emptied, deleted, folded and restarted', async (t) => {
  const [[, openMemory], [, openFile]] = ENGINES as [typeof ENGINES[number], typeof ENGINES[number]]
  let run = 0
  await fc.assert(fc.asyncProperty(STEPS, async (steps) => {
    const ends: Array<() => Promise<void>> = []
    const own = { testdir: () => t.testdir({ [String(run++)]: {} }), teardown: (end: () => Promise<void>) => { ends.push(end) } }
    const memory = (await openMemory(own)).storage
    const { storage, reopen } = await openFile(own)
    let file = storage
    try {
      for (const { what, world, name } of steps) {
        if (what === 'fold' || what === 'restart') file = await reopen()
        for (const each of [memory, file]) await doStep(each, what, world, `${world}-${name}`)
        for (const id of [MERCHANT_ID, OTHER_ID]) deepEqual(await file.exportWorld(id), await memory.exportWorld(id))
      }
      file = await reopen()
      for (const id of [MERCHANT_ID, OTHER_ID]) deepEqual(await file.exportWorld(id), await memory.exportWorld(id))
    } finally {
      for (const end of ends) await end()
    }
  }), { numRuns: 40 })
})

test('a fold leaves out what was emptied and who was deleted, and may be killed before it deletes what it folded', async (t) => {
  const path = `${t.testdir()}/warung.json`
  const warn = (message: string): void => { throw new Error(message) }
  const open = (): Promise<Storage> => openJsonFileStorage({ path, warn })

  const first = await open()
  await twoWorlds(first)
  await create(first, merchant({ merchantId: 'G3', serverKey: 'key-3' }))
  await first.close()
  const second = await open()
  await second.resetWorld(MERCHANT_ID)
  await second.deleteMerchant('G3')
  await second.deleteMerchant(OTHER_ID)
  await create(second, merchant({ merchantId: OTHER_ID, serverKey: 'key-2' }))
  await insert(second, '5', { tell: [URL_A] })
  const journal = readFileSync(`${path}.journal.000002`)
  await second.close()

  const document = JSON.parse(readFileSync(path, 'utf8'))
  t.same(document.merchants.map((each: Record<string, string>) => each.merchant_id), [MERCHANT_ID, OTHER_ID])
  t.same(document.counters.map((each: Record<string, string>) => each.merchant_id), [MERCHANT_ID, OTHER_ID])
  t.same(document.transactions.map((each: Record<string, string>) => each.transaction_id), ['id-5'])
  t.equal(document.notifications.length, 1)

  writeFileSync(`${path}.journal.000002`, journal)
  await foldSegments(path, 2)
  t.same(JSON.parse(readFileSync(path, 'utf8')), document)
  const third = await open()
  t.same(await seen(third, MERCHANT_ID, '5'), { merchant: MERCHANT_ID, key: MERCHANT_ID, chance: 1, byOrder: 'id-5', byCode: 'id-5', transactions: 1, notifications: 1, ofTransaction: 1, due: 2 })
  t.same(await seen(third, OTHER_ID, '2'), { ...NOTHING, merchant: OTHER_ID, key: OTHER_ID })
  await third.close()
})

const NOTHING = { merchant: undefined, key: undefined, chance: 0, byOrder: undefined, byCode: undefined, transactions: 0, notifications: 0, ofTransaction: 0, due: 0 }

/** What readers find of a merchant and the transaction of that name. Claims what is due and gives it back. */
async function seen (storage: Storage, merchantId: string, name: string): Promise<object> {
  const due = await storage.claimDue(merchantId, CHARGED_AT + DAY_MS, 100, LEASE, ANY_ROOM)
  for (const each of due) await storage.release(each)
  return {
    merchant: (await storage.findMerchant(merchantId))?.merchantId,
    key: (await storage.findMerchantByKey(merchantId === OTHER_ID ? 'key-2' : 'SB-Mid-server-test'))?.merchantId,
    chance: (await storage.exportWorld(merchantId))?.chance,
    byOrder: (await storage.findTransaction(merchantId, `order-${name}`, ['order_id']))?.transactionId,
    byCode: (await storage.findByPaymentCode('alfamart', `code-${name}`))?.transactionId,
    transactions: (await storage.listTransactions(merchantId, ALL)).items.length,
    notifications: (await storage.listNotifications(merchantId, ALL)).items.length,
    ofTransaction: (await storage.notificationsOf(`id-${name}`)).length,
    due: due.length
  }
}

async function twoWorlds (storage: Storage): Promise<void> {
  await create(storage, merchant())
  await create(storage, merchant({ merchantId: OTHER_ID, serverKey: 'key-2' }))
  await insert(storage, '1', { tell: [URL_A] })
  await insert(storage, '2', { merchantId: OTHER_ID, tell: [URL_A] })
}

/** The numbers of chance that inserting these was given. */
async function chances (storage: Storage, name: string, more: Parameters<typeof opening>[1] = {}): Promise<readonly number[]> {
  const given: number[] = []
  await storage.insertTransaction(MERCHANT_ID, ({ chance }) => {
    given.push(chance)
    return opening(name, more)
  })
  // What a disk refuses is decided again, with the same chance.
  return [...new Set(given)]
}

function bring (storage: Storage, merchantId: string, records: WorldContent['records'], chance: number): Promise<unknown> {
  return storage.importWorld(merchantId, (scene) => ({ merchant: scene.merchant, chance, records: records.map((record) => withMerchant(record, merchantId)) }))
}

function withMerchant ({ transaction, notification }: { readonly transaction?: Transaction | undefined, readonly notification?: Notification | undefined }, merchantId: string): WorldContent['records'][number] {
  if (transaction !== undefined) return { transaction: { ...transaction, merchantId } }
  if (notification !== undefined) return { notification: { ...notification, merchantId } }
  throw new Error('a record is one of both')
}

function fresh (more: Partial<Transaction> = {}): Transaction {
  return transaction({ transactionId: 'id-9', orderId: 'order-9', paymentCode: 'code-9', ...more })
}

function create (storage: Storage, wanted: Merchant): Promise<Merchant | 'key_taken'> {
  return storage.changeMerchant(wanted.merchantId, () => wanted)
}

async function doStep (storage: Storage, what: string, world: string, name: string): Promise<void> {
  const exists = await storage.findMerchant(world) !== undefined
  if (what === 'charge' && !exists) await create(storage, merchant({ merchantId: world, serverKey: `key of ${world}` }))
  if (what === 'charge' && await storage.findTransaction(world, `id-${name}`, ['transaction_id']) === undefined) await insert(storage, name, { merchantId: world, tell: [URL_A] })
  if (what === 'end' && exists) await move(storage, name, 'cancel', { tell: [URL_A] })
  if (what === 'reset') await storage.resetWorld(world)
  if (what === 'delete') await storage.deleteMerchant(world)
  if (what === 'import') await bring(storage, world, [{ transaction: fresh({ transactionId: `id-${name}`, orderId: `order-${name}`, paymentCode: `code-${name}` }) }], 3)
}
