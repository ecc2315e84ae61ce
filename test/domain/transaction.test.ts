import { test } from 'tap'

import type { RefusalCode } from '../../src/domain/refusal.ts'
import { isLive, moved, STATUSES, whyNot } from '../../src/domain/transaction.ts'
import type { Move, Status, Transaction } from '../../src/domain/transaction.ts'
import { CHARGED_AT, DAY_MS, MINUTE_MS, PAID_AT, refusalOf, transaction } from '../support/domain.ts'

const MOVES: Move[] = ['pay', 'expire', 'cancel', 'reverse']

/** Where each move leads from each status, or why it leads nowhere. */
const lives: Array<[from: Status, ends: Record<Move, Status | RefusalCode>]> = [
  ['pending', { pay: 'settlement', expire: 'expire', cancel: 'cancel', reverse: 'not_settled' }],
  ['settlement', { pay: 'already_paid', expire: 'already_paid', cancel: 'already_paid', reverse: 'deny' }],
  ['expire', { pay: 'expired', expire: 'expired', cancel: 'expired', reverse: 'not_settled' }],
  ['cancel', { pay: 'cancelled', expire: 'cancelled', cancel: 'cancelled', reverse: 'not_settled' }],
  ['deny', { pay: 'denied', expire: 'denied', cancel: 'denied', reverse: 'not_settled' }]
]

for (const [from, ends] of lives) {
  for (const move of MOVES) {
    const end = ends[move]
    const status = STATUSES.find((status) => status === end)

    test(`${move} from ${from} ${status === undefined ? `is refused: ${end}` : `leads to ${status}`}`, async (t) => {
      const before = transaction({ status: from })
      const kept = JSON.stringify(before)
      let after: Transaction | undefined
      const refusal = refusalOf(() => { after = moved(before, move, { now: PAID_AT, cause: 'admin' }) })

      t.equal(after?.status, status)
      t.equal(refusal?.code, status === undefined ? end : undefined)
      t.equal(refusal?.transactionId, status === undefined ? before.transactionId : undefined)
      t.equal(whyNot(before, move, PAID_AT)?.code, refusal?.code)
      t.equal(JSON.stringify(before), kept)
    })
  }
}

const late: Array<[behaviour: string, move: Move, sinceExpiryMs: number, code: RefusalCode | undefined]> = [
  ['a code is paid a millisecond before its time is up', 'pay', -1, undefined],
  ['a code is not paid on the second its time is up', 'pay', 0, 'expired'],
  ['a code is not paid later', 'pay', DAY_MS, 'expired'],
  ['a merchant may end a payment before its time is up', 'expire', -1, undefined],
  ['a payment lapses on the second its time is up', 'expire', 0, undefined],
  ['a payment may lapse later', 'expire', DAY_MS, undefined],
  ['a payment whose time is up can be cancelled until it lapses', 'cancel', 1, undefined]
]

for (const [behaviour, move, sinceExpiryMs, code] of late) {
  for (const lagMs of [0, MINUTE_MS]) {
    test(`${behaviour}${lagMs === 0 ? '' : ', though the batch job lags'}`, async (t) => {
      const expiresAt = CHARGED_AT + DAY_MS
      const pending = transaction({ expiresAt, lapsesAt: expiresAt + lagMs })

      t.equal(refusalOf(() => moved(pending, move, { now: expiresAt + sinceExpiryMs, cause: 'till' }))?.code, code)
    })
  }
}

test('a lagging batch job leaves a payment pending whose code no till takes', async (t) => {
  const expiresAt = CHARGED_AT + DAY_MS
  const pending = transaction({ expiresAt, lapsesAt: expiresAt + MINUTE_MS })

  t.equal(pending.status, 'pending')
  t.equal(whyNot(pending, 'pay', expiresAt + MINUTE_MS - 1)?.code, 'expired')
  t.equal(moved(pending, 'expire', { now: pending.lapsesAt, cause: 'clock' }).status, 'expire')
})

test('a settled payment stays reversible after its time would have been up', async (t) => {
  t.equal(whyNot(transaction({ status: 'settlement' }), 'reverse', CHARGED_AT + 2 * DAY_MS), undefined)
})

test('a refusal says what a cashier would understand', async (t) => {
  const reasons: Array<[status: Status, words: RegExp]> = [
    ['settlement', /paid already/],
    ['expire', /expired/],
    ['cancel', /cancelled/],
    ['deny', /reversed/]
  ]
  for (const [status, words] of reasons) t.match(whyNot(transaction({ status }), 'pay', PAID_AT)?.message, words)
  t.match(whyNot(transaction(), 'pay', CHARGED_AT + DAY_MS)?.message, /expired/)
  t.match(whyNot(transaction(), 'reverse', PAID_AT)?.message, /paid.*pending/)
})

test('a payment is settled on the whole second, with the approval code of its store', async (t) => {
  const paid = moved(transaction({ store: 'indomaret' }), 'pay', { now: PAID_AT + 999, cause: 'till', approvalCode: '45682611224123432248' })

  t.equal(paid.settledAt, PAID_AT)
  t.equal(paid.approvalCode, '45682611224123432248')
})

test('a payment may have no approval code', async (t) => {
  t.equal(moved(transaction(), 'pay', { now: PAID_AT, cause: 'till' }).approvalCode, null)
  t.equal(moved(transaction(), 'pay', { now: PAID_AT, cause: 'till', approvalCode: null }).approvalCode, null)
})

test('a reversal keeps the time of settlement and the approval code', async (t) => {
  const reversed = moved(transaction({ store: 'indomaret', status: 'settlement' }), 'reverse', { now: PAID_AT + MINUTE_MS, cause: 'till' })

  t.equal(reversed.settledAt, PAID_AT)
  t.equal(reversed.approvalCode, '45682611224123432248')
})

test('what ends unpaid has no time of settlement', async (t) => {
  for (const move of ['expire', 'cancel'] as const) {
    const ended = moved(transaction({ store: 'indomaret' }), move, { now: PAID_AT, cause: 'api', approvalCode: '1' })
    t.equal(ended.settledAt, null)
    t.equal(ended.approvalCode, null)
  }
})

test('the history tells every status, its moment and its cause, in order', async (t) => {
  const paid = moved(transaction(), 'pay', { now: PAID_AT + 7, cause: 'till' })
  const reversed = moved(paid, 'reverse', { now: PAID_AT + MINUTE_MS, cause: 'admin' })

  t.match(reversed.history, [
    { at: CHARGED_AT, status: 'pending', cause: 'charge' },
    { at: PAID_AT + 7, status: 'settlement', cause: 'till' },
    { at: PAID_AT + MINUTE_MS, status: 'deny', cause: 'admin' }
  ])
})

test('a move changes nothing but the status, what belongs to it, and the history', async (t) => {
  const pending = transaction()
  const { status, settledAt, approvalCode, history, ...rest } = moved(pending, 'pay', { now: PAID_AT, cause: 'till' })

  t.match(pending, rest)
  t.equal(Object.keys(rest).length, Object.keys(pending).length - 4)
})

test('an order id is taken while pending and after payment, and free after the end', async (t) => {
  t.same(STATUSES.map((status) => [status, isLive(status)]), [
    ['pending', true],
    ['settlement', true],
    ['expire', false],
    ['cancel', false],
    ['deny', false]
  ])
})
