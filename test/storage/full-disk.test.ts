import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import * as fc from 'fast-check'
import { test } from 'tap'

import { isLive } from '../../src/domain/transaction.ts'
import type { Status } from '../../src/domain/transaction.ts'
import { NotKept } from '../../src/ports.ts'
import type { Sender, Storage } from '../../src/ports.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { answer, CHARGED_AT, MINUTE_MS, merchant } from '../support/domain.ts'
import { emulatorOver, openFaultyStorage, segmentSizes, smallDisk } from '../support/data-faulty.ts'
import { basic, chargeBody, MERCHANT_ID as EMULATED_ID, SERVER_KEY } from '../support/emulator.ts'
import { ANY_ROOM, endAttempt, insert, LEASE, MERCHANT_ID, move, URL_A, URL_B } from '../support/storage-changes.ts'
import { failing, fullAfter } from './faulty-files.ts'
import type { Fault } from './faulty-files.ts'

const sound: Fault = () => undefined
const ALL = { limit: 1000 }

/** A merchant, a charge that is told, and a charge that lapses soon. */
async function begin (storage: Storage): Promise<void> {
  await storage.changeMerchant(MERCHANT_ID, () => merchant())
  await insert(storage, '1', { tell: [URL_A] })
  await insert(storage, '2', { lapsesAt: CHARGED_AT + MINUTE_MS })
}

/** Changes of each kind, in one turn of the event loop. */
function batch (storage: Storage): Array<Promise<unknown>> {
  return [
    insert(storage, '3', { tell: [URL_A, URL_B] }),
    move(storage, '1', 'settlement', { tell: [URL_A] }),
    endAttempt(storage, `1 pending ${URL_A}`, null),
    storage.changeMerchant('G2', () => merchant({ merchantId: 'G2', serverKey: 'key-2' }))
  ]
}

/** All that a reader can see, and what is due. Claims are given back. */
async function contents (storage: Storage): Promise<object> {
  const due = await storage.claimDue(MERCHANT_ID, CHARGED_AT + MINUTE_MS, 1000, LEASE, ANY_ROOM)
  for (const each of due) await storage.release(each)
  return {
    merchants: await storage.merchants(),
    keys: await Promise.all(['SB-Mid-server-test', 'key-2'].map((key) => storage.findMerchantByKey(key))),
    transactions: await storage.listTransactions(MERCHANT_ID, ALL),
    notifications: await storage.listNotifications(MERCHANT_ID, ALL),
    due
  }
}

/** How the changes ended: all kept, or all refused as not kept. */
async function outcome (changes: ReadonlyArray<Promise<unknown>>): Promise<'kept' | 'refused'> {
  const results = await Promise.allSettled(changes)
  const refused = results.filter((result) => result.status === 'rejected')
  if (refused.length === 0) return 'kept'
  if (refused.length < results.length) throw new Error('some were kept and some were not')
  for (const { reason } of refused) if (!(reason instanceof NotKept)) throw reason
  return 'refused'
}

test('a disk that is full after any byte refuses the whole batch, cuts it off, and takes it once there is room', async (t) => {
  const opened = await openFaultyStorage(t)
  const { storage, files, folder, path } = opened
  await begin(storage)
  const before = await contents(storage)
  const journal = readFileSync(`${path}.journal.000001`)

  let room = 0
  for (; room < 20_000; room++) {
    files.fault = smallDisk(folder, journal.length + room)
    if (await outcome(batch(storage)) === 'kept') break
    if (!journal.equals(readFileSync(`${path}.journal.000001`))) throw new Error(`not cut off with room for ${room} bytes`)
    if (room % 50 === 0) t.same(await contents(storage), before, `room for ${room} bytes`)
    // Room for the longest change alone would do.
    if (room < 1_000 && room % 100 === 0) {
      t.match(await storage.trouble(), /^could not be kept in .*warung\.json \(ENOSPC: no room on this disk\)$/)
      t.equal(readFileSync(`${path}.journal.000001`).length, journal.length, 'asking leaves nothing behind')
    }
  }
  t.ok(room > 3_000, `kept with room for ${room} bytes`)
  t.equal(readFileSync(`${path}.journal.000001`).length, journal.length + room, 'and not one byte more was needed')
  t.equal(await storage.trouble(), null)

  const after = await contents(storage)
  t.same(await contents(await opened.reopen('crash')), after)
  t.same(await contents(await opened.reopen('stop')), after)
  t.same(readdirSync(folder), ['warung.json', 'warung.json.lock'])
  t.same(opened.warnings.length, 1, 'of the fold that the crash ended')
})

const zero: Fault = (call) => call === 'write' ? 0 : undefined
const faults: Array<[what: string, fault: Fault, reason: RegExp]> = [
  ['is full', fullAfter(0), /ENOSPC/],
  ['is full in the middle', fullAfter(700), /ENOSPC/],
  ['takes nothing and says nothing', zero, /the file takes no more bytes/],
  ['fails to write', failing('write'), /EIO/],
  ['fails to write and to cut off', failing('write', 'truncate'), /EIO/],
  ['takes a part and fails to cut it off', both(fullAfter(700), failing('truncate')), /EIO/],
  ['fails in everything', failing('open', 'write', 'truncate', 'sync', 'rename', 'unlink'), /EIO/]
]

for (const [what, fault, reason] of faults) {
  test(`a disk that ${what}: nothing of a refused batch is seen or found, and it is ready by itself when the disk is sound`, async (t) => {
    const opened = await openFaultyStorage(t)
    const { storage, files } = opened
    await begin(storage)
    const before = await contents(storage)

    files.fault = fault
    t.equal(await outcome(batch(storage)), 'refused')
    t.same(await contents(storage), before)
    t.match(await storage.trouble(), reason)
    t.equal(await outcome([insert(storage, '4')]), 'refused', 'and the next as well')
    t.match(await storage.trouble(), reason)
    t.same(await contents(storage), before)

    files.fault = sound
    t.equal(await storage.trouble(), null, 'it finds out when it is asked')
    t.same(await contents(storage), before)
    t.same(await contents(await opened.reopen('crash')), before)

    opened.files.fault = fault
    t.equal(await outcome(batch(opened.storage)), 'refused', 'where no segment is open yet, too')
    t.same(await contents(opened.storage), before)
    opened.files.fault = sound
    t.equal(await outcome(batch(opened.storage)), 'kept', 'unasked')
    t.equal(await opened.storage.trouble(), null)
    const after = await contents(opened.storage)
    t.same(await contents(await opened.reopen('crash')), after)
    t.same(await contents(await opened.reopen('stop')), after)
  })
}

for (const call of ['open', 'sync', 'rename'] as const) {
  test(`a segment that cannot be begun (${call} fails) refuses the batch and leaves nothing`, async (t) => {
    const opened = await openFaultyStorage(t)
    opened.files.fault = failing(call)
    t.equal(await outcome([opened.storage.changeMerchant(MERCHANT_ID, () => merchant())]), 'refused')
    t.match(await opened.storage.trouble(), /EIO/)
    t.same(await opened.storage.merchants(), [])
    t.same(segmentSizes(opened.path), [])

    opened.files.fault = sound
    await begin(opened.storage)
    t.equal(await opened.storage.trouble(), null)
    const after = await contents(opened.storage)
    t.same(await contents(await opened.reopen('crash')), after)
    t.same(opened.warnings.filter((warning) => !warning.includes('folding')), [])
  })
}

test('a batch that a crash cuts short is refused, and dropped with a warning at the next start', async (t) => {
  const opened = await openFaultyStorage(t)
  await begin(opened.storage)
  const before = await contents(opened.storage)

  opened.files.fault = both(fullAfter(200), failing('truncate'))
  t.equal(await outcome(batch(opened.storage)), 'refused')
  t.same(await contents(await opened.reopen('crash')), before)
  t.match(opened.warnings.join('\n'), /journal\.000001, line 5: a crash cut this line short, and what follows it; it is dropped/)
})

test('of a batch whose first lines got through nothing is there, after a crash and after a stop', async (t) => {
  const folder = t.testdir()
  for (const how of ['crash', 'stop'] as const) {
    for (const room of [600, 1_000, 1_400, 1_800]) {
      const opened = await openFaultyStorage(t, { folder: join(folder, `${how}-${room}`) })
      await begin(opened.storage)
      const before = await contents(opened.storage)
      opened.files.fault = both(fullAfter(room), failing('truncate'))
      t.equal(await outcome(batch(opened.storage)), 'refused')
      t.same(await contents(await opened.reopen(how)), before, `${how} with room for ${room} bytes`)
    }
  }
})

test('a file system that takes few bytes at a time keeps all the same', async (t) => {
  const opened = await openFaultyStorage(t)
  let turn = 0
  opened.files.fault = (call, _path, bytes) => call === 'write' ? Math.min(bytes, 1 + turn++ % 13) : undefined
  await begin(opened.storage)
  t.equal(await outcome(batch(opened.storage)), 'kept')
  const after = await contents(opened.storage)
  t.same(await contents(await opened.reopen('crash')), after)
  t.same(await contents(await opened.reopen('stop')), after)
})

test('it is not ready while what was refused finds no room, even where a shorter line would', async (t) => {
  const opened = await openFaultyStorage(t)
  const { storage, files, folder, path } = opened
  await begin(storage)
  // The last block of the journal has room for a few bytes, as on any full disk.
  const [size = 0] = segmentSizes(path)
  files.fault = smallDisk(folder, size + 300)
  t.equal(await outcome([insert(storage, '3', { tell: [URL_A] })]), 'refused')
  for (let asked = 0; asked < 5; asked++) t.match(await storage.trouble(), /ENOSPC/)
  t.same(segmentSizes(path), [size])

  files.fault = smallDisk(folder, size + 10_000)
  t.equal(await storage.trouble(), null)
  t.equal(await outcome([insert(storage, '3', { tell: [URL_A] })]), 'kept')
  const after = await contents(storage)
  t.same(await contents(await opened.reopen('crash')), after, 'finding that out changed nothing')
})

test('asking whether it is ready, again and again and beside refused changes, needs no more room each time', async (t) => {
  const opened = await openFaultyStorage(t)
  const { storage, files } = opened
  await begin(storage)
  const asked: number[] = []
  files.fault = (call, _path, bytes) => {
    if (call !== 'write') return undefined
    asked.push(bytes)
    return fullAfter(0)(call, _path, bytes)
  }
  for (let round = 0; round < 20; round++) await Promise.allSettled([insert(storage, '3', { tell: [URL_A] }), storage.trouble()])
  for (let round = 0; round < 20; round++) await storage.trouble()
  t.ok(Math.max(...asked) < 8_000, `${Math.max(...asked)} bytes at most`)
})

test('folding on a full disk loses nothing, and is done when there is room', async (t) => {
  const opened = await openFaultyStorage(t, { foldAfterBytes: 1 })
  const { storage, files, folder, path } = opened
  // Room for the journal, none for a document beside it.
  const full = fullAfter(100)
  files.fault = (call, file, bytes) => file === `${path}.tmp` ? full(call, file, bytes) : undefined
  await begin(storage)
  t.equal(await outcome(batch(storage)), 'kept')
  while (!opened.warnings.some((warning) => warning.includes('folding'))) await new Promise(setImmediate)
  t.equal(await storage.trouble(), null)
  const after = await contents(storage)

  t.same(await contents(await opened.reopen('crash')), after)
  t.same(await contents(await opened.reopen('stop')), after)
  await opened.reopen('stop')
  t.same(readdirSync(folder).filter((name) => name.includes('.tmp')), [])
})

type Change = (storage: Storage) => Promise<unknown>

/** The contract in small: whatever is asked for, on a disk that fails now and then. */
const change: fc.Arbitrary<readonly [what: string, change: Change]> = fc.oneof(
  fc.tuple(fc.nat(6), fc.nat(3), fc.nat(3)).map(([name, order, code]) => [`insert ${name} ${order} ${code}`, (storage: Storage) =>
    insert(storage, `${name}-${order}-${code}`, { orderId: `order-${order}`, paymentCode: `code-${code}`, tell: [URL_A, URL_B], lapsesAt: CHARGED_AT + code * MINUTE_MS })] as const),
  fc.tuple(fc.nat(3), fc.constantFrom<Status>('settlement', 'expire', 'cancel', 'deny')).map(([order, status]) => [`move ${order} ${status}`, async (storage: Storage) => {
    const current = await storage.findTransaction(MERCHANT_ID, `order-${order}`, ['order_id'])
    if (current !== undefined && isLive(current.status) && current.status !== status) await move(storage, current.transactionId.slice(3), status, { tell: [URL_A] })
  }] as const),
  fc.tuple(fc.nat(3), fc.boolean()).map(([index, isDelivered]) => [`attempt ${index} ${isDelivered}`, async (storage: Storage) => {
    const waiting = (await storage.listNotifications(MERCHANT_ID, { ...ALL, state: 'waiting' })).items[index]
    if (waiting !== undefined) await endAttempt(storage, waiting.id, isDelivered ? null : CHARGED_AT + MINUTE_MS)
  }] as const),
  fc.nat(3).map((number) => [`merchant ${number}`, (storage: Storage) => storage.changeMerchant(MERCHANT_ID, () => merchant({ settings: { expiryLagMs: number } }))] as const)
)

test('any changes on a disk that fails, stops and crashes at any moment give what the memory gives that saw only what was kept', async (t) => {
  const root = t.testdir()
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ change, room: fc.constant(Infinity) }) },
    { weight: 2, arbitrary: fc.record({ change, room: fc.nat(4_000) }) },
    { weight: 1, arbitrary: fc.constantFrom('stop' as const, 'crash' as const, 'ask' as const) }
  )
  let run = 0
  const found = await fc.check(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.constantFrom(1, 3_000, 1e9), async (steps, foldAfterBytes) => {
    const ends: Array<() => Promise<void>> = []
    const opened = await openFaultyStorage({ testdir: () => root, teardown: (end) => { ends.push(end) } }, { folder: join(root, String(run++)), foldAfterBytes })
    const model = createMemoryStorage()
    const seen = new Set<string>()
    try {
      for (const step of [...steps, 'crash', 'stop'] as const) {
        if (step === 'ask') {
          if (await opened.storage.trouble() !== null) throw new Error('in trouble on a sound disk')
        } else if (typeof step === 'string') {
          await opened.reopen(step)
        } else {
          const [what, change] = step.change
          // An insert of a name that is there would be no insert.
          if (what.startsWith('insert') && seen.has(what)) continue
          opened.files.fault = fullAfter(step.room)
          const result = await outcome([change(opened.storage)])
          opened.files.fault = sound
          if (result === 'kept') await change(model)
          if (result === 'kept') seen.add(what)
        }
        const [real, expected] = [await contents(opened.storage), await contents(model)]
        if (!isDeepStrictEqual(real, expected)) throw new Error(`${JSON.stringify(real)} instead of ${JSON.stringify(expected)}`)
      }
    } finally {
      for (const end of ends) await end()
    }
  }), { numRuns: 60 })
  t.equal(found.failed ? fc.defaultReportMessage(found) : undefined, undefined)
})

test('over HTTP: 500 in the gateway\'s body, 507 elsewhere, not ready with the reason, and all is well again by itself', async (t) => {
  const opened = await openFaultyStorage(t)
  const sent: string[] = []
  const sender: Sender = {
    send: async ({ body }) => {
      sent.push((JSON.parse(body) as { transaction_status: string }).transaction_status)
      return answer()
    },
    forbids: () => false,
    close: async () => {}
  }
  const { app, runDue, waits } = await emulatorOver(t, opened.storage, sender)
  const ask = async (method: 'GET' | 'POST' | 'PUT', url: string, body?: object) => {
    const reply = await app.inject({ method, url, headers: { authorization: basic(SERVER_KEY), host: 'localhost' }, ...body === undefined ? {} : { payload: body } })
    return { http: reply.statusCode, body: reply.json() as Record<string, unknown> }
  }
  const refusedCharge = { http: 200, body: { status_code: '500', status_message: 'Sorry. Our system is recovering from unexpected issues. Please retry.', id: String } }
  const ready = { http: 200, body: { status: 'ok' } }

  const first = await ask('POST', '/v2/charge', chargeBody())
  t.match(first, { http: 200, body: { status_code: '201' } })
  t.same(await ask('GET', '/readyz'), ready)
  const before = await opened.storage.listTransactions(EMULATED_ID, ALL)

  opened.files.fault = fullAfter(100)
  t.match(await ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: 'order-102', gross_amount: 1 } })), refusedCharge)
  t.match(await ask('POST', '/v2/order-101/cancel'), refusedCharge)
  for (const reply of [
    await ask('POST', '/admin/transactions/order-101/pay'),
    await ask('PUT', '/admin/settings', { receipt_name: 'Toko' }),
    await ask('POST', '/till/alfamart/payment', { payment_code: first.body.payment_code })
  ]) t.match(reply, { http: 507, body: { code: 'not_kept', message: /see \/readyz/ } })
  t.match(await ask('GET', '/readyz'), { http: 503, body: { status: 'not_ready', reason: /could not be kept in .*warung\.json \(ENOSPC/ } })
  t.same(await ask('GET', '/livez'), ready, 'it lives all the while')

  t.match(await ask('GET', '/v2/order-102/status'), { body: { status_code: '404' } })
  t.match(await ask('GET', '/v2/order-101/status'), { body: { status_code: '201', transaction_status: 'pending' } })
  t.match(await ask('POST', '/till/alfamart/inquiry', { payment_code: first.body.payment_code }), { body: { payable: true } })
  t.not((await ask('GET', '/admin/settings')).body.receipt_name, 'Toko')
  t.same(await opened.storage.listTransactions(EMULATED_ID, ALL), before)
  await runDue.run()
  while (waits.length === 0) await new Promise(setImmediate)
  await runDue.run()
  t.same(sent, ['pending'], 'and due work does not hammer at it')
  t.match(await ask('GET', '/admin/notifications'), { body: { items: [{ event: 'pending', state: 'waiting', attempts: [] }] } }, 'an attempt that is not kept is not shown')

  opened.files.fault = sound
  t.same(await ask('GET', '/readyz'), ready)
  t.match(await ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: 'order-102', gross_amount: 1 } })), { body: { status_code: '201' } })
  t.match(await ask('POST', '/admin/transactions/order-101/pay'), { http: 200 })
  for (const end of waits) end()
  for (let runs = 0; runs < 3; runs++) {
    await runDue.settled()
    await runDue.run()
  }
  t.same(sent.toSorted(), ['pending', 'pending', 'settlement'], 'what came of it is kept now, and nobody is told twice')

  const kept = await opened.reopen('crash')
  t.same((await kept.listTransactions(EMULATED_ID, ALL)).items.map(({ orderId, status }) => `${orderId} ${status}`), ['order-102 pending', 'order-101 settlement'])
  t.same((await kept.listNotifications(EMULATED_ID, { ...ALL, state: 'waiting' })).items, [])
  await runDue.close(0)
})

function both (first: Fault, second: Fault): Fault {
  return (call, path, bytes) => {
    const taken = first(call, path, bytes)
    second(call, path, bytes)
    return taken
  }
}
