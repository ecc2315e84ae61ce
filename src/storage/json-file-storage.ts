import { mkdir, readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import type { Storage } from '../ports.ts'
import { isMissing } from './files.ts'
import { openJsonFile } from './json-file.ts'
import type { JsonFile, JsonFileOptions } from './json-file.ts'
import { lockFile } from './lock.ts'
import { RecordStorage } from './record-storage.ts'
import { readEntry, Tables } from './tables.ts'

export type JsonFileStorageOptions = Omit<JsonFileOptions, 'onRecord'>

/** Keeps everything in a JSON document and the journal beside it. Throws `LockedFile`, or `DamagedFile` where they cannot be read. */
export async function openJsonFileStorage (options: JsonFileStorageOptions): Promise<Storage> {
  await mkdir(dirname(options.path), { recursive: true })
  const path = await resolveLinks(options.path)
  const lock = await lockFile(path, options.warn)
  const tables = new Tables()
  let file: JsonFile
  try {
    file = await openJsonFile({ ...options, path, onRecord: (section, record, line) => tables.put(readEntry(section, record, line)) })
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

/** One file has one lock and stays where it is, whatever links lead to it, even before it is there. */
async function resolveLinks (path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (!isMissing(error)) throw error
    const folder = await realpath(dirname(path))
    const target = await readlink(path).catch(() => null)
    return target === null ? join(folder, basename(path)) : resolveLinks(resolve(folder, target))
  }
}
