import { NotKept } from '../ports.ts'
import type { Files } from './files.ts'
import { commitLine } from './journal-format.ts'
import type { JournalPosition } from './journal-format.ts'
import { LONGEST_LINE_BYTES } from './lines.ts'
import type { Commit } from './record.ts'
import { beginSegment } from './segment.ts'
import type { Segment } from './segment.ts'

/** The writing end of the journal. A segment begins with the first commit that needs one. */
export class Journal {
  readonly #files: Files
  readonly #path: string
  #end: JournalPosition
  #open: Segment | undefined

  constructor (files: Files, path: string, end: JournalPosition) {
    this.#files = files
    this.#path = path
    this.#end = end
  }

  /** How long the open segment is. */
  get bytes (): number {
    return this.#open?.bytes ?? 0
  }

  /** Keeps all of these or none: then it rejects with `NotKept`. Must not be called while an earlier call goes on. */
  async append (commits: readonly Commit[]): Promise<void> {
    if (commits.length === 0) return
    try {
      const { seq } = this.#end
      const until = seq + commits.length
      const lines = commits.map((commit, index) => Buffer.from(commitLine(seq + index + 1, commit, until)))
      if (lines.some((line) => line.length > LONGEST_LINE_BYTES)) throw new Error('one change is too large for a line')

      const segment = this.#open ?? await this.#begin()
      await segment.write(Buffer.concat(lines))
      this.#end = { ...this.#end, seq: until }
    } catch (error) {
      throw new NotKept(`could not be kept in ${this.#path} (${error instanceof Error ? error.message : String(error)})`, { cause: error })
    }
  }

  /** Ends the open segment, so that it may be folded. Says at once which is the last that has ended, and when it is closed. */
  endSegment (): { readonly last: number, readonly closed: Promise<void> } {
    const closed = this.#open?.close() ?? Promise.resolve()
    this.#open = undefined
    return { last: this.#end.segment, closed }
  }

  async #begin (): Promise<Segment> {
    const segment = await beginSegment(this.#files, this.#path, this.#end)
    this.#end = { ...this.#end, segment: this.#end.segment + 1 }
    this.#open = segment
    return segment
  }
}
