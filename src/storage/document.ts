import { dirname } from 'node:path'

import type { Adapter } from 'lowdb'

import { createWhole, isMissing, writeFully } from './files.ts'
import type { Files } from './files.ts'
import type { JournalPosition } from './journal-format.ts'
import type { KeptRecord } from './kept-record.ts'
import { readHead, readRecords } from './read-document.ts'
import type { OnEdited } from './read-document.ts'
import { documentChunks } from './write-document.ts'

export interface Document {
  /** What of the journal is in it. */
  readonly folded: JournalPosition
  /** Section by section. They come from the file one by one as they are asked for: they are never all in memory. */
  readonly records: AsyncIterable<KeptRecord>
}

export const EMPTY_DOCUMENT: Document = { folded: { segment: 0, seq: 0, file: null }, records: { async * [Symbol.asyncIterator] () {} } }

/** What lowdb reads and writes the document with. */
export class DocumentFile implements Adapter<Document> {
  readonly #files: Files
  readonly #path: string
  readonly #onEdited: OnEdited | undefined

  /** Without `onEdited` a document that was edited by hand cannot be read. */
  constructor (files: Files, path: string, onEdited?: OnEdited) {
    this.#files = files
    this.#path = path
    this.#onEdited = onEdited
  }

  async read (): Promise<Document | null> {
    const [files, path, onEdited] = [this.#files, this.#path, this.#onEdited]
    try {
      const folded = await readHead(files, path)
      return { folded, records: { [Symbol.asyncIterator]: () => readRecords(files, path, onEdited) } }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  async write (document: Document): Promise<void> {
    const file = await createWhole(this.#files, this.#path, async (file) => {
      let position = 0
      for await (const chunk of documentChunks(document)) {
        await writeFully(file, chunk, position)
        position += chunk.length
      }
    })
    await file.close()
    await this.#syncFolder()
  }

  /** Only then does the new name outlive a power cut. Windows has no such call. */
  async #syncFolder (): Promise<void> {
    if (process.platform === 'win32') return
    const folder = await this.#files.open(dirname(this.#path), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}
