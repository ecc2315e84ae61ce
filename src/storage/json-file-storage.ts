import type { Storage } from '../ports.ts'
import { openJsonFile } from './json-file.ts'
import { RecordStorage } from './record-storage.ts'
import { readEntry, Tables } from './tables.ts'

export interface JsonFileStorageOptions {
  readonly path: string
  readonly warn: (message: string) => void
}

/** Keeps everything in a JSON document and the journal beside it. Throws `DamagedFile` where they cannot be read. */
export async function openJsonFileStorage ({ path, warn }: JsonFileStorageOptions): Promise<Storage> {
  const tables = new Tables()
  const file = await openJsonFile({ path, warn, onRecord: (section, record, line) => tables.put(readEntry(section, record, line)) })
  return new RecordStorage(tables, { keep: (commits) => file.append(commits), close: () => file.close() })
}
