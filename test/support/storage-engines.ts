import { join } from 'node:path'

import { NotKept } from '../../src/ports.ts'
import type { Storage } from '../../src/ports.ts'
import { openJsonFileStorage } from '../../src/storage/json-file-storage.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Fault } from '../storage/faulty-files.ts'
import { openFaultyStorage } from './data-faulty.ts'

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

/** Changes that a failing disk refused are asked for again, as often as it takes. */
const CHANGES = new Set(['changeMerchant', 'insertTransaction', 'moveTransaction', 'changeNotification', 'takeAttemptedAt', 'resetWorld', 'deleteMerchant', 'importWorld'])

function persistent (storage: Storage): Storage {
  return new Proxy(storage, {
    get (target, name) {
      const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>
      if (!CHANGES.has(String(name))) return typeof method === 'function' ? method.bind(target) : method
      return async (...given: unknown[]) => {
        for (;;) {
          try {
            return await method.apply(target, given)
          } catch (error) {
            if (!(error instanceof NotKept)) throw error
          }
        }
      }
    }
  })
}

/** Every third write takes a part of what it should and then fails; every fifth cut fails too. */
function badDisk (): Fault {
  const calls = { write: 0, truncate: 0 }
  let isFailing = false
  return (call, _path, bytes) => {
    if (call === 'truncate' && ++calls.truncate % 5 === 0) throw new Error('EIO: on purpose')
    if (call !== 'write') return undefined
    if (isFailing) {
      isFailing = false
      throw new Error('ENOSPC: on purpose')
    }
    isFailing = ++calls.write % 3 === 0
    return isFailing ? Math.ceil(bytes / 2) : undefined
  }
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
  }],
  ['JSON file on a bad disk', async (t) => {
    const opened = await openFaultyStorage(t)
    opened.files.fault = badDisk()
    return {
      storage: persistent(opened.storage),
      reopen: async () => {
        const storage = persistent(await opened.reopen('stop'))
        opened.files.fault = badDisk()
        return storage
      }
    }
  }]
]
