import { setMaxListeners } from 'node:events'

import { askAdmin } from './ask-admin.ts'
import type { Answer, ApiCall, Query } from './ask-admin.ts'
import type { ChangeDocument, Moment } from './documents.ts'
import type { Sandbox, TlsAccess, WaitOptions } from './sandbox.ts'

export interface SandboxDeps {
  readonly url: string
  readonly serverKey: string
  /** undefined where only an answer will say. */
  readonly merchantId: string | undefined
  readonly adminPassword: string | undefined
  readonly tls?: TlsAccess | null
  /** What else to end. */
  readonly end?: () => Promise<void>
  /** Of the sandbox through which this one was opened. */
  readonly closing?: AbortSignal
}

const PAGE = 1_000

/** The world that a server key opens, by the admin API. */
export function openSandbox ({ url, serverKey, merchantId: knownId, adminPassword, tls = null, end = async () => {}, closing }: SandboxDeps): Sandbox {
  const own = new AbortController()
  const closed = closing === undefined ? own.signal : AbortSignal.any([own.signal, closing])
  // Any number of calls may be under way.
  setMaxListeners(0, closed)
  let merchantId = knownId
  let ended: Promise<void> | undefined

  async function ask (username: string, password: string, call: ApiCall): Promise<Answer> {
    try {
      closed.throwIfAborted()
      return await askAdmin({ url, username, password }, call, closed)
    } catch (error) {
      throw closed.aborted ? new Error(`the sandbox on ${url} is closed`) : error
    }
  }

  async function call<Result> (method: ApiCall['method'], path: string, query: Query = {}, body?: object): Promise<Result> {
    const answer = await ask(serverKey, '', { method, path, query, body })
    merchantId ??= answer.merchantId
    return answer.document as Result
  }

  const list = async <Item>(path: string, query: Query = {}): Promise<readonly Item[]> =>
    (await call<{ readonly items: readonly Item[] }>('GET', path, { ...query, limit: PAGE })).items

  const replaceable = async <Item>(path: string, items: readonly unknown[] | undefined): Promise<readonly Item[]> =>
    (await call<{ readonly items: readonly Item[] }>(items === undefined ? 'GET' : 'PUT', path, {}, items === undefined ? undefined : { items })).items

  const change = (ref: string, action: string, { wait, timeout, ...body }: WaitOptions & Query = {}): Promise<ChangeDocument> =>
    call('POST', `/transactions/${encodeURIComponent(ref)}/${action}`, { wait, timeout }, body)

  return {
    url,
    serverKey,
    get merchantId () {
      if (merchantId === undefined) throw new Error('the merchant id is known from the first answer on: await any call before')
      return merchantId
    },
    tls,

    pay: (ref, options) => change(ref, 'pay', { ...options }),
    expire: (ref, options) => change(ref, 'expire', { ...options }),
    reverse: (ref, options) => change(ref, 'reverse', { ...options }),
    notify: (ref, options) => change(ref, 'notify', { ...options }),
    waitFor: (ref, awaited) => call('GET', `/transactions/${encodeURIComponent(ref)}/wait`, { ...awaited }),

    transaction: (ref) => call('GET', `/transactions/${encodeURIComponent(ref)}`),
    transactions: (query) => list('/transactions', { ...query }),
    notification: (id) => call('GET', `/notifications/${encodeURIComponent(id)}`),
    notifications: (query) => list('/notifications', { ...query }),
    attempt: (id) => call('POST', `/notifications/${encodeURIComponent(id)}/attempt`),
    requests: (query) => list('/requests', { ...query }),
    explainSignature: (orderId, signatureKey) => call('POST', '/explain-signature', {}, { order_id: orderId, signature_key: signatureKey }),

    clock: () => call('GET', '/clock'),
    advance: async (goal) => call('POST', '/clock/advance', {}, typeof goal === 'object' ? { to: momentText(goal.to) } : { by: goal }),
    freeze: async (at) => call('POST', '/clock/freeze', {}, at === undefined ? {} : { at: momentText(at) }),
    resume: () => call('POST', '/clock/resume'),
    resetClock: () => call('POST', '/clock/reset'),

    settings: (changes) => call(changes === undefined ? 'GET' : 'PUT', '/settings', {}, changes),
    faults: (items) => replaceable('/faults', items),
    rules: (items) => replaceable('/rules', items),

    reset: async () => { await call('POST', '/reset') },
    exportWorld: () => call('GET', '/export'),
    importWorld: async (world) => { await call('POST', '/import', {}, world) },

    async merchant ({ merchantId, serverKey, notificationUrl } = {}) {
      if (adminPassword === undefined) throw new Error('only the admin account makes merchants: give connect its adminPassword')
      const settings = notificationUrl === undefined ? {} : { notification_urls: [notificationUrl].flat() }
      const { document } = await ask('admin', adminPassword, { method: 'POST', path: '/merchants', body: { merchant_id: merchantId, server_key: serverKey, settings } })
      const made = document as { readonly merchant_id: string, readonly server_key: string }
      return openSandbox({ url, serverKey: made.server_key, merchantId: made.merchant_id, adminPassword, tls, closing: closing ?? own.signal })
    },
    close () {
      own.abort()
      ended ??= end()
      return ended
    }
  }
}

function momentText (moment: Moment): string {
  return moment instanceof Date ? moment.toISOString() : moment
}
