import { setTimeout as wait } from 'node:timers/promises'

import { request as send } from 'undici'

import type { Status } from '../../src/domain/transaction.ts'
import { basic, chargeBody } from '../support/emulator.ts'
import type { Handler } from '../support/receiver.ts'
import type { Entry, Ledger, Members, Read } from './ledger.ts'

/** Between 0 and 1, from the seed. */
export type Chance = () => number

const KEY = 'SB-Mid-server-warung'
const WORKERS = 8
const LONGEST_PAUSE_MS = 12
const LONGEST_ANSWER_MS = 20
/** How far back a worker looks for a transaction to act on. */
const RECENT = 400
/** Orders of this ending go to a URL of their own as well. */
const APPENDED = /x$/

type Method = 'GET' | 'POST' | 'PUT'

interface Answer {
  readonly status: number
  readonly body: Members
}

interface Action {
  readonly from: Status
  readonly to: Status
  readonly path: (entry: Entry) => string
  readonly body?: (entry: Entry) => object
}

const code = ({ fixed }: Entry): object => ({ payment_code: fixed.payment_code })

const ACTIONS: readonly Action[] = [
  { from: 'pending', to: 'settlement', path: ({ fixed }) => `/till/${fixed.store}/payment`, body: code },
  { from: 'pending', to: 'settlement', path: ({ fixed }) => `/till/${fixed.store}/payment`, body: code },
  { from: 'pending', to: 'settlement', path: ({ id }) => `/admin/transactions/${id}/pay` },
  { from: 'pending', to: 'cancel', path: ({ id }) => `/v2/${id}/cancel` },
  { from: 'pending', to: 'expire', path: ({ id }) => `/v2/${id}/expire` },
  { from: 'pending', to: 'expire', path: ({ id }) => `/admin/transactions/${id}/expire?wait=attempted&timeout=300ms` },
  { from: 'settlement', to: 'deny', path: ({ fixed, id }) => fixed.store === 'indomaret' ? '/till/indomaret/reversal' : `/admin/transactions/${id}/reverse`, body: (entry) => entry.fixed.store === 'indomaret' ? code(entry) : {} }
]

/** What a refusal at the counter gives away of the state. */
const REFUSED_AS: Readonly<Record<string, Status>> = { already_paid: 'settlement', cancelled: 'cancel', denied: 'deny' }

export function urlsOf (receiver: string): (orderId: string) => readonly string[] {
  return (orderId) => [`${receiver}/own`, ...APPENDED.test(orderId) ? [`${receiver}/appended`] : []]
}

/** A merchant's server that mostly answers, now and then fails, hangs or resets; writes down all it gets. */
export function moodyReceiver (ledger: Ledger, chance: Chance): Handler {
  return async ({ url, body }, response) => {
    ledger.received(url, body)
    const mood = chance()
    if (mood < 0.005) return
    if (mood < 0.02) return response.socket?.destroy()
    if (mood < 0.06) return response.writeHead(chance() < 0.5 ? 500 : 503).end()
    // Time for a kill between the answer and its record.
    if (mood < 0.5) await wait(chance() * LONGEST_ANSWER_MS)
    ledger.delivered(url, body)
    response.end()
  }
}

export function reader (url: string): Read {
  return async (path) => {
    const { status, body } = await request(url, 'GET', path)
    if (status !== 200) throw new Error(`GET ${path} answered ${status} ${JSON.stringify(body)}`)
    return body
  }
}

export interface Driving {
  readonly url: string
  readonly ledger: Ledger
  /** A stream of chance for each worker. */
  readonly chanceOf: (worker: string) => Chance
  /** No order of another drive begins so. */
  readonly name: string
  /** Some charges carry so much that the journal soon passes its threshold. */
  readonly isHeavy: boolean
  /** From here on nobody pauses: a kill should meet many requests under way. */
  readonly rush: AbortSignal
  readonly signal: AbortSignal
}

/** Drives the emulator until the signal; resolves when every request has been answered or has failed. */
export async function drive (driving: Driving): Promise<void> {
  await Promise.all([changeSettings(driving), ...Array.from({ length: WORKERS }, (_, worker) => work(driving, worker))])
}

async function work (driving: Driving, worker: number): Promise<void> {
  const { ledger, name, rush, signal } = driving
  const chance = driving.chanceOf(`worker ${worker}`)
  const pick = (wanted: (entry: Entry) => boolean): Entry | undefined => {
    const from = ledger.entries.slice(-RECENT).filter(wanted)
    return from[Math.floor(chance() * from.length)]
  }

  for (let order = 1; !signal.aborted; order++) {
    const orderId = `${name}-${worker}-${order}${chance() < 0.2 ? 'x' : ''}`
    const what = chance()
    if (what < 0.3) await charge(driving, orderId, chance)
    else if (what < 0.35) await Promise.all([1, 2, 3].map(() => charge(driving, orderId, chance)))
    else if (what < 0.4) await charge(driving, pick(() => true)?.fixed.order_id ?? orderId, chance)
    else if (what < 0.5) await look(driving, pick(() => true))
    else {
      const action = ACTIONS[Math.floor(chance() * ACTIONS.length)]
      // Some in a state that forbids it, some by several at once.
      const isWild = chance() < 0.1
      const entry = action && pick((entry) => (isWild || entry.status === action.from) && ledger.ownsCode(entry))
      if (action && entry) await Promise.all(Array.from({ length: chance() < 0.1 ? 2 : 1 }, () => act(driving, entry, action)))
    }
    if (chance() < 0.5) await pause(chance() * LONGEST_PAUSE_MS, rush)
  }
}

async function charge ({ url, ledger, isHeavy }: Driving, orderId: string, chance: Chance): Promise<void> {
  const answer = await ask(ledger, url, 'POST', '/v2/charge', chargeBody({
    transaction_details: { order_id: orderId, gross_amount: 10_000 + Math.floor(chance() * 90_000) },
    cstore: { store: chance() < 0.5 ? 'alfamart' : 'indomaret' },
    ...chance() < 0.1 ? { custom_expiry: { expiry_duration: 20 + Math.floor(chance() * 20), unit: 'second' } } : {},
    ...isHeavy && chance() < 0.3 ? { metadata: { padding: 'x'.repeat(200_000) } } : {}
  }), APPENDED.test(orderId) ? { 'X-Append-Notification': `${ledger.urlsOf(orderId)[1]}` } : {})
  if (answer === undefined) ledger.unansweredCharge(orderId)
  else if (answer.body.status_code === '201') ledger.opened(answer.body)
  else if (answer.body.status_code === '406') ledger.taken(orderId)
  else ledger.breach(`charge of ${orderId}: ${describe(answer)}`)
}

async function act ({ url, ledger }: Driving, entry: Entry, { to, path, body }: Action): Promise<void> {
  const answer = await ask(ledger, url, 'POST', path(entry), body?.(entry) ?? {})
  if (answer === undefined) {
    entry.unanswered.add(to)
    return
  }
  const { status, body: reply } = answer
  // The till puts what is fixed into a receipt, the admin API wraps it in what it shows.
  const { transaction, receipt } = reply as { readonly transaction?: Members, readonly receipt?: Members }
  const moved = { ...reply, ...transaction, ...receipt }
  if (moved.transaction_status === to) ledger.moved(entry, to, moved)
  else if (status !== 409 && reply.status_code !== '412') ledger.breach(`${path(entry)} of ${entry.id}, known as ${entry.status}: ${describe(answer)}`)
  else if (REFUSED_AS[reply.code ?? ''] !== undefined) ledger.seen(entry, REFUSED_AS[reply.code ?? ''] ?? 'pending')
}

/** Nobody may see what would not outlive a kill. */
async function look ({ url, ledger }: Driving, entry: Entry | undefined): Promise<void> {
  if (entry === undefined) return
  const known = entry.status
  const answer = await ask(ledger, url, 'GET', `/v2/${entry.id}/status`)
  if (answer === undefined) return
  if (answer.body.transaction_status === undefined) ledger.breach(`status of ${entry.id}, known as ${known}: ${describe(answer)}`)
  else ledger.seen(entry, answer.body.transaction_status as Status, known)
}

async function changeSettings ({ url, ledger, chanceOf, name, rush, signal }: Driving): Promise<void> {
  const chance = chanceOf('settings')
  for (let change = 1; !signal.aborted; change++) {
    const expiry = (): string => chance() < 0.2 ? '1s' : '24h'
    const settings = {
      default_expiry: { alfamart: expiry(), indomaret: expiry() },
      retry_jitter: chance() < 0.8,
      notification_timeout: '2s',
      receipt_name: `${name} ${change}`
    }
    const answer = await ask(ledger, url, 'PUT', '/admin/settings', settings)
    if (answer !== undefined && answer.status !== 200) ledger.breach(`settings: ${describe(answer)}`)
    ledger.set(settings, answer !== undefined)
    await pause(chance() * 10 * LONGEST_PAUSE_MS, rush)
  }
}

async function pause (ms: number, rush: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal: rush }).catch(() => {})
}

/** Undefined where no whole answer came: the process was killed, or has gone. */
async function ask (ledger: Ledger, url: string, method: Method, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer | undefined> {
  try {
    return await request(url, method, path, body, headers)
  } catch (error) {
    if (error instanceof Error && error.name === 'HeadersTimeoutError') ledger.breach(`${method} ${path} was not answered`)
    return undefined
  }
}

async function request (url: string, method: Method, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await send(url + path, {
    method,
    headers: { authorization: basic(KEY), ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers },
    body: body === undefined ? null : JSON.stringify(body),
    headersTimeout: 20_000
  })
  return { status: response.statusCode, body: await response.body.json() as Members }
}

function describe ({ status, body }: Answer): string {
  return `${status} ${JSON.stringify(body)}`
}
