import { createWhole, writeFully } from './files.ts'
import type { Files, OpenFile } from './files.ts'
import { headerLine, segmentPath } from './journal-format.ts'
import type { JournalPosition } from './journal-format.ts'

/** Begins the segment that follows this position. It never exists without its header. */
export async function beginSegment (files: Files, path: string, end: JournalPosition): Promise<Segment> {
  const segment = end.segment + 1
  const header = Buffer.from(headerLine({ ...end, segment }))
  const file = await createWhole(files, segmentPath(path, segment), (file) => writeFully(file, header, 0))
  return new Segment(file, header.length)
}

/** An open segment of the journal: it takes a batch wholly or not at all. */
export class Segment {
  readonly #file: OpenFile
  #bytes: number
  /** There may be something of a refused batch behind `#bytes`. */
  #isUncut = false

  constructor (file: OpenFile, bytes: number) {
    this.#file = file
    this.#bytes = bytes
  }

  get bytes (): number {
    return this.#bytes
  }

  async write (batch: Buffer): Promise<void> {
    if (this.#isUncut) await this.#cut()
    this.#isUncut = true
    try {
      await writeFully(this.#file, batch, this.#bytes)
    } catch (error) {
      // Where this fails too, `#isUncut` stays: nothing is written behind a refused batch.
      await this.#cut().catch(() => {})
      throw error
    }
    this.#bytes += batch.length
    this.#isUncut = false
  }

  async close (): Promise<void> {
    try {
      if (this.#isUncut) await this.#cut()
    } finally {
      await this.#file.close()
    }
  }

  async #cut (): Promise<void> {
    await this.#file.truncate(this.#bytes)
    this.#isUncut = false
  }
}
