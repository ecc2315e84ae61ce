import type { IncomingHttpHeaders } from 'node:http'

import { Client, errors } from 'undici'

import type { Answer, Headers } from '../domain/notification.ts'
import { isFollowed, MAX_REDIRECTS } from '../domain/retry-policy.ts'
import type { AttemptError } from '../domain/retry-policy.ts'
import { readTarget } from '../domain/target.ts'
import { attemptErrorOf } from './attempt-errors.ts'
import { createConnector } from './connector.ts'
import type { Connect } from './connector.ts'
import type { Judge } from './judge.ts'

/** What an attempt came to, but for the time it took. */
type Result = Omit<Answer, 'durationMs'>

/** One request of an attempt, and where its answer leads on to. */
interface Hop {
  readonly reply: Omit<Result, 'redirects'>
  readonly redirect: URL | undefined
}

/** The gateway's own (docs/gateway.md, 7.1). */
const HEADERS = { 'User-Agent': 'Veritrans', Accept: 'application/json', 'Content-Type': 'application/json' }

/** 1xx, each. A receiver that never comes to an end with them would keep everyone else waiting. */
const MAX_INTERIM_ANSWERS = 100
const READ_BYTES = 64 * 1024
const KEPT_BYTES = 4 * 1024
/** undici's timers are late by up to half a second: our deadline alone ends an attempt. `pipelining: 0` keeps no connection alive. */
const CLIENT_OPTIONS = { headersTimeout: 0, bodyTimeout: 0, pipelining: 0, maxHeaderSize: 16 * 1024 }

/** Posts, and posts again wherever 307 and 308 lead (docs/gateway.md, 7.4). The signal ends it at any stage. */
export async function post (judge: Judge, url: string, body: string, signal: AbortSignal): Promise<Result> {
  const connect = createConnector(judge, signal)
  const redirects: string[] = []
  let target = readTarget(url)
  if (target === undefined) return { ...noAnswer({}, 'forbidden_target'), redirects }

  for (;;) {
    const { reply, redirect } = await postOnce(target, body, connect, signal)
    if (redirect === undefined) return { ...reply, redirects }
    if (redirects.length === MAX_REDIRECTS) return { ...noAnswer(reply.requestHeaders, 'too_many_redirects'), redirects }
    redirects.push(redirect.href)
    target = redirect
  }
}

async function postOnce (target: URL, body: string, connect: Connect, signal: AbortSignal): Promise<Hop> {
  const requestHeaders = { host: target.host, connection: 'close', ...HEADERS, 'content-length': String(Buffer.byteLength(body)) }
  const client = new Client(target.origin, { ...CLIENT_OPTIONS, connect })
  try {
    const response = await client.request({ path: target.pathname + target.search, method: 'POST', headers: HEADERS, body, signal, onInfo: interimLimit() })
    // What is not read to its end is dropped, and dropping a body is an error to its stream.
    response.body.on('error', () => {})
    const status = response.statusCode
    const redirect = isFollowed(status) ? readLocation(response.headers.location, target) : undefined
    const responseBody = redirect === undefined ? await readStart(response.body) : ''
    return { reply: { requestHeaders, status, responseHeaders: flatten(response.headers), responseBody, error: null }, redirect }
  } catch (thrown) {
    return { reply: noAnswer(requestHeaders, signal.aborted ? 'timeout' : attemptErrorOf(thrown)), redirect: undefined }
  } finally {
    client.destroy()
  }
}

/** Throws into the request, which ends it. */
function interimLimit (): () => void {
  let count = 0
  return () => { if (++count > MAX_INTERIM_ANSWERS) throw new errors.HTTPParserError('interim answers without end') }
}

/** A Location that is missing, repeated or no target for a notification leads nowhere: the redirect itself is then the answer. */
function readLocation (location: string | string[] | undefined, base: URL): URL | undefined {
  return typeof location === 'string' && URL.canParse(location, base.href) ? readTarget(new URL(location, base).href) : undefined
}

/** The text a body begins with. A character that was cut in two is left out. */
async function readStart (body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= READ_BYTES) break
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, KEPT_BYTES), { stream: true })
}

function flatten (headers: IncomingHttpHeaders): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

function noAnswer (requestHeaders: Headers, error: AttemptError): Hop['reply'] {
  return { requestHeaders, status: null, responseHeaders: {}, responseBody: '', error }
}
