import { get as getHttp } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

const ANSWER_WITHIN_MS = 2_000

/** What stands at a URL that needs no login. Not by `fetch`: a health check begins every second, and loading that takes as long as Node itself. */
export async function get (url: URL): Promise<{ readonly status: number, readonly body: string }> {
  const ask = url.protocol === 'https:' ? (await import('node:https')).get : getHttp
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    ask(url, { agent: false, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }, resolve).on('error', reject)
  })
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}

/** Why `get` failed, in a few words. */
export function reasonOf (error: unknown): string {
  const { message, code, cause } = error as NodeJS.ErrnoException
  return cause instanceof Error ? cause.message : message || String(code)
}
