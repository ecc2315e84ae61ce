import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, Agent } from 'node:https'
import type { RequestOptions } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'

import { test } from 'tap'

import { basic, chargeBody, MERCHANT_ID, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'

interface Secure extends TestEmulator {
  readonly port: number
  readonly url: string
}

async function secureEmulator (t: Parameters<typeof testEmulator>[0], flags: readonly string[] = []): Promise<Secure> {
  const emulator = await testEmulator(t, ['--tls-port', '0', ...flags])
  const url = await emulator.start()
  return { ...emulator, url, port: Number(new URL(emulator.tls()?.url ?? '').port) }
}

/** Asks the gateway by its own name, which leads here as in a compose network. */
async function ask ({ port, tls }: Secure, path: string, { method = 'GET', host = 'api.sandbox.midtrans.com', body, ...options }: RequestOptions & { readonly body?: unknown } = {}) {
  const asked = request({
    host,
    port,
    path,
    method,
    ca: tls()?.authority?.cert,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    headers: { authorization: basic(SERVER_KEY), ...body === undefined ? {} : { 'content-type': 'application/json' } },
    ...options
  })
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer] = await once(asked, 'response')
  return { status: answer.statusCode as number, headers: answer.headers as Record<string, string>, body: await text(answer) }
}

test('the same app answers under the gateway\'s name over TLS, byte by byte as over HTTP', async (t) => {
  const emulator = await secureEmulator(t)
  const charged = await ask(emulator, '/v2/charge', { method: 'POST', body: chargeBody() })
  t.equal(charged.status, 200)
  t.match(JSON.parse(charged.body), { status_code: '201', order_id: 'order-101', merchant_id: MERCHANT_ID })
  const [secure, plain] = [await ask(emulator, '/v2/order-101/status'), await fetch(`${emulator.url}/v2/order-101/status`, { headers: { authorization: basic(SERVER_KEY) } })]
  t.equal(secure.body, await plain.text())
  const { date: _date, ...headers } = secure.headers
  t.same(headers, Object.fromEntries([...plain.headers].filter(([name]) => name !== 'date')))
})

test('admin and till answer to the names of the certificate, and to no others', async (t) => {
  const emulator = await secureEmulator(t, ['--tls-name', 'pay.shop.example'])
  for (const host of ['api.sandbox.midtrans.com', 'app.sandbox.midtrans.com', 'pay.shop.example', 'localhost']) t.equal((await ask(emulator, '/admin/clock', { host })).status, 200, host)
  t.match(await ask(emulator, '/admin/clock', { servername: 'localhost', headers: { host: 'other.example', authorization: basic(SERVER_KEY) } }), { status: 403, body: /foreign_host/ })
  t.match(await ask(emulator, '/admin/clock', { headers: { authorization: basic(SERVER_KEY), origin: 'https://evil.example' } }), { status: 403, body: /foreign_origin/ })
})

test('the authority is there for everyone to fetch; without TLS of our own making there is none', async (t) => {
  const emulator = await secureEmulator(t)
  const fetched = await fetch(`${emulator.url}/ca.pem`)
  t.equal(fetched.status, 200)
  t.equal(await fetched.text(), emulator.tls()?.authority?.cert)
  t.match((await (await testEmulator(t)).ask('GET', '/ca.pem')).json(), { code: 'no_authority', message: /--tls-port/ })
})

test('what is no HTTP is refused behind TLS as well, in the gateway\'s form', async (t) => {
  const { port, tls } = await secureEmulator(t)
  const socket = connect({ host: '127.0.0.1', port, ca: tls()?.authority?.cert, servername: 'localhost' })
  socket.write('nonsense\r\n\r\n')
  t.match(await text(socket), /^HTTP\/1\.1 400 Bad Request\r\n[^]*\{"status_code":"400","status_message":"Bad Request","id":"/)
})

test('a stop waits for no connection that is kept alive, nor for one amid its handshake', async (t) => {
  const emulator = await secureEmulator(t)
  const agent = new Agent({ keepAlive: true })
  t.teardown(async () => agent.destroy())
  await ask(emulator, '/livez', { agent })
  const { connect: connectPlain } = await import('node:net')
  const half = connectPlain(emulator.port, '127.0.0.1')
  await once(half, 'connect')
  half.on('error', () => {})
  await emulator.close()
  t.equal(emulator.app.server.listening, false)
})

test('no notification goes to ourselves, by TLS neither', async (t) => {
  const emulator = await secureEmulator(t)
  const refused = await emulator.ask('PUT', '/admin/settings', { notification_urls: [`https://localhost:${emulator.port}/v2/charge`] })
  t.equal(refused.statusCode, 400)
  t.match(refused.json(), { code: 'invalid_settings', message: /cannot be notified: it is this emulator itself/ })
})

test('a port that is in use stops the start where it was asked for, and else leaves plain HTTP', async (t) => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(async () => { other.close() })
  const { port } = other.address() as AddressInfo

  await t.rejects((await testEmulator(t, ['--tls-port', String(port)])).start(), { code: 'EADDRINUSE', port })
  const emulator = await testEmulator(t, ['--tls-port', `${port}?`])
  t.equal((await fetch(`${await emulator.start()}/livez`)).status, 200)
  t.equal(emulator.tls(), null)
})

test('the authority is kept beside the data, its copy goes where others read it, and a start uses it again', async (t) => {
  const folder = t.testdir()
  const flags = ['--data', join(folder, 'data', 'warung.json'), '--tls-ca-file', join(folder, 'public', 'ca.pem')]
  const ends: Array<() => Promise<void>> = []
  const first = await secureEmulator({ teardown: (end) => ends.push(end) }, flags)
  t.equal(first.tls()?.authority?.path, join(folder, 'data', 'ca.pem'))
  t.equal(readFileSync(join(folder, 'public', 'ca.pem'), 'utf8'), first.tls()?.authority?.cert)
  for (const end of ends) await end()

  const second = await secureEmulator(t, flags)
  t.same(second.tls()?.authority, first.tls()?.authority)
  t.equal((await ask({ ...second, tls: first.tls }, '/livez')).status, 200)
})

test('a certificate of the user\'s own is shown; files that do not fit stop the start', async (t) => {
  const folder = t.testdir()
  await secureEmulator(t, ['--tls-dir', folder])
  const own = await secureEmulator(t, ['--tls-cert', join(folder, 'server.pem'), '--tls-key', join(folder, 'server-key.pem')])
  t.equal((await ask(own, '/livez', { ca: readFileSync(join(folder, 'ca.pem')) })).status, 200)
  t.match(own.tls(), { authority: null, names: ['api.sandbox.midtrans.com', 'app.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1'] })
  await t.rejects(testEmulator(t, ['--tls-port', '0', '--tls-cert', join(folder, 'server.pem'), '--tls-key', join(folder, 'ca-key.pem')]), { message: /^TLS: the key does not belong to .*server\.pem; choose/ })
})

test('what is under way when it stops is answered over TLS as over HTTP', async (t) => {
  const emulator = await secureEmulator(t)
  await emulator.ask('POST', '/v2/charge', chargeBody())
  const under = ask(emulator, '/admin/transactions/order-101/wait?status=settlement')
  const feed = ask(emulator, '/admin/events')
  // Both are under way once a later call has been answered.
  await ask(emulator, '/livez')
  const closed = emulator.close()
  t.match(await under, { status: 408, body: /not_yet/ })
  t.equal((await feed).status, 200)
  await closed
})

test('localhost is served at each of its addresses', async (t) => {
  const emulator = await testEmulator(t, ['--tls-port', '0', '--host', 'localhost'])
  await emulator.start()
  const port = Number(new URL(emulator.tls()?.url ?? '').port)
  for (const address of emulator.app.addresses()) {
    if (typeof address === 'string') continue
    const socket = connect({ host: address.address, port, ca: emulator.tls()?.authority?.cert, servername: 'localhost' })
    await once(socket, 'secureConnect')
    socket.destroy()
  }
})

test('a start that fails for its certificates leaves the data file to the next', async (t) => {
  const data = join(t.testdir(), 'warung.json')
  await t.rejects(testEmulator(t, ['--data', data, '--tls-port', '0', '--tls-cert', '/nowhere.pem', '--tls-key', '/nowhere-key.pem']), { message: /^TLS: ENOENT/ })
  t.equal((await (await testEmulator(t, ['--data', data])).ask('GET', '/livez')).statusCode, 200)
})
