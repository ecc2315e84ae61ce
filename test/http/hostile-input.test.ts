import type { Socket } from 'node:net'
import { promisify } from 'node:util'

import { test } from 'tap'
import type { Test } from 'tap'

import { chargeBody, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { expectError, membersOf, UUID_V4 } from '../support/gateway-answers.ts'
import { changeSettings, charge, head, notifiedBody, request } from '../support/gateway-world.ts'
import { ALIVE, BODIES, CHUNKED, items, manyHeaders, wholeCharge, WIRE } from '../support/hostile-input.ts'
import { startReceiver } from '../support/receiver.ts'
import { answersOn, openConnection, sendOver } from '../support/wire.ts'
import type { WireAnswer } from '../support/wire.ts'

/** An emulator on a real port. */
async function listening (t: Test): Promise<TestEmulator & { readonly port: number }> {
  const emulator = await testEmulator(t)
  const url = await emulator.start()
  return { ...emulator, port: Number(new URL(url).port) }
}

function expectGatewayForm (t: Test, { status, head, body }: WireAnswer): void {
  t.equal(status < 500, true, 'no 5xx')
  t.match(head, /^content-type: application\/json$/im)
  const said = JSON.parse(body) as Record<string, unknown>
  t.match(said, { status_code: /^\d{3}$/, status_message: /\S/, id: UUID_V4 })
  t.notMatch(body, /node:|\.ts|Error:/, 'no stack')
}

async function expectAlive (t: Test, emulator: TestEmulator, port: number): Promise<void> {
  const order = { transaction_details: { order_id: 'lives-on', gross_amount: 44000 } }
  const body = JSON.stringify(chargeBody(order))
  const [answer] = await sendOver(t, port, head('POST', '/v2/charge', { 'content-length': String(body.length) }) + body)
  t.match(answer?.body ?? '', '"status_code":"201"', 'the server lives on')
  t.equal((await emulator.ask('POST', '/v2/lives-on/cancel')).statusCode, 200)
}

for (const [name, bytes, ...statuses] of WIRE) {
  test(`${name}: answered ${statuses.join(' and ')}, in JSON`, async (t) => {
    const emulator = await listening(t)
    const answers = await sendOver(t, emulator.port, bytes)

    t.same(answers.map(({ status }) => status), statuses)
    for (const answer of answers) if (answer.status >= 400 && !answer.body.includes('validation_messages')) expectGatewayForm(t, answer)
    await expectAlive(t, emulator, emulator.port)
  })
}

test('what is wrong with a head is told in each interface\'s own form', async (t) => {
  const emulator = await testEmulator(t)
  for (const [headers, status] of [[{ expect: 'much' }, 417], [manyHeaders(101), 431]] as const) {
    const gateway = await request(emulator, 'GET', '/v2/order-101/status', undefined, headers)
    t.equal(gateway.statusCode, status)
    t.equal(gateway.headers['content-type'], 'application/json')
    t.same(Object.keys(membersOf(gateway)), ['status_code', 'status_message', 'id'])
    t.equal(membersOf(gateway).status_code, String(status))
    for (const path of ['/admin/settings', '/till/alfamart/inquiry', '/livez', '/nowhere']) {
      const own = await request(emulator, 'GET', path, undefined, headers)
      t.equal(own.statusCode, status, path)
      t.match(membersOf(own), { code: /^[a-z_]+$/, message: /\S/ })
    }
  }
})

test('a charge is answered although garbage follows it, and counts', async (t) => {
  const emulator = await listening(t)
  const [answer] = await sendOver(t, emulator.port, wholeCharge(ALIVE) + 'garbage\r\n\r\n')

  t.match(answer?.body ?? '', '"status_code":"201"')
  t.equal(membersOf(await emulator.ask('GET', '/v2/order-101/status')).status_code, '201')
})

test('what smuggled requests would have asked for does not happen', async (t) => {
  const emulator = await listening(t)
  for (const [name, bytes, status] of WIRE) if (/length|encoding|chunk|after garbage/.test(name) && status === 400) await sendOver(t, emulator.port, bytes)

  t.same((await emulator.ask('GET', '/admin/transactions')).json().items, [])
})

for (const [name, bytes] of [['a head', 'POST /v2/charge HTT'], ['a body', wholeCharge().slice(0, -1)], ['a chunk', head('POST', '/v2/charge', CHUNKED) + 'ff\r\n{']] as const) {
  test(`a client that stops sending in the middle of ${name} is answered 400`, async (t) => {
    const emulator = await listening(t)
    const [answer, ...more] = await sendOver(t, emulator.port, bytes, true)

    t.equal(answer?.status, 400)
    if (answer !== undefined) expectGatewayForm(t, answer)
    t.same(more, [])
    t.same((await emulator.ask('GET', '/admin/transactions')).json().items, [])
  })

  test(`a client that falls silent in the middle of ${name} is answered 408, and nothing happens`, async (t) => {
    const emulator = await listening(t)
    Object.assign(emulator.app.server, { headersTimeout: 50, requestTimeout: 50 })
    const [answer, ...more] = await sendOver(t, emulator.port, bytes)

    t.equal(answer?.status, 408)
    if (answer !== undefined) expectGatewayForm(t, answer)
    t.same(more, [])
    t.same((await emulator.ask('GET', '/admin/transactions')).json().items, [])
  })

  test(`a client that goes away in the middle of ${name} leaves nothing behind`, async (t) => {
    const emulator = await listening(t)
    for (let count = 0; count < 50; count++) {
      const socket = await openConnection(t, emulator.port)
      socket.write(bytes)
      socket.resetAndDestroy()
    }
    await connections(emulator, 0)
    t.same((await emulator.ask('GET', '/admin/transactions')).json().items, [])
    await expectAlive(t, emulator, emulator.port)
  })
}

test('a request that drips in does not last longer than one that stops', async (t) => {
  const emulator = await listening(t)
  Object.assign(emulator.app.server, { headersTimeout: 50, requestTimeout: 50 })
  const socket = await openConnection(t, emulator.port)
  const bytes = head('POST', '/v2/charge', { 'content-length': '100000' })
  let at = 0
  const drip = setInterval(() => { if (socket.writable) socket.write(bytes[at++] ?? ' ') }, 5)
  t.teardown(() => clearInterval(drip))

  t.equal((await answersOn(socket))[0]?.status, 408)
})

test('a connection that says nothing is closed, and so is one that says nothing more', async (t) => {
  const emulator = await listening(t)
  Object.assign(emulator.app.server, { headersTimeout: 50, requestTimeout: 50, keepAliveTimeout: 50 })

  t.same((await sendOver(t, emulator.port, '')).map(({ status }) => status), [408])
  t.same((await sendOver(t, emulator.port, head('GET', '/v2/order-101/status', ALIVE))).map(({ status }) => status), [200])
})

test('the limits of time are 10 s for a head, 30 s for a request, two minutes of silence', async (t) => {
  const { server } = (await testEmulator(t)).app
  t.match(server, { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 72_000, timeout: 120_000 })
})

test('a client that does not read its answers is dropped', async (t) => {
  const emulator = await listening(t)
  t.equal(membersOf(await charge(emulator, chargeBody({ metadata: { text: 'x'.repeat(1_000_000) } }))).status_code, '201')
  emulator.app.server.timeout = 50
  const socket = await openConnection(t, emulator.port)
  socket.pause()
  socket.write(head('GET', '/v2/order-101/status', ALIVE).repeat(50))

  await connections(emulator, 0)
  await expectAlive(t, emulator, emulator.port)
})

test('a client that was refused and does not hang up is cut off', async (t) => {
  const emulator = await listening(t)
  for (const bytes of ['garbage\r\n\r\n', head('CONNECT', 'evil.example:443')]) {
    const socket = await openConnection(t, emulator.port)
    socket.resume().write(bytes)
    const more = setInterval(() => { if (socket.writable) socket.write('more') }, 20)
    t.teardown(() => clearInterval(more))
  }
  await connections(emulator, 0)
})

test('2,000 idle connections do not keep anybody from an answer', async (t) => {
  const emulator = await listening(t)
  const idle: Socket[] = []
  for (let count = 0; count < 20; count++) idle.push(...await Promise.all(Array.from({ length: 100 }, () => openConnection(t, emulator.port))))

  await connections(emulator, 2_000)
  await expectAlive(t, emulator, emulator.port)
  for (const socket of idle) socket.destroy()
  await connections(emulator, 0)
})

test('a server that closes waits for no silent connection and no half request, yet gives the answers it owes', async (t) => {
  const emulator = await listening(t)
  const held: Array<() => void> = []
  const receiver = await startReceiver((_request, response) => held.push(() => response.writeHead(200).end()))
  t.teardown(receiver.close)
  await changeSettings(t, emulator, { notification_urls: [receiver.url], pending_notification: false })
  await charge(emulator, chargeBody())

  const silent = [...await Promise.all([openConnection(t, emulator.port), openConnection(t, emulator.port)])]
  silent[1]?.write(wholeCharge().slice(0, -1))
  const socket = await openConnection(t, emulator.port)
  socket.write(head('POST', '/admin/transactions/order-101/pay?wait=attempted&timeout=60s', ALIVE))
  const answers = answersOn(socket)
  await receiver.received(1)
  const closed = emulator.close()
  for (const release of held) release()

  t.match((await answers).map(({ status, body }) => [status, body.includes('settlement')]), [[200, true]])
  await closed
})

for (const [name, body, code] of BODIES) {
  test(`a charge of ${name} is answered ${code}`, async (t) => {
    const emulator = await testEmulator(t)
    const reply = await charge(emulator, body)
    t.equal(membersOf(reply).status_code, code)
    t.equal(reply.statusCode < 500, true)
    t.equal(reply.payload.length < 1_000, true, 'the answer is short')
    t.equal(({} as Record<string, unknown>).polluted, undefined)
  })
}

test('1,001 items are of a format that is not supported', async (t) => {
  expectError(t, await charge(await testEmulator(t), items(1_001)), '413-format')
})

test('lone surrogates and NUL characters are kept, shown and sent as JSON', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', 'http://127.0.0.1:9'])
  await changeSettings(t, emulator, { strict_order_id: false })
  const odd = 'a\ud800b\udc00c\0d\u2028'
  const { transaction_id: id = '' } = membersOf(await charge(emulator, chargeBody({
    transaction_details: { order_id: odd, gross_amount: 44000 }, customer_details: { first_name: odd }, custom_field1: odd, metadata: { [odd]: odd }
  })))

  t.match(membersOf(await emulator.ask('GET', `/v2/${id}/status`)), { status_code: '201', order_id: odd, custom_field1: odd, metadata: { [odd]: odd } })
  t.equal((await emulator.ask('GET', `/admin/transactions/${id}`)).json().order_id, odd)
  t.equal((JSON.parse(await notifiedBody(emulator, id, 'pending')) as { order_id: string }).order_id, odd)
})

test('nothing that is sent reaches a prototype, or takes a member of one for data', async (t) => {
  const emulator = await testEmulator(t)
  const { payment_code: code } = membersOf(await charge(emulator, chargeBody({ metadata: JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":2}') as unknown })))
  const poison = '"__proto__":{"polluted":1,"amount":1},"constructor":{"prototype":{"polluted":1}}'
  await emulator.ask('PUT', '/admin/settings', `{${poison},"default_expiry":{${poison}}}`)
  await emulator.ask('POST', '/till/alfamart/inquiry', `{"payment_code":"${code}",${poison}}`)
  await emulator.ask('POST', '/admin/transactions/order-101/pay?__proto__=polluted&constructor[prototype]=1', `{${poison}}`)
  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    expectError(t, await request(emulator, 'GET', `/v2/${name}/status`), '404-transaction')
    for (const url of [`/admin/transactions/${name}`, `/admin/notifications/${name}`]) t.equal((await emulator.ask('GET', url)).statusCode, 404, url)
    t.equal((await emulator.ask('POST', `/till/${name}/inquiry`, { payment_code: name })).statusCode, 404)
  }

  t.equal(({} as Record<string, unknown>).polluted, undefined)
  t.same(membersOf(await emulator.ask('GET', '/v2/order-101/status')).metadata, { toString: 1, hasOwnProperty: 2 })
})

for (const [url, method] of [['/admin/settings', 'PUT'], ['/admin/transactions/order-101/pay', 'POST'], ['/till/alfamart/inquiry', 'POST']] as const) {
  test(`${method} ${url} of what is no JSON in UTF-8 is 400`, async (t) => {
    const emulator = await testEmulator(t)
    const bodies = ['{', 'null', '[]', '"x"', '{"a":NaN}', '\0', '['.repeat(100_000), Buffer.from('{"receipt_name":"\xff","payment_code":"\xff"}', 'latin1'), Buffer.from([0xef, 0xbb])]
    for (const body of bodies) {
      const answer = await emulator.ask(method, url, body)
      t.equal(answer.statusCode === 400 || (body === 'null' && answer.statusCode === 404), true, `${String(body).slice(0, 20)}: ${answer.statusCode}`)
      t.match(answer.json(), { code: /^[a-z_]+$/, message: /\S/ })
      t.equal(answer.payload.length < 1_000, true)
    }
  })
}

/** Resolves once so many connections are open. */
async function connections ({ app: { server } }: TestEmulator, wanted: number): Promise<void> {
  const count = promisify(server.getConnections.bind(server))
  while (await count() !== wanted) await new Promise((resolve) => { setTimeout(resolve, 20) })
}
