import { RecordStorage } from './record-storage.ts'
import { Tables } from './tables.ts'
import type { Storage } from '../ports.ts'

/** Keeps everything until the process ends. */
export function createMemoryStorage (): Storage {
  return new RecordStorage(new Tables(), { keep: async () => {}, close: async () => {} })
}
