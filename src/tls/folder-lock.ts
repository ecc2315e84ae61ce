import { mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Instant } from '../domain/instant.ts'

const NAME = 'ca.lock'
const PAUSE_MS = 50
/** Far longer than it takes to make certificates: who has held it for so long was killed. */
const STALE_MS = 10_000

/** Does something alone in a folder, which is made if need be: whoever else wants to waits. */
export async function withLock<Result> (folder: string, now: Instant, work: () => Promise<Result>): Promise<Result> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, NAME)
  let waited = 0
  while (!await take(path)) {
    // Or the clock was put back since: nobody holds it for so long before our eyes.
    if (waited >= STALE_MS || await isStale(path, now + waited)) {
      await rm(path, { force: true })
      waited = 0
    } else {
      await sleep(PAUSE_MS)
      waited += PAUSE_MS
    }
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function take (path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function isStale (path: string, now: Instant): Promise<boolean> {
  try {
    return now - (await stat(path)).mtimeMs > STALE_MS
  } catch {
    return false
  }
}
