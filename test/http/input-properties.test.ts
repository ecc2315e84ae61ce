import * as fc from 'fast-check'
import { test } from 'tap'
import type { Test } from 'tap'

import { basic, chargeBody, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { membersOf } from '../support/gateway-answers.ts'
import type { Reply } from '../support/gateway-answers.ts'
import { changeSettings, NOBODY } from '../support/gateway-world.ts'
import { counterexampleOf } from '../support/property.ts'
import { sendOver } from '../support/wire.ts'

const STACK = /node:|\.ts:\d/
const isGatewayCode = (code: unknown): boolean => typeof code === 'string' && /^\d{3}$/.test(code)
const isGatewayPath = (path: string): boolean => /^(http:\/\/evil\.example)?\/+v2\//.test(path)

/** The members of a JSON object; none of what is none. */
function parsed (text: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(text) }
  } catch {
    return {}
  }
}

/** What the answer is instead of one of the gateway's; undefined where it is one. */
function oddity ({ statusCode, headers, payload }: Pick<Reply, 'statusCode' | 'headers' | 'payload'>): string | undefined {
  const { status_code: code, status_message: message } = parsed(payload)
  const isSound = statusCode < 500 && headers['content-type'] === 'application/json' && isGatewayCode(code) && typeof message === 'string' && !STACK.test(payload)
  return isSound ? undefined : `${statusCode} ${JSON.stringify(headers)} ${payload}`
}

function expectSound (answer: Pick<Reply, 'statusCode' | 'headers' | 'payload'>): void {
  const odd = oddity(answer)
  if (odd !== undefined) throw new Error(odd)
}

async function laxEmulator (t: Test): Promise<TestEmulator> {
  const emulator = await testEmulator(t, ['--notification-url', NOBODY])
  await changeSettings(t, emulator, { strict_order_id: false, store_limits: false })
  await emulator.ask('POST', '/v2/charge', chargeBody())
  return emulator
}

// Bodies.
const scalar = fc.oneof(
  fc.constantFrom<unknown>('', '0', '44000', '44000.00', '1e999', 'alfamart', 'Indomaret', 'cstore', 'second', 'day', '2026-11-22 20:00:00 +0700', 'a@b.co', '__proto__', '\ud800', '\0'),
  fc.constantFrom<unknown>(0, -0, 1, -1, 0.5, 44000, 5_000_000, 2 ** 53, 1e21, 1e308, 5e-324, null, true, [], {}),
  fc.string({ unit: 'binary', maxLength: 60 }), fc.double(), fc.integer(), fc.jsonValue({ maxDepth: 2 })
)
const KEYS = ['id', 'price', 'quantity', 'name', 'brand', 'order_id', 'gross_amount', 'store', 'message', 'alfamart_free_text_1', 'first_name', 'email', 'postal_code', 'country_code', 'address', 'billing_address', 'shipping_address', 'order_time', 'expiry_duration', 'unit', '__proto__', 'constructor']
const members = fc.dictionary(fc.constantFrom(...KEYS), fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...KEYS), scalar) }), { noNullPrototype: true })
const part = <Value>(sound: Value) => fc.oneof({ weight: 3, arbitrary: fc.constant<unknown>(sound) }, { weight: 2, arbitrary: members }, { weight: 1, arbitrary: scalar })
const nearSchema = fc.record({
  payment_type: part('cstore'),
  transaction_details: fc.oneof(part({ order_id: 'order-102', gross_amount: 44000 }), fc.record({ order_id: scalar, gross_amount: scalar })),
  cstore: fc.oneof(part({ store: 'alfamart' }), fc.record({ store: fc.constantFrom('alfamart', 'indomaret'), message: scalar })),
  item_details: fc.oneof(fc.array(fc.oneof(members, fc.record({ price: scalar, quantity: scalar, name: scalar })), { maxLength: 4 }), scalar),
  customer_details: part({ email: 'a@b.co' }),
  custom_expiry: fc.oneof(part({ expiry_duration: 1, unit: 'day' }), fc.record({ order_time: scalar, expiry_duration: scalar, unit: scalar }, { requiredKeys: [] })),
  custom_field1: scalar,
  metadata: fc.oneof(fc.object({ maxDepth: 3 }), scalar)
}, { requiredKeys: [] }).map((body) => JSON.stringify(body))
const almostJson = fc.tuple(fc.oneof(fc.json(), nearSchema), fc.nat(), fc.uint8Array({ maxLength: 3 }))
  .map(([json, at, bytes]) => {
    const whole = Buffer.from(json)
    const from = at % (whole.length + 1)
    return Buffer.concat([whole.subarray(0, from), bytes, whole.subarray(from)])
  })

const PATHS = ['/v2/charge', '/v2/capture', '/v2/order-101/cancel', '/v2/order-101/expire', '/v2/order-101/refund/online/direct', '/v2/order-101/status', '/v2/nowhere', '/v2', '//v2/charge']
const CONTENT_TYPES = ['application/json', 'text/plain', '', 'nonsense', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16']

for (const [name, bodies, runs] of [
  ['any bytes', fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)), 200],
  ['any JSON', fc.json({ maxDepth: 6 }), 300],
  ['JSON with bytes put in', almostJson, 300],
  ['JSON near the schema', nearSchema, 600]
] as ReadonlyArray<readonly [string, fc.Arbitrary<Buffer | string>, number]>) {
  test(`${name} as a body gets an answer of the gateway, never a 5xx`, async (t) => {
    const emulator = await laxEmulator(t)
    const path = fc.oneof({ weight: 4, arbitrary: fc.constant('/v2/charge') }, { weight: 1, arbitrary: fc.constantFrom(...PATHS) })
    t.equal(await counterexampleOf(fc.asyncProperty(bodies, path, fc.constantFrom(...CONTENT_TYPES), async (payload, url, type) => {
      const answer = await emulator.app.inject({ method: 'POST', url, headers: { authorization: basic(SERVER_KEY), 'content-type': type }, payload })
      expectSound(answer)
      // A body of 500 says that something unexpected happened, unless nothing was sent.
      const isNothing = /^\s*(null\s*)?$/.test(payload.toString())
      if (membersOf(answer).status_code === '500' && !isNothing) throw new Error(answer.payload)
    }), runs), undefined)

    // What was taken can be shown, and was signed and told.
    const list = await emulator.ask('GET', '/admin/transactions?limit=1000')
    t.equal(list.statusCode, 200)
    for (const { transaction_id: id } of (list.json() as { items: Array<{ transaction_id: string }> }).items) {
      t.equal(oddity(await emulator.ask('GET', `/v2/${id}/status`)), undefined)
      t.equal((await emulator.ask('GET', `/admin/transactions/${id}`)).statusCode, 200)
    }
    t.equal((await emulator.ask('GET', '/admin/notifications?limit=1000')).statusCode, 200)
  })
}

// Heads, as bytes on a real connection.
const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 })
const token = fc.string({ unit: fc.constantFrom(...'abcXYZ09-_.~!#$%&\'*+^`|'), minLength: 1, maxLength: 20 })
const HEADERS = ['authorization', 'x-override-notification', 'x-append-notification', 'idempotency-key', 'accept', 'content-type', 'content-encoding', 'cookie', 'origin', 'x-forwarded-for', 'x-forwarded-host',
  'x-merchant-id', 'range', 'if-none-match', 'upgrade', 'connection', 'expect', 'host', 'transfer-encoding', 'content-length', 'te', 'trailer', 'x-http-method-override', 'accept-version', 'request-id', '__proto__']
const VALUES = ['', ' ', 'http://a,http://b', 'https://a:b@c/', ',', ',,,', 'http://', 'http://[::1', 'javascript:alert(1)', 'gzip', 'close', 'keep-alive', 'chunked', '0', '2', '100-continue', '*/*', 'localhost', '[', 'h2c', 'websocket', 'Basic ', 'Basic Og==', 'Basic !!']
const headers = fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...HEADERS) }, { weight: 1, arbitrary: fc.oneof(token, latin1) }), fc.oneof(fc.constantFrom(...VALUES), latin1)), { maxLength: 6 })
const method = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND') }, { weight: 1, arbitrary: fc.oneof(token, latin1) })
const segment = fc.oneof(latin1, token, fc.constantFrom('', '.', '..', '%', '%00', '%2f', '%zz', '%ff', '%ed%a0%80', 'v2', 'charge', 'status', 'b2b', 'cancel', 'order-101', '__proto__', ':id', '*', '?', '#', ';', '\\'))
const target = fc.tuple(fc.constantFrom('/v2/', '//v2/', 'http://evil.example/v2/', '/v2', '/'), fc.array(segment, { maxLength: 5 }), fc.constantFrom('', '/status', '/cancel', '?', '?a=%ff&__proto__=1'))
  .map(([start, segments, end]) => start + segments.join('/') + end)

test('any method, path and headers on a real connection get answers in JSON, never a 5xx', async (t) => {
  const emulator = await laxEmulator(t)
  const port = Number(new URL(await emulator.start()).port)
  const key = `authorization: ${basic(SERVER_KEY)}\r\n`
  t.equal(await counterexampleOf(fc.asyncProperty(method, target, headers, latin1, async (verb, path, lines, body) => {
    const bytes = `${verb} ${path} HTTP/1.1\r\nhost: localhost\r\n${key}${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
    const ends: Array<() => void> = []
    const answers = await sendOver({ teardown: (end) => ends.push(end) }, port, Buffer.from(bytes, 'latin1'), true)
    for (const end of ends) end()
    const final = answers.filter(({ status }) => status !== 100)
    if (final.length === 0) throw new Error('no answer')
    for (const { status, head, body } of final) {
      const said = parsed(body)
      const isSound = isGatewayPath(path) ? isGatewayCode(said.status_code) : Object.keys(said).length > 0
      if (!(status < 500) || !isSound) throw new Error(`${head}\n\n${body}`)
    }
  }), 500), undefined)
  t.equal(membersOf(await emulator.ask('GET', '/v2/order-101/status')).order_id, 'order-101', 'it lives on')
})

const some = fc.dictionary(fc.constantFrom(...HEADERS.filter((name) => !/^(content-length|transfer-encoding|host|__proto__)$/.test(name))), fc.oneof(fc.constantFrom(...VALUES), fc.string()), { noNullPrototype: true })

test('any path under /v2 and any headers get an answer of the gateway, never a 5xx', async (t) => {
  const emulator = await laxEmulator(t)
  // Segments of dots alone would be resolved on the way, and lead out of /v2.
  const encoded = fc.oneof(fc.webSegment(), segment.map((raw) => encodeURI(raw.replace(/[?#]/g, '')))).filter((part) => !/^(\.|%2e){1,2}$/i.test(part))
  const path = fc.tuple(fc.constantFrom('/v2/', '//v2/'), fc.array(encoded, { maxLength: 6 }))
    .map(([start, segments]) => start + segments.join('/'))
  t.equal(await counterexampleOf(fc.asyncProperty(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'), path, some, async (verb, url, more) => {
    expectSound(await emulator.app.inject({ method: verb as 'GET', url, headers: { authorization: basic(SERVER_KEY), ...more } }))
  }), 500), undefined)
})

// Our own interfaces. What changes in one run must not matter to the next: each has an emulator of its own.
const SETTINGS = ['notification_urls', 'active_stores', 'default_expiry', 'store_limits', 'strict_order_id', 'pending_notification', 'pending_notification_delay', 'expiry_lag', 'retry_jitter', 'notification_timeout', 'receipt_name']
const setting = fc.oneof(scalar, fc.constantFrom<unknown>(true, false, '1ms', '7d', '-1s', 'http://shop.test/', ['indomaret'], []), fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.constantFrom('alfamart', 'indomaret', '__proto__'), scalar))
const settings = fc.dictionary(fc.constantFrom(...SETTINGS), setting, { maxKeys: 3, noNullPrototype: true })
const payment = fc.record({ payment_code: part('CODE'), amount: part(44000) }, { requiredKeys: [] })
const amount = fc.record({ amount: part(44000) }, { requiredKeys: [] })
const ROUTES: ReadonlyArray<readonly [verb: string, path: string, body: fc.Arbitrary<unknown>]> = [
  ...['inquiry', 'payment', 'reversal'].map((action) => ['POST', `/till/:/${action}`, payment] as const),
  ...['pay', 'expire', 'reverse'].map((action) => ['POST', `/admin/transactions/:/${action}`, amount] as const),
  ...['/admin/transactions', '/admin/transactions/:', '/admin/notifications', '/admin/notifications/:', '/admin/settings', '/at-:', '/snap/:'].map((path) => ['GET', path, amount] as const),
  ['PUT', '/admin/settings', settings]
]
const mostly = <Value>(usual: fc.Arbitrary<Value>, ...others: ReadonlyArray<fc.Arbitrary<Value>>) => fc.oneof({ weight: 5, arbitrary: usual }, ...others.map((arbitrary) => ({ weight: 1, arbitrary })))
const ref = mostly(fc.constantFrom('order-101', 'alfamart', 'indomaret'), segment.map((raw) => encodeURI(raw.replace(/[?#]/g, ''))), fc.webSegment())
const query = fc.array(fc.tuple(fc.constantFrom('status', 'store', 'q', 'limit', 'cursor', 'ref', 'state', 'wait', 'timeout', '__proto__'), fc.constantFrom('', 'pending', 'alfamart', '0', '1', '1000', '-1', '9e9', 'attempted', '1ms', '%ff', '%', '&', '[]', '\0')), { maxLength: 3 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&')).map((text) => `?${text}`)
const ownRequest = fc.constantFrom(...ROUTES).chain(([verb, path, body]) => fc.record({
  verb: mostly(fc.constant(verb), fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH')),
  url: fc.tuple(ref, mostly(fc.constant(''), query)).map(([id, asked]) => path.replace(':', () => id) + asked),
  type: mostly(fc.constant('application/json'), fc.constantFrom(...CONTENT_TYPES)),
  more: mostly(fc.constant({}), some),
  payload: mostly<Buffer | string>(body.map((members) => JSON.stringify(members)), fc.json(), fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)), almostJson)
}))

function isOurAnswer ({ statusCode, headers, payload }: Pick<Reply, 'statusCode' | 'headers' | 'payload'>, url: string): boolean {
  const { code, message } = parsed(payload)
  const isRefusal = typeof code === 'string' && typeof message === 'string'
  return statusCode < 500 && String(headers['content-type']).startsWith('application/json') && !STACK.test(payload) && (statusCode < 400 || isRefusal || url.startsWith('/snap/'))
}

test('any body, path, query and headers at the admin API and the till get an answer in JSON, never a 5xx', async (t) => {
  t.equal(await counterexampleOf(fc.asyncProperty(ownRequest, async ({ verb, url, type, more, payload }) => {
    const ends: Array<() => Promise<void>> = []
    const emulator = await testEmulator({ teardown: (end) => ends.push(end) })
    const { payment_code: code } = membersOf(await emulator.ask('POST', '/v2/charge', chargeBody()))
    const answer = await emulator.app.inject({
      method: verb as 'GET',
      url,
      headers: { host: 'localhost', authorization: basic(SERVER_KEY), 'content-type': type, ...more },
      payload: typeof payload === 'string' ? payload.replace('CODE', () => code ?? '') : payload
    })
    const after = await emulator.ask('GET', '/admin/transactions/order-101')
    const odd = oddity(await emulator.ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: 'order-102', gross_amount: 44000 } })))
    for (const end of ends) await end()
    if (!isOurAnswer(answer, url)) throw new Error(`${answer.statusCode} ${answer.payload}`)
    if (after.statusCode !== 200 || odd !== undefined) throw new Error(`and then: ${after.payload} ${odd}`)
  }), 300), undefined)
})
