import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

import { test } from 'tap'

import { basic, chargeBody } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'

const MAIN = join(import.meta.dirname, '../../dist/main.js')
const KEY = 'SB-Mid-server-warung'

interface Ended { code: number | null, out: string, err: string }

interface Running {
  readonly url: string
  readonly child: ChildProcess
  stop (signal?: NodeJS.Signals): Promise<Ended>
  ask (method: string, path: string, body?: unknown): Promise<Record<string, string>>
}

function spawnWarung (args: readonly string[], env: Record<string, string> = {}) {
  return spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function runToEnd (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawnWarung(args, env)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number | null, out, err }
}

async function startWarung (t: { teardown (end: () => void): void }, args: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  const child = spawnWarung(args, env)
  t.teardown(() => child.kill('SIGKILL'))
  const err = text(child.stderr)
  let out = ''
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      const url = /^warung ready on (http:\/\/\S+)$/m.exec(out)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.on('exit', () => err.then((log) => reject(new Error(`ended before it was ready: ${log}`)), reject))
  })
  const url = await ready
  return {
    url,
    child,
    stop: async (signal = 'SIGTERM') => {
      const exit = once(child, 'exit')
      child.kill(signal)
      const [code] = await exit
      return { code: code as number | null, out, err: await err }
    },
    ask: async (method, path, body) => {
      const response = await fetch(url + path, {
        method,
        headers: { authorization: basic(KEY), ...body === undefined ? {} : { 'content-type': 'application/json' } },
        ...body === undefined ? {} : { body: JSON.stringify(body) }
      })
      return await response.json() as Record<string, string>
    }
  }
}

test('SIGTERM and SIGINT stop it cleanly, and what it acknowledged is there again after a start', async (t) => {
  const data = join(t.testdir(), 'deep', 'down', 'warung.json')
  const first = await startWarung(t, ['--port', '0', '--data', data])
  const charged = await first.ask('POST', '/v2/charge', chargeBody())
  t.equal(charged.status_code, '201')
  const ended = await first.stop()
  t.equal(ended.code, 0)
  t.match(ended.out, `data ${data}`, 'it says where its data is')

  // One JSON document, which any JSON reader takes.
  const document = JSON.parse(readFileSync(data, 'utf8')) as { transactions: Array<Record<string, string>> }
  t.equal(document.transactions[0]?.order_id, 'order-101')

  const second = await startWarung(t, ['--port', '0', '--data', data])
  t.match(await second.ask('GET', '/v2/order-101/status'), { transaction_id: charged.transaction_id, status_code: '201' })
  t.equal((await second.stop('SIGINT')).code, 0)
})

test('a stop does not wait for a receiver that hangs; the attempt is made again after the start', async (t) => {
  const receiver = await startReceiver(() => {})
  t.teardown(receiver.close)
  const data = join(t.testdir(), 'warung.json')
  const args = ['--port', '0', '--data', data, '--notification-url', receiver.url]
  const first = await startWarung(t, args)
  await first.ask('POST', '/v2/charge', chargeBody())
  await receiver.received(1)
  t.equal((await first.stop()).code, 0)

  receiver.handler = (_request, response) => response.end()
  const second = await startWarung(t, args)
  await receiver.received(2)
  t.equal(receiver.requests[0]?.body, receiver.requests[1]?.body)
  await second.stop()
})

test('a flag or variable that cannot be stops the start with one line and exit code 2', async (t) => {
  for (const [args, env] of [
    [['--prot', '1'], {}], [['--port', 'x'], {}], [['serve'], {}], [['start', 'start'], {}], [[], { WARUNG_PORT: '70000' }], [['--server-key', 'admin'], {}],
    [['--server-key', 'a:b'], {}], [['--notification-url', 'ftp://x'], {}], [['--log-level', 'loud'], {}], [['--allow-target', '10.0.0.0/99'], {}]
  ] as Array<[string[], Record<string, string>]>) {
    const { code, out, err } = await runToEnd(args, env)
    t.equal(code, 2, [...args, ...Object.keys(env)].join(' '))
    t.equal(out, '')
    t.match(err, /^warung: [^\n]+\n$/)
  }
})

test('a port in use and a data file that is none stop the start with one line and exit code 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await once(taken, 'listening')
  const inUse = await runToEnd(['--data', ':memory:', '--port', String((taken.address() as AddressInfo).port)])
  t.equal(inUse.code, 1)
  t.match(inUse.err, /^warung: port \d+ on 127\.0\.0\.1 is in use; [^\n]+\n$/m)

  const dir = t.testdir({ 'warung.json': '{"not": "ours"}\n' })
  const foreign = await runToEnd(['--port', '0', '--data', join(dir, 'warung.json')])
  t.equal(foreign.code, 1)
  t.match(foreign.err, /^warung: [^\n]*warung\.json[^\n]+\n$/)
  t.equal(readFileSync(join(dir, 'warung.json'), 'utf8'), '{"not": "ours"}\n')
})

test('what is given at the start wins and is stored; what is not given leaves what is stored', async (t) => {
  const data = join(t.testdir(), 'warung.json')
  const first = await startWarung(t, ['--port', '0', '--data', data], { WARUNG_NOTIFICATION_URL: 'http://127.0.0.1:9/a,http://127.0.0.1:9/b' })
  t.same((await first.ask('GET', '/admin/settings')).notification_urls, ['http://127.0.0.1:9/a', 'http://127.0.0.1:9/b'])
  await first.stop()
  const second = await startWarung(t, ['--port', '0', '--data', data])
  t.same((await second.ask('GET', '/admin/settings')).notification_urls, ['http://127.0.0.1:9/a', 'http://127.0.0.1:9/b'])
  await second.stop()
})

test('the build serves its own description', async (t) => {
  const warung = await startWarung(t, ['--port', '0', '--data', ':memory:'])
  t.match(await warung.ask('GET', '/openapi.json'), { openapi: '3.1.0', info: { title: 'Warung' } })
})

test('no log line shows a key, a signature or a password, at any level', async (t) => {
  const receiver = await startReceiver()
  t.teardown(receiver.close)
  const warung = await startWarung(t, ['--port', '0', '--data', ':memory:', '--log-level', 'trace', '--admin-password', 'geheim-1234', '--notification-url', receiver.url])
  await warung.ask('POST', '/v2/charge', chargeBody())
  await warung.ask('GET', `/v2/${KEY}/status`)
  await warung.ask('POST', '/v2/charge', { payment_type: [] })
  await warung.ask('POST', '/admin/transactions/order-101/pay?wait=attempted')
  await fetch(`${warung.url}/admin/settings`, { headers: { authorization: basic('admin', 'geheim-1234') } })
  await fetch(`${warung.url}/admin/settings`, { headers: { authorization: basic('admin', 'wrong-geheim') } })
  const { err, out } = await warung.stop()
  t.match(err, '/v2/charge')
  t.match(err, '"route":"/v2/:id/status"')
  const signature = (JSON.parse(receiver.requests[0]?.body ?? '{}') as Record<string, string>).signature_key ?? ''
  t.equal(signature.length, 128)
  for (const secret of [KEY, basic(KEY).slice(6), 'geheim', basic('admin', 'geheim-1234').slice(6), signature]) {
    t.notOk((err + out).includes(secret), secret.slice(0, 8))
  }
})

for (const [what, bytes] of [['says nothing', ''], ['has sent half a header', 'GET /v2/x/status HTTP/1.1\r\nHost: loc'], ['has sent half a body', 'POST /v2/charge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{']] as const) {
  test(`a client that ${what} and holds its connection open does not keep it from stopping cleanly`, async (t) => {
    const data = join(t.testdir(), 'warung.json')
    const warung = await startWarung(t, ['--port', '0', '--data', data])
    const { port } = new URL(warung.url)
    const socket = connect(Number(port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'connect')
    if (bytes !== '') await new Promise((resolve) => socket.write(bytes, resolve))
    await warung.ask('POST', '/v2/charge', chargeBody())
    t.equal((await warung.stop()).code, 0)
    t.match(readdirSync(dirname(data)), ['warung.json'], 'the journal is folded and the lock is gone')
  })
}

test('the start tells of TLS and whom to trust, and loudly where that has changed; a port that cannot be had is no matter where it need not be', async (t) => {
  const folder = t.testdir()
  const flags = (...more: readonly string[]): string[] => ['--port', '0', '--data', join(folder, 'warung.json'), ...more]
  const first = await (await startWarung(t, flags('--tls-port', '0'))).stop()
  const fingerprint = /^TLS on https:\/\/127\.0\.0\.1:\d+ for api\.sandbox\.midtrans\.com, .*; trust \S+ca\.pem, SHA-256 (\S+)$/m.exec(first.out)?.[1]
  t.match(fingerprint, /^([0-9A-F]{2}:){31}/)

  const again = await (await startWarung(t, flags('--tls-port', '0'))).stop()
  t.match(again.out, `SHA-256 ${fingerprint ?? ''}`)
  t.notMatch(again.out, /NEW CERTIFICATE AUTHORITY/)

  const changed = await startWarung(t, flags('--tls-port', '0', '--tls-name', 'warung'))
  const { out, err } = await changed.stop()
  t.match(out, /^NEW CERTIFICATE AUTHORITY, for the names were changed: whoever trusted the old one must trust this one instead$/m)
  t.match(err, /new certificate authority/)
  t.notMatch(out, `SHA-256 ${fingerprint ?? ''}`)

  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { other.close() })
  await once(other, 'listening')
  const taken = (other.address() as AddressInfo).port
  t.match(await runToEnd(flags('--tls-port', String(taken))), { code: 1, err: `warung: port ${taken} on 127.0.0.1 is in use; stop what uses it, or choose another by --tls-port\n` })
  const without = await startWarung(t, flags('--tls-port', `${taken}?`))
  t.equal((await without.ask('GET', '/livez')).status, 'ok')
  t.match(await without.stop(), { code: 0, err: new RegExp(`port ${taken} cannot be had, so there is no TLS`) })
})
