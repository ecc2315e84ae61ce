import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ReadyOptions {
  readonly url: string
  /** How long to keep asking; 0 asks once. */
  readonly waitMs: number
}

const PAUSE_MS = 100
const ANSWER_WITHIN_MS = 2_000

/** Is the emulator at this URL ready? Null if so, else why not. */
export async function askReady ({ url, waitMs }: ReadyOptions): Promise<string | null> {
  const pauses = Math.ceil(waitMs / PAUSE_MS)
  for (let pause = 0; ; pause++) {
    const reason = await askOnce(url)
    if (reason === null || pause === pauses) return reason
    await sleep(PAUSE_MS)
  }
}

async function askOnce (url: string): Promise<string | null> {
  try {
    const answer = await answerOf(new URL('/readyz', url))
    const body = await text(answer)
    return answer.statusCode === 200 ? null : `${url} is not ready: ${body}`
  } catch (error) {
    const { message, code, cause } = error as NodeJS.ErrnoException
    return `${url} does not answer (${cause instanceof Error ? cause.message : message || String(code)})`
  }
}

/** Not by `fetch`: a health check begins every few seconds, and loading that takes as long as Node itself. */
async function answerOf (url: URL): Promise<IncomingMessage> {
  const ask = url.protocol === 'https:' ? (await import('node:https')).get : get
  return await new Promise((resolve, reject) => {
    ask(url, { agent: false, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }, resolve).on('error', reject)
  })
}
