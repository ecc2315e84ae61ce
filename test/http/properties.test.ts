import { join } from 'node:path'

import * as fc from 'fast-check'
import { test } from 'tap'
import type { Test } from 'tap'

import { basic, chargeBody, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { membersOf } from '../support/gateway-answers.ts'
import type { Reply } from '../support/gateway-answers.ts'
import { changeSettings, NOBODY } from '../support/gateway-world.ts'
import { sendOver } from '../support/wire.ts'

/** What breaks a property, with the seed to find it again; undefined where it holds. */
async function counterexample<Values> (property: fc.IAsyncProperty<Values>, numRuns: number): Promise<string | undefined> {
  const found = await fc.check(property, { numRuns })
  return found.failed ? fc.defaultReportMessage(found) : undefined
}

/** What the answer is instead of one of the gateway's; undefined where it is one. */
function oddity ({ statusCode, headers, payload }: Pick<Reply, 'statusCode' | 'headers' | 'payload'>): string | undefined {
  const said = JSON.parse(payload) as Record<string, unknown>
  const isSound = statusCode < 500 && headers['content-type'] === 'application/json' &&
    /^\d{3}$/.test(String(said.status_code)) && typeof said.status_code === 'string' && typeof said.status_message === 'string' && !/node:|\.ts:\d/.test(payload)
  return isSound ? undefined : `${statusCode} ${JSON.stringify(headers)} ${payload}`
}

async function expectSound (answer: Promise<Pick<Reply, 'statusCode' | 'headers' | 'payload'>>): Promise<void> {
  const odd = oddity(await answer)
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
    t.equal(await counterexample(fc.asyncProperty(bodies, path, fc.constantFrom(...CONTENT_TYPES), async (payload, url, type) => {
      await expectSound(emulator.app.inject({ method: 'POST', url, headers: { authorization: basic(SERVER_KEY), 'content-type': type }, payload }))
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
  t.equal(await counterexample(fc.asyncProperty(method, target, headers, latin1, async (verb, path, lines, body) => {
    const bytes = `${verb} ${path} HTTP/1.1\r\nhost: localhost\r\n${key}${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
    const ends: Array<() => void> = []
    const answers = await sendOver({ teardown: (end) => ends.push(end) }, port, Buffer.from(bytes, 'latin1'), true)
    for (const end of ends) end()
    for (const { status, body } of answers.filter((answer) => answer.status !== 100)) {
      const said = JSON.parse(body) as Record<string, unknown>
      const isSound = path.includes('/v2/') ? /^\d{3}$/.test(String(said.status_code)) && typeof said.status_code === 'string' : typeof said === 'object'
      if (!(status < 500) || !isSound) throw new Error(`${status} ${body}`)
    }
  }), 500), undefined)
  t.equal(membersOf(await emulator.ask('GET', '/v2/order-101/status')).order_id, 'order-101', 'it lives on')
})

test('any path under /v2 and any headers get an answer of the gateway, never a 5xx', async (t) => {
  const emulator = await laxEmulator(t)
  // Segments of dots alone would be resolved on the way, and lead out of /v2.
  const encoded = fc.oneof(fc.webSegment(), segment.map((raw) => encodeURI(raw.replace(/[?#]/g, '')))).filter((part) => !/^(\.|%2e){1,2}$/i.test(part))
  const path = fc.tuple(fc.constantFrom('/v2/', '//v2/'), fc.array(encoded, { maxLength: 6 }))
    .map(([start, segments]) => start + segments.join('/'))
  const some = fc.dictionary(fc.constantFrom(...HEADERS.filter((name) => !/^(content-length|transfer-encoding|host|__proto__)$/.test(name))), fc.oneof(fc.constantFrom(...VALUES), fc.string()), { noNullPrototype: true })
  t.equal(await counterexample(fc.asyncProperty(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'), path, some, async (verb, url, more) => {
    await expectSound(emulator.app.inject({ method: verb as 'GET', url, headers: { authorization: basic(SERVER_KEY), ...more } }))
  }), 500), undefined)
})

// Moves, by every interface there is.
const ORDERS = ['order-1', 'order-2', 'order-3']
interface World {
  readonly emulator: TestEmulator
  readonly codes: Map<string, string>
}
type Move = (world: World) => Promise<unknown>

const order = fc.constantFrom(...ORDERS)
const store = fc.constantFrom('alfamart', 'indomaret')
const says = (name: string, does: Move): Move => Object.assign(does, { toString: () => name })
const by = (verb: 'GET' | 'POST', path: (id: string) => string): fc.Arbitrary<Move> => order.map((id) => says(path(id), ({ emulator }) => emulator.ask(verb, path(id))))
const atTill = (action: string): fc.Arbitrary<Move> => fc.tuple(order, store).map(([id, name]) => says(`${action} ${id} at ${name}`, ({ emulator, codes }) =>
  emulator.ask('POST', `/till/${name}/${action}`, { payment_code: codes.get(id) ?? 'none' })))
const charging = fc.tuple(order, store, fc.constantFrom(1, 60)).map(([id, name, minutes]) => says(`charge ${id} at ${name} for ${minutes} min`, async ({ emulator, codes }) => {
  const reply = membersOf(await emulator.ask('POST', '/v2/charge', chargeBody({
    transaction_details: { order_id: id, gross_amount: 44000 }, cstore: { store: name }, custom_expiry: { expiry_duration: minutes, unit: 'minute' }
  })))
  if (reply.payment_code !== undefined) codes.set(id, reply.payment_code)
}))
const passing = fc.constantFrom(1, 59, 60, 61, 3_600).map((seconds) => says(`${seconds} s pass`, ({ emulator }) => emulator.passTime(seconds * 1_000)))
const move = fc.oneof(
  { weight: 4, arbitrary: charging },
  { weight: 1, arbitrary: by('POST', (id) => `/v2/${id}/cancel`) },
  { weight: 1, arbitrary: by('POST', (id) => `/v2/${id}/expire`) },
  { weight: 1, arbitrary: by('POST', (id) => `/v2/${id}/deny`) },
  { weight: 1, arbitrary: by('POST', (id) => `/admin/transactions/${id}/pay`) },
  { weight: 1, arbitrary: by('POST', (id) => `/admin/transactions/${id}/expire`) },
  { weight: 1, arbitrary: by('POST', (id) => `/admin/transactions/${id}/reverse`) },
  { weight: 2, arbitrary: atTill('payment') },
  { weight: 1, arbitrary: atTill('reversal') },
  { weight: 1, arbitrary: passing }
)
/** Moves of one batch are made at once. */
const batches = fc.array(fc.array(move, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 })

interface Shown {
  readonly transaction_id: string
  readonly order_id: string
  readonly transaction_status: string
  readonly history: ReadonlyArray<{ readonly status: string }>
  readonly notifications: ReadonlyArray<{ readonly event: string }>
}

/** What is wrong with this world; undefined where nothing is. */
async function flaw ({ ask }: TestEmulator): Promise<string | undefined> {
  const { items } = (await ask('GET', '/admin/transactions?limit=1000')).json() as { items: Array<{ transaction_id: string }> }
  const all = await Promise.all(items.map(async ({ transaction_id: id }) => (await ask('GET', `/admin/transactions/${id}`)).json() as Shown))
  for (const id of ORDERS) {
    const live = all.filter((one) => one.order_id === id && ['pending', 'settlement'].includes(one.transaction_status))
    if (live.length > 1) return `${id} lives ${live.length} times`
  }
  for (const { order_id: id, transaction_status: status, history, notifications } of all) {
    const changes = history.map((entry) => entry.status)
    const told = notifications.map(({ event }) => event)
    if (changes.at(-1) !== status) return `${id} is ${status} after ${changes.join()}`
    if (changes.join() !== told.join()) return `${id} went through ${changes.join()} and told ${told.join()}`
  }
  return undefined
}

for (const engine of ['memory', 'JSON file']) {
  test(`any moves, also at once, leave one live transaction of an order and tell each change once (${engine})`, async (t) => {
    const folder = engine === 'memory' ? undefined : t.testdir()
    let run = 0
    t.equal(await counterexample(fc.asyncProperty(batches, fc.boolean(), async (all, restarts) => {
      const ends: Array<() => Promise<void>> = []
      const data = folder === undefined ? [] : ['--data', join(folder, `${run++}.json`)]
      const start = (): Promise<TestEmulator> => testEmulator({ teardown: (end) => { ends.push(end) } }, ['--notification-url', NOBODY, ...data])
      try {
        const codes = new Map<string, string>()
        let emulator = await start()
        for (const batch of all) {
          await Promise.all(batch.map((each) => each({ emulator, codes })))
          const found = await flaw(emulator)
          if (found !== undefined) throw new Error(found)
        }
        if (folder !== undefined && restarts) {
          await emulator.close()
          emulator = await start()
          const found = await flaw(emulator)
          if (found !== undefined) throw new Error(`after a restart: ${found}`)
        }
      } finally {
        for (const end of ends) await end()
      }
    }), engine === 'memory' ? 60 : 40), undefined)
  })
}
