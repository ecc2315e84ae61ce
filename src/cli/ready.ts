import { setTimeout as sleep } from 'node:timers/promises'

import { get, reasonOf } from './get.ts'

export interface ReadyOptions {
  readonly url: string
  /** How long to keep asking; 0 asks once. */
  readonly waitMs: number
}

const PAUSE_MS = 100

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
    const { status, body } = await get(new URL('/readyz', url))
    return status === 200 ? null : `${url} is not ready: ${body}`
  } catch (error) {
    return `${url} does not answer (${reasonOf(error)})`
  }
}
