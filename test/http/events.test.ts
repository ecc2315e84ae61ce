import { test } from 'tap'

import { basic, MERCHANT_ID, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { merchant } from '../support/domain.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import { charge, set } from '../support/storage-world.ts'

interface Seen {
  readonly id: string
  readonly event: string
  readonly data: Record<string, unknown>
}

interface Follower {
  readonly status: number
  readonly headers: Headers
  /** The first line of the stream. */
  readonly comment: () => Promise<string>
  /** The next so many events; those of requests only where they are wanted. */
  take (count: number): Promise<Seen[]>
  /** Resolves when the server ends the stream, with all that was left in it. */
  readonly rest: () => Promise<string>
  stop (): void
}

async function follow (url: string, { key = SERVER_KEY, lastEventId, requests = false }: { key?: string, lastEventId?: string, requests?: boolean } = {}): Promise<Follower> {
  const stopping = new AbortController()
  const response = await fetch(`${url}/admin/events`, {
    headers: { authorization: basic(key), ...lastEventId === undefined ? {} : { 'last-event-id': lastEventId } }, signal: stopping.signal
  })
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const more = async (): Promise<boolean> => {
    const { done = true, value = '' } = await chunks?.read() ?? {}
    text += value
    return !done
  }
  const block = async (): Promise<string> => {
    while (!text.includes('\n\n')) if (!await more()) throw new Error(`the stream ended after ${text}`)
    const [first = ''] = text.split('\n\n')
    text = text.slice(first.length + 2)
    return first
  }
  const take = async (count: number): Promise<Seen[]> => {
    const seen: Seen[] = []
    while (seen.length < count) {
      const lines = (await block()).split('\n')
      const valueOf = (name: string): string => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
      if (valueOf('data') !== '' && (requests || valueOf('event') !== 'request')) seen.push({ id: valueOf('id'), event: valueOf('event'), data: JSON.parse(valueOf('data')) })
    }
    return seen
  }
  return { status: response.status, headers: response.headers, comment: block, take, rest: async () => { while (await more()); return text }, stop: () => stopping.abort() }
}

async function listening (t: Parameters<typeof testEmulator>[0], flags: readonly string[] = []): Promise<{ emulator: TestEmulator, url: string }> {
  const emulator = await testEmulator(t, flags)
  return { emulator, url: await emulator.start() }
}

test('all that happens is told, in order, with ids and documents', async (t) => {
  const receiver = await startReceiver(reply(200))
  t.teardown(() => receiver.close())
  const { emulator, url } = await listening(t, ['--notification-url', receiver.url])
  const follower = await follow(url)
  t.equal(follower.headers.get('content-type'), 'text/event-stream')
  t.equal(follower.headers.get('access-control-allow-origin'), null)
  t.equal(await follower.comment(), ': from here on')

  await charge(emulator, 'order-101')
  const seen = await follower.take(3)
  t.same(seen.map(({ event }) => event), ['transaction', 'notification', 'notification'])
  t.match(seen.map(({ data }) => data), [
    { order_id: 'order-101', transaction_status: 'pending' },
    { order_id: 'order-101', event: 'pending', state: 'waiting', attempts: [] },
    { order_id: 'order-101', event: 'pending', state: 'delivered', attempts: [{ status: 200 }] }
  ])
  await set(emulator, { receipt_name: 'Toko' })
  await emulator.ask('POST', '/admin/clock/freeze')
  t.match(await follower.take(2), [{ event: 'settings', data: { receipt_name: 'Toko' } }, { event: 'clock', data: { frozen: true } }])
  t.equal(new Set(seen.map(({ id }) => id)).size, 3)
  follower.stop()
})

test('who comes back with the last id gets what was missed, and nothing twice', async (t) => {
  const { emulator, url } = await listening(t)
  const first = await follow(url)
  await charge(emulator, 'order-1')
  const [seen] = await first.take(1)
  first.stop()
  await charge(emulator, 'order-2')
  await charge(emulator, 'order-3')

  const second = await follow(url, { lastEventId: seen?.id ?? '' })
  await charge(emulator, 'order-4')
  t.same((await second.take(3)).map(({ data }) => data.order_id), ['order-2', 'order-3', 'order-4'])
  second.stop()
})

for (const [what, lastEventId] of [['of another run', 'other-1'], ['that is nonsense', 'x'], ['that has not been yet', 'future']] as const) {
  test(`an id ${what} brings all that is remembered, and a word about it`, async (t) => {
    const { emulator, url } = await listening(t)
    const first = await follow(url)
    await charge(emulator, 'order-1')
    const [seen] = await first.take(1)
    first.stop()

    const second = await follow(url, { lastEventId: lastEventId === 'future' ? `${seen?.id}9` : lastEventId })
    t.equal(await second.comment(), ': some events are no longer remembered')
    t.same(await second.take(1), [seen])
    second.stop()
  })
}

test('no more than a thousand events are remembered', async (t) => {
  const { emulator, url } = await listening(t)
  const first = await follow(url)
  await charge(emulator, 'order-1')
  const [seen] = await first.take(1)
  first.stop()
  await Promise.all(Array.from({ length: 1_001 }, (_, n) => charge(emulator, `more-${n}`)))

  const second = await follow(url, { lastEventId: seen?.id ?? '', requests: true })
  t.equal(await second.comment(), ': some events are no longer remembered')
  const remembered = await second.take(1_000)
  t.equal(remembered.some(({ data }) => data.order_id === 'order-1' || data.order_id === 'more-0'), false)
  t.match(remembered.at(-1), { event: 'request', data: { id: '1002' } })
  second.stop()
})

test('a request of the gateway is told without its headers and bodies', async (t) => {
  const { emulator, url } = await listening(t)
  const follower = await follow(url, { requests: true })
  await emulator.ask('GET', '/v2/nobody/status')

  const [seen] = await follower.take(1)
  t.match(seen, { event: 'request', data: { id: '1', method: 'GET', path: '/v2/nobody/status', status: 200, status_code: '404', transaction_id: null, explain: { rule: 'transaction_unknown' } } })
  t.same(['headers', 'body', 'response'].filter((name) => name in (seen?.data ?? {})), [])
  follower.stop()
})

test('nobody sees what happens in another merchant\'s world', async (t) => {
  const { emulator, url } = await listening(t)
  await emulator.storage.changeMerchant('G2', () => merchant({ merchantId: 'G2', serverKey: 'key-2' }))
  const [own, other] = await Promise.all([follow(url), follow(url, { key: 'key-2' })])
  await charge(emulator, 'order-1')
  await charge(emulator, 'order-2', {}, { authorization: basic('key-2') })

  t.match(await own.take(1), [{ data: { order_id: 'order-1', merchant_id: MERCHANT_ID } }])
  t.match(await other.take(1), [{ data: { order_id: 'order-2', merchant_id: 'G2' } }])
  own.stop()
  other.stop()
})

test('a clean stop ends the stream', async (t) => {
  const { emulator, url } = await listening(t)
  const follower = await follow(url)
  await follower.comment()
  const [rest] = await Promise.all([follower.rest(), emulator.close()])
  t.equal(rest, '')
})

test('strangers are told nothing', async (t) => {
  const { url } = await listening(t)
  t.equal((await follow(url, { key: 'nobody' })).status, 401)
})
