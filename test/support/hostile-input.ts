import { chargeBody } from './emulator.ts'
import { head } from './gateway-world.ts'

export const MIB = 1_048_576
export const ALIVE = { connection: 'keep-alive' }

const charged = JSON.stringify(chargeBody())
export const wholeCharge = (headers: Record<string, string> = {}): string => head('POST', '/v2/charge', { 'content-length': String(charged.length), ...headers }) + charged
export const CHUNKED = { 'transfer-encoding': 'chunked' }
export const manyHeaders = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, '']))

/** What is sent over a real connection, and the statuses of all that comes back. */
export const WIRE: ReadonlyArray<readonly [name: string, bytes: string | Buffer, ...statuses: number[]]> = [
  ['headers of 17 kB', head('GET', '/v2/order-101/status', { x: 'y'.repeat(17_000) }), 431],
  ['headers of 1 MB', head('GET', '/v2/order-101/status', { x: 'y'.repeat(MIB) }), 431],
  ['a path of 17 kB', head('GET', `/v2/${'x'.repeat(17_000)}/status`), 431],
  ['a path of 15 kB', head('GET', `/v2/${'x'.repeat(15_000)}/status`), 200],
  ['a query of 15 kB', head('GET', `/v2/order-101/status?${'x&'.repeat(7_500)}`), 200],
  ['97 headers beside our three', head('GET', '/v2/order-101/status', manyHeaders(97)), 200],
  ['98 headers beside our three', head('GET', '/v2/order-101/status', manyHeaders(98)), 431],
  ['3,000 headers', `GET /v2/order-101/status HTTP/1.1\r\n${'a:\r\n'.repeat(3_000)}host: a\r\nconnection: close\r\n\r\n`, 431],
  ['garbage', 'garbage\r\n\r\n', 400],
  ['a TLS handshake', Buffer.from('16030100f1010000ed0303', 'hex'), 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/3.0', 'GET /v2/order-101/status HTTP/3.0\r\nhost: a\r\n\r\n', 400],
  ['HTTP/0.9', 'GET /v2/order-101/status\r\n\r\n', 400],
  ['HTTP/1.0 without a host', `GET /v2/order-101/status HTTP/1.0\r\n${head('', '').split('\r\n')[2] ?? ''}\r\n\r\n`, 200],
  ['HTTP/1.0 in chunks', head('POST', '/v2/charge', CHUNKED).replace('HTTP/1.1', 'HTTP/1.0') + '0\r\n\r\n', 400],
  ['HTTP/1.1 without a host', 'GET /v2/order-101/status HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
  ['two hosts', 'GET /v2/order-101/status HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n', 400],
  ['bare line feeds', 'GET /v2/order-101/status HTTP/1.1\nhost: a\n\n', 400],
  ['a folded header', 'GET /v2/order-101/status HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n', 400],
  ['a space before a colon', 'POST /v2/charge HTTP/1.1\r\nhost: a\r\ncontent-length : 2\r\n\r\n{}', 400],
  ['NUL in a header', 'GET /v2/order-101/status HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n', 400],
  ['NUL in a path', 'GET /v2/a\0b/status HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['both lengths', head('POST', '/v2/charge', { 'content-length': '6', ...CHUNKED }) + '0\r\n\r\n' + wholeCharge(), 400],
  ['both lengths the other way round', head('POST', '/v2/charge', { ...CHUNKED, 'content-length': '6' }) + '0\r\n\r\n' + wholeCharge(), 400],
  ['two lengths', 'POST /v2/charge HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 1\r\n\r\n{}', 400],
  ['the same length twice', 'POST /v2/charge HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}', 400],
  ...['2, 2', '+2', '-1', '0x2', '2.0', '99999999999999999999'].map((length) => [`a length of ${length}`, head('POST', '/v2/charge', { 'content-length': length }) + '{}', 400] as const),
  ...['identity', 'chunked, identity', 'xchunked', 'chunked, chunked'].map((coding) => [`the transfer encoding ${coding}`, head('POST', '/v2/charge', { 'transfer-encoding': coding }) + '0\r\n\r\n', 400] as const),
  ['a charge in chunks of one byte', head('POST', '/v2/charge', { ...ALIVE, ...CHUNKED }) + [...charged].map((byte) => `1\r\n${byte}\r\n`).join('') + '0\r\n\r\n' + head('POST', '/v2/order-101/cancel'), 200, 200],
  ['a chunk of no size', head('POST', '/v2/charge', CHUNKED) + 'zz\r\n', 400],
  ['a chunk that is longer than it says', head('POST', '/v2/charge', CHUNKED) + '1\r\n{}\r\n0\r\n\r\n', 400],
  ['20 kB beside a chunk', head('POST', '/v2/charge', CHUNKED) + `1;${'x'.repeat(20_000)}\r\n`, 413],
  ['a trailer that names a prototype', head('POST', '/v2/charge', CHUNKED) + '2\r\n{}\r\n0\r\n__proto__: x\r\n\r\n', 400],
  ['Expect: 100-continue', head('POST', '/v2/capture', { 'content-length': '2', expect: '100-continue' }) + '{}', 100, 200],
  ['an expectation that nobody meets', head('POST', '/v2/charge', { 'content-length': '2', expect: '200-ok' }) + '{}', 417],
  ['an upgrade to WebSocket', head('GET', '/v2/order-101/status', { connection: 'upgrade, close', upgrade: 'websocket' }), 200],
  ['an upgrade to HTTP/2', head('GET', '/v2/order-101/status', { connection: 'upgrade, close', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' }), 200],
  ['CONNECT to elsewhere', head('CONNECT', 'evil.example:443'), 405],
  ['CONNECT to a path', head('CONNECT', '/v2/charge'), 405],
  ['an absolute target', head('GET', 'http://evil.example/v2/order-101/status'), 200],
  ['garbage after a good request', wholeCharge(ALIVE) + 'garbage\r\n\r\n', 200, 400],
  ['garbage after three good requests', head('GET', '/v2/a/status', ALIVE).repeat(2) + wholeCharge(ALIVE) + '\0', 200, 200, 200, 400],
  ['a bad chunk after a good request', wholeCharge(ALIVE) + head('POST', '/v2/capture', { ...ALIVE, ...CHUNKED }) + 'zz\r\n', 200, 400],
  ['a good request after garbage', 'garbage\r\n\r\n' + wholeCharge(), 400],
  ['a body longer than it says', wholeCharge({ ...ALIVE, 'content-length': String(charged.length - 1) }), 200, 400],
  ['garbage in a body that was refused at its head', head('POST', '/v2/charge', { ...ALIVE, ...CHUNKED, authorization: 'Basic none' }) + '1\r\na\r\nzz\r\n', 401]
]

const text = (length: number): string => 'x'.repeat(length)
const item = { id: 'a', price: 44, quantity: 1, name: 'Pen' }
export const items = (count: number, one: unknown = item): unknown => chargeBody({ transaction_details: { order_id: 'order-101', gross_amount: 44 * count }, item_details: Array.from({ length: count }, () => one) })

/** Bodies of a charge, and the code they are answered with. */
export const BODIES: ReadonlyArray<readonly [name: string, body: unknown, code: string]> = [
  ['1,000 items', items(1_000), '201'],
  ['1,001 items', items(1_001), '413'],
  ['100,000 items of a wrong kind', items(100_000, 1), '413'],
  ['1,000 items of eight wrong members', items(1_000, { id: [], price: [], quantity: [], name: [], brand: [], category: [], merchant_name: [], url: [] }), '413'],
  ['a mebibyte of opening brackets', '['.repeat(MIB), '413'],
  ['lists 500,000 deep', '['.repeat(MIB / 2) + ']'.repeat(MIB / 2), '413'],
  ['480,000 lists, 30 deep, side by side', `[${Array.from({ length: 16_000 }, () => `${'['.repeat(30)}${']'.repeat(30)}`).join()}]`, '413'],
  ['objects 100,000 deep', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), '413'],
  ['a list of 500,000 numbers', `[${'1,'.repeat(500_000)}1]`, '413'],
  ['metadata of 90,000 members', chargeBody({ metadata: Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`k${at}`, 1])) }), '413'],
  ['metadata of 19,000 members', chargeBody({ metadata: Object.fromEntries(Array.from({ length: 19_000 }, (_, at) => [`k${at}`, 1])) }), '201'],
  ['one name 100,000 times', `{${'"a":1,'.repeat(100_000)}"a":1}`, '413'],
  ['an order id of a megabyte', chargeBody({ transaction_details: { order_id: text(1_000_000), gross_amount: 44000 } }), '400'],
  ['an amount of a million digits', JSON.stringify(chargeBody()).replace('44000', '4'.repeat(1_000_000)), '400'],
  ['a megabyte of escapes beside a long number', JSON.stringify(chargeBody({ metadata: { text: '\n'.repeat(480_000), n: 1 } })).replace('"n":1', '"n":12345678901234567890'), '201'],
  ['an e-mail address of a megabyte', chargeBody({ cstore: { store: 'indomaret' }, customer_details: { email: `a@${'a-'.repeat(400_000)}!` } }), '400'],
  ['a megabyte of NUL bytes', Buffer.alloc(1_000_000), '413'],
  ['invalid UTF-8 in a text', Buffer.from(charged.replace('order-101', 'order-\xff'), 'latin1'), '413'],
  ['an encoded surrogate', Buffer.from(charged.replace('order-101', 'order-\xed\xa0\x80'), 'latin1'), '413'],
  ['an overlong slash', Buffer.from(charged.replace('order-101', '\xc0\xaf'), 'latin1'), '413'],
  ['UTF-16', Buffer.from(charged, 'utf16le'), '413'],
  ['__proto__ in place of all', '{"__proto__":{"payment_type":"cstore","polluted":true}}', '400'],
  ['constructor.prototype', '{"constructor":{"prototype":{"polluted":true}}}', '400']
]
