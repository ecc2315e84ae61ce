import { join } from 'node:path'

import type { Storage } from '../../src/ports.ts'
import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'

interface Test {
  testdir (): string
  teardown (end: () => Promise<void>): void
}

/** A storage that is closed at the end of the test. */
export interface Opened {
  readonly storage: Storage
  /** Closes it and opens what it kept; what keeps nothing goes on as it is. */
  reopen (): Promise<Storage>
}

/** Every engine that must pass the contract. */
export const ENGINES: ReadonlyArray<readonly [engine: string, open: (t: Test) => Promise<Opened>]> = [
  ['memory', async (t) => {
    const storage = createMemoryStorage()
    t.teardown(() => storage.close())
    return { storage, reopen: async () => storage }
  }],
  ['JSON file', async (t) => {
    let current: Storage | undefined
    // Before the folder is made: tap takes things down in this order.
    t.teardown(async () => current?.close())
    const path = join(t.testdir(), 'warung.json')
    const open = async (): Promise<Storage> => {
      current = await openJsonFileStorage({ path, warn: (message) => { throw new Error(message) } })
      return current
    }
    return {
      storage: await open(),
      reopen: async () => {
        await current?.close()
        return open()
      }
    }
  }]
]
