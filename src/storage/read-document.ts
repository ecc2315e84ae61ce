import { createHash } from 'node:crypto'

import { DamagedFile } from './damaged-file.ts'
import type { Files } from './files.ts'
import type { JournalPosition } from './journal-format.ts'
import { keyOf } from './kept-record.ts'
import type { KeptRecord } from './kept-record.ts'
import { readLines } from './lines.ts'
import type { Line } from './lines.ts'
import { SECTION_NAMES } from './record.ts'
import type { Section } from './record.ts'
import { DOCUMENT_VERSION, digestLine, headLine } from './write-document.ts'

const COMMA = 0x2c
const SECTION_END = Buffer.from('],\n')

export async function readHead (files: Files, path: string): Promise<JournalPosition> {
  const lines = readLines(files, path)
  const { value: head } = await lines.next()
  await lines.return()
  if (head === undefined) throw new DamagedFile(path, 1, 'the file is empty')
  return parseHead(path, head.bytes.toString('latin1', 0, 200))
}

/** Called where the digest does not match, but all else is as it should be. */
export type OnEdited = () => void

/** Its records in their order. Once the last has been handed out and taken, the whole document has been checked. */
export async function * readRecords (files: Files, path: string, onEdited?: OnEdited): AsyncGenerator<KeptRecord, void, undefined> {
  const lines = new DocumentLines(files, path)
  try {
    parseHead(path, (await lines.next()).toString())
    for (const section of SECTION_NAMES) {
      const start = await lines.next()
      if (start.toString() !== `"${section}":[\n`) throw lines.damaged(`the section "${section}" should begin here`)

      let hasComma: boolean | undefined
      for (let bytes = await lines.next(); !bytes.equals(SECTION_END); bytes = await lines.next()) {
        if (hasComma === false) throw lines.damaged('the line before has no comma at its end')
        hasComma = bytes.at(-2) === COMMA
        yield parseRecord(lines, section, bytes.toString('utf8', 0, bytes.length - (hasComma ? 2 : 1)))
      }
      if (hasComma === true) throw lines.damaged('the line before has a comma at its end')
    }
    await lines.checkDigest(onEdited)
  } finally {
    await lines.close()
  }
}

/** The lines of a document, counted and added up for the digest as they are taken. */
class DocumentLines {
  readonly #path: string
  readonly #lines: AsyncGenerator<Line, void, undefined>
  readonly #hash = createHash('sha256')
  /** The number of the line that was taken last. */
  at = 0

  constructor (files: Files, path: string) {
    this.#path = path
    this.#lines = readLines(files, path)
  }

  async next (): Promise<Buffer> {
    const bytes = await this.#take()
    this.#hash.update(bytes)
    return bytes
  }

  async checkDigest (onEdited: OnEdited | undefined): Promise<void> {
    const line = (await this.#take()).toString()
    if ((await this.#lines.next()).done !== true) throw this.damaged('something follows the end')
    if (line === digestLine(this.#hash.digest('hex'))) return
    if (!/^"digest":"sha256-[0-9a-f]{64}"\}\n$/.test(line)) throw this.damaged('the digest should stand here')
    if (onEdited === undefined) {
      throw this.damaged('the digest is not that of the lines before it: the file was edited by hand or damaged', 'to take it as it is, start once with --accept-edits; else put back a sound copy of it')
    }
    onEdited()
  }

  damaged (what: string, toDo?: string): DamagedFile {
    return new DamagedFile(this.#path, this.at, what, toDo)
  }

  async close (): Promise<void> {
    await this.#lines.return()
  }

  async #take (): Promise<Buffer> {
    const { value: line } = await this.#lines.next()
    this.at += 1
    if (line === undefined || !line.isWhole) throw this.damaged('the file is cut short here')
    return line.bytes
  }
}

function parseHead (path: string, text: string): JournalPosition {
  const version = /^\{"warung":(\d+),/.exec(text)?.[1]
  if (version === undefined) throw new DamagedFile(path, 1, 'this is not a document of Warung', 'name another file, or move this one away')
  if (Number(version) > DOCUMENT_VERSION) throw new DamagedFile(path, 1, `a newer Warung wrote it (format ${version})`, 'start that version')

  const [, segment, seq] = /"segment":(\d+),"seq":(\d+)/.exec(text) ?? []
  const folded = { segment: Number(segment), seq: Number(seq), file: /^\{"warung":\d+,"file":"([^"\\]*)"/.exec(text)?.[1] ?? null }
  if (text !== headLine(folded)) throw new DamagedFile(path, 1, 'the line is damaged')
  return folded
}

function parseRecord (lines: DocumentLines, section: Section, line: string): KeptRecord {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw lines.damaged('the line is not JSON')
  }
  const key = keyOf(section, value)
  if (key === undefined) throw lines.damaged(`this is not a record of "${section}"`)
  return { section, key, line, value, at: lines.at }
}
