import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'

import type { Test } from 'tap'

import { basic, chargeBody, SERVER_KEY } from './emulator.ts'
import type { TestEmulator } from './emulator.ts'
import { membersOf } from './gateway-answers.ts'
import type { Reply } from './gateway-answers.ts'

export const STORES = ['alfamart', 'indomaret'] as const
export type StoreName = typeof STORES[number]

export const STATES = ['pending', 'settlement', 'expire', 'cancel', 'deny'] as const
export type State = typeof STATES[number]

/** Nobody listens there: attempts fail at once and harm nothing. */
export const NOBODY = 'http://127.0.0.1:9'

/** How a pending order is brought into each state. */
const MOVES: Record<State, ReadonlyArray<(order: string) => string>> = {
  pending: [],
  settlement: [(order) => `/admin/transactions/${order}/pay`],
  expire: [(order) => `/v2/${order}/expire`],
  cancel: [(order) => `/v2/${order}/cancel`],
  deny: [(order) => `/admin/transactions/${order}/pay`, (order) => `/admin/transactions/${order}/reverse`]
}

/** Charges with exactly these headers beside the key; the body's bytes as they are given. */
export async function charge (emulator: TestEmulator, body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Reply> {
  return request(emulator, 'POST', '/v2/charge', body, headers)
}

/** Asks with exactly these headers beside the key, by any method. */
export async function request ({ app }: TestEmulator, method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
  return app.inject({
    method: method as 'GET',
    url,
    headers: { authorization: basic(SERVER_KEY), host: 'localhost', ...headers },
    ...body === undefined ? {} : { payload: isRaw ? body : JSON.stringify(body) }
  })
}

/** A new transaction of this order id, brought into the state; the answer is its charge reply. */
export async function chargedInto (t: Test, emulator: TestEmulator, state: State, { order = 'order-101', store = 'alfamart' as StoreName } = {}): Promise<Record<string, string>> {
  const charged = membersOf(await charge(emulator, chargeBody({ transaction_details: { order_id: order, gross_amount: 44000 }, cstore: { store } })))
  t.equal(charged.status_code, '201', `${order} is charged`)
  for (const move of MOVES[state]) t.equal((await emulator.ask('POST', move(order))).statusCode, 200, move(order))
  return charged
}

export interface NotificationSummary {
  readonly id: string
  readonly event: State
  readonly url: string
  readonly state: string
  readonly created_at: string
  readonly next_attempt_at: string | null
  readonly attempts: ReadonlyArray<{ readonly at: string, readonly wib: string }>
}

/** The notifications of a transaction as the admin API lists them. */
export async function notificationsOf ({ ask }: TestEmulator, ref: string): Promise<readonly NotificationSummary[]> {
  return (JSON.parse((await ask('GET', `/admin/notifications?limit=1000&ref=${ref}`)).payload) as { items: NotificationSummary[] }).items
}

/** The exact body that is sent for an event of a transaction. */
export async function notifiedBody (emulator: TestEmulator, ref: string, event: State): Promise<string> {
  const found = (await notificationsOf(emulator, ref)).find((notification) => notification.event === event)
  const document = await emulator.ask('GET', `/admin/notifications/${found?.id ?? 'none'}`)
  return (JSON.parse(document.payload) as { body: string }).body
}

export async function changeSettings (t: Test, { ask }: TestEmulator, settings: Record<string, unknown>): Promise<void> {
  t.equal((await ask('PUT', '/admin/settings', settings)).statusCode, 200, 'settings are taken')
}

/** What the server sends back for these bytes, over a connection in memory: nothing between them and its parser. */
export async function sendBytes ({ app }: TestEmulator, bytes: Buffer | string): Promise<string> {
  await app.ready()
  const [client, server] = connection()
  app.server.emit('connection', server)
  const answer = text(client)
  client.write(bytes)
  return answer
}

/** The head of a request with the key, that ends the connection after its answer. */
export function head (method: string, target: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ host: 'localhost', authorization: basic(SERVER_KEY), connection: 'close', ...headers })
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

function connection (): [Duplex, Duplex] {
  const end = (other: () => Duplex) => {
    let isOver = false
    const over = (): void => {
      if (!isOver) other().push(null)
      isOver = true
    }
    return new Duplex({
      read () {},
      write (chunk, _encoding, done) {
        other().push(chunk)
        done()
      },
      final (done) {
        over()
        done()
      },
      destroy (_error, done) {
        over()
        done(null)
      }
    })
  }
  const one: Duplex = end(() => two)
  const two: Duplex = end(() => one)
  return [one, two]
}
