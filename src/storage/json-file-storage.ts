import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Storage } from '../ports.ts'
import { openJsonFile } from './json-file.ts'
import type { JsonFile, JsonFileOptions } from './json-file.ts'
import { lockFile } from './lock.ts'
import { RecordStorage } from './record-storage.ts'
import { readEntry, Tables } from './tables.ts'

export type JsonFileStorageOptions = Omit<JsonFileOptions, 'onRecord'>

/** Keeps everything in a JSON document and the journal beside it. Throws `LockedFile`, or `DamagedFile` where they cannot be read. */
export async function openJsonFileStorage (options: JsonFileStorageOptions): Promise<Storage> {
  const { path, warn } = options
  await mkdir(dirname(path), { recursive: true })
  const lock = await lockFile(path, warn)
  const tables = new Tables()
  let file: JsonFile
  try {
    file = await openJsonFile({ ...options, onRecord: (section, record, line) => tables.put(readEntry(section, record, line)) })
  } catch (error) {
    await lock.release()
    throw error
  }
  return new RecordStorage(tables, {
    keep: (commits) => file.append(commits),
    close: async () => {
      await file.close()
      await lock.release()
    }
  })
}
