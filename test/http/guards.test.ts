import { test } from 'tap'

import { chargeBody, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { charge, show } from '../support/storage-world.ts'

type Route = readonly [method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown]

/** Every route outside /v2. */
const ROUTES: readonly Route[] = [
  ['GET', '/livez'],
  ['GET', '/readyz'],
  ['GET', '/openapi.json'],
  ['GET', '/admin/transactions'],
  ['GET', '/admin/transactions/order-101'],
  ['POST', '/admin/transactions/order-101/pay', {}],
  ['POST', '/admin/transactions/order-101/expire', {}],
  ['POST', '/admin/transactions/order-101/reverse', {}],
  ['GET', '/admin/notifications'],
  ['GET', '/admin/notifications/n1'],
  ['GET', '/admin/settings'],
  ['PUT', '/admin/settings', { receipt_name: 'Foreign' }],
  ['POST', '/till/alfamart/inquiry', { payment_code: '1' }],
  ['POST', '/till/alfamart/payment', { payment_code: '1' }],
  ['POST', '/till/indomaret/reversal', { payment_code: '1' }],
  ['POST', '/snap/v1/transactions', {}]
]

for (const [method, url, body] of ROUTES) {
  test(`${method} ${url} answers no foreign host and no page of another origin`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')

    const host = await emulator.ask(method, url, body, { host: 'evil.example' })
    t.equal(host.statusCode, 403)
    t.match(host.json(), { code: 'foreign_host', message: /evil\.example.*--allow-host/s })
    for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await emulator.ask(method, url, body, headers)
      t.equal(answer.statusCode, 403)
      t.match(answer.json(), { code: 'foreign_origin', message: /\S/ })
      t.same(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')), [])
    }
    t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
    t.equal((await emulator.ask('GET', '/admin/settings')).json().receipt_name, 'Warung')
  })
}

const hosts: Array<[host: string, answers: boolean]> = [
  ['localhost', true],
  ['localhost:6262', true],
  ['LOCALHOST:6262', true],
  ['127.0.0.1:6262', true],
  ['127.1.2.3', true],
  ['[::1]:6262', true],
  ['[fd00::7]', true],
  ['192.168.1.7:6262', true],
  ['8.8.8.8', true],
  ['warung', true],
  ['warung:6262', true],
  ['host.docker.internal:6262', true],
  ['laptop.local', true],
  ['warung.test', true],
  ['shop.warung.test:80', true],
  ['evil.example', false],
  ['evil.example:6262', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['127.0.0.1.nip.io', false],
  ['nottest.com', false],
  ['eviltest', true],
  ['evil.atest', false],
  ['internal.evil.example', false],
  ['evil.example.', false],
  ['warung.test.evil.example', false],
  ['evil example', false]
]

for (const [host, answers] of hosts) {
  test(`the host ${JSON.stringify(host)} ${answers ? 'is answered' : 'is refused'}`, async (t) => {
    const emulator = await testEmulator(t)
    const answer = await emulator.ask('GET', '/livez', undefined, { host })

    t.equal(answer.statusCode, answers ? 200 : 403)
    if (!answers) t.equal(answer.json().code, 'foreign_host')
  })
}

test('--allow-host lets further hosts in, in any letter case, and those alone', async (t) => {
  const emulator = await testEmulator(t, ['--allow-host', 'warung.example.com,Till.Example.com'])
  const status = async (host: string) => (await emulator.ask('GET', '/admin/settings', undefined, { host })).statusCode

  t.equal(await status('warung.example.com'), 200)
  t.equal(await status('warung.example.com:6262'), 200)
  t.equal(await status('till.example.com'), 200)
  t.equal(await status('WARUNG.example.com'), 200)
  t.equal(await status('localhost'), 200)
  t.equal(await status('example.com'), 403)
  t.equal(await status('other.example.com'), 403)
  t.equal(await status('x.warung.example.com'), 403)
})

const origins: Array<[headers: Record<string, string>, answers: boolean]> = [
  [{}, true],
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'something-new' }, false],
  [{ 'sec-fetch-site': '' }, false],
  [{ origin: 'http://localhost:6262' }, true],
  [{ origin: 'http://localhost:6262', 'sec-fetch-site': 'same-origin' }, true],
  [{ origin: 'http://localhost:6262', 'sec-fetch-site': 'cross-site' }, false],
  [{ origin: 'http://localhost:3000' }, false],
  [{ origin: 'http://localhost' }, false],
  [{ origin: 'http://127.0.0.1:6262' }, false],
  [{ origin: 'https://evil.example' }, false],
  [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
  [{ origin: 'null' }, false],
  [{ origin: '' }, false],
  [{ origin: 'localhost:6262' }, false]
]

for (const [headers, answers] of origins) {
  test(`a request to localhost:6262 with ${JSON.stringify(headers)} ${answers ? 'is answered' : 'is refused'}`, async (t) => {
    const emulator = await testEmulator(t)
    const answer = await emulator.ask('GET', '/admin/settings', undefined, { host: 'localhost:6262', ...headers })

    t.equal(answer.statusCode, answers ? 200 : 403)
    if (!answers) t.equal(answer.json().code, 'foreign_origin')
  })
}

test('nothing outside /v2 sends a CORS header, nor answers a preflight', async (t) => {
  const emulator = await testEmulator(t)
  for (const [method, url, body] of ROUTES) {
    const answer = await emulator.ask(method, url, body, { host: 'localhost:6262', origin: 'http://localhost:6262' })
    t.same(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')), [])

    const preflight = await emulator.app.inject({ method: 'OPTIONS', url, headers: { host: 'localhost', origin: 'https://evil.example', 'access-control-request-method': 'POST' } })
    t.equal(preflight.statusCode >= 400, true, url)
    t.same(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control-')), [])
  }
})

const types: Array<[type: string, taken: boolean]> = [
  ['application/json', true],
  ['application/json; charset=utf-8', true],
  ['APPLICATION/JSON', true],
  ['text/plain', false],
  ['text/plain; application/json', false],
  ['application/x-www-form-urlencoded', false],
  ['multipart/form-data; boundary=x', false],
  ['text/json', false],
  ['application/jsonp', false],
  ['nonsense', false],
  ['', false]
]

for (const [type, taken] of types) {
  test(`a body that is declared ${JSON.stringify(type)} ${taken ? 'is taken' : 'is 415, and changes nothing'}`, async (t) => {
    const emulator = await testEmulator(t)
    const { payment_code: code } = await charge(emulator, 'order-101')
    const answers = [
      await emulator.ask('PUT', '/admin/settings', '{"receipt_name":"By type"}', { 'content-type': type }),
      await emulator.ask('POST', '/till/alfamart/inquiry', JSON.stringify({ payment_code: code }), { 'content-type': type }),
      await emulator.ask('POST', '/admin/transactions/order-101/pay', '{"amount":44000}', { 'content-type': type })
    ]

    t.same(answers.map(({ statusCode }) => statusCode), answers.map(() => taken ? 200 : 415))
    if (!taken) for (const answer of answers) t.match(answer.json(), { code: /^[a-z_]+$/, message: /application\/json/ })
    t.equal((await show(emulator, 'order-101')).transaction_status, taken ? 'settlement' : 'pending')
    t.equal((await emulator.ask('GET', '/admin/settings')).json().receipt_name, taken ? 'By type' : 'Warung')
  })
}

test('a body without a content type is 415', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')
  const url = await emulator.start()
  const { authorization } = keyOf(emulator)
  // As bytes, fetch declares nothing.
  const answer = await fetch(`${url}/admin/transactions/order-101/pay`, { method: 'POST', headers: { authorization }, body: Buffer.from('{"amount":44000}') })

  t.equal(answer.status, 415)
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
})

test('a POST without a body needs no content type', async (t) => {
  const emulator = await testEmulator(t)
  await charge(emulator, 'order-101')
  await charge(emulator, 'order-102')
  t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay')).statusCode, 200)

  const url = await emulator.start()
  const { authorization } = keyOf(emulator)
  t.equal((await fetch(`${url}/admin/transactions/order-102/pay`, { method: 'POST', headers: { authorization } })).status, 200)
})

for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json']) {
  test(`an empty body that is declared ${type} is no body to the admin API; the till takes JSON alone`, async (t) => {
    const emulator = await testEmulator(t)
    await charge(emulator, 'order-101')
    const headers = { 'content-type': type, 'content-length': '0' }

    t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay', '', { ...headers, authorization: '' })).statusCode, 401)
    t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay', '', { ...headers, origin: 'http://evil.example' })).statusCode, 403)
    t.equal((await emulator.ask('POST', '/till/alfamart/payment', '', headers)).statusCode, type === 'application/json' ? 400 : 415)
    t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
    t.equal((await emulator.ask('POST', '/admin/transactions/order-101/pay', '', headers)).statusCode, 200)
    t.equal((await show(emulator, 'order-101')).transaction_status, 'settlement')
  })
}

test('an answer outside /v2, also a refusal, is nothing that a page of another origin may embed; one under /v2 says nothing of that', async (t) => {
  const emulator = await testEmulator(t)
  for (const [method, url, body] of [...ROUTES, ['GET', '/nowhere']] as readonly Route[]) {
    for (const headers of [{}, { origin: 'http://evil.example' }, { host: 'evil.example' }, { authorization: '' }]) {
      const answer = await emulator.ask(method, url, body, headers)
      t.equal(answer.headers['cross-origin-resource-policy'], 'same-origin', url)
      t.equal(answer.headers['x-content-type-options'], 'nosniff', url)
    }
  }
  for (const [method, url, body] of [['POST', '/v2/charge', chargeBody()], ['GET', '/v2/order-101/status'], ['GET', '/v2/nowhere']] as readonly Route[]) {
    const { headers } = await emulator.ask(method, url, body)
    t.equal(headers['cross-origin-resource-policy'], undefined, url)
    t.equal(headers['x-content-type-options'], undefined, url)
  }
})

test('a body that is too large is 413, and one that nests too deeply 400', async (t) => {
  const emulator = await testEmulator(t)
  const large = await emulator.ask('PUT', '/admin/settings', JSON.stringify({ receipt_name: 'x'.repeat(2 * 1024 * 1024) }))
  t.equal(large.statusCode, 413)
  t.match(large.json(), { code: /^[a-z_]+$/, message: /\S/ })

  const deep = await emulator.ask('PUT', '/admin/settings', `{"receipt_name":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)
  t.equal(deep.statusCode, 400)
  t.match(deep.json(), { code: /^[a-z_]+$/, message: /\S/ })
})

for (const headers of [{ host: 'api.sandbox.midtrans.com' }, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { 'content-type': 'text/plain' }]) {
  test(`/v2 is not guarded: ${JSON.stringify(headers)} is answered as ever`, async (t) => {
    const emulator = await testEmulator(t)
    const charged = await emulator.ask('POST', '/v2/charge', JSON.stringify(chargeBody()), headers)

    t.equal(charged.statusCode, 200)
    t.equal(charged.json().status_code, '201')
    t.equal((await emulator.ask('GET', '/v2/order-101/status', undefined, headers)).json().status_code, '201')
    t.equal((await emulator.ask('POST', '/v2/order-101/cancel', undefined, headers)).json().status_code, '200')
    t.equal((await emulator.ask('GET', '/v2/nothing', undefined, headers)).json().status_code, '404')
  })
}

test('/livez lives from the start, /readyz is ready while it listens, and neither needs a login', async (t) => {
  const emulator = await testEmulator(t)
  const ask = (url: string) => emulator.ask('GET', url, undefined, { authorization: '' })

  t.equal((await ask('/livez')).statusCode, 200)
  const early = await ask('/readyz')
  t.equal(early.statusCode, 503)
  t.equal(typeof early.json(), 'object')
  await emulator.start()

  for (const url of ['/livez', '/readyz']) {
    const answer = await ask(url)
    t.equal(answer.statusCode, 200)
    t.match(String(answer.headers['content-type']), /^application\/json/)
    t.equal(typeof answer.json(), 'object')
    t.equal(answer.payload.length < 200, true)
  }
})

function keyOf (emulator: TestEmulator): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${emulator.merchant.serverKey}:`).toString('base64')}` }
}
