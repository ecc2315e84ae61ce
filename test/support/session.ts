import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

import { basic, SERVER_KEY, testEmulator } from './emulator.ts'
import type { TestEmulator } from './emulator.ts'
import { reply, startReceiver } from './receiver.ts'

/** A call of fixtures/session.json and what it was answered. */
export interface Step {
  readonly operation: string
  /** With a name it stands in openapi.json; without one it only leads on. */
  readonly name?: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  /** `admin`: by the password; `nobody`: without a key. */
  readonly as?: 'admin' | 'nobody'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** A file of fixtures/ in place of a body. */
  readonly bodyOf?: string
  readonly status?: number
  readonly answer?: unknown
}

interface Teardown {
  teardown (end: () => Promise<void>): void
}

const PASSWORD = 'rahasia'
const CREDENTIALS = { shop: { authorization: basic(SERVER_KEY) }, admin: { authorization: basic('admin', PASSWORD) }, nobody: {} }
/** Stands for the receiver, whose port is another each time. */
const SHOP = '127.0.0.1:8000'

export function readSession (): { readonly started: readonly Step[], readonly stopped: readonly Step[] } {
  return JSON.parse(readFixture('session.json')) as ReturnType<typeof readSession>
}

export function bodyOf ({ body, bodyOf: file }: Step): unknown {
  return file === undefined ? body : JSON.parse(readFixture(file))
}

/** Makes the calls one after the other, of an emulator that listens or of one that does not yet, and returns them with what they are answered now. */
export async function play (t: Teardown, steps: readonly Step[], { listens }: { readonly listens: boolean }): Promise<readonly Step[]> {
  // Busy with the first attempt of each notification of order-104; no header that differs from time to time.
  const seen = new Set<string>()
  const receiver = await startReceiver((request, response) => {
    const isBusy = request.body.includes('order-104') && !seen.has(request.body)
    seen.add(request.body)
    response.sendDate = false
    return reply(isBusy ? 503 : 200, { 'content-type': 'text/plain' }, isBusy ? 'busy' : 'ok')(request, response)
  })
  t.teardown(() => receiver.close())
  const shop = new URL(receiver.url).host
  const emulator = await testEmulator(t, ['--notification-url', `http://${shop}/`, '--admin-password', PASSWORD])
  if (listens) await emulator.start()

  const played: Step[] = []
  for (const step of steps) {
    const { status, answer } = await ask(emulator, step, (sent) => sent.replaceAll(SHOP, shop))
    const shown = answer.replaceAll(shop, SHOP).replaceAll(/"duration_ms":\d+/g, '"duration_ms":12').replaceAll(/^id: .*-/gm, 'id: run-')
    played.push(step.name === undefined ? step : { ...step, status, ...shown === '' ? {} : { answer: shown.startsWith('{') ? JSON.parse(shown) : shown } })
  }
  return played
}

async function ask ({ app, close }: TestEmulator, step: Step, here: (text: string) => string): Promise<{ status: number, answer: string }> {
  const { method, url, as, headers } = step
  const body = bodyOf(step)
  const request = {
    method,
    url,
    headers: { host: 'localhost:6262', 'user-agent': 'shop/1.0', ...CREDENTIALS[as ?? 'shop'], ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers },
    ...body === undefined ? {} : { payload: here(JSON.stringify(body)) }
  }
  if (url !== '/admin/events') return app.inject(request).then(({ statusCode, payload }) => ({ status: statusCode, answer: payload }))
  // The feed ends when the emulator is closed: this is the last call.
  const feed = await app.inject({ ...request, payloadAsStream: true })
  await close()
  return { status: feed.statusCode, answer: await text(feed.stream()) }
}

function readFixture (name: string): string {
  return readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
}
