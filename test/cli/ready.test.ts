import { test } from 'tap'

import { askReady } from '../../src/cli/ready.ts'
import { reply, startReceiver, unusedPort } from '../support/receiver.ts'

test('who answers 200 is ready; it is asked once', async (t) => {
  const emulator = await startReceiver(reply(200, {}, '{"ready":true}'))
  t.teardown(emulator.close)
  t.equal(await askReady({ url: emulator.url, waitMs: 10_000 }), null)
  t.match(emulator.requests, [{ method: 'GET', url: '/readyz' }])
  t.equal(emulator.requests.length, 1)
})

test('who answers otherwise, or not at all, is not ready, and it is said why', async (t) => {
  const emulator = await startReceiver(reply(503, {}, '{"ready":false,"reason":"no space"}'))
  t.teardown(emulator.close)
  t.equal(await askReady({ url: emulator.url, waitMs: 0 }), `${emulator.url} is not ready: {"ready":false,"reason":"no space"}`)

  for (const host of ['127.0.0.1', 'localhost']) {
    const url = `http://${host}:${await unusedPort()}`
    t.match(await askReady({ url, waitMs: 0 }), /does not answer \(.*ECONNREFUSED.*\)$/)
    t.match(await askReady({ url: url.replace('http', 'https'), waitMs: 0 }), /does not answer \(.*ECONNREFUSED.*\)$/)
  }
})

test('while it is not ready it is asked again', async (t) => {
  const emulator = await startReceiver((request, response) => reply(emulator.requests.length < 3 ? 503 : 200, {}, '')(request, response))
  t.teardown(emulator.close)
  t.equal(await askReady({ url: emulator.url, waitMs: 60_000 }), null)
  t.equal(emulator.requests.length, 3)
})
