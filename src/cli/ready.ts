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
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    return response.ok ? null : `${url} is not ready: ${await response.text()}`
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    return `${url} does not answer (${cause instanceof Error ? cause.message : String(error)})`
  }
}
