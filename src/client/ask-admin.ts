import { request as requestHttp } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { text as readText } from 'node:stream/consumers'

import { SandboxError } from './sandbox-error.ts'

export interface Login {
  readonly url: string
  readonly username: string
  readonly password: string
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** One call of the admin API. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /admin. */
  readonly path: string
  readonly query?: Query
  readonly body?: unknown
}

export interface Answer {
  /** Whose world it was about. */
  readonly merchantId: string | undefined
  /** null where it says nothing. */
  readonly document: Readonly<Record<string, unknown>> | null
}

/**
 * Asks the admin API of a running emulator; of a list, all of its pages.
 * Rejects with a `SandboxError` where it refuses, with another Error where nobody answers as it does or `signal` is aborted.
 */
export async function askAdmin (login: Login, call: ApiCall, signal?: AbortSignal): Promise<Answer> {
  const items: unknown[] = []
  for (let cursor: string | undefined; ;) {
    const answer = await askOnce(login, { ...call, query: { ...call.query, cursor } }, signal)
    const { items: page, next_cursor: next } = answer.document ?? {}
    if (!Array.isArray(page) || next === undefined) return answer
    items.push(...page)
    if (next === null) return { ...answer, document: { ...answer.document, items } }
    cursor = String(next)
  }
}

async function askOnce ({ url, username, password }: Login, { method, path, query = {}, body }: ApiCall, signal?: AbortSignal): Promise<Answer> {
  const target = new URL(url)
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined).map(([name, value]): [string, string] => [name, String(value)]))
  const headers = {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    ...body === undefined ? {} : { 'content-type': 'application/json' }
  }
  const { status, merchantId, document } = await send(target, { method, path: `/admin${path}${search.size === 0 ? '' : `?${search}`}`, headers, ...signal === undefined ? {} : { signal } }, body === undefined ? undefined : JSON.stringify(body))
    .then(read)
    .catch((error: unknown) => {
      throw new Error(`${url} does not answer as Warung does (${reasonOf(error)}); is it running?`, { cause: error })
    })
  if (status >= 400) throw new SandboxError(status, document ?? {})
  return { merchantId, document }
}

/**
 * The path goes as it is: a URL would fold an order id of dots into what stands before it. Takes as long as it takes: an advance ends when the slowest receiver has. On a connection of its own,
 * so that none is left to keep a test process from ending; and not by `fetch`, which tests like to replace.
 */
function send (target: URL, options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  const request: typeof requestHttp = target.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    request(target, { ...options, agent: false }).on('response', resolve).on('error', reject).end(body)
  })
}

async function read (response: IncomingMessage): Promise<Answer & { readonly status: number }> {
  const text = await readText(response)
  const { 'x-merchant-id': merchantId } = response.headers
  return {
    status: response.statusCode ?? 0,
    merchantId: typeof merchantId === 'string' ? merchantId : undefined,
    document: text === '' ? null : JSON.parse(text) as Record<string, unknown>
  }
}

/** Where a name has several addresses, the error of all of them says nothing but its code. */
function reasonOf (error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return message || String(code)
}
