import { createHash } from 'node:crypto'

import { test } from 'tap'

import { explainSignature } from '../../src/domain/explain-signature.ts'
import type { SignatureProblem } from '../../src/domain/explain-signature.ts'
import type { Status } from '../../src/domain/transaction.ts'
import { CHARGED_AT, merchant, PAID_AT, transaction } from '../support/domain.ts'

const KEY = 'SB-Mid-server-test'
const had = (...statuses: Status[]) => transaction({
  status: statuses.at(-1) ?? 'pending',
  history: statuses.map((status, index) => ({ at: index === 0 ? CHARGED_AT : PAID_AT, status, cause: 'api', idempotencyKey: null }))
})
const PENDING = had('pending')
const PAID = had('pending', 'settlement')
const EXPIRED = had('pending', 'expire')
const CANCELLED = had('pending', 'cancel')
const REVERSED = had('pending', 'settlement', 'deny')
const sha512 = (...parts: string[]): string => createHash('sha512').update(parts.join('')).digest('hex')

type Row = readonly [name: string, of: typeof PAID, signature: string, problem: SignatureProblem, event: Status, message: RegExp]

const ROWS: readonly Row[] = [
  ['the right one', PAID, sha512('order-101', '200', '44000.00', KEY), 'none', 'settlement', /settlement notification/],
  ['the right one in capitals', PAID, sha512('order-101', '200', '44000.00', KEY).toUpperCase(), 'none', 'settlement', /settlement/],
  ['the right one of an expiry', EXPIRED, sha512('order-101', '202', '44000.00', KEY), 'none', 'expire', /expire/],
  ['status in place of code', PAID, sha512('order-101', 'settlement', '44000.00', KEY), 'status_in_place_of_code', 'settlement', /"settlement" stands where status_code "200"/],
  ['amount without decimals', PAID, sha512('order-101', '200', '44000', KEY), 'amount_without_decimals', 'settlement', /"44000.00"/],
  ['amount with one decimal', PAID, sha512('order-101', '200', '44000.0', KEY), 'amount_without_decimals', 'settlement', /two decimals/],
  ['client key', PAID, sha512('order-101', '200', '44000.00', 'SB-Mid-client-test'), 'wrong_key', 'settlement', /client key in place/],
  ['key of the default merchant', PAID, sha512('order-101', '200', '44000.00', 'SB-Mid-server-warung'), 'wrong_key', 'settlement', /default merchant/],
  ['key with a line break', PAID, sha512('order-101', '200', '44000.00', `${KEY}\n`), 'wrong_key', 'settlement', /line break/],
  ['key after a blank', PAID, sha512('order-101', '200', '44000.00', ` ${KEY}`), 'wrong_key', 'settlement', /blank/],
  ['no key', PAID, sha512('order-101', '200', '44000.00'), 'wrong_key', 'settlement', /nothing/],
  ['amount before code', PAID, sha512('order-101', '44000.00', '200', KEY), 'wrong_order', 'settlement', /order-101 \+ 44000\.00 \+ 200 \+ <server key>/],
  ['key first', PAID, sha512(KEY, 'order-101', '200', '44000.00'), 'wrong_order', 'settlement', /another order/],
  ['the pending code of what is paid', PAID, sha512('order-101', '201', '44000.00', KEY), 'other_event', 'pending', /pending notification/],
  ['the settlement code of what is pending', PENDING, sha512('order-101', '200', '44000.00', KEY), 'other_event', 'settlement', /settlement/],
  ['the settlement code of what was reversed', REVERSED, sha512('order-101', '200', '44000.00', KEY), 'other_event', 'settlement', /in deny/],
  ['the code of GET status for an expiry', EXPIRED, sha512('order-101', '407', '44000.00', KEY), 'other_event', 'expire', /GET status/],
  ['the code of GET status for a cancel', CANCELLED, sha512('order-101', '200', '44000.00', KEY), 'other_event', 'cancel', /GET status/],
  ['status in place of code and no decimals', PAID, sha512('order-101', 'settlement', '44000', KEY), 'status_in_place_of_code', 'settlement', /settlement \+ 44000 \+ <server key>.*two decimals/],
  ['no decimals in another order', PAID, sha512('44000', 'order-101', '200', KEY), 'amount_without_decimals', 'settlement', /another order/],
  ['SHA-256', PAID, createHash('sha256').update(`order-10120044000.00${KEY}`).digest('hex'), 'unknown', 'settlement', /SHA-256/],
  ['nothing', PAID, '', 'unknown', 'settlement', /128 digits/],
  ['another order id', PAID, sha512('order-102', '200', '44000.00', KEY), 'unknown', 'settlement', /none of the mistakes/],
  ['a key of somebody else', PAID, sha512('order-101', '200', '44000.00', 'SB-Mid-server-other'), 'unknown', 'settlement', /none of the mistakes/]
]

for (const [name, of, signature, problem, event, message] of ROWS) {
  test(`a signature by ${name}: ${problem}`, async (t) => {
    const verdict = explainSignature(of, merchant(), signature)
    t.equal(verdict.problem, problem)
    t.equal(verdict.event, event)
    t.match(verdict.message, message)
    t.match(verdict.signedText, /^order-101 \+ 20[012] \+ 44000\.00 \+ <server key>$/)
    t.notMatch(JSON.stringify(verdict), /Mid-(?:server|client)-/, 'no key is shown')
  })
}

test('the client key is told by its name where the default merchant has it too', async (t) => {
  const own = merchant({ serverKey: 'SB-Mid-server-warung', clientKey: 'SB-Mid-client-warung' })
  const verdict = explainSignature(PAID, own, sha512('order-101', '200', '44000.00', own.clientKey))
  t.match(verdict.message, /<client key>/)
})
