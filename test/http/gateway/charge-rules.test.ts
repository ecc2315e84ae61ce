import { test } from 'tap'

import { basic, chargeBody, CLIENT_KEY, testEmulator } from '../../support/emulator.ts'
import { expectError, expectHeaders, expectInvalid, fixture, golden, membersOf } from '../../support/gateway-answers.ts'
import type { GatewayError } from '../../support/gateway-answers.ts'
import { changeSettings, charge, NOBODY, notificationsOf, notifiedBody, request } from '../../support/gateway-world.ts'

const MIB = 1_048_576

/** Members of transaction_details, cstore and so on, laid over a charge that is accepted. */
const details = (members: object): object => chargeBody({ transaction_details: { order_id: 'order-101', gross_amount: 44000, ...members } })
const alfamart = (members: object): object => chargeBody({ cstore: { store: 'alfamart', ...members } })
const indomaret = (members: Record<string, unknown>): object => chargeBody({ cstore: { store: 'indomaret' }, ...members })
const amount = (store: string, value: unknown): object => chargeBody({ transaction_details: { order_id: 'order-101', gross_amount: value }, cstore: { store } })
const customer = (members: object): object => chargeBody({ customer_details: members })
const expiry = (members: object): object => chargeBody({ custom_expiry: members })
/** One item, on top of one that makes the sum right where the other adds nothing to it. */
const item = (members: object): object => chargeBody({ item_details: [{ price: 44000, quantity: 1, name: 'tiket' }, { price: 0, quantity: 1, name: 'permen', ...members }] })
/** JSON text with one member written as it stands. */
const raw = (member: string): string => JSON.stringify(chargeBody()).replace(/}$/, `,${member}}`)
const rawDetail = (member: string): string => `{"payment_type":"cstore","transaction_details":{"order_id":"order-101","gross_amount":44000,${member}},"cstore":{"store":"alfamart"}}`

/** A charge that nests so many levels deep, the body itself being the first, in objects or in lists. */
const deep = (levels: number, open: string, close: string): string => raw(`"metadata":{"a":${open.repeat(levels - 2)}${close.repeat(levels - 2)}}`)

type Bad = readonly [name: string, body: unknown, http: number, code: string, said: string | readonly string[], headers?: Record<string, string>]

const FORMAT = 'Payload format is not supported.'
const SYNTAX = 'The request cannot be processed due to malformed syntax in the request body'
const UNEXPECTED = 'Sorry. Our system is recovering from unexpected issues. Please retry.'
const INACTIVE = 'Payment channel is not activated.'
const UNKNOWN_KEY = 'Unknown Merchant server_key/id'
const THRESHOLD = 'custom_expiry is below minimum threshold'
const SUM = 'transaction_details.gross_amount is not equal to the sum of item_details'
const TOO_SMALL = 'transaction_details.gross_amount must be greater than or equal to 0.01'
const JSON_TYPE = { 'content-type': 'application/json' }

const BAD: readonly Bad[] = [
  // No charge at all
  ['no body', undefined, 200, '500', UNEXPECTED],
  ['an empty body declared as JSON', '', 200, '500', UNEXPECTED, JSON_TYPE],
  ['the literal null', 'null', 200, '500', UNEXPECTED],
  ['null amid whitespace', ' \r\n null ', 200, '500', UNEXPECTED],
  ['the documented sample without its comma', fixture('requests/alfamart-missing-comma.txt'), 200, '413', SYNTAX],
  ['half of a body', '{"payment_type":"cstore","transaction_', 200, '413', SYNTAX],
  ['a trailing comma', '{"payment_type":"cstore",}', 200, '413', SYNTAX],
  ['single quotes', "{'payment_type':'cstore'}", 200, '413', SYNTAX],
  ['two documents', `${JSON.stringify(chargeBody())}${JSON.stringify(chargeBody())}`, 200, '413', SYNTAX],
  ['a comment', '{/* ours */}', 200, '413', SYNTAX],
  ['NaN for an amount', rawDetail('"x":NaN'), 200, '413', SYNTAX],
  ['a form', 'payment_type=cstore&transaction_details[order_id]=order-101', 200, '413', SYNTAX, { 'content-type': 'application/x-www-form-urlencoded' }],
  ['an XML document', '<charge/>', 200, '413', SYNTAX, { 'content-type': 'text/xml' }],
  ['invalid UTF-8 inside a text', Buffer.concat([Buffer.from('{"payment_type":"cstore","x":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]), 200, '413', SYNTAX],
  ['UTF-16', Buffer.from(JSON.stringify(chargeBody()), 'utf16le'), 200, '413', SYNTAX],
  ['bytes without sense', Buffer.from([0x00, 0xff, 0x1f, 0x8b]), 200, '413', SYNTAX],
  ['a raw line break in a text', '{"payment_type":"cst\nore"}', 200, '413', SYNTAX],
  ['a list', '[]', 200, '413', FORMAT],
  ['a list of charges', [chargeBody()], 200, '413', FORMAT],
  ['a number', '42', 200, '413', FORMAT],
  ['a text', '"charge"', 200, '413', FORMAT],
  ['true', 'true', 200, '413', FORMAT],
  ['33 levels of objects', deep(33, '{"a":', '}').replace(':}', ':1}'), 200, '413', FORMAT],
  ['33 levels of lists', deep(33, '[', ']'), 200, '413', FORMAT],
  ['100,000 levels of lists', deep(100_000, '[', ']'), 200, '413', FORMAT],
  ['100,000 levels and nothing else', '['.repeat(100_000), 200, '413', FORMAT],
  ['more than a mebibyte', ' '.repeat(MIB + 1), 413, '413', FORMAT],
  ['more than a mebibyte of a charge that would do', raw(`"x":"${'x'.repeat(MIB)}"`), 413, '413', FORMAT],

  // What is needed
  ['an empty object', {}, 400, '400', ['payment_type is required', 'transaction_details is required']],
  ['no payment type', chargeBody({ payment_type: undefined }), 400, '400', ['payment_type is required']],
  ['an empty payment type', chargeBody({ payment_type: '' }), 400, '400', ['payment_type is required']],
  ['null for the payment type', chargeBody({ payment_type: null }), 400, '400', ['payment_type is required']],
  ['no transaction details', chargeBody({ transaction_details: undefined }), 400, '400', ['transaction_details is required']],
  ['null for the transaction details', chargeBody({ transaction_details: null }), 400, '400', ['transaction_details is required']],
  ['empty transaction details', chargeBody({ transaction_details: {} }), 400, '400', ['transaction_details.order_id is required', 'transaction_details.gross_amount is required']],
  ['no order id', details({ order_id: undefined }), 400, '400', ['transaction_details.order_id is required']],
  ['an empty order id', details({ order_id: '' }), 400, '400', ['transaction_details.order_id is required']],
  ['null for the order id', details({ order_id: null }), 400, '400', ['transaction_details.order_id is required']],
  ['no amount', details({ gross_amount: undefined }), 400, '400', ['transaction_details.gross_amount is required']],
  ['an empty amount', details({ gross_amount: '' }), 400, '400', ['transaction_details.gross_amount is required']],
  ['null for the amount', details({ gross_amount: null }), 400, '400', ['transaction_details.gross_amount is required']],
  ['no cstore', chargeBody({ cstore: undefined }), 400, '400', ['cstore is required']],
  ['null for cstore', chargeBody({ cstore: null }), 400, '400', ['cstore is required']],
  ['an empty cstore', chargeBody({ cstore: {} }), 400, '400', ['cstore.store is required']],
  ['an empty store', chargeBody({ cstore: { store: '' } }), 400, '400', ['cstore.store is required']],
  ['null for the store', chargeBody({ cstore: { store: null } }), 400, '400', ['cstore.store is required']],
  ['a store that is gone', chargeBody({ cstore: { store: 'kioson' } }), 400, '400', ['cstore.store is invalid']],
  ['a number as the store', chargeBody({ cstore: { store: 7 } }), 400, '400', ['cstore.store is invalid']],
  ['the name of an object member as the store', chargeBody({ cstore: { store: 'constructor' } }), 400, '400', ['cstore.store is invalid']],

  // Order ids
  ['an order id of 51 characters', details({ order_id: 'x'.repeat(51) }), 400, '400', ['transaction_details.order_id too long']],
  ['an order id with a space', details({ order_id: 'order 101' }), 400, '400', ['transaction_details.order_id is invalid']],
  ['an order id with a slash', details({ order_id: 'order/101' }), 400, '400', ['transaction_details.order_id is invalid']],
  ['an order id with a colon and a plus', details({ order_id: '12:39:16+0700' }), 400, '400', ['transaction_details.order_id is invalid']],
  ['an order id with a letter past ASCII', details({ order_id: 'pésanan' }), 400, '400', ['transaction_details.order_id is invalid']],
  ['an order id that ends in a line break', details({ order_id: 'order-101\n' }), 400, '400', ['transaction_details.order_id is invalid']],
  ['an order id both too long and with a forbidden symbol', details({ order_id: `${'x'.repeat(50)}#` }), 400, '400', ['transaction_details.order_id too long', 'transaction_details.order_id is invalid']],
  ['an order id with a sign of plus', details({ order_id: '+1.5' }), 400, '400', ['transaction_details.order_id is invalid']],

  // Amounts
  ['an amount in words', details({ gross_amount: 'forty' }), 400, '400', ['transaction_details.gross_amount is not a number']],
  ['an amount with a comma', details({ gross_amount: '44,000' }), 400, '400', ['transaction_details.gross_amount is not a number']],
  ['an amount with its currency', details({ gross_amount: 'Rp44000' }), 400, '400', ['transaction_details.gross_amount is not a number']],
  ['an amount in hexadecimal', details({ gross_amount: '0xabcd' }), 400, '400', ['transaction_details.gross_amount is not a number']],
  ['Infinity as a text', details({ gross_amount: 'Infinity' }), 400, '400', ['transaction_details.gross_amount is not a number']],
  ['a fractional amount', details({ gross_amount: 44000.5 }), 400, '400', ['transaction_details.gross_amount is not an integer']],
  ['a fractional amount as a text', details({ gross_amount: '44000.50' }), 400, '400', ['transaction_details.gross_amount is not an integer']],
  ['Alfamart above its maximum', amount('alfamart', 5_000_001), 400, '400', ['transaction_details.gross_amount is above the maximum for alfamart']],
  ['Alfamart far above its maximum', rawDetail('"gross_amount":1e300'), 400, '400', ['transaction_details.gross_amount is above the maximum for alfamart']],
  ['Alfamart beyond all numbers', rawDetail('"gross_amount":1e999'), 200, '413', 'Payload format is not supported.'],
  ['Indomaret below its minimum', amount('indomaret', 9_999), 400, '400', ['transaction_details.gross_amount is below the minimum for indomaret']],
  ['Indomaret above its maximum', amount('Indomaret', 5_000_001), 400, '400', ['transaction_details.gross_amount is above the maximum for indomaret']],
  ['Indomaret above its maximum, as a text', amount('indomaret', '5000001'), 400, '400', ['transaction_details.gross_amount is above the maximum for indomaret']],

  // Items
  ['items that add up to less', chargeBody({ item_details: [{ price: 43999, quantity: 1, name: 'tiket' }] }), 400, '400', [SUM]],
  ['items that add up to more', chargeBody({ item_details: [{ price: 22000, quantity: 3, name: 'tiket' }] }), 400, '400', [SUM]],
  ['items whose sum is wrong, as texts', chargeBody({ item_details: [{ price: '22000.00', quantity: '1', name: 'tiket' }] }), 400, '400', [SUM]],
  ['an empty item', chargeBody({ item_details: [{}] }), 400, '400', ['item_details.price is required', 'item_details.quantity is required', 'item_details Name is required']],
  ['an item without price', item({ price: undefined }), 400, '400', ['item_details.price is required']],
  ['an item with an empty price', item({ price: '' }), 400, '400', ['item_details.price is required']],
  ['an item with a price in words', item({ price: 'free' }), 400, '400', ['item_details.price is not a number']],
  ['an item with a fractional price', chargeBody({ item_details: [{ price: 0.5, quantity: 88_000, name: 'permen' }] }), 400, '400', ['item_details.price is not an integer']],
  ['an item without quantity', item({ quantity: null }), 400, '400', ['item_details.quantity is required']],
  ['an item with a quantity in words', item({ quantity: 'two' }), 400, '400', ['item_details.quantity is not a number']],
  ['an item of which there is none', item({ quantity: 0 }), 400, '400', ['item_details.quantity is invalid']],
  ['an item of which there are fewer than none', item({ quantity: -1 }), 400, '400', ['item_details.quantity is invalid']],
  ['an item and a half', item({ quantity: 1.5 }), 400, '400', ['item_details.quantity is invalid']],
  ['an item without name', item({ name: undefined }), 400, '400', ['item_details Name is required']],
  ['an item with an empty name', item({ name: '' }), 400, '400', ['item_details Name is required']],
  ['an item with a name of 51 characters', item({ name: 'x'.repeat(51) }), 400, '400', ['item_details Name too long']],

  // Customers
  ['a postal code with other symbols', customer({ billing_address: { postal_code: '12_190' } }), 400, '400', ['customer_details.billing_address.postal_code is invalid']],
  ['a postal code to ship to with other symbols', customer({ shipping_address: { postal_code: '10340!' } }), 400, '400', ['customer_details.shipping_address.postal_code is invalid']],

  // Expiry
  ['an empty custom expiry', expiry({}), 400, '400', ['custom_expiry.expiry_duration is required']],
  ['no duration', expiry({ unit: 'hour' }), 400, '400', ['custom_expiry.expiry_duration is required']],
  ['a duration in words', expiry({ expiry_duration: 'long' }), 400, '400', ['custom_expiry.expiry_duration is not a number']],
  ['a fractional duration', expiry({ expiry_duration: 1.5, unit: 'hour' }), 400, '400', ['custom_expiry.expiry_duration is invalid']],
  ['an unknown unit', expiry({ expiry_duration: 1, unit: 'week' }), 400, '400', ['custom_expiry.unit is invalid']],
  ['a unit that is a member of every object', expiry({ expiry_duration: 1, unit: 'constructor' }), 400, '400', ['custom_expiry.unit is invalid']],
  ['an order time without zone', expiry({ order_time: '2026-11-22 20:00:00', expiry_duration: 60 }), 400, '400', ['custom_expiry.order_time is invalid']],
  ['an order time in the form of ISO 8601', expiry({ order_time: '2026-11-22T20:00:00+07:00', expiry_duration: 60 }), 400, '400', ['custom_expiry.order_time is invalid']],
  ['an order time on 31 November', expiry({ order_time: '2026-11-31 20:00:00 +0700', expiry_duration: 60 }), 400, '400', ['custom_expiry.order_time is invalid']],
  ['a duration of zero', expiry({ expiry_duration: 0 }), 400, '400', [THRESHOLD]],
  ['a negative duration', expiry({ expiry_duration: -5 }), 400, '400', [THRESHOLD]],
  ['a duration of 19 seconds', expiry({ expiry_duration: 19, unit: 'second' }), 400, '400', [THRESHOLD]],
  ['an order time long past', expiry({ order_time: '2026-11-22 18:00:00 +0700', expiry_duration: 1, unit: 'hour' }), 400, '400', [THRESHOLD]],
  ['an order time that leaves 19 seconds', expiry({ order_time: '2026-11-22 19:59:19 +0700', expiry_duration: 1 }), 400, '400', [THRESHOLD]],
  ['all of custom expiry wrong', expiry({ order_time: 'now', expiry_duration: 1.5, unit: 'week' }), 400, '400', ['custom_expiry.order_time is invalid', 'custom_expiry.expiry_duration is invalid', 'custom_expiry.unit is invalid']],

  // Other channels
  ['another payment type', chargeBody({ payment_type: 'bank_transfer' }), 200, '402', INACTIVE],
  ['another payment type, and no cstore', chargeBody({ payment_type: 'gopay', cstore: undefined }), 200, '402', INACTIVE],
  ['another payment type, and a cstore without sense', chargeBody({ payment_type: 'qris', cstore: { store: 'kioson' } }), 200, '402', INACTIVE],
  ['a payment type that does not exist', chargeBody({ payment_type: 'cash' }), 200, '402', INACTIVE],
  ['another payment type without amount', chargeBody({ payment_type: 'gopay', transaction_details: { order_id: 'order-101' } }), 400, '400', ['transaction_details.gross_amount is required']],

  // Several at once, and which comes first
  ['failures all over the body', {
    payment_type: 'cstore',
    transaction_details: { order_id: '#', gross_amount: 'x' },
    cstore: { store: 'kioson' },
    item_details: [{ price: 'x', quantity: 0, name: '' }],
    customer_details: { first_name: 'x'.repeat(256), billing_address: { country_code: 'INDO' } },
    custom_expiry: { expiry_duration: 0 },
    custom_field2: 'x'.repeat(256)
  }, 400, '400', [
    'transaction_details.order_id is invalid',
    'transaction_details.gross_amount is not a number',
    'cstore.store is invalid',
    'item_details.price is not a number',
    'item_details.quantity is invalid',
    'item_details Name is required',
    'customer_details.first_name too long',
    'customer_details.billing_address.country_code too long',
    THRESHOLD,
    'custom_field2 too long'
  ]],
  ['a sum that is wrong and an amount too small for Indomaret', indomaret({ transaction_details: { order_id: 'order-101', gross_amount: 1 }, item_details: [{ price: 2, quantity: 1, name: 'permen' }] }), 400, '400', [SUM, 'transaction_details.gross_amount is below the minimum for indomaret']],
  ['the same failure in two items', chargeBody({ item_details: [{ price: 44000, quantity: 1 }, { price: 0, quantity: 1 }] }), 400, '400', ['item_details Name is required']],
  ['a wrong shape and failures beside it', { transaction_details: { gross_amount: true } }, 200, '413', FORMAT],
  ['a wrong shape, and malformed further on', '{"cstore":7,', 200, '413', SYNTAX],
  ['a bad body with a client key', '{', 401, '401', UNKNOWN_KEY, { authorization: basic(CLIENT_KEY) }],
  ['no body and no such key', undefined, 401, '401', UNKNOWN_KEY, { authorization: basic('SB-Mid-server-else') }],
  ['more than a mebibyte with no such key', ' '.repeat(MIB + 1), 401, '401', UNKNOWN_KEY, { authorization: basic('SB-Mid-server-else') }],
  ['a good body with no such key', chargeBody(), 401, '401', UNKNOWN_KEY, { authorization: basic('SB-Mid-server-else') }]
]

for (const [name, body, http, code, said, headers = JSON_TYPE] of BAD) {
  test(`refused with ${code}: ${name}`, async (t) => {
    const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/notify`])
    const reply = await charge(emulator, body, headers)
    if (typeof said === 'string') expectError(t, reply, errorOf(http, code, said))
    else expectInvalid(t, reply, said)
    t.equal(reply.statusCode, http)

    t.match((await emulator.ask('GET', '/admin/notifications')).payload, '{"items":[]', 'nobody is told')
    t.equal(membersOf(await charge(emulator, chargeBody())).status_code, '201', 'the server lives on, the order id is free')
  })
}

type Odd = readonly [name: string, body: unknown, members: Record<string, unknown>, headers?: Record<string, string>]

const ODD: readonly Odd[] = [
  ['no content type', chargeBody(), {}, {}],
  ['a content type of plain text', chargeBody(), {}, { 'content-type': 'text/plain' }],
  ['a content type of a form', chargeBody(), {}, { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a content type of many parts without boundary', chargeBody(), {}, { 'content-type': 'multipart/form-data' }],
  ['a content type with a charset', chargeBody(), {}, { 'content-type': 'application/json; charset=utf-8' }],
  ['a content type without sense', chargeBody(), {}, { 'content-type': ';;' }],
  ['an empty content type', chargeBody(), {}, { 'content-type': '' }],
  ['a wish for HTML', chargeBody(), {}, { ...JSON_TYPE, accept: 'text/html' }],
  ['the doubled Accept header of a Ruby client', chargeBody(), {}, { ...JSON_TYPE, accept: '*/*, application/json' }],
  ['an idempotency key that is empty', chargeBody(), {}, { ...JSON_TYPE, 'idempotency-key': '' }],
  ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(chargeBody()))]), {}],
  ['whitespace around', ` \r\n\t${JSON.stringify(chargeBody())}\n `, {}],
  ['exactly a mebibyte', JSON.stringify(chargeBody()).padEnd(MIB), {}],
  ['escapes in names and texts', JSON.stringify(chargeBody()).replace('cstore"', '\\u0063store"').replace('order-101', '\\u006frder-101'), { order_id: 'order-101' }],
  ['32 levels of objects', deep(32, '{"a":', '}').replace(':}', ':1}'), {}],
  ['32 levels of lists', deep(32, '[', ']'), {}],
  ['unknown members everywhere', { ...chargeBody({ transaction_details: { order_id: 'order-101', gross_amount: 44000, currency: 'IDR' }, cstore: { store: 'alfamart', x: [1] }, item_details: [{ price: 44000, quantity: 1, name: 'tiket', x: {} }], customer_details: { x: true, billing_address: { x: 1 } }, custom_expiry: { expiry_duration: 60, x: null } }), x: { y: [true] } }, {}],
  ['null for all that may be absent', chargeBody({ item_details: null, customer_details: null, custom_expiry: null, custom_field1: null, custom_field2: null, custom_field3: null, metadata: null, cstore: { store: 'alfamart', message: null, alfamart_free_text_1: null } }), { expiry_time: '2026-11-23 20:00:00' }],
  ['null for members of the customer and of items', chargeBody({ customer_details: { first_name: null, email: null, phone: null, billing_address: null, shipping_address: { address: null, postal_code: null, country_code: null } }, item_details: [{ id: null, price: 44000, quantity: 1, name: 'tiket', brand: null, url: null }] }), {}],

  ['ALFAMART', chargeBody({ cstore: { store: 'ALFAMART' } }), { store: 'alfamart', fraud_status: 'accept' }],
  ['Indomaret', chargeBody({ cstore: { store: 'Indomaret' } }), { store: 'indomaret', fraud_status: undefined }],
  ['iNdOmArEt', chargeBody({ cstore: { store: 'iNdOmArEt' } }), { store: 'indomaret' }],

  ['an integer order id', details({ order_id: 1554317097 }), { order_id: '1554317097' }],
  ['order id 0', details({ order_id: 0 }), { order_id: '0' }],
  ['a fractional order id', details({ order_id: 1.5 }), { order_id: '1.5' }],
  ['an integer order id of 22 digits', rawDetail('"order_id":1000000000000000000000'), { order_id: '1000000000000000000000' }],
  ['an integer order id of 19 digits, each of which counts', rawDetail('"order_id":1234567890123456789'), { order_id: '1234567890123456789' }],
  ['an order id of 50 characters', details({ order_id: 'x'.repeat(50) }), { order_id: 'x'.repeat(50) }],
  ['an order id of all kinds of symbols', details({ order_id: 'aZ09-_~.' }), { order_id: 'aZ09-_~.' }],
  ['__proto__ as the order id', details({ order_id: '__proto__' }), { order_id: '__proto__' }],

  ['an amount as a text', details({ gross_amount: '44000' }), { gross_amount: '44000.00' }],
  ['an amount as a text with decimals', details({ gross_amount: '44000.00' }), { gross_amount: '44000.00' }],
  ['an amount with a fraction of zero', rawDetail('"gross_amount":44000.00'), { gross_amount: '44000.00' }],
  ['an amount with an exponent', rawDetail('"gross_amount":4.4e4'), { gross_amount: '44000.00' }],
  ['the least that Alfamart takes', amount('alfamart', 1), { gross_amount: '1.00' }],
  ['the most that Alfamart takes', amount('alfamart', 5_000_000), { gross_amount: '5000000.00' }],
  ['the least that Indomaret takes', amount('indomaret', 10_000), { gross_amount: '10000.00' }],
  ['the most that Indomaret takes', amount('indomaret', 5_000_000), { gross_amount: '5000000.00' }],

  ['items that add up', chargeBody({ item_details: [{ price: 20000, quantity: 2, name: 'tiket' }, { price: 4000, quantity: 1, name: 'biaya' }] }), {}],
  ['a discount line', chargeBody({ item_details: [{ price: 50000, quantity: 1, name: 'tiket' }, { price: -6000, quantity: 1, name: 'potongan' }] }), {}],
  ['items with numbers as texts', chargeBody({ item_details: [{ price: '22000.00', quantity: '2', name: 'tiket' }] }), {}],
  ['an item with numbers as texts elsewhere', item({ id: 288458, name: 7, brand: 7, category: 7, merchant_name: 7, url: 7 }), {}],
  ['a pipe sign in an item name', item({ name: 'tiket|satu' }), {}],
  ['an item with all texts as long as they may be', item({ id: 'x'.repeat(50), name: 'x'.repeat(50), brand: 'x'.repeat(50), category: 'x'.repeat(50), merchant_name: 'x'.repeat(50), url: `http://shop.test/${'x'.repeat(5000)}` }), {}],

  ['a message and free texts that are too long', alfamart({ message: 'x'.repeat(500), alfamart_free_text_1: 'x'.repeat(500), alfamart_free_text_2: 'x'.repeat(41), alfamart_free_text_3: 7 }), {}],
  ['phone numbers of any form', customer({ phone: '081 2233 44-55', billing_address: { phone: '+628123456' }, shipping_address: { phone: 'ask Siti' } }), {}],
  ['a postal code of letters, digits, dash and space', customer({ billing_address: { postal_code: 'AB-12 190' }, shipping_address: { postal_code: '' } }), {}],
  ['Alfamart with any text as the e-mail address', customer({ email: 'none@@none' }), {}],
  ['Indomaret with an empty e-mail address', indomaret({ customer_details: { email: '' } }), {}],

  ['20 seconds', expiry({ expiry_duration: 20, unit: 'second' }), { expiry_time: '2026-11-22 20:00:20' }],
  ['a duration without unit, in minutes', expiry({ expiry_duration: 30 }), { expiry_time: '2026-11-22 20:30:00' }],
  ['a duration as a text', expiry({ expiry_duration: '2', unit: 'hour' }), { expiry_time: '2026-11-22 22:00:00' }],
  ['a duration in days', expiry({ expiry_duration: 3, unit: 'day' }), { expiry_time: '2026-11-25 20:00:00' }],
  ['180 days', expiry({ expiry_duration: 180, unit: 'day' }), { expiry_time: '2027-05-21 20:00:00' }],
  ['more than 180 days, trimmed', expiry({ expiry_duration: 181, unit: 'day' }), { expiry_time: '2027-05-21 20:00:00' }],
  ['a duration beyond all calendars, trimmed', expiry({ expiry_duration: 1e15, unit: 'day' }), { expiry_time: '2027-05-21 20:00:00' }],
  ['more than 180 days from an earlier order time, trimmed from there', expiry({ order_time: '2026-11-21 20:00:00 +0700', expiry_duration: 400, unit: 'day' }), { expiry_time: '2027-05-20 20:00:00' }],
  ['an order time a little earlier', expiry({ order_time: '2026-11-22 19:59:57 +0700', expiry_duration: 60 }), { transaction_time: '2026-11-22 20:00:00', expiry_time: '2026-11-22 20:59:57' }],
  ['an order time that leaves 20 seconds', expiry({ order_time: '2026-11-22 19:59:20 +0700', expiry_duration: 1 }), { expiry_time: '2026-11-22 20:00:20' }],
  ['an order time of another zone', expiry({ order_time: '2026-11-22 13:00:00 +0000', expiry_duration: 60 }), { expiry_time: '2026-11-22 21:00:00' }],
  ['an order time ahead', expiry({ order_time: '2026-11-22 21:00:00 +0700', expiry_duration: 60 }), { expiry_time: '2026-11-22 22:00:00' }]
]

for (const [name, body, members, headers = JSON_TYPE] of ODD) {
  test(`accepted: ${name}`, async (t) => {
    const emulator = await testEmulator(t)
    const reply = await charge(emulator, body, headers)
    const said = membersOf(reply)
    t.equal(reply.statusCode, 200)
    t.equal(said.status_code, '201', reply.payload)
    for (const [member, value] of Object.entries(members)) t.equal(said[member], value, member)
    expectHeaders(t, reply)
  })
}

// Plain values, lists and objects in each other's places.
const SCALARS = [
  'payment_type', 'custom_field1', 'custom_field2', 'custom_field3',
  'transaction_details.order_id', 'transaction_details.gross_amount',
  'cstore.store', 'cstore.message', 'cstore.alfamart_free_text_1', 'cstore.alfamart_free_text_2', 'cstore.alfamart_free_text_3',
  ...['first_name', 'last_name', 'email', 'phone'].map((name) => `customer_details.${name}`),
  ...['billing_address', 'shipping_address'].flatMap((address) => ['first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code', 'country_code'].map((name) => `customer_details.${address}.${name}`)),
  ...['order_time', 'expiry_duration', 'unit'].map((name) => `custom_expiry.${name}`),
  ...['id', 'price', 'quantity', 'name', 'brand', 'category', 'merchant_name', 'url'].map((name) => `item_details.0.${name}`)
]
const OBJECTS = ['transaction_details', 'cstore', 'customer_details', 'customer_details.billing_address', 'customer_details.shipping_address', 'custom_expiry', 'metadata', 'item_details.0']

for (const path of SCALARS) {
  test(`refused with 413: a boolean, a list or an object for ${path}`, async (t) => {
    const emulator = await testEmulator(t)
    for (const value of [true, false, [], ['x'], {}, { x: 1 }]) expectError(t, await charge(emulator, withMember(path, value)), '413-format')
  })
}

for (const path of OBJECTS) {
  test(`refused with 413: a plain value or a list for ${path}`, async (t) => {
    const emulator = await testEmulator(t)
    for (const value of ['', 'x', 0, 7, true, [], [{}]]) expectError(t, await charge(emulator, withMember(path, value)), '413-format')
  })
}

test('refused with 413: anything but a list for item_details, anything but objects in it', async (t) => {
  const emulator = await testEmulator(t)
  for (const value of ['', 'x', 7, true, {}, { 0: {} }]) expectError(t, await charge(emulator, withMember('item_details', value)), '413-format')
  expectError(t, await charge(emulator, withMember('item_details.1', null)), '413-format')
})

// The longest text that each member takes.
const LENGTHS: ReadonlyArray<readonly [path: string, longest: number]> = [
  ['custom_field1', 255], ['custom_field2', 255], ['custom_field3', 255],
  ['customer_details.first_name', 255], ['customer_details.last_name', 255], ['customer_details.email', 255], ['customer_details.phone', 255],
  ...['billing_address', 'shipping_address'].flatMap((address) => [
    ...['first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code'].map((name) => [`customer_details.${address}.${name}`, 255] as const),
    [`customer_details.${address}.country_code`, 3] as const
  ]),
  ['item_details.id', 50], ['item_details.brand', 50], ['item_details.category', 50], ['item_details.merchant_name', 50]
]

for (const [path, longest] of LENGTHS) {
  test(`${path} takes ${longest} characters, not one more`, async (t) => {
    const emulator = await testEmulator(t)
    const place = path.replace('item_details.', 'item_details.0.')
    expectInvalid(t, await charge(emulator, withMember(place, 'x'.repeat(longest + 1))), [`${path} too long`])
    t.equal(membersOf(await charge(emulator, withMember(place, 'x'.repeat(longest)))).status_code, '201')
  })
}

const EMAILS: ReadonlyArray<readonly [email: string, isFine: boolean]> = [
  ['budi@example.com', true], ['BUDI.Utomo@Example.CO.ID', true], ['a!#$%&\'*+/=?^_{|}~`-b@example.com', true], ['budi@[192.168.0.1]', true], ['b@x-y.id', true],
  ['budi', false], ['budi@', false], ['@example.com', false], ['budi@example', false], ['.budi@example.com', false], ['budi..u@example.com', false],
  ['budi.@example.com', false], ['budi utomo@example.com', false], ['budi@exa mple.com', false], ['budi@example.com, siti@example.com', false], ['budi@@example.com', false], ['büdi@example.com', false]
]

for (const [email, isFine] of EMAILS) {
  test(`Indomaret ${isFine ? 'takes' : 'refuses'} the e-mail address ${email}; Alfamart takes it`, async (t) => {
    const emulator = await testEmulator(t)
    t.equal(membersOf(await charge(emulator, customer({ email }))).status_code, '201')
    const reply = await charge(emulator, indomaret({ transaction_details: { order_id: 'order-102', gross_amount: 44000 }, customer_details: { email } }))
    if (isFine) t.equal(membersOf(reply).status_code, '201')
    else expectInvalid(t, reply, ['customer_details.email is invalid'])
  })
}

for (const value of [0, -1, -44000, '0', '0.00', '-5', 0.001]) {
  test(`the amount ${JSON.stringify(value)} is refused, with the limits of stores and without`, async (t) => {
    const emulator = await testEmulator(t)
    t.match(membersOf(await charge(emulator, amount('alfamart', value))).validation_messages, [TOO_SMALL])
    await changeSettings(t, emulator, { store_limits: false })
    const reply = await charge(emulator, amount('indomaret', value))
    t.equal(reply.statusCode, 400)
    t.match(membersOf(reply).validation_messages, [TOO_SMALL])
  })
}

test('without the limits of stores any amount passes that is one', async (t) => {
  const emulator = await testEmulator(t)
  await changeSettings(t, emulator, { store_limits: false })
  const rows = [['alfamart', 5_000_001], ['indomaret', 1], ['indomaret', 2_000_000_000]] as const
  for (const [at, [store, value]] of rows.entries()) {
    const reply = await charge(emulator, chargeBody({ transaction_details: { order_id: `order-${at}`, gross_amount: value }, cstore: { store } }))
    t.equal(membersOf(reply).gross_amount, `${value}.00`)
  }
  expectInvalid(t, await charge(emulator, details({ order_id: 'order-x', gross_amount: 1.5 })), ['transaction_details.gross_amount is not an integer'])
})

test('order ids of any symbols pass when the setting says so, but not longer ones', async (t) => {
  const emulator = await testEmulator(t)
  await changeSettings(t, emulator, { strict_order_id: false })
  const order = '2016-10-20 12:39:16 +0700'
  t.equal(membersOf(await charge(emulator, details({ order_id: order }))).order_id, order)
  t.equal(membersOf(await charge(emulator, details({ order_id: 'é/✓ "quoted" \\' }))).order_id, 'é/✓ "quoted" \\')
  expectInvalid(t, await charge(emulator, details({ order_id: ' '.repeat(51) })), ['transaction_details.order_id too long'])
  expectInvalid(t, await charge(emulator, details({ order_id: '' })), ['transaction_details.order_id is required'])
})

test('the default expiry of each store follows the settings', async (t) => {
  const emulator = await testEmulator(t)
  await changeSettings(t, emulator, { default_expiry: { indomaret: '2h' } })
  t.equal(membersOf(await charge(emulator, indomaret({}))).expiry_time, '2026-11-22 22:00:00')
  t.equal(membersOf(await charge(emulator, details({ order_id: 'order-102' }))).expiry_time, '2026-11-23 20:00:00')
})

test('a store that is switched off is refused with 402 until it is switched on again', async (t) => {
  const emulator = await testEmulator(t)
  await changeSettings(t, emulator, { active_stores: ['alfamart'] })
  expectError(t, await charge(emulator, indomaret({})), 402)
  t.equal(membersOf(await charge(emulator, chargeBody())).store, 'alfamart')
  await changeSettings(t, emulator, { active_stores: ['alfamart', 'indomaret'] })
  t.equal(membersOf(await charge(emulator, indomaret({ transaction_details: { order_id: 'order-102', gross_amount: 44000 } }))).store, 'indomaret')
})

test('400 comes before 402, and 402 before 406', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, chargeBody())
  expectError(t, await charge(emulator, chargeBody()), 406)
  expectInvalid(t, await charge(emulator, details({ gross_amount: 'x' })), ['transaction_details.gross_amount is not a number'])
  expectError(t, await charge(emulator, chargeBody({ payment_type: 'gopay' })), 402)
  await changeSettings(t, emulator, { active_stores: ['indomaret'] })
  expectError(t, await charge(emulator, chargeBody()), 402)
  expectInvalid(t, await charge(emulator, details({ gross_amount: 'x' })), ['transaction_details.gross_amount is not a number'])
  expectError(t, await charge(emulator, ''), 500)
})

test('a wrong path or method comes before the key, the key before the body', async (t) => {
  const emulator = await testEmulator(t)
  const stranger = { authorization: basic('SB-Mid-server-else') }
  const huge = ' '.repeat(MIB + 1)
  expectError(t, await request(emulator, 'POST', '/v2/charges', '{', stranger), '404-path')
  expectError(t, await request(emulator, 'PUT', '/v2/charge', '{', stranger), 405)
  expectError(t, await request(emulator, 'POST', '/v2/charge', '{', stranger), 401)
  expectError(t, await request(emulator, 'POST', '/v2/charge', huge, stranger), 401)
})

test('an order id that is a number is the same order as its text', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, details({ order_id: 1554317097 }))
  expectError(t, await charge(emulator, details({ order_id: '1554317097' })), 406)
  t.equal(membersOf(await emulator.ask('GET', '/v2/1554317097/status')).order_id, '1554317097')
})

test('members named __proto__ and constructor are dropped everywhere, and reach no prototype', async (t) => {
  const emulator = await testEmulator(t)
  const evil = '"__proto__":{"polluted":"yes","payment_type":"gopay"},"constructor":{"prototype":{"polluted":"yes"}}'
  const body = `{"payment_type":"cstore",${evil},"transaction_details":{"order_id":"order-101","gross_amount":44000,${evil}},` +
    `"cstore":{"store":"alfamart",${evil}},"item_details":[{"price":44000,"quantity":1,"name":"tiket",${evil}}],` +
    `"customer_details":{${evil},"first_name":"Budi"},"metadata":{"kept":"yes",${evil},"nested":[{${evil},"kept":1}]}}`
  t.equal(membersOf(await charge(emulator, body)).status_code, '201')
  t.equal(({} as { polluted?: string }).polluted, undefined)

  const status = await emulator.ask('GET', '/v2/order-101/status')
  t.match(status.payload, /"metadata":\{"kept":"yes","nested":\[\{"kept":1\}\]\}/)
  const seen = (await emulator.ask('GET', '/admin/transactions/order-101')).payload
  t.equal(/__proto__|constructor|polluted/.test(seen), false, 'nor are they kept')
})

test('required members that only a prototype has are missing', async (t) => {
  const emulator = await testEmulator(t)
  expectInvalid(t, await charge(emulator, '{"__proto__":{"payment_type":"cstore","transaction_details":{"order_id":"order-101","gross_amount":44000},"cstore":{"store":"alfamart"}}}'), ['payment_type is required', 'transaction_details is required'])
})

test('numbers where texts are documented come back as their decimal text', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/notify`])
  await charge(emulator, chargeBody({
    custom_field1: 7, custom_field2: 1.5, custom_field3: -0.25, customer_details: { first_name: 1, last_name: 2, phone: 811223344, billing_address: { address: 12 } }
  }))
  const body = JSON.parse(await notifiedBody(emulator, 'order-101', 'pending')) as Record<string, unknown>
  t.same(body.customer_details, { phone: '811223344', full_name: '1 2', address: '12' })
  t.same([body.custom_field1, body.custom_field2, body.custom_field3], ['7', '1.5', '-0.25'])
})

test('metadata of any shape comes back as sent in status, reversed in notifications', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/notify`])
  const metadata = '{"b":{"x":null,"y":[{"p":1,"q":[]}],"a":-1.5},"a":true,"é":"✓ \\"\\\\ </script>"}'
  await charge(emulator, raw(`"metadata":${metadata}`))
  const status = await emulator.ask('GET', '/v2/order-101/status')
  t.equal(status.payload.endsWith(`,"metadata":${metadata}}`), true, status.payload)
  const body = await notifiedBody(emulator, 'order-101', 'pending')
  t.equal(body.includes('"order_id":"order-101","metadata":{"é":"✓ \\"\\\\ </script>","b":{"y":[{"q":[],"p":1}],"x":null,"a":-1.5},"a":true},"merchant_id"'), true, body)
})

test('an integer in metadata with more digits than a double keeps them all, as a text', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, raw('"metadata":{"id":12345678901234567890}'))
  t.match((await emulator.ask('GET', '/v2/order-101/status')).payload, ',"metadata":{"id":"12345678901234567890"}}')
})

test('the customer\'s address in notifications is the billing one, else the shipping one, else absent', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/notify`])
  const rows = [
    [{ billing_address: { address: 'A' }, shipping_address: { address: 'B' } }, '{"address":"A"}'],
    [{ billing_address: { address: '' }, shipping_address: { address: 'B' } }, '{"address":"B"}'],
    [{ first_name: 'Budi', shipping_address: { city: 'Jakarta' } }, '{"full_name":"Budi"}'],
    [{ last_name: 'Utomo', email: 'b@example.com' }, '{"full_name":"Utomo","email":"b@example.com"}'],
    [{ phone: '1', first_name: 'Budi', last_name: 'Utomo', email: 'b@example.com', shipping_address: { address: 'B' } }, '{"phone":"1","full_name":"Budi Utomo","email":"b@example.com","address":"B"}']
  ] as const
  for (const [at, [customerDetails, shown]] of rows.entries()) {
    await charge(emulator, chargeBody({ transaction_details: { order_id: `order-${at}`, gross_amount: 44000 }, customer_details: customerDetails }))
    t.match(await notifiedBody(emulator, `order-${at}`, 'pending'), `"customer_details":${shown},"currency"`)
  }
  await charge(emulator, chargeBody({ transaction_details: { order_id: 'order-none', gross_amount: 44000 }, customer_details: {} }))
  t.match(await notifiedBody(emulator, 'order-none', 'pending'), /"expiry_time":"[^"]+","currency":"IDR"\}$/)
})

test('over-long texts for the store are cut on the till, where Alfamart alone prints free texts', async (t) => {
  const emulator = await testEmulator(t)
  const texts = { message: 'm'.repeat(30), alfamart_free_text_1: '1'.repeat(43), alfamart_free_text_2: 'short', alfamart_free_text_3: '3'.repeat(40) }
  for (const store of ['alfamart', 'indomaret']) {
    const { payment_code: code } = membersOf(await charge(emulator, chargeBody({ transaction_details: { order_id: store, gross_amount: 44000 }, cstore: { store, ...texts } })))
    const bill = membersOf(await emulator.ask('POST', `/till/${store}/inquiry`, { payment_code: code }))
    t.equal(bill.message, 'm'.repeat(20))
    t.same(bill.free_text, store === 'alfamart' ? ['1'.repeat(40), 'short', '3'.repeat(40)] : ['', '', ''])
  }
})

test('refused charges notify nobody and keep nothing', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/notify`])
  await charge(emulator, chargeBody())
  for (const body of ['', '{', '7', {}, chargeBody({ payment_type: 'gopay' }), chargeBody()]) {
    await charge(emulator, body, { ...JSON_TYPE, 'x-append-notification': `${NOBODY}/more` })
  }
  t.equal((await notificationsOf(emulator, 'order-101')).length, 1)
  t.equal((JSON.parse((await emulator.ask('GET', '/admin/transactions')).payload) as { items: unknown[] }).items.length, 1)
})

/** A charge with every object in it, and one member replaced. */
function withMember (path: string, value: unknown): object {
  const body = chargeBody({
    item_details: [{ price: 44000, quantity: 1, name: 'tiket' }],
    customer_details: { billing_address: {}, shipping_address: {} },
    custom_expiry: { expiry_duration: 60 }
  })
  const names = path.split('.')
  const last = names.pop() ?? ''
  const holder = names.reduce<Record<string, unknown>>((object, name) => object[name] as Record<string, unknown>, body)
  holder[last] = value
  return body
}

function errorOf (http: number, code: string, said: string): GatewayError {
  const names: Record<string, GatewayError> = { 401: 401, 402: 402, 500: 500, 413: said === SYNTAX ? '413-syntax' : http === 413 ? '413-too-large' : '413-format' }
  const name = names[code] ?? '404-path'
  // The table says what is expected; the golden file has to say the same.
  if ((JSON.parse(golden(`errors/${name}`)) as Record<string, string>).status_message !== said) throw new Error(`no golden error says: ${said}`)
  return name
}
