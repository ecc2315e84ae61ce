import * as fc from 'fast-check'
import { test } from 'tap'

import { readCharge, textOf } from '../../src/domain/charge-request.ts'
import type { Address, ChargeRequest, ItemDetail, Scalar } from '../../src/domain/charge-request.ts'
import type { CustomExpiry } from '../../src/domain/custom-expiry.ts'
import { readNumber, writeAmount } from '../../src/domain/money.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import type { Settings } from '../../src/domain/settings.ts'
import { readStore } from '../../src/domain/stores.ts'
import { toWib } from '../../src/domain/wib.ts'
import { chargeRequest, CHARGED_AT, HOUR_MS, refusalOf, settings } from '../support/domain.ts'
import { counterexample } from './property.ts'

type Rule = [behaviour: string, request: ChargeRequest, messages: readonly string[], chosen?: Partial<Settings>]

const NONE: readonly string[] = []
const MESSY_NAMES = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__']

const alfamart = (amount: Scalar): ChargeRequest => chargeRequest({ transaction_details: { gross_amount: amount } })
const indomaret = (amount: Scalar): ChargeRequest => chargeRequest({ transaction_details: { gross_amount: amount }, cstore: { store: 'indomaret' } })
const order = (id: Scalar): ChargeRequest => chargeRequest({ transaction_details: { order_id: id } })
const items = (...lines: ItemDetail[]): ChargeRequest => chargeRequest({ item_details: lines })
const item = (more: ItemDetail): ChargeRequest => items({ id: 'id1', price: 44000, quantity: 1, name: 'tiket', ...more })
const expiry = (wish: CustomExpiry): ChargeRequest => chargeRequest({ custom_expiry: wish })
const email = (address: Scalar, store = 'indomaret'): ChargeRequest => chargeRequest({ cstore: { store }, customer_details: { email: address } })

const TOO_SMALL = ['transaction_details.gross_amount must be greater than or equal to 0.01']
const NO_INTEGER = ['transaction_details.gross_amount is not an integer']
const NO_NUMBER = ['transaction_details.gross_amount is not a number']
const OTHER_SUM = ['transaction_details.gross_amount is not equal to the sum of item_details']
const TOO_SOON = ['custom_expiry is below minimum threshold']
const BAD_ORDER_TIME = ['custom_expiry.order_time is invalid']
const BAD_UNIT = ['custom_expiry.unit is invalid']

const rules: Rule[] = [
  ['a plain Alfamart charge', chargeRequest(), NONE],
  ['a plain Indomaret charge', indomaret(44000), NONE],

  ['a missing payment type', chargeRequest({ payment_type: undefined }), ['payment_type is required']],
  ['a payment type of null', chargeRequest({ payment_type: null }), ['payment_type is required']],
  ['an empty payment type', chargeRequest({ payment_type: '' }), ['payment_type is required']],
  ['nothing at all', {}, ['payment_type is required', 'transaction_details is required']],

  ['missing transaction details', { payment_type: 'cstore', cstore: { store: 'alfamart' } }, ['transaction_details is required']],
  ['transaction details of null', chargeRequest({ transaction_details: null }), ['transaction_details is required']],
  ['empty transaction details', { payment_type: 'cstore', transaction_details: {}, cstore: { store: 'alfamart' } }, ['transaction_details.order_id is required', 'transaction_details.gross_amount is required']],

  ['a missing order id', order(undefined), ['transaction_details.order_id is required']],
  ['an order id of null', order(null), ['transaction_details.order_id is required']],
  ['an empty order id', order(''), ['transaction_details.order_id is required']],
  ['an order id of 50 characters', order('x'.repeat(50)), NONE],
  ['an order id of 51 characters', order('x'.repeat(51)), ['transaction_details.order_id too long']],
  ['an order id of every allowed symbol', order('Az09-_~.'), NONE],
  ['an order id with a space', order('order 101'), ['transaction_details.order_id is invalid']],
  ['an order id with a colon', order('order:101'), ['transaction_details.order_id is invalid']],
  ['an order id with a plus', order('order+101'), ['transaction_details.order_id is invalid']],
  ['an order id with a slash', order('order/101'), ['transaction_details.order_id is invalid']],
  ['an order id that ends in a line break', order('order-101\n'), ['transaction_details.order_id is invalid']],
  ['an order id in another script', order('pesanan-é'), ['transaction_details.order_id is invalid']],
  ['an order id that is a bare symbol', order('@'), ['transaction_details.order_id is invalid']],
  ['an order id of 2016, where any symbol may stand', order('2016-10-20 12:39:16 +0700'), NONE, { strictOrderId: false }],
  ['an order id too long, where any symbol may stand', order(':'.repeat(51)), ['transaction_details.order_id too long'], { strictOrderId: false }],
  ['an empty order id, where any symbol may stand', order(''), ['transaction_details.order_id is required'], { strictOrderId: false }],
  ['an order id both too long and of other symbols', order(':'.repeat(51)), ['transaction_details.order_id too long', 'transaction_details.order_id is invalid']],

  ['a missing amount', alfamart(undefined), ['transaction_details.gross_amount is required']],
  ['an amount of null', alfamart(null), ['transaction_details.gross_amount is required']],
  ['an empty amount', alfamart(''), ['transaction_details.gross_amount is required']],
  ['an amount in words', alfamart('forty-four thousand'), NO_NUMBER],
  ['an amount with thousands separators', alfamart('44,000'), NO_NUMBER],
  ['an amount with a currency', alfamart('Rp44000'), NO_NUMBER],
  ['an amount in hexadecimal', alfamart('0xABE0'), NO_NUMBER],
  ['an amount of "NaN"', alfamart('NaN'), NO_NUMBER],
  ['an amount of "Infinity"', alfamart('Infinity'), NO_NUMBER],
  ['an amount of zero', alfamart(0), TOO_SMALL],
  ['an amount of zero as text', alfamart('0'), TOO_SMALL],
  ['an amount of "0.00"', alfamart('0.00'), TOO_SMALL],
  ['an amount under 0.01', alfamart(0.009), TOO_SMALL],
  ['a negative amount', alfamart(-44000), TOO_SMALL],
  ['an amount of zero, where the store sets no limits', alfamart(0), TOO_SMALL, { storeLimits: false }],
  ['an amount of 0.01', alfamart(0.01), NO_INTEGER],
  ['an amount with a fraction', alfamart(44000.5), NO_INTEGER],
  ['an amount with a fraction, as text', alfamart('44000.50'), NO_INTEGER],
  ['an amount with a fraction, where the store sets no limits', alfamart(44000.5), NO_INTEGER, { storeLimits: false }],

  ['the least amount of Alfamart', alfamart(1), NONE],
  ['the greatest amount of Alfamart', alfamart(5_000_000), NONE],
  ['an amount above those of Alfamart', alfamart(5_000_001), ['transaction_details.gross_amount is above the maximum for alfamart']],
  ['the least amount of Indomaret', indomaret(10_000), NONE],
  ['an amount below those of Indomaret', indomaret(9_999), ['transaction_details.gross_amount is below the minimum for indomaret']],
  ['the greatest amount of Indomaret', indomaret(5_000_000), NONE],
  ['an amount above those of Indomaret', indomaret('5000001'), ['transaction_details.gross_amount is above the maximum for indomaret']],
  ['one rupiah at Indomaret, where the store sets no limits', indomaret(1), NONE, { storeLimits: false }],
  ['a billion at Alfamart, where the store sets no limits', alfamart(1_000_000_000), NONE, { storeLimits: false }],
  ['an amount past what a number can hold', alfamart(2 ** 53), ['transaction_details.gross_amount is above the maximum for alfamart']],
  ['an amount past what a number can hold, where the store sets no limits', alfamart(2 ** 53), ['transaction_details.gross_amount is invalid'], { storeLimits: false }],
  ['an amount outside the limits of a store that is unknown', chargeRequest({ transaction_details: { gross_amount: 9_000_000 }, cstore: { store: 'kioson' } }), ['cstore.store is invalid']],

  ['items that add up', items({ price: 22000, quantity: 2, name: 'tiket' }), NONE],
  ['several items that add up', items({ price: 20000, quantity: 2, name: 'tiket' }, { price: 4000, quantity: 1, name: 'ongkir' }), NONE],
  ['items with a discount that add up', items({ price: 544000, quantity: 1, name: 'tiket' }, { price: -500000, quantity: 1, name: 'diskon' }), NONE],
  ['items that fall short', items({ price: 22000, quantity: 1, name: 'tiket' }), OTHER_SUM],
  ['items that exceed the amount', items({ price: 22000, quantity: 3, name: 'tiket' }), OTHER_SUM],
  ['items one rupiah off', items({ price: 44001, quantity: 1, name: 'tiket' }), OTHER_SUM],
  ['an empty list of items', items(), NONE],
  ['items of null', chargeRequest({ item_details: null }), NONE],
  ['numeric strings for price and quantity', items({ price: '22000.00', quantity: '2', name: 'tiket' }), NONE],
  ['items and amount as strings', chargeRequest({ transaction_details: { gross_amount: '13950000.00' }, item_details: [{ price: '13950000.00', quantity: '1', name: 'tiket' }] }), NONE, { storeLimits: false }],
  ['an item without a price', item({ price: undefined }), ['item_details.price is required']],
  ['an item with a price of null', item({ price: null }), ['item_details.price is required']],
  ['an item with an empty price', item({ price: '' }), ['item_details.price is required']],
  ['an item with a price in words', item({ price: 'free' }), ['item_details.price is not a number']],
  ['an item with a fraction in its price', item({ price: 44000.25 }), ['item_details.price is not an integer']],
  ['an item without a quantity', item({ quantity: undefined }), ['item_details.quantity is required']],
  ['an item with a quantity in words', item({ quantity: 'one' }), ['item_details.quantity is not a number']],
  ['an item with a quantity of zero', item({ quantity: 0 }), [...OTHER_SUM, 'item_details.quantity is invalid']],
  ['an item with a negative quantity', item({ quantity: -1 }), [...OTHER_SUM, 'item_details.quantity is invalid']],
  ['an item with half a quantity', item({ quantity: 0.5 }), ['item_details.quantity is invalid']],
  ['an item with half a quantity as text', item({ quantity: '1.5' }), ['item_details.quantity is invalid']],
  ['an item without a name', item({ name: undefined }), ['item_details Name is required']],
  ['an item with an empty name', item({ name: '' }), ['item_details Name is required']],
  ['an item with a name of 50 characters', item({ name: 'x'.repeat(50) }), NONE],
  ['an item with a name of 51 characters', item({ name: 'x'.repeat(51) }), ['item_details Name too long']],
  ['an item whose name is a number', item({ name: 7 }), NONE],
  ['an item whose id is a number', item({ id: 288458 }), NONE],
  ['an item with a pipe in its name', item({ name: 'satu|dua' }), NONE],
  ['an item with a url of any length', item({ url: `https://shop.test/${'x'.repeat(500)}` }), NONE],
  ['an item with nothing in it', items({}), ['item_details.price is required', 'item_details.quantity is required', 'item_details Name is required']],
  ['the second of two items lacking a name', items({ price: 22000, quantity: 1, name: 'tiket' }, { price: 22000, quantity: 1 }), ['item_details Name is required']],

  ['a missing cstore', { payment_type: 'cstore', transaction_details: { order_id: 'order-101', gross_amount: 44000 } }, ['cstore is required']],
  ['a cstore of null', chargeRequest({ cstore: null }), ['cstore is required']],
  ['an empty cstore', chargeRequest({ cstore: { store: undefined } }), ['cstore.store is required']],
  ['a store of null', chargeRequest({ cstore: { store: null } }), ['cstore.store is required']],
  ['an empty store', chargeRequest({ cstore: { store: '' } }), ['cstore.store is required']],
  ['an unknown store', chargeRequest({ cstore: { store: 'kioson' } }), ['cstore.store is invalid']],
  ['a store that is a number', chargeRequest({ cstore: { store: 7 } }), ['cstore.store is invalid']],
  ['a store with a blank', chargeRequest({ cstore: { store: 'alfamart ' } }), ['cstore.store is invalid']],
  ...MESSY_NAMES.map((store): Rule => [`a store named ${store}`, chargeRequest({ cstore: { store } }), ['cstore.store is invalid']]),
  ['a store in other letters', chargeRequest({ cstore: { store: 'AlfaMART' } }), NONE],
  ['an over-long message to the till', chargeRequest({ cstore: { message: 'x'.repeat(500) } }), NONE],
  ['over-long free texts', chargeRequest({ cstore: { alfamart_free_text_1: 'x'.repeat(41), alfamart_free_text_2: 'x'.repeat(500), alfamart_free_text_3: 'x'.repeat(43) } }), NONE],

  ['customer details of null', chargeRequest({ customer_details: null }), NONE],
  ['a customer with nothing but nulls', chargeRequest({ customer_details: { first_name: null, last_name: null, email: null, phone: null, billing_address: null, shipping_address: null } }), NONE],
  ['a phone number as people write it', chargeRequest({ customer_details: { phone: '081 2233 44-55' } }), NONE],
  ['a phone number that is a number', chargeRequest({ customer_details: { phone: 811223344 } }), NONE],
  ['an e-mail address at Indomaret', email('budi.utomo+cs@mail.example.co.id'), NONE],
  ['an e-mail address in capitals', email('BUDI@EXAMPLE.COM'), NONE],
  ['an e-mail address of odd atoms', email('!#$%&\'*+/=?^_{|}~`-@example.com'), NONE],
  ['an e-mail address at a bracketed IP', email('budi@[10.0.0.1]'), NONE],
  ['an empty e-mail address', email(''), NONE],
  ['an e-mail address of null', email(null), NONE],
  ['an e-mail address without an @', email('budi.example.com'), ['customer_details.email is invalid']],
  ['an e-mail address without a domain', email('budi@'), ['customer_details.email is invalid']],
  ['an e-mail address without a dot in its domain', email('budi@example'), ['customer_details.email is invalid']],
  ['an e-mail address with two dots', email('budi..utomo@example.com'), ['customer_details.email is invalid']],
  ['an e-mail address that begins with a dot', email('.budi@example.com'), ['customer_details.email is invalid']],
  ['an e-mail address with a blank', email('budi utomo@example.com'), ['customer_details.email is invalid']],
  ['an e-mail address that ends in a line break', email('budi@example.com\n'), ['customer_details.email is invalid']],
  ['an e-mail address with two @', email('budi@utomo@example.com'), ['customer_details.email is invalid']],
  ['an e-mail address whose domain begins with a dash', email('budi@-example.com'), ['customer_details.email is invalid']],
  ['an e-mail address that is a number', email(7), ['customer_details.email is invalid']],
  ['any e-mail address at Alfamart', email('nobody knows', 'alfamart'), NONE],
  ['a postal code of letters, digits, dash and space', chargeRequest({ customer_details: { billing_address: { postal_code: 'AB-12 190' } } }), NONE],
  ['a postal code with a slash', chargeRequest({ customer_details: { billing_address: { postal_code: '12/190' } } }), ['customer_details.billing_address.postal_code is invalid']],
  ['a postal code to ship to with a dot', chargeRequest({ customer_details: { shipping_address: { postal_code: '12.190' } } }), ['customer_details.shipping_address.postal_code is invalid']],
  ['a postal code that is a number', chargeRequest({ customer_details: { billing_address: { postal_code: 12190 } } }), NONE],
  ['any country code of three letters', chargeRequest({ customer_details: { billing_address: { country_code: 'XXX' } } }), NONE],

  ['a custom expiry of null', chargeRequest({ custom_expiry: null }), NONE],
  ['an empty custom expiry', expiry({}), ['custom_expiry.expiry_duration is required']],
  ['a custom expiry with a duration of null', expiry({ expiry_duration: null, unit: 'hour' }), ['custom_expiry.expiry_duration is required']],
  ['a custom expiry with an empty duration', expiry({ expiry_duration: '' }), ['custom_expiry.expiry_duration is required']],
  ['a custom expiry with a duration in words', expiry({ expiry_duration: 'an hour' }), ['custom_expiry.expiry_duration is not a number']],
  ['a custom expiry of a fraction', expiry({ expiry_duration: 1.5, unit: 'hour' }), ['custom_expiry.expiry_duration is invalid']],
  ['a custom expiry of a fraction as text', expiry({ expiry_duration: '1.5', unit: 'hour' }), ['custom_expiry.expiry_duration is invalid']],
  ['a custom expiry of zero', expiry({ expiry_duration: 0, unit: 'day' }), TOO_SOON],
  ['a negative custom expiry', expiry({ expiry_duration: -1, unit: 'day' }), TOO_SOON],
  ['a negative custom expiry of an order to come', expiry({ order_time: '2026-11-30 20:00:00 +0700', expiry_duration: -1 }), TOO_SOON],
  ['a custom expiry of 19 seconds', expiry({ expiry_duration: 19, unit: 'second' }), TOO_SOON],
  ['a custom expiry of 20 seconds', expiry({ expiry_duration: 20, unit: 'second' }), NONE],
  ['a custom expiry that leaves 19 seconds', expiry({ order_time: '2026-11-22 19:59:19 +0700', expiry_duration: 1, unit: 'minute' }), TOO_SOON],
  ['a custom expiry that leaves 20 seconds', expiry({ order_time: '2026-11-22 19:59:20 +0700', expiry_duration: 1, unit: 'minute' }), NONE],
  ['a custom expiry that is over', expiry({ order_time: '2026-11-21 20:00:00 +0700', expiry_duration: 1, unit: 'hour' }), TOO_SOON],
  ['an order of a year ago, whose 180 days are over', expiry({ order_time: '2025-11-22 20:00:00 +0700', expiry_duration: 400, unit: 'day' }), TOO_SOON],
  ['a unit in the plural', expiry({ expiry_duration: 2, unit: 'hours' }), BAD_UNIT],
  ['a unit in capitals', expiry({ expiry_duration: 2, unit: 'HOUR' }), BAD_UNIT],
  ['an unknown unit', expiry({ expiry_duration: 2, unit: 'fortnight' }), BAD_UNIT],
  ['a unit that is a number', expiry({ expiry_duration: 2, unit: 60 }), BAD_UNIT],
  ...MESSY_NAMES.map((unit): Rule => [`a unit named ${unit}`, expiry({ expiry_duration: 2, unit }), BAD_UNIT]),
  ['an order time in words', expiry({ order_time: 'now', expiry_duration: 60 }), BAD_ORDER_TIME],
  ['an order time without a zone', expiry({ order_time: '2026-11-22 20:00:00', expiry_duration: 60 }), BAD_ORDER_TIME],
  ['an order time on a day that is not', expiry({ order_time: '2026-11-31 20:00:00 +0700', expiry_duration: 60 }), BAD_ORDER_TIME],
  ['an order time that is a number', expiry({ order_time: 1763816400, expiry_duration: 60 }), BAD_ORDER_TIME],
  ['a custom expiry wrong in all its parts', expiry({ order_time: 'now', expiry_duration: 'long', unit: 'age' }), [...BAD_ORDER_TIME, 'custom_expiry.expiry_duration is not a number', ...BAD_UNIT]],

  ['custom fields of null', chargeRequest({ custom_field1: null, custom_field2: null, custom_field3: null }), NONE],
  ['metadata of null', chargeRequest({ metadata: null }), NONE],
  ['metadata of any shape', chargeRequest({ metadata: { cart: { lines: 2, gift: true }, 7: [null] } }), NONE]
]

for (const [behaviour, request, messages, chosen] of rules) {
  test(`${behaviour}: ${messages.length === 0 ? 'accepted' : 'refused'}`, async (t) => {
    const refusal = refusalOf(() => readCharge(request, settings(chosen), CHARGED_AT))

    t.same(refusal?.messages ?? [], messages)
    t.equal(refusal?.code, messages.length === 0 ? undefined : 'invalid_charge')
  })
}

const address = (name: keyof Address) => (text: string): Array<[path: string, request: ChargeRequest]> => [
  [`customer_details.billing_address.${name}`, chargeRequest({ customer_details: { billing_address: { [name]: text } } })],
  [`customer_details.shipping_address.${name}`, chargeRequest({ customer_details: { shipping_address: { [name]: text } } })]
]

const limits: Array<[limit: number, fieldsHolding: (text: string) => Array<[path: string, request: ChargeRequest]>]> = [
  [50, (text) => (['id', 'brand', 'category', 'merchant_name'] as const).map((name) => [`item_details.${name}`, item({ [name]: text })])],
  [255, (text) => (['first_name', 'last_name', 'email', 'phone'] as const).map((name) => [`customer_details.${name}`, chargeRequest({ customer_details: { [name]: text } })])],
  [255, (text) => (['first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code'] as const).flatMap((name) => address(name)(text))],
  [3, (text) => address('country_code')(text)],
  [255, (text) => (['custom_field1', 'custom_field2', 'custom_field3'] as const).map((name) => [name, chargeRequest({ [name]: text })])]
]

for (const [limit, fieldsHolding] of limits) {
  const fitting = fieldsHolding('x'.repeat(limit))
  for (const [index, [path, request]] of fieldsHolding('x'.repeat(limit + 1)).entries()) {
    test(`${path} holds ${limit} characters and not one more`, async (t) => {
      t.same(refusalOf(() => readCharge(request, settings(), CHARGED_AT))?.messages, [`${path} too long`])
      t.equal(refusalOf(() => readCharge(fitting[index]?.[1] ?? {}, settings(), CHARGED_AT)), undefined)
    })
  }
}

test('every failure of a charge is told, in the order of the documented fields, and each once', async (t) => {
  const refusal = refusalOf(() => readCharge({
    payment_type: 'cstore',
    transaction_details: { order_id: 'order 101', gross_amount: 9_000 },
    item_details: [{ price: 1000, quantity: 1 }, { price: 1000, quantity: 1 }],
    customer_details: { first_name: 'x'.repeat(256), email: 'nobody', shipping_address: { country_code: 'Indonesia' } },
    cstore: { store: 'Indomaret' },
    custom_expiry: { expiry_duration: 5, unit: 'second' },
    custom_field2: 'x'.repeat(256)
  }, settings(), CHARGED_AT))

  t.equal(refusal?.code, 'invalid_charge')
  t.same(refusal?.messages, [
    'transaction_details.order_id is invalid',
    'transaction_details.gross_amount is not equal to the sum of item_details',
    'transaction_details.gross_amount is below the minimum for indomaret',
    'item_details Name is required',
    'customer_details.first_name too long',
    'customer_details.email is invalid',
    'customer_details.shipping_address.country_code too long',
    'custom_expiry is below minimum threshold',
    'custom_field2 too long'
  ])
})

test('the store comes between the transaction and its items', async (t) => {
  const refusal = refusalOf(() => readCharge({ payment_type: 'cstore', transaction_details: {}, cstore: {}, item_details: [{}], customer_details: {} }, settings(), CHARGED_AT))

  t.same(refusal?.messages, [
    'transaction_details.order_id is required',
    'transaction_details.gross_amount is required',
    'cstore.store is required',
    'item_details.price is required',
    'item_details.quantity is required',
    'item_details Name is required'
  ])
})

const inactive: Array<[behaviour: string, request: ChargeRequest, code: string | undefined, chosen?: Partial<Settings>]> = [
  ['another payment type is not active', chargeRequest({ payment_type: 'gopay' }), 'channel_inactive'],
  ['another payment type needs no cstore', chargeRequest({ payment_type: 'gopay', cstore: null }), 'channel_inactive'],
  ['another payment type may carry an unknown store', chargeRequest({ payment_type: 'bank_transfer', cstore: { store: 'kioson' } }), 'channel_inactive'],
  ['another payment type knows no limits of a store', chargeRequest({ payment_type: 'qris', transaction_details: { gross_amount: 9_000_000 } }), 'channel_inactive'],
  ['cstore in capitals is another payment type', chargeRequest({ payment_type: 'CSTORE' }), 'channel_inactive'],
  ['another payment type is validated first', chargeRequest({ payment_type: 'gopay', transaction_details: { gross_amount: 0 } }), 'invalid_charge'],
  ['a store that is switched off is not active', indomaret(44000), 'channel_inactive', { activeStores: ['alfamart'] }],
  ['a store beside one that is switched off is active', alfamart(44000), undefined, { activeStores: ['alfamart'] }],
  ['no store is active where all are switched off', alfamart(44000), 'channel_inactive', { activeStores: [] }],
  ['a charge at a store that is switched off is validated first', indomaret(1), 'invalid_charge', { activeStores: ['alfamart'] }]
]

for (const [behaviour, request, code, chosen] of inactive) {
  test(behaviour, async (t) => {
    t.equal(refusalOf(() => readCharge(request, settings(chosen), CHARGED_AT))?.code, code)
  })
}

const read: Array<[behaviour: string, request: ChargeRequest, charge: { store?: string, orderId?: string, grossAmount?: number }]> = [
  ['an integer order id is its decimal text', order(1554317097), { orderId: '1554317097' }],
  ['an integer order id of many digits has no exponent', order(1e21), { orderId: '1000000000000000000000' }],
  ['an order id keeps its letters', order('Order-101'), { orderId: 'Order-101' }],
  ['a store in any letter case is the same store', chargeRequest({ cstore: { store: 'INDOMARET' } }), { store: 'indomaret' }],
  ['a store as the documents write it is read', chargeRequest({ cstore: { store: 'Alfamart' } }), { store: 'alfamart' }],
  ['an amount as text is a number', alfamart('44000'), { grossAmount: 44000 }],
  ['an amount as text with two zeros is whole', alfamart('44000.00'), { grossAmount: 44000 }],
  ['an amount of 44000.0 is whole', alfamart(44000.0), { grossAmount: 44000 }]
]

for (const [behaviour, request, charge] of read) {
  test(behaviour, async (t) => {
    t.match(readCharge(request, settings(), CHARGED_AT), charge)
  })
}

const ends: Array<[behaviour: string, wish: CustomExpiry | null, expiry: string]> = [
  ['a charge ends after 24 hours', null, '2026-11-23 20:00:00'],
  ['a unit is a minute unless told', { expiry_duration: 60 }, '2026-11-22 21:00:00'],
  ['a unit of null is a minute', { expiry_duration: 60, unit: null }, '2026-11-22 21:00:00'],
  ['seconds are counted', { expiry_duration: 45, unit: 'second' }, '2026-11-22 20:00:45'],
  ['minutes are counted', { expiry_duration: 45, unit: 'minute' }, '2026-11-22 20:45:00'],
  ['hours are counted', { expiry_duration: 45, unit: 'hour' }, '2026-11-24 17:00:00'],
  ['days are counted', { expiry_duration: 45, unit: 'day' }, '2027-01-06 20:00:00'],
  ['a duration as text is read', { expiry_duration: '2', unit: 'hour' }, '2026-11-22 22:00:00'],
  ['a period begins with the order', { order_time: '2026-11-22 19:59:58 +0700', expiry_duration: 1, unit: 'minute' }, '2026-11-22 20:00:58'],
  ['a period begins with an order in London', { order_time: '2026-11-22 13:00:10 +0000', expiry_duration: 1, unit: 'minute' }, '2026-11-22 20:01:10'],
  ['a period begins with an order in New York', { order_time: '2026-11-22 08:00:10 -0500', expiry_duration: 1, unit: 'minute' }, '2026-11-22 20:01:10'],
  ['a period begins with an order in Kolkata', { order_time: '2026-11-22 18:30:10 +0530', expiry_duration: 1, unit: 'minute' }, '2026-11-22 20:01:10'],
  ['an order may lie ahead', { order_time: '2026-11-24 20:00:00 +0700', expiry_duration: 1, unit: 'second' }, '2026-11-24 20:00:01'],
  ['an order time of null is the charge', { order_time: null, expiry_duration: 60 }, '2026-11-22 21:00:00'],
  ['a period of 180 days is kept', { expiry_duration: 180, unit: 'day' }, '2027-05-21 20:00:00'],
  ['a period of 179 days is kept', { expiry_duration: 179, unit: 'day' }, '2027-05-20 20:00:00'],
  ['a longer period is cut to 180 days', { expiry_duration: 181, unit: 'day' }, '2027-05-21 20:00:00'],
  ['a period is cut in other units too', { expiry_duration: 180 * 24 + 1, unit: 'hour' }, '2027-05-21 20:00:00'],
  ['a period past all measure is cut', { expiry_duration: 1e300, unit: 'day' }, '2027-05-21 20:00:00'],
  ['180 days count from the order', { order_time: '2026-11-20 20:00:00 +0700', expiry_duration: 400, unit: 'day' }, '2027-05-19 20:00:00']
]

for (const [behaviour, wish, expiryTime] of ends) {
  test(behaviour, async (t) => {
    for (const now of [CHARGED_AT, CHARGED_AT + 1, CHARGED_AT + 999]) {
      const { expiresAt } = readCharge(chargeRequest({ custom_expiry: wish }), settings(), now)
      t.equal(expiresAt % 1000, 0)
      t.equal(toWib(expiresAt), expiryTime)
    }
  })
}

test('20 seconds are counted from the second of the charge, whatever part of it has gone', async (t) => {
  const wish = (seconds: number) => expiry({ order_time: '2026-11-22 20:00:00 +0700', expiry_duration: seconds, unit: 'second' })

  t.equal(refusalOf(() => readCharge(wish(20), settings(), CHARGED_AT + 999)), undefined)
  t.same(refusalOf(() => readCharge(wish(20), settings(), CHARGED_AT + 1000))?.messages, TOO_SOON)
})

test('a charge without a custom expiry ends when its store says, on a whole second', async (t) => {
  const chosen = settings({ defaultExpiryMs: { alfamart: 1_999, indomaret: 3 * HOUR_MS } })

  t.equal(readCharge(alfamart(44000), chosen, CHARGED_AT).expiresAt, CHARGED_AT + 1000)
  t.equal(readCharge(indomaret(44000), chosen, CHARGED_AT).expiresAt, CHARGED_AT + 3 * HOUR_MS)
})

test('an order on the last day of the calendar still ends at a time that can be written', async (t) => {
  const request = expiry({ order_time: '9999-12-31 23:59:59 +0700', expiry_duration: 1, unit: 'day' })
  let written: string | undefined
  const refusal = refusalOf(() => { written = toWib(readCharge(request, settings(), CHARGED_AT).expiresAt) })

  t.match(written ?? refusal?.messages.join(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$|^custom_expiry/)
})

test('members that nobody knows are tolerated', async (t) => {
  const request = {
    ...chargeRequest(),
    transaction_details: { order_id: 'order-101', gross_amount: 44000, currency: 'IDR' },
    cstore: { store: 'alfamart', payment_code: '1' },
    enabled_payments: ['alfamart']
  }

  t.match(readCharge(request, settings(), CHARGED_AT), { orderId: 'order-101', grossAmount: 44000 })
})

const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme', minLength: 40 }),
  fc.double(),
  fc.integer(),
  fc.constantFrom(null, undefined, ...MESSY_NAMES, '1e5', '.5', '5.', '+5', '9'.repeat(400), 1e300, -0)
)
const mostly = (...usual: Scalar[]): fc.Arbitrary<Scalar> => fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: scalar })
const member = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 9 })
const place = fc.record({ address: scalar, postal_code: mostly('12190'), country_code: mostly('IDN') }, { requiredKeys: [] })

const requests: fc.Arbitrary<ChargeRequest> = fc.record({
  payment_type: mostly('cstore'),
  transaction_details: member(fc.record({ order_id: mostly('order-101', 7), gross_amount: mostly(44000, '44000.00') })),
  cstore: member(fc.record({ store: mostly('alfamart', 'Indomaret'), message: scalar })),
  item_details: fc.option(fc.array(fc.record({ id: mostly('id1'), price: mostly(22000), quantity: mostly(1, 2), name: mostly('tiket') }, { requiredKeys: [] }), { maxLength: 2 }), { nil: null, freq: 1 }),
  customer_details: fc.record({ email: mostly('budi@example.com'), phone: scalar, billing_address: member(place), shipping_address: member(place) }, { requiredKeys: [] }),
  custom_expiry: member(fc.record({
    order_time: mostly('2026-11-22 20:00:00 +0700', null),
    expiry_duration: mostly(1, 60, '60', 1e15),
    unit: mostly('second', 'minute', 'hour', 'day', 'constructor', null)
  }, { requiredKeys: ['expiry_duration'] })),
  custom_field1: scalar
}, { requiredKeys: ['payment_type', 'transaction_details', 'cstore'] })

test('a charge of the right shape is accepted or refused, and nothing else', async (t) => {
  t.equal(counterexample(fc.property(requests, fc.boolean(), fc.boolean(), (request, storeLimits, strictOrderId) => {
    try {
      const { store, orderId, grossAmount, expiresAt } = readCharge(request, settings({ storeLimits, strictOrderId }), CHARGED_AT)
      return ['alfamart', 'indomaret'].includes(store) && orderId.length >= 1 && orderId.length <= 50 &&
        Number.isSafeInteger(grossAmount) && grossAmount >= 1 && expiresAt >= CHARGED_AT + 20_000
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return error.code === 'channel_inactive' || (error.code === 'invalid_charge' && error.messages.length > 0)
    }
  })), undefined)
})

const texts: Array<[scalar: Scalar, text: string]> = [
  ['', ''],
  [null, ''],
  [undefined, ''],
  ['null', 'null'],
  [0, '0'],
  [-7, '-7'],
  [1.5, '1.5'],
  [2 ** 70, '1180591620717411303424'],
  [0.0000001, '0.0000001']
]

for (const [value, text] of texts) {
  test(`${value ?? 'nothing'} as a text is ${JSON.stringify(text)}`, async (t) => {
    t.equal(textOf(value), text)
  })
}

const numbers: Array<[value: Scalar, kind: string, number?: number]> = [
  [44000, 'whole', 44000],
  ['44000', 'whole', 44000],
  ['44000.00', 'whole', 44000],
  ['+44000', 'whole', 44000],
  [-5, 'whole', -5],
  ['-5', 'whole', -5],
  [0.5, 'fraction', 0.5],
  ['0.5', 'fraction', 0.5],
  ['abc', 'text'],
  ['1e5', 'text'],
  ['1_000', 'text'],
  ['5.', 'text'],
  ['.5', 'text'],
  ['--5', 'text'],
  [' ', 'text'],
  ['', 'absent'],
  [null, 'absent'],
  [undefined, 'absent']
]

for (const [value, kind, number] of numbers) {
  test(`${JSON.stringify(value) ?? 'nothing'} where a number belongs is ${kind}`, async (t) => {
    t.match(readNumber(value), number === undefined ? { kind } : { kind, value: number })
  })
}

test('money is written with two decimals', async (t) => {
  t.equal(writeAmount(44000), '44000.00')
  t.equal(writeAmount(1), '1.00')
  t.equal(writeAmount(5_000_000), '5000000.00')
})

test('a store is known by its name in any letter case, and by nothing else', async (t) => {
  t.equal(readStore('alfamart'), 'alfamart')
  t.equal(readStore('INDOMARET'), 'indomaret')
  for (const name of ['', 'alfa', 'kioson', ...MESSY_NAMES]) t.equal(readStore(name), undefined, name)
})
