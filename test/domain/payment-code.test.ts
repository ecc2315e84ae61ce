import * as fc from 'fast-check'
import { test } from 'tap'

import type { ChargeRequest } from '../../src/domain/charge-request.ts'
import { makeApprovalCode, makePaymentCode } from '../../src/domain/payment-code.ts'
import { receiptTexts } from '../../src/domain/receipt.ts'
import type { Store } from '../../src/domain/stores.ts'
import { chargeRequest, CHARGED_AT, HOUR_MS, MINUTE_MS } from '../support/domain.ts'
import { counterexample } from './property.ts'

const sevens = (count: number) => '7'.repeat(count)

/** Recorded pairs, and a merchant number of few digits. */
const prefixes: Array<[merchantId: string, prefix: string]> = [
  ['G812785002', '8127'],
  ['G356931974', '3569'],
  ['G072317714', '7231'],
  ['G000012345', '1234'],
  ['M104729', '1047']
]

for (const [merchantId, prefix] of prefixes) {
  test(`an Alfamart code of ${merchantId} begins with ${prefix} and goes on with 12 fresh digits`, async (t) => {
    t.equal(makePaymentCode('alfamart', merchantId, sevens), `${prefix}777777777777`)
  })
}

test('an Indomaret code is a prefix of its merchant and 8 fresh digits', async (t) => {
  const first = makePaymentCode('indomaret', 'G812785002', sevens)
  const second = makePaymentCode('indomaret', 'G812785002', (count) => '1'.repeat(count))
  const other = makePaymentCode('indomaret', 'G356931974', sevens)

  t.match(first, /^\d{4}77777777$/)
  t.equal(second, `${first.slice(0, 4)}11111111`)
  t.equal(first.slice(0, 4) === other.slice(0, 4), false)
})

const lengths: Array<[store: Store, length: number]> = [['alfamart', 16], ['indomaret', 12]]

for (const [store, length] of lengths) {
  test(`a code of ${store} has ${length} digits, whoever the merchant is`, async (t) => {
    t.equal(counterexample(fc.property(fc.oneof(fc.string(), fc.constantFrom('G000000000', 'G7', '')), (merchantId) => {
      return new RegExp(`^\\d{${length}}$`).test(makePaymentCode(store, merchantId, sevens))
    })), undefined)
  })
}

const approvals: Array<[behaviour: string, at: number, code: string]> = [
  ['an approval code is 4 digits, the date and 10 digits', CHARGED_AT, '77772611227777777777'],
  ['the date of an approval code is that of WIB', CHARGED_AT + 4 * HOUR_MS, '77772611237777777777'],
  ['a date has two digits for month and day', Date.UTC(2026, 0, 1, 17), '77772601027777777777'],
  ['a date changes at midnight', Date.UTC(2026, 11, 31, 17) - MINUTE_MS, '77772612317777777777']
]

for (const [behaviour, at, code] of approvals) {
  test(behaviour, async (t) => {
    t.equal(makeApprovalCode(at, sevens), code)
  })
}

test('every digit of a code that is made by chance is drawn', async (t) => {
  let next = 0
  const counted = (count: number) => Array.from({ length: count }, () => String(next++ % 10)).join('')

  t.equal(makePaymentCode('alfamart', 'G812785002', counted), '8127012345678901')
  t.equal(makeApprovalCode(CHARGED_AT, counted), '23452611226789012345')
})

type Texts = ReturnType<typeof receiptTexts>

const receipts: Array<[behaviour: string, store: Store, request: ChargeRequest, texts: Texts]> = [
  ['a plain charge prints nothing', 'alfamart', {}, { customerName: '', message: '', freeText: ['', '', ''] }],
  ['a charge of nulls prints nothing', 'alfamart', { customer_details: null, cstore: { message: null, alfamart_free_text_1: null } }, { customerName: '', message: '', freeText: ['', '', ''] }],
  ['a message of 20 characters is shown whole', 'alfamart', { cstore: { message: '12345678901234567890' } }, { customerName: '', message: '12345678901234567890', freeText: ['', '', ''] }],
  ['a longer message is cut to 20 characters', 'indomaret', { cstore: { message: '12345678901234567890 and more' } }, { customerName: '', message: '12345678901234567890', freeText: ['', '', ''] }],
  ['free texts are printed line by line, cut to 40 characters', 'alfamart', { cstore: { alfamart_free_text_1: 'x'.repeat(40), alfamart_free_text_2: `${'y'.repeat(40)}zzz`, alfamart_free_text_3: 3 } }, { customerName: '', message: '', freeText: ['x'.repeat(40), 'y'.repeat(40), '3'] }],
  ['a missing line leaves the others in their places', 'alfamart', { cstore: { alfamart_free_text_3: 'three' } }, { customerName: '', message: '', freeText: ['', '', 'three'] }],
  ['Indomaret prints no free texts', 'indomaret', { cstore: { alfamart_free_text_1: 'one', alfamart_free_text_2: 'two', alfamart_free_text_3: 'three' } }, { customerName: '', message: '', freeText: ['', '', ''] }],
  ['a till shows first and last name', 'indomaret', { customer_details: { first_name: 'Budi', last_name: 'Utomo' } }, { customerName: 'Budi Utomo', message: '', freeText: ['', '', ''] }],
  ['a till shows one name alone', 'indomaret', { customer_details: { first_name: null, last_name: 'Utomo' } }, { customerName: 'Utomo', message: '', freeText: ['', '', ''] }]
]

for (const [behaviour, store, request, texts] of receipts) {
  test(behaviour, async (t) => {
    t.equal(JSON.stringify(receiptTexts(chargeRequest(request), store)), JSON.stringify(texts))
  })
}

test('a text is not cut in the middle of a character', async (t) => {
  const { message } = receiptTexts(chargeRequest({ cstore: { message: `${'x'.repeat(19)}☕🥤` } }), 'alfamart')
  t.equal(message, `${'x'.repeat(19)}☕`)

  const emoji = receiptTexts(chargeRequest({ cstore: { message: `${'x'.repeat(19)}🥤` } }), 'alfamart').message
  t.equal(/[\uD800-\uDFFF]/.test(emoji.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, '')), false)
})
