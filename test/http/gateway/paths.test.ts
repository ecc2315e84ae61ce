import { test } from 'tap'

import { basic, chargeBody, CLIENT_KEY, SERVER_KEY, testEmulator } from '../../support/emulator.ts'
import type { TestEmulator } from '../../support/emulator.ts'
import { expectError, expectHeaders, golden, membersOf } from '../../support/gateway-answers.ts'
import type { GatewayError, Reply } from '../../support/gateway-answers.ts'
import { changeSettings, charge, chargedInto, head, NOBODY, notificationsOf, request, sendBytes, STATES, STORES } from '../../support/gateway-world.ts'
import type { State } from '../../support/gateway-world.ts'

const MIB = 1_048_576

interface Endpoint {
  readonly name: string
  readonly ask: (emulator: TestEmulator, id: string) => Promise<Reply>
  /** The body code in each state; where it is no error, a member of the body beside it. */
  readonly answers: Record<State, '200' | '201' | '202' | '404' | '407' | '412'>
}

const refusedAlways = { pending: '412', settlement: '412', expire: '412', cancel: '412', deny: '412' } as const
const action = (name: string, answers: Endpoint['answers']): Endpoint => (
  { name, ask: (emulator, id) => request(emulator, 'POST', `/v2/${id}/${name}`), answers }
)

/** Protocol sections 5 and 6. */
const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'status',
    ask: (emulator, id) => request(emulator, 'GET', `/v2/${id}/status`),
    answers: { pending: '201', settlement: '200', expire: '407', cancel: '200', deny: '202' }
  },
  {
    name: 'status/b2b',
    ask: (emulator, id) => request(emulator, 'GET', `/v2/${id}/status/b2b`),
    answers: { pending: '404', settlement: '404', expire: '404', cancel: '404', deny: '404' }
  },
  action('cancel', { ...refusedAlways, pending: '200' }),
  action('expire', { ...refusedAlways, pending: '407' }),
  action('approve', refusedAlways),
  action('deny', refusedAlways),
  action('refund', refusedAlways),
  action('refund/online/direct', refusedAlways),
  {
    name: 'capture',
    ask: (emulator, id) => request(emulator, 'POST', '/v2/capture', { transaction_id: id, gross_amount: 44000 }),
    answers: refusedAlways
  }
]

const MESSAGES: Partial<Record<string, string>> = {
  'cancel 200': 'Success, transaction is canceled',
  'expire 407': 'Success, transaction is expired'
}

for (const { name, ask, answers } of ENDPOINTS) {
  for (const store of STORES) {
    for (const state of STATES) {
      for (const by of ['order id', 'transaction id'] as const) {
        test(`${name} of ${store} in ${state}, by ${by}, answers ${answers[state]}`, async (t) => {
          const emulator = await testEmulator(t, ['--notification-url', `${NOBODY}/notify`])
          const { transaction_id: transactionId = '' } = await chargedInto(t, emulator, state, { store })
          const before = await worldOf(emulator)

          const reply = await ask(emulator, by === 'order id' ? 'order-101' : transactionId)
          const said = membersOf(reply)
          if (answers[state] === '412') expectError(t, reply, 412, transactionId)
          else if (answers[state] === '404') {
            expectError(t, reply, '404-transaction')
            t.equal(said.id === transactionId, false, 'its id is a new one')
          } else {
            t.equal(reply.statusCode, 200)
            t.equal(said.status_code, answers[state])
            t.equal(said.status_message, MESSAGES[`${name} ${answers[state]}`] ?? 'Success, transaction is found')
            t.equal(said.transaction_id, transactionId)
            expectHeaders(t, reply)
          }

          const isMoved = `${name} ${answers[state]}` in MESSAGES
          t.equal((await worldOf(emulator)) === before, !isMoved, isMoved ? 'it has moved' : 'nothing has changed')
          if (isMoved) t.same((await notificationsOf(emulator, transactionId)).map(({ event }) => event), [name, 'pending'])
        })
      }
    }
  }

  test(`${name} of an unknown id answers 404 with a new id each time`, async (t) => {
    const emulator = await testEmulator(t)
    const replies = [await ask(emulator, 'order-404'), await ask(emulator, '992154fc-66ff-49ea-800d-38c4681e8d3f')]
    for (const reply of replies) expectError(t, reply, '404-transaction')
    t.equal(new Set(replies.map((reply) => membersOf(reply).id)).size, 2)
  })

  test(`${name} does not take a payment code for an id`, async (t) => {
    const emulator = await testEmulator(t)
    const { payment_code: code = '' } = await chargedInto(t, emulator, 'pending')
    expectError(t, await ask(emulator, code), '404-transaction')
  })
}

test('cancel and expire are not idempotent: the second call is refused', async (t) => {
  const emulator = await testEmulator(t)
  for (const move of ['cancel', 'expire'] as const) {
    const { transaction_id: id } = await chargedInto(t, emulator, move, { order: move })
    expectError(t, await emulator.ask('POST', `/v2/${move}/${move}`), 412, id)
    expectError(t, await emulator.ask('POST', `/v2/${move}/${move === 'cancel' ? 'expire' : 'cancel'}`), 412, id)
  }
})

test('an order id that was charged again means the newest transaction, a transaction id exactly its own', async (t) => {
  const emulator = await testEmulator(t)
  const first = await chargedInto(t, emulator, 'cancel')
  const second = await chargedInto(t, emulator, 'expire')
  const third = await chargedInto(t, emulator, 'pending')
  const seen = async (id: string | undefined): Promise<unknown[]> => {
    const { transaction_id: transactionId, transaction_status: status } = membersOf(await emulator.ask('GET', `/v2/${id}/status`))
    return [transactionId, status]
  }
  t.same(await seen('order-101'), [third.transaction_id, 'pending'])
  t.same(await seen(first.transaction_id), [first.transaction_id, 'cancel'])
  t.same(await seen(second.transaction_id), [second.transaction_id, 'expire'])
  expectError(t, await emulator.ask('POST', `/v2/${first.transaction_id}/cancel`), 412, first.transaction_id)
  t.equal(membersOf(await emulator.ask('POST', '/v2/order-101/cancel')).transaction_id, third.transaction_id)
})

// Bodies that actions do not look at.
const BODIES: ReadonlyArray<readonly [name: string, body: string | Buffer | undefined]> = [
  ['no body', undefined], ['an empty body', ''], ['{}', '{}'], ['null', 'null'], ['not json', 'not json'], ['half a list', '[1'],
  ['a list', '[]'], ['a number', '7'], ['members of its own', '{"transaction_id":"order-404","amount":1}'],
  ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0xc3])], ['100,000 brackets', '['.repeat(100_000)], ['a mebibyte', ' '.repeat(MIB)]
]
const TYPES: ReadonlyArray<Record<string, string>> = [{}, { 'content-type': 'application/json' }, { 'content-type': 'text/plain' }, { 'content-type': '' }, { 'content-type': 'nonsense' }]

for (const [name, body] of BODIES) {
  test(`actions and status do not look at their body: ${name}, of any content type or none`, async (t) => {
    const emulator = await testEmulator(t)
    for (const [at, headers] of TYPES.entries()) {
      const orders = [`cancel-${at}`, `expire-${at}`]
      for (const order of orders) await chargedInto(t, emulator, 'pending', { order })
      t.equal(membersOf(await request(emulator, 'POST', `/v2/${orders[0]}/cancel`, body, headers)).status_code, '200', JSON.stringify(headers))
      t.equal(membersOf(await request(emulator, 'POST', `/v2/${orders[1]}/expire`, body, headers)).status_code, '407')
      for (const other of ['approve', 'deny', 'refund', 'refund/online/direct']) {
        t.equal(membersOf(await request(emulator, 'POST', `/v2/${orders[0]}/${other}`, body, headers)).status_code, '412')
      }
      t.equal(membersOf(await request(emulator, 'GET', `/v2/${orders[0]}/status`, undefined, headers)).status_code, '200')
    }
  })
}

test('an action with more than a mebibyte is refused with 413, once the key is known, and changes nothing', async (t) => {
  const emulator = await testEmulator(t)
  await chargedInto(t, emulator, 'pending')
  const huge = ' '.repeat(MIB + 1)
  expectError(t, await request(emulator, 'POST', '/v2/order-101/cancel', huge), '413-too-large')
  expectError(t, await request(emulator, 'POST', '/v2/order-404/cancel', huge), '413-too-large')
  expectError(t, await request(emulator, 'POST', '/v2/order-101/cancel', huge, { authorization: basic('SB-Mid-server-else') }), 401)
  t.equal(membersOf(await emulator.ask('GET', '/v2/order-101/status')).transaction_status, 'pending')
})

// What capture makes of its body: only a transaction that it names can be refused.
const CAPTURES: ReadonlyArray<readonly [name: string, body: unknown, error: GatewayError]> = [
  ['no body', undefined, '404-transaction'],
  ['an empty object', {}, '404-transaction'],
  ['null', 'null', '404-transaction'],
  ['an empty transaction id', { transaction_id: '' }, '404-transaction'],
  ['null as the transaction id', { transaction_id: null }, '404-transaction'],
  ['an unknown transaction id', { transaction_id: 'order-404', gross_amount: 44000 }, '404-transaction'],
  ['the amount alone', { gross_amount: 44000 }, '404-transaction'],
  ['the order id without amount', { transaction_id: '101' }, 412],
  ['the order id and an amount that differs', { transaction_id: '101', gross_amount: 1 }, 412],
  ['the order id as a number', { transaction_id: 101, gross_amount: 44000 }, 412]
]

for (const [name, body, error] of CAPTURES) {
  test(`capture with ${name} answers ${error}`, async (t) => {
    const emulator = await testEmulator(t)
    const { transaction_id: id } = await chargedInto(t, emulator, 'pending', { order: '101' })
    const reply = await request(emulator, 'POST', '/v2/capture', body, { 'content-type': 'application/json' })
    expectError(t, reply, error, error === 412 ? id : undefined)
  })
}

test('capture of a body that is no JSON is refused in one of the gateway\'s own forms', async (t) => {
  const emulator = await testEmulator(t)
  for (const body of ['{', 'not json', Buffer.from([0xff])]) {
    const reply = await request(emulator, 'POST', '/v2/capture', body)
    t.equal(reply.statusCode, 200)
    t.match(membersOf(reply), { status_code: /^(404|413)$/ })
    expectHeaders(t, reply)
  }
})

// Ids as they stand in the path. The setting allows any order id.
const IDS: ReadonlyArray<readonly [order: string, ...spellings: string[]]> = [
  ['order-101', 'order-101', 'order%2D101', '%6Frder-101', 'order-101?x=1', 'order-101?'],
  ['a~b_c.d', 'a~b_c.d', 'a%7Eb%5fc%2Ed'],
  ['2016-10-20 12:39:16 +0700', '2016-10-20%2012%3A39%3A16%20%2B0700', '2016-10-20 12:39:16 +0700', '2016-10-20%2012:39:16%20+0700'],
  ['a/b', 'a%2Fb', 'a%2fb'],
  ['a/status', 'a%2Fstatus'],
  ['a?b', 'a%3Fb'],
  ['a#b', 'a%23b'],
  ['a\\b', 'a%5Cb'],
  ['100%', '100%25', '100%'],
  ['%zz', '%25zz', '%zz'],
  ['%c3%28', '%25c3%2528', '%c3%28'],
  ['%41', '%2541'],
  ['pésanan ✓', 'p%C3%A9sanan%20%E2%9C%93', 'pésanan ✓'],
  ['a;b,c=d&e@f:g!$*', 'a;b,c=d&e@f:g!$*', 'a%3Bb%2Cc%3Dd%26e%40f%3Ag%21%24%2A'],
  ['"quoted" <b>', '%22quoted%22%20%3Cb%3E', '"quoted" <b>'],
  ['charge', 'charge'],
  ['status', 'status'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['x'.repeat(50), 'x'.repeat(50)]
]

for (const [order, ...spellings] of IDS) {
  test(`an order "${order}" is found however the path spells it`, async (t) => {
    const emulator = await testEmulator(t)
    await changeSettings(t, emulator, { strict_order_id: false })
    const { transaction_id: id } = membersOf(await charge(emulator, chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 } })))
    for (const spelling of spellings) {
      const [path = '', query = ''] = spelling.split(/(?=\?)/)
      const reply = await request(emulator, 'GET', `/v2/${path}/status${query}`)
      t.equal(membersOf(reply).order_id, order, path)
      expectError(t, await request(emulator, 'POST', `/v2/${path}/approve${query}`), 412, id)
    }
  })
}

for (const id of ['100%', '%', '%zz', '%c3%28', '%e2%9c', 'a%00b', '%2F', '%20', '..%2f..', 'x'.repeat(200), 'x'.repeat(5_000), '%20'.repeat(500), '__proto__', 'toString', "'; DROP TABLE--", '{}', 'null']) {
  test(`an unknown id ${id.length > 40 ? `of ${id.length} characters` : id} is an unknown transaction, not an unknown path`, async (t) => {
    const emulator = await testEmulator(t)
    for (const { ask } of ENDPOINTS) expectError(t, await ask(emulator, id), '404-transaction')
  })
}

// Paths that lead somewhere although they look odd.
test('one or more slashes before v2 are tolerated', async (t) => {
  const emulator = await testEmulator(t)
  t.equal(membersOf(await request(emulator, 'POST', '//v2/charge', chargeBody())).status_code, '201')
  t.equal(membersOf(await request(emulator, 'GET', '//v2/order-101/status')).status_code, '201')
  expectError(t, await request(emulator, 'GET', '//v2/nowhere'), '404-path')
  expectError(t, await request(emulator, 'GET', '//v2/charge'), 405)
  t.equal(membersOf(await request(emulator, 'POST', '//v2/order-101/cancel')).status_code, '200')
})

const NOWHERE: ReadonlyArray<readonly [method: string, path: string]> = [
  ['POST', '/v2//approve'], ['POST', '/v2//cancel'], ['POST', '/v2//expire'], ['POST', '/v2//deny'], ['POST', '/v2//refund'], ['POST', '/v2//refund/online/direct'],
  ['GET', '/v2//status'], ['GET', '/v2//status/b2b'], ['GET', '/v2'], ['GET', '/v2/'], ['POST', '/v2/'], ['GET', '/v2/nowhere'], ['GET', '/v2/order-101'], ['POST', '/v2/order-101'],
  ['POST', '/v2/order-101/pay'], ['POST', '/v2/order-101/refund/online'], ['GET', '/v2/order-101/status/b2c'], ['POST', '/v2/order-101/cancel/now'],
  ['POST', '/v2/charges'], ['POST', '/v2/charge/order-101'], ['GET', '/v2/a/b/status'], ['GET', '/v2/token'], ['DELETE', '/v2/order-101'], ['OPTIONS', '/v2/nowhere'], ['PATCH', '/v2/nowhere']
]

for (const [method, path] of NOWHERE) {
  test(`${method} ${path} is an unknown path, whatever the key`, async (t) => {
    const emulator = await testEmulator(t)
    await chargedInto(t, emulator, 'pending')
    expectError(t, await request(emulator, method, path), '404-path')
    expectError(t, await request(emulator, method, path, undefined, { authorization: 'Basic none' }), '404-path')
    if (method !== 'GET') expectError(t, await request(emulator, method, path, '{'), '404-path')
  })
}

const GETS = ['/v2/order-101/status', '/v2/order-101/status/b2b', '/v2/order%2F404/status']
const POSTS = ['/v2/charge', '/v2/capture', ...['cancel', 'expire', 'approve', 'deny', 'refund', 'refund/online/direct'].map((name) => `/v2/order-101/${name}`)]

for (const [methods, paths] of [
  [['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], GETS],
  [['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], POSTS]
] as const) {
  for (const method of methods) {
    for (const path of paths) {
      test(`${method} ${path} is a wrong method, whatever the key`, async (t) => {
        const emulator = await testEmulator(t)
        await chargedInto(t, emulator, 'pending')
        const before = await worldOf(emulator)
        expectError(t, await request(emulator, method, path), 405)
        expectError(t, await request(emulator, method, path, undefined, { authorization: 'Basic none' }), 405)
        if (method !== 'GET') expectError(t, await request(emulator, method, path, ' '.repeat(MIB + 1)), 405)
        t.equal(await worldOf(emulator), before, 'nothing has changed')
      })
    }
  }
}

test('HEAD answers as GET, without the body', async (t) => {
  const emulator = await testEmulator(t)
  await chargedInto(t, emulator, 'pending')
  const stranger = { authorization: 'Basic none' }
  const rows: ReadonlyArray<readonly [path: string, headers?: Record<string, string>]> = [
    ['/v2/order-101/status'], ['/v2/order-404/status'], ['/v2/order-101/status/b2b'], ['/v2/nowhere'], ['/v2//status'], ['/v2/charge'], ['/v2/order-101/cancel'],
    ['/v2/order-101/status', stranger], ['/v2/charge', stranger], ['/v2/nowhere', stranger]
  ]
  for (const [path, headers] of rows) {
    const get = await request(emulator, 'GET', path, undefined, headers)
    const answer = await request(emulator, 'HEAD', path, undefined, headers)
    t.equal(answer.payload, '', path)
    t.equal(answer.statusCode, get.statusCode, path)
    t.same({ ...answer.headers, date: '' }, { ...get.headers, date: '' }, path)
  }
})

test('an order id that a path has as it stands is found, dots among them', async (t) => {
  const emulator = await testEmulator(t)
  await changeSettings(t, emulator, { strict_order_id: false })
  for (const order of ['..', '.', 'a"b', '<>^`{|}', '100%', '%c3%28', 'a&b=c;d']) {
    await charge(emulator, chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 } }))
    t.match(await sendBytes(emulator, Buffer.from(head('GET', `/v2/${order}/status`))), `"order_id":${JSON.stringify(order)}`)
  }
})

test('a path in absolute form, as proxies send it, is the same path', async (t) => {
  const emulator = await testEmulator(t)
  await chargedInto(t, emulator, 'pending')
  t.match(await sendBytes(emulator, head('GET', 'http://api.sandbox.midtrans.com/v2/order-101/status')), '"order_id":"order-101"')
})

test('what no client means to send still gets an answer in JSON, never a stack', async (t) => {
  const emulator = await testEmulator(t)
  await chargedInto(t, emulator, 'pending')
  const body = JSON.stringify(chargeBody())
  const rows: ReadonlyArray<readonly [bytes: Buffer | string, error: GatewayError]> = [
    [head('GET', '/v2/'), '404-path'],
    [head('PROPFIND', '/v2/charge'), 405],
    [head('TRACE', '/v2/order-101/status'), 405],
    [head('PROPFIND', '/v2/nowhere'), '404-path'],
    [head('POST', '/v2/charge', { 'content-length': '0' }), 500],
    [head('POST', '/v2/charge', { 'transfer-encoding': 'chunked' }) + '0\r\n\r\n', 500],
    [head('POST', '/v2/charge', { 'transfer-encoding': 'chunked' }) + `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, 406],
    [head('POST', '/v2/charge', { 'content-length': String(MIB + 1) }) + ' '.repeat(MIB + 1), '413-too-large'],
    [head('POST', '/v2/charge', { 'transfer-encoding': 'chunked' }) + `${(MIB + 1).toString(16)}\r\n${' '.repeat(MIB + 1)}\r\n0\r\n\r\n`, '413-too-large']
  ]
  for (const [at, [bytes, error]] of rows.entries()) {
    const [, json = ''] = (await sendBytes(emulator, bytes)).split('\r\n\r\n')
    t.equal(json.replace(/"id":"[0-9a-f-]{36}"/, '"id":"<id>"'), golden(`errors/${error}`), `row ${at}`)
  }
})

test('what is not even HTTP is refused in JSON', async (t) => {
  const emulator = await testEmulator(t)
  for (const bytes of ['hello\r\n\r\n', head('GET', '/v2/order 101/status'), Buffer.from(head('GET', '/v2/pésanan/status')), head('BREW', '/v2/charge'), head('GET', `/v2/${'x'.repeat(20_000)}/status`)]) {
    const [start, json = ''] = (await sendBytes(emulator, bytes)).split('\r\n\r\n')
    t.match(start, /^HTTP\/1\.1 4\d\d /)
    t.match(JSON.parse(json), { status_code: /^4\d\d$/, status_message: String }, 'the status code is a text, as the clients of Go and Java need it')
  }
  t.equal(membersOf(await charge(emulator, chargeBody())).status_code, '201', 'the server lives on')
})

test('a connection outlives a malformed body and a wrong key', async (t) => {
  const emulator = await testEmulator(t)
  await chargedInto(t, emulator, 'pending')
  const alive = { connection: 'keep-alive' }
  const answers = await sendBytes(emulator, [
    head('POST', '/v2/charge', { ...alive, 'content-length': '1' }) + '{',
    head('GET', '/v2/order-101/status', { ...alive, authorization: 'Basic none' }),
    head('GET', '/v2/order-101/status')
  ].join(''))
  t.same(answers.match(/"status_code":"\d+"/g), ['"status_code":"413"', '"status_code":"401"', '"status_code":"201"'])
})

// Keys.
const encoded = (text: string): string => Buffer.from(text).toString('base64')

const WRONG_KEYS: ReadonlyArray<readonly [name: string, authorization: string | undefined]> = [
  ['no header', undefined],
  ['an empty header', ''],
  ['the scheme alone', 'Basic'],
  ['the scheme and a space', 'Basic '],
  ['what is no Base64', 'Basic !!!'],
  ['Base64 without a colon', `Basic ${encoded(SERVER_KEY)}`],
  ['the key in the clear', `Basic ${SERVER_KEY}:`],
  ['the key without scheme', encoded(`${SERVER_KEY}:`)],
  ['another scheme', `Bearer ${encoded(`${SERVER_KEY}:`)}`],
  ['the bare key as a token', `Bearer ${SERVER_KEY}`],
  ['an unknown key', basic('SB-Mid-server-else')],
  ['the client key', basic(CLIENT_KEY)],
  ['the key of another environment', basic(SERVER_KEY.replace('SB-', ''))],
  ['the key in other letter case', basic(SERVER_KEY.toUpperCase())],
  ['a part of the key', basic(SERVER_KEY.slice(0, -1))],
  ['the key and a character more', basic(`${SERVER_KEY}x`)],
  ['the key as the password', basic('', SERVER_KEY)],
  ['an empty key', basic('')],
  ['the admin account', basic('admin', 'secret')],
  ['the name of a member of every object', basic('__proto__')],
  ['binary rubbish', `Basic ${Buffer.from([0xff, 0x00, 0x3a]).toString('base64')}`]
]

for (const [name, authorization] of WRONG_KEYS) {
  test(`401 at every endpoint for ${name}, and nothing happens`, async (t) => {
    const emulator = await testEmulator(t, ['--admin-password', 'secret'])
    await chargedInto(t, emulator, 'pending')
    const before = await worldOf(emulator)
    for (const [method, path] of [...GETS.map((path) => ['GET', path] as const), ...POSTS.map((path) => ['POST', path] as const), ['POST', '/v2/order-404/cancel'] as const]) {
      const reply = await emulator.app.inject({ method, url: path, headers: authorization === undefined ? {} : { authorization }, ...method === 'GET' ? {} : { payload: JSON.stringify(chargeBody()) } })
      expectError(t, reply, 401)
    }
    t.equal(await worldOf(emulator), before)
  })
}

const RIGHT_KEYS: ReadonlyArray<readonly [name: string, authorization: string]> = [
  ['an empty password', basic(SERVER_KEY)],
  ['a password, which is ignored', basic(SERVER_KEY, 'anything: at all')],
  ['the scheme in lower case', basic(SERVER_KEY).replace('Basic', 'basic')],
  ['the scheme in upper case', basic(SERVER_KEY).replace('Basic', 'BASIC')]
]

for (const [name, authorization] of RIGHT_KEYS) {
  test(`the server key with ${name} is let in`, async (t) => {
    const emulator = await testEmulator(t)
    t.equal(membersOf(await charge(emulator, chargeBody(), { authorization })).status_code, '201')
    t.equal(membersOf(await request(emulator, 'GET', '/v2/order-101/status', undefined, { authorization })).status_code, '201')
  })
}

test('the gateway answers to foreign hosts and origins: only our own paths are guarded', async (t) => {
  const emulator = await testEmulator(t)
  const headers = { host: 'api.sandbox.midtrans.com', origin: 'https://shop.example.com', 'sec-fetch-site': 'cross-site' }
  const reply = await charge(emulator, chargeBody(), headers)
  t.equal(membersOf(reply).status_code, '201')
  expectHeaders(t, reply)
})

test('Snap is not emulated, and says so in its own form, whatever is asked and by whom', async (t) => {
  const emulator = await testEmulator(t)
  const rows: ReadonlyArray<readonly [method: string, path: string, body?: string, headers?: Record<string, string>]> = [
    ['POST', '/snap/v1/transactions', '{}', { 'content-type': 'application/json' }],
    ['POST', '/snap/v1/transactions', '{}', { 'content-type': 'application/json', authorization: 'Basic none' }],
    ['POST', '/snap/v1/transactions', '{', { 'content-type': 'application/json' }],
    ['POST', '/snap/v1/transactions', 'x', { 'content-type': 'text/plain' }],
    ['GET', '/snap/v4/redirection/token'],
    ['DELETE', '/snap/v1/transactions/order-101']
  ]
  for (const [method, path, body, headers] of rows) {
    const reply = await request(emulator, method, path, body, headers)
    t.equal(reply.statusCode, 404)
    t.equal(reply.payload, '{"error_messages":["Snap is not emulated by Warung"]}', `${method} ${path} ${body ?? ''} ${JSON.stringify(headers)}`)
  }
})

/** All that can be seen of the merchant's world, as one text. */
async function worldOf ({ ask }: TestEmulator): Promise<string> {
  return (await ask('GET', '/admin/transactions')).payload + (await ask('GET', '/admin/notifications')).payload
}
