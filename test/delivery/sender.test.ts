import { test } from 'tap'
import type { Test } from 'tap'

import { createSender } from '../../src/delivery/sender.ts'
import type { SenderDeps } from '../../src/delivery/sender.ts'
import type { Answer } from '../../src/domain/notification.ts'
import { reply, startRawReceiver, startReceiver, unusedPort } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { selfSigned } from '../support/self-signed.ts'

const BODY = '{"transaction_status":"settlement","custom_field1":"kopi ☕","approval_code":"1"}'
const NO_ANSWER = { status: null, responseHeaders: {}, responseBody: '' }

function sender (deps: Partial<SenderDeps> = {}) {
  return createSender({ clock: { now: () => 0 }, ownOrigins: () => [], allowedTargets: null, ...deps })
}

async function send (url: string, { timeoutMs = 10_000, signal = new AbortController().signal, ...deps }: Partial<SenderDeps> & { timeoutMs?: number, signal?: AbortSignal } = {}): Promise<Answer> {
  return await sender(deps).send({ url, body: BODY, timeoutMs, signal })
}

async function receiver (t: Test, handler?: Handler): Promise<Receiver> {
  const started = await startReceiver(handler)
  t.teardown(() => started.close())
  return started
}

/** Answers each connection with these bytes, as they are. */
async function raw (t: Test, ...[answer]: Parameters<typeof startRawReceiver>) {
  const started = await startRawReceiver(answer)
  t.teardown(() => started.close())
  return started
}

test('posts the body as it is, with the headers of the gateway, and records both sides', async (t) => {
  const { url, requests } = await receiver(t, reply(200, { 'X-One': '1', 'Set-Cookie': ['a=1', 'b=2'], Date: 'today' }, 'thank you'))
  const times = [1000, 1042]
  const answer = await send(`${url}/notify?from=midtrans#here`, { clock: { now: () => times.shift() ?? 0 } })

  const sent = {
    host: url.slice('http://'.length),
    connection: 'close',
    'User-Agent': 'Veritrans',
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'content-length': String(Buffer.byteLength(BODY))
  }
  t.same(answer, {
    durationMs: 42,
    requestHeaders: sent,
    status: 200,
    responseHeaders: { 'x-one': '1', 'set-cookie': 'a=1, b=2', date: 'today', connection: 'close', 'transfer-encoding': 'chunked' },
    responseBody: 'thank you',
    error: null,
    redirects: []
  })
  t.same(requests, [{
    method: 'POST',
    url: '/notify?from=midtrans',
    headers: Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value])),
    body: BODY
  }])
})

for (const status of [200, 201, 204, 299, 301, 302, 303, 304, 400, 401, 404, 410, 429, 500, 503, 599]) {
  test(`takes ${status} for an answer and follows nothing`, async (t) => {
    const { url, requests } = await receiver(t, reply(status, { location: '/elsewhere' }))
    t.match(await send(url), { status, error: null, redirects: [] })
    t.equal(requests.length, 1)
  })
}

test('no connection serves two attempts', async (t) => {
  const ports = new Set<number | undefined>()
  const { url } = await receiver(t, (_request, response) => {
    ports.add(response.socket?.remotePort)
    response.end()
  })
  const { send } = sender()
  for (let count = 0; count < 3; count++) t.equal((await send({ url, body: BODY, timeoutMs: 10_000, signal: new AbortController().signal })).status, 200)
  t.equal(ports.size, 3)
})

for (const status of [307, 308]) {
  test(`follows ${status} with the same method, headers and body`, async (t) => {
    const last = await receiver(t, reply(200, {}, 'arrived'))
    const first = await receiver(t, reply(status, { location: `${last.url}/new?a=b` }))
    const answer = await send(`${first.url}/old`)

    t.match(answer, { status: 200, responseBody: 'arrived', error: null, redirects: [`${last.url}/new?a=b`] })
    t.equal(answer.requestHeaders['host'], new URL(last.url).host)
    t.match(last.requests, [{ method: 'POST', url: '/new?a=b', body: BODY, headers: { 'user-agent': 'Veritrans', 'content-type': 'application/json' } }])
  })
}

test('resolves a relative Location', async (t) => {
  const { url, requests } = await receiver(t, (request, response) => request.url === '/a/b' ? reply(307, { location: '../c?d' })(request, response) : response.end())
  t.match(await send(`${url}/a/b`), { status: 200, redirects: [`${url}/c?d`] })
  t.same(requests.map((request) => request.url), ['/a/b', '/c?d'])
})

for (const [hops, expected] of [[5, { status: 200, error: null }], [6, { ...NO_ANSWER, error: 'too_many_redirects' }]] as const) {
  test(`${hops} redirects in a row: ${expected.error ?? 'followed'}`, async (t) => {
    const { url, requests } = await receiver(t, (request, response) => {
      const number = Number(request.url.slice(1))
      return number === hops ? response.end() : reply(308, { location: `/${number + 1}` })(request, response)
    })
    const answer = await send(`${url}/0`)
    t.match(answer, expected)
    t.same(answer.redirects, [1, 2, 3, 4, 5].map((number) => `${url}/${number}`))
    t.equal(requests.length, 6)
  })
}

test('a redirect is followed before its own body has come', async (t) => {
  const { url } = await receiver(t, (request, response) => request.url === '/' ? response.writeHead(307, { location: '/b' }).write('…') : response.end())
  t.match(await send(url), { status: 200, redirects: [`${url}/b`] })
})

for (const [what, location] of [['no Location', undefined], ['another scheme', 'ftp://127.0.0.1/'], ['credentials', 'http://me:secret@127.0.0.1/'], ['nonsense', 'http://[/'], ['two Locations', ['/a', '/b']]] as const) {
  test(`a 307 with ${what} is itself the answer`, async (t) => {
    const { url, requests } = await receiver(t, reply(307, location === undefined ? {} : { location: [location].flat() }, 'moved'))
    t.match(await send(url), { status: 307, error: null, responseBody: 'moved', redirects: [] })
    t.equal(requests.length, 1)
  })
}

test('a redirect to a forbidden address ends the attempt', async (t) => {
  const target = 'http://169.254.169.254/latest/meta-data'
  const { url } = await receiver(t, reply(307, { location: target }))
  t.match(await send(url), { ...NO_ANSWER, error: 'forbidden_target', redirects: [target] })
})

for (const url of ['http://169.254.169.254/', 'http://2852039166/', 'http://0xa9.0376.43518/', 'http://[::ffff:169.254.169.254]/', 'https://[fe80::1]/', 'http://[fd00:ec2::254]/', 'http://0/', 'ftp://127.0.0.1/', 'http://a:b@127.0.0.1/', 'nonsense']) {
  test(`${url} is no target`, async (t) => {
    t.match(await send(url), { ...NO_ANSWER, error: 'forbidden_target' })
  })
}

test('a name is judged by what it resolves to', async (t) => {
  const { url, requests } = await receiver(t)
  const { port } = new URL(url)
  t.match(await send(`http://localhost:${port}/`, { forbidden: (address) => address === '127.0.0.1' || address === '::1' }), { error: 'forbidden_target' })
  t.match(await send(`http://localhost:${port}/`, { forbidden: (address) => address === '::1' }), { status: 200 })
  t.equal(requests.length, 1)
})

test('never our own port on this machine, by whatever name', async (t) => {
  const { url, requests } = await receiver(t)
  const { port } = new URL(url)
  const ownOrigins = () => [`http://0.0.0.0:${port}`]
  for (const host of ['127.0.0.1', 'localhost', '127.0.0.2', '[::1]', '[::ffff:127.0.0.1]']) {
    t.match(await send(`http://${host}:${port}/`, { ownOrigins }), { ...NO_ANSWER, error: 'forbidden_target' }, host)
  }
  t.match(await send(url, { ownOrigins: () => ['http://localhost', 'https://localhost'] }), { status: 200 }, 'another port')
  t.equal(requests.length, 1)
})

const allowances: ReadonlyArray<readonly [host: string, allowed: readonly string[], error: 'forbidden_target' | null]> = [
  ['127.0.0.1', ['127.0.0.1'], null],
  ['127.0.0.1', ['10.0.0.0/8', '127.0.0.0/8'], null],
  ['127.0.0.1', ['localhost', '10.0.0.0/8'], 'forbidden_target'],
  ['127.0.0.1', [], 'forbidden_target'],
  ['localhost', ['LocalHost'], null],
  ['localhost', ['127.0.0.1'], null],
  ['localhost', ['merchant.test'], 'forbidden_target']
]
for (const [host, allowedTargets, error] of allowances) {
  test(`of ${JSON.stringify(allowedTargets)}, ${host} is ${error === null ? 'allowed' : 'not allowed'}`, async (t) => {
    const { url } = await receiver(t)
    t.match(await send(`http://${host}:${new URL(url).port}/`, { allowedTargets }), { error })
  })
}

test('a range that is none is refused at once', async (t) => {
  t.throws(() => sender({ allowedTargets: ['10.0.0.0/99'] }))
})

test('nobody listens: refused', async (t) => {
  const port = await unusedPort()
  t.match(await send(`http://127.0.0.1:${port}/`), { ...NO_ANSWER, error: 'refused', requestHeaders: { host: `127.0.0.1:${port}` } })
  t.match(await send(`http://localhost:${port}/`), { ...NO_ANSWER, error: 'refused' })
})

test('an unknown name: dns', async (t) => {
  t.match(await send('http://no-such-shop.invalid/', { timeoutMs: 50_000 }), { ...NO_ANSWER, error: 'dns' })
})

const HEAD = 'HTTP/1.1 200 OK\r\n'
const broken: ReadonlyArray<readonly [what: string, answer: Parameters<typeof startRawReceiver>[0], error: string]> = [
  ['resets before it answers', (socket) => socket.resetAndDestroy(), 'reset'],
  ['closes without an answer', (socket) => socket.end(), 'reset'],
  ['closes in the middle of the headers', (socket) => socket.end(`${HEAD}content-le`), 'reset'],
  ['closes in the middle of the body', (socket) => socket.end(`${HEAD}content-length: 10\r\n\r\nhalf`), 'reset'],
  ['resets in the middle of the body', (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\nhalf`, () => socket.resetAndDestroy()), 'reset'],
  ['closes in the middle of a chunk', (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhal`), 'reset'],
  ['speaks another protocol', (socket) => socket.end('220 mail.example ESMTP\r\n'), 'invalid_response'],
  ['sends a broken header', (socket) => socket.end(`${HEAD}content-length: ten\r\n\r\n`), 'invalid_response'],
  ['sends a broken chunk', (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`), 'invalid_response'],
  ['switches protocols unasked', (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), 'reset'],
  ['sends huge headers', (socket) => socket.end(`${HEAD}x-huge: ${'x'.repeat(100_000)}\r\n\r\n`), 'invalid_response'],
  ['never ends its headers', (socket) => flood(socket, `x-more: ${'x'.repeat(1000)}\r\n`, HEAD), 'invalid_response'],
  ['never ends one header', (socket) => flood(socket, 'x'.repeat(1000), `${HEAD}x-long: `), 'invalid_response'],
  ['says nothing', () => {}, 'timeout'],
  ['drips header bytes', (socket) => drip(socket, 'x', `${HEAD}x-long: `), 'timeout'],
  ['drips body bytes', (socket) => drip(socket, 'x', `${HEAD}\r\n`), 'timeout'],
  ['drips interim answers', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'), 'timeout'],
  ['never ends its body', (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\nhalf`), 'timeout'],
  ['never ends its first line', (socket) => flood(socket, 'x'.repeat(1000), 'HTTP/1.1 200 '), 'timeout']
]
for (const [what, answer, error] of broken) {
  test(`a receiver that ${what}: ${error}`, async (t) => {
    let calls = 0
    const { url, sockets } = await raw(t, (socket) => { calls++; return answer(socket) })
    t.match(await send(url, { timeoutMs: error === 'timeout' ? 200 : 10_000 }), { ...NO_ANSWER, error })
    t.equal(calls, 1, 'asked once')
    for (const socket of sockets) await new Promise<void>((resolve) => { socket.on('close', () => resolve()) })
  })
}

test('a connection that is never made: timeout', async (t) => {
  const { url, sockets } = await raw(t, () => {})
  t.match(await send(url.replace('http:', 'https:'), { timeoutMs: 100 }), { ...NO_ANSWER, error: 'timeout' })
  for (const socket of sockets) await new Promise<void>((resolve) => { socket.on('close', () => resolve()) })
})

test('redirects share the one deadline', async (t) => {
  const { url } = await receiver(t, (request, response) => {
    if (request.url !== '/hang') reply(307, { location: '/hang' })(request, response)
  })
  t.match(await send(url, { timeoutMs: 300 }), { ...NO_ANSWER, error: 'timeout', redirects: [`${url}/hang`] })
})

for (const [what, answer] of [
  ['of 10 MiB', (socket) => socket.end(`${HEAD}content-length: ${10 * 2 ** 20}\r\n\r\n${'é'.repeat(5 * 2 ** 20)}`)],
  ['without an end, at full speed', (socket) => flood(socket, 'é'.repeat(5000), `${HEAD}\r\n`)]
] satisfies ReadonlyArray<readonly [string, Parameters<typeof startRawReceiver>[0]]>) {
  test(`a body ${what} is cut, its connection dropped, and the status counts`, async (t) => {
    const { url, sockets } = await raw(t, answer)
    t.match(await send(url), { status: 200, error: null, responseBody: 'é'.repeat(2048) })
    for (const socket of sockets) await new Promise<void>((resolve) => { socket.on('close', () => resolve()) })
  })
}

test('a character that the cut divides is left out', async (t) => {
  const { url } = await receiver(t, reply(200, {}, `x${'é'.repeat(3000)}`))
  t.equal((await send(url)).responseBody, `x${'é'.repeat(2047)}`)
})

test('a certificate that nobody vouches for: tls', async (t) => {
  const secure = await startReceiver(undefined, selfSigned)
  t.teardown(() => secure.close())
  t.match(await send(secure.url), { ...NO_ANSWER, error: 'tls' })
  t.equal(secure.requests.length, 0)
})

test('TLS spoken to a receiver that speaks none: tls', async (t) => {
  const { url } = await receiver(t)
  t.match(await send(url.replace('http:', 'https:')), { ...NO_ANSWER, error: 'tls' })
})

test('an attempt that is called off rejects, at any stage', async (t) => {
  const off = new AbortController()
  const hangs = await receiver(t, () => off.abort())
  await t.rejects(send(hangs.url, { signal: off.signal }), { name: 'AbortError' }, 'before an answer')
  await t.rejects(send(hangs.url, { signal: off.signal }), { name: 'AbortError' }, 'before it begins')
  t.equal(hangs.requests.length, 1)

  const offLater = new AbortController()
  const drips = await raw(t, (socket) => {
    drip(socket, 'x', `${HEAD}\r\n`)
    setTimeout(() => offLater.abort(), 50)
  })
  await t.rejects(send(drips.url, { signal: offLater.signal }), { name: 'AbortError' }, 'in the middle of the body')
})

test('a receiver that hangs delays no other, and many attempts may share a signal', async (t) => {
  const { send, close } = sender()
  const { signal } = new AbortController()
  const warnings: unknown[] = []
  const onWarning = (warning: unknown): void => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))

  const released: Array<() => void> = []
  const slow = await receiver(t, (_request, response) => released.push(() => response.end()))
  const quick = await receiver(t)
  const hanging = Array.from({ length: 50 }, () => send({ url: slow.url, body: BODY, timeoutMs: 10_000, signal }))
  await slow.received(50)
  t.match(await send({ url: quick.url, body: BODY, timeoutMs: 10_000, signal }), { status: 200 })

  const closing = close()
  for (const release of released) release()
  await closing
  for (const answer of await Promise.all(hanging)) t.equal(answer.status, 200)
  t.same(warnings, [])
})

type RawSocket = Parameters<Parameters<typeof startRawReceiver>[0]>[0]

/** Writes without end, as fast as it is read. */
function flood (socket: RawSocket, text: string, start = ''): void {
  const more = (): void => { while (!socket.destroyed && socket.write(text)); }
  socket.on('drain', more).write(start)
  more()
}

function drip (socket: RawSocket, text: string, start = ''): void {
  socket.write(start)
  const timer = setInterval(() => socket.write(text), 10)
  socket.on('close', () => clearInterval(timer))
}
