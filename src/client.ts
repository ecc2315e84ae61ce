export type Status = 'pending' | 'settlement' | 'expire' | 'cancel' | 'deny'
/** `500ms`, `3s`, `10m`, `24h`, `7d`, or a number of milliseconds. */
export type Duration = string | number

export interface AttemptDocument {
  readonly number: number
  readonly at: string
  readonly wib: string
  readonly duration_ms: number
  readonly status: number | null
  readonly error: string | null
  readonly redirects: readonly string[]
  readonly outcome: 'delivered' | 'failed' | 'redirected'
  readonly next: NextDocument
}

export interface NextDocument {
  readonly again: boolean
  readonly at: string | null
  readonly reason: string
}

export interface NotificationDocument {
  readonly id: string
  readonly transaction_id: string
  readonly order_id: string
  readonly event: Status
  readonly url: string
  readonly state: 'waiting' | 'held' | 'delivered' | 'failed' | 'dropped'
  readonly created_at: string
  readonly next_attempt_at: string | null
  readonly attempts: readonly AttemptDocument[]
}

/** With the bytes that were sent and what came back. */
export interface WholeNotificationDocument extends NotificationDocument {
  readonly body: string
  readonly signed_text: string
  readonly attempts: ReadonlyArray<AttemptDocument & {
    readonly request_headers: Readonly<Record<string, string>>
    readonly response_headers: Readonly<Record<string, string>>
    readonly response_body: string
  }>
}

export interface TransactionSummary {
  readonly transaction_id: string
  readonly order_id: string
  readonly merchant_id: string
  readonly store: 'alfamart' | 'indomaret'
  readonly payment_code: string
  readonly gross_amount: string
  readonly transaction_status: Status
  readonly transaction_time: string
  readonly expiry_time: string
  readonly settlement_time: string | null
  readonly approval_code: string | null
}

export interface TransactionDocument extends TransactionSummary {
  readonly request: Readonly<Record<string, unknown>>
  readonly history: ReadonlyArray<{ readonly at: string, readonly wib: string, readonly status: Status, readonly cause: string }>
  readonly notifications: readonly NotificationDocument[]
}

export interface ChangeDocument {
  readonly transaction: TransactionDocument
  readonly notifications: readonly NotificationDocument[]
}

interface EffectCommon {
  readonly at: string
  readonly wib: string
  readonly transaction_id: string
  readonly order_id: string
}

export type EffectDocument = EffectCommon & (
  | { readonly kind: 'expired' }
  | {
    readonly kind: 'attempted'
    readonly notification_id: string
    readonly event: Status
    readonly url: string
    readonly attempt: number
    readonly status: number | null
    readonly error: string | null
    readonly outcome: AttemptDocument['outcome']
    readonly next: NextDocument
  }
)

export interface AdvanceDocument {
  readonly from: string
  readonly to: string
  readonly effects: readonly EffectDocument[]
}

export interface ClockDocument {
  readonly now: string
  readonly wib: string
  readonly frozen: boolean
  readonly shift_ms: number
  readonly next_due: { readonly at: string, readonly kind: EffectDocument['kind'] } | null
}

/** With `wait`, the promise resolves when the first attempt of every notification it caused has ended, or after `timeout` of real time. */
export interface WaitOptions {
  readonly wait?: 'attempted'
  readonly timeout?: Duration
}

/** `2026-11-23 20:00:00` in WIB, ISO 8601 with a zone, or a Date. */
export type Moment = string | Date

/** One merchant's world in a running emulator. A `ref` is a transaction id, an order id or a payment code. */
export interface World {
  readonly url: string
  readonly serverKey: string
  readonly merchantId: string
  pay (ref: string, options?: WaitOptions & { readonly amount?: number }): Promise<ChangeDocument>
  expire (ref: string, options?: WaitOptions): Promise<ChangeDocument>
  reverse (ref: string, options?: WaitOptions): Promise<ChangeDocument>
  /** Tells of an event again; of the present one unless given. */
  notify (ref: string, options?: WaitOptions & { readonly event?: Status, readonly times?: number, readonly delay?: Duration, readonly tamper?: 'signature' | 'amount' | 'status' }): Promise<ChangeDocument>
  /** Moves the clock on; resolves with all that happened once it is done. */
  advance (goal: Duration | { readonly to: Moment }): Promise<AdvanceDocument>
  freeze (at?: Moment): Promise<ClockDocument>
  resume (): Promise<ClockDocument>
  clock (): Promise<ClockDocument>
  /** Rejects with a `SandboxError` of code `not_yet` where it does not hold in time (10 s of real time unless given). */
  waitFor (ref: string, awaited?: { readonly status?: Status, readonly delivered?: boolean, readonly timeout?: Duration }): Promise<TransactionDocument>
  transaction (ref: string): Promise<TransactionDocument>
  /** Newest first. */
  transactions (query?: { readonly status?: Status, readonly store?: TransactionSummary['store'] }): Promise<readonly TransactionSummary[]>
  /** Newest first. */
  notifications (query?: { readonly ref?: string, readonly state?: NotificationDocument['state'] }): Promise<readonly NotificationDocument[]>
  notification (id: string): Promise<WholeNotificationDocument>
}

/** The emulator said no. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  /** The HTTP status. */
  readonly status: number
  /** Such as `transaction_unknown`. */
  readonly code: string
  /** All that was answered. */
  readonly document: Readonly<Record<string, unknown>>

  constructor (status: number, document: Readonly<Record<string, unknown>>) {
    super(String(document.message ?? `HTTP ${status}`))
    this.status = status
    this.code = String(document.code ?? 'unexpected')
    this.document = document
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface Login {
  readonly url: string
  readonly username: string
  readonly password: string
}

/** One call of the admin API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /admin. */
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
}

/** Asks the admin API of a running emulator. `document` is null where it says nothing. Rejects where nobody answers as it does. */
export async function askAdmin ({ url, username, password }: Login, { method, path, query = {}, body }: ApiCall): Promise<{ readonly status: number, readonly document: Readonly<Record<string, unknown>> | null }> {
  const target = new URL(`/admin${path}`, url)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, String(value))
  const response = await fetch(target, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      ...body === undefined ? {} : { 'content-type': 'application/json' }
    },
    ...body === undefined ? {} : { body: JSON.stringify(body) }
  })
  const text = await response.text()
  return { status: response.status, document: text === '' ? null : JSON.parse(text) as Record<string, unknown> }
}

const PAGE = 1_000

/** The world that a server key opens, by the admin API. */
export function openWorld ({ url, serverKey, merchantId }: Pick<World, 'url' | 'serverKey' | 'merchantId'>): World {
  async function call<Result> (method: 'GET' | 'POST', path: string, query: Query = {}, body?: object): Promise<Result> {
    const { status, document } = await askAdmin({ url, username: serverKey, password: '' }, { method, path, query, body })
    if (status >= 400) throw new SandboxError(status, document ?? {})
    return document as Result
  }

  async function all<Item> (path: string, query: Query = {}): Promise<readonly Item[]> {
    const items: Item[] = []
    let cursor: string | undefined
    do {
      const page = await call<{ items: readonly Item[], next_cursor: string | null }>('GET', path, { ...query, limit: PAGE, cursor })
      items.push(...page.items)
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
    return items
  }

  const change = (ref: string, action: string, { wait, timeout, ...body }: WaitOptions & Query = {}): Promise<ChangeDocument> =>
    call('POST', `/transactions/${encodeURIComponent(ref)}/${action}`, { wait, timeout }, body)

  return {
    url,
    serverKey,
    merchantId,
    pay: (ref, options) => change(ref, 'pay', { ...options }),
    expire: (ref, options) => change(ref, 'expire', { ...options }),
    reverse: (ref, options) => change(ref, 'reverse', { ...options }),
    notify: (ref, options) => change(ref, 'notify', { ...options }),
    advance: (goal) => call('POST', '/clock/advance', {}, typeof goal === 'object' ? { to: momentText(goal.to) } : { by: goal }),
    freeze: (at) => call('POST', '/clock/freeze', {}, at === undefined ? {} : { at: momentText(at) }),
    resume: () => call('POST', '/clock/resume'),
    clock: () => call('GET', '/clock'),
    waitFor: (ref, awaited) => call('GET', `/transactions/${encodeURIComponent(ref)}/wait`, { ...awaited }),
    transaction: (ref) => call('GET', `/transactions/${encodeURIComponent(ref)}`),
    transactions: (query) => all('/transactions', { ...query }),
    notifications: (query) => all('/notifications', { ...query }),
    notification: (id) => call('GET', `/notifications/${encodeURIComponent(id)}`)
  }
}

function momentText (moment: Moment): string {
  return moment instanceof Date ? moment.toISOString() : moment
}
