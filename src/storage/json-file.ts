import { dirname } from 'node:path'

import { Low } from 'lowdb'

import { DamagedFile } from './damaged-file.ts'
import { DocumentFile, EMPTY_DOCUMENT } from './document.ts'
import { deleteIfThere, nodeFiles, temporaryOf } from './files.ts'
import type { Files } from './files.ts'
import { foldInBackground } from './fold-in-background.ts'
import { foldSegments } from './fold.ts'
import { findSegments, segmentPath } from './journal-format.ts'
import { Journal } from './journal.ts'
import type { KeptRecord } from './kept-record.ts'
import { checkFolded, readJournal } from './read-journal.ts'
import type { TornLine } from './read-journal.ts'
import type { Commit, Section } from './record.ts'

export interface JsonFileOptions {
  readonly path: string
  /** Called for each record there is, oldest first: a later one replaces an earlier one of the same key. */
  readonly onRecord: (section: Section, value: unknown, line: string) => void
  readonly warn: (message: string) => void
  /** Takes a document that was edited by hand, and seals it anew. */
  readonly acceptEdits?: boolean
  /** Names a new data file, so that no file of another is taken for a part of it. */
  readonly newName?: () => string | null
  readonly files?: Files
  readonly foldAfterBytes?: number
  /** How to fold while commits go on. */
  readonly fold?: (path: string, upTo: number) => Promise<void>
}

/** The records' home on disk: a document, and beside it the journal of what came since. */
export interface JsonFile {
  /** Keeps all of these or none: then it rejects with `NotKept`. Must not be called while an earlier call goes on. */
  append (commits: readonly Commit[]): Promise<void>
  /** Leaves only the document behind. */
  close (): Promise<void>
}

const FOLD_AFTER_BYTES = 8 * 1024 * 1024

/** Rejects with `DamagedFile`, and changes nothing, where a file is not as it was written. */
export async function openJsonFile ({ path, onRecord, warn, acceptEdits = false, newName = () => null, files = nodeFiles, foldAfterBytes = FOLD_AFTER_BYTES, fold = foldInBackground }: JsonFileOptions): Promise<JsonFile> {
  const take = ({ section, value, line, at }: KeptRecord, file: string): void => {
    try {
      onRecord(section, value, line)
    } catch (error) {
      throw new DamagedFile(file, at, `this record cannot be read (${error instanceof Error ? error.message : String(error)})`)
    }
  }

  await files.mkdir(dirname(path), { recursive: true })
  let isEdited = false
  const document = new Low(new DocumentFile(files, path, acceptEdits ? () => { isEdited = true } : undefined), EMPTY_DOCUMENT)
  await document.read()
  const { folded, records } = document.data
  const checkKey = acceptEdits ? refuseDoubleKeys(path) : () => {}
  for await (const record of records) {
    checkKey(record)
    take(record, path)
  }
  await checkFolded(files, path, folded)
  const { segment, seq, file: name, torn } = await readJournal(files, path, folded, Infinity, take)

  // All is sound. What a crash left behind can go now.
  if (isEdited) {
    await document.write()
    warn(`${path} was edited by hand; it is taken as it is and sealed anew`)
  }
  if (torn !== undefined) {
    await cutOff(files, torn)
    warn(`${torn.file}, line ${torn.at}: a crash cut this line short, and what follows it; it is dropped`)
  }
  await deleteIfThere(files, temporaryOf(path))
  await deleteIfThere(files, temporaryOf(segmentPath(path, segment + 1)))
  for (const number of await findSegments(files, path)) {
    if (number <= folded.segment) await deleteIfThere(files, segmentPath(path, number))
  }

  const file = new OpenJsonFile({ path, warn, files, foldAfterBytes, fold }, new Journal(files, path, { segment, seq, file: segment === 0 ? newName() : name }))
  if (segment > folded.segment) file.foldSoon()
  return file
}

/** Only hands can give two records one key. */
function refuseDoubleKeys (path: string): (record: KeptRecord) => void {
  const keys = new Set<string>()
  return ({ section, key, at }) => {
    if (keys.size === keys.add(`${section} ${key}`).size) throw new DamagedFile(path, at, `a second record of "${section}" has the key ${key}`, 'give each its own, or take one out')
  }
}

async function cutOff (files: Files, { file, from }: TornLine): Promise<void> {
  const segment = await files.open(file, 'r+')
  try {
    await segment.truncate(from)
  } finally {
    await segment.close()
  }
}

type Settings = Required<Omit<JsonFileOptions, 'onRecord' | 'acceptEdits' | 'newName'>>

class OpenJsonFile implements JsonFile {
  readonly #settings: Settings
  readonly #journal: Journal
  #folding: Promise<void> | undefined

  constructor (settings: Settings, journal: Journal) {
    this.#settings = settings
    this.#journal = journal
  }

  async append (commits: readonly Commit[]): Promise<void> {
    await this.#journal.append(commits)
    if (this.#journal.bytes >= this.#settings.foldAfterBytes) this.foldSoon()
  }

  async close (): Promise<void> {
    // Neither a promise nor the folding thread keeps the process alive.
    const awake = setInterval(() => {}, 60_000)
    try {
      await this.#folding
      await this.#fold((path, upTo) => foldSegments(path, upTo, this.#settings.files))
    } finally {
      clearInterval(awake)
    }
  }

  /** At most one fold at a time: meanwhile the journal grows, and the next fold takes all of it. */
  foldSoon (): void {
    this.#folding ??= this.#fold(this.#settings.fold).finally(() => { this.#folding = undefined })
  }

  async #fold (fold: (path: string, upTo: number) => Promise<void>): Promise<void> {
    const { path, warn } = this.#settings
    const { last, closed } = this.#journal.endSegment()
    try {
      await closed
      await fold(path, last)
    } catch (error) {
      warn(`${path}: folding the journal into it failed (${error instanceof Error ? error.message : String(error)}); nothing is lost, and it is tried again later`)
    }
  }
}
