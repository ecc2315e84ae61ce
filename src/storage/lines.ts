import { DamagedFile } from './damaged-file.ts'
import { isMissing } from './files.ts'
import type { Files, OpenFile } from './files.ts'

/** Longer ones are not written and not read: text beyond a few hundred megabytes does not fit a string. */
export const LONGEST_LINE_BYTES = 256 * 1024 * 1024

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

export interface Line {
  /** Its number in the file; the first is 1. */
  readonly at: number
  /** With the newline at its end, if it has one. */
  readonly bytes: Buffer
  /** The last line may lack its newline. */
  readonly isWhole: boolean
}

/** The lines of a file, read as they are asked for. Rejects with `DamagedFile`, but for a missing file with the system's error. */
export async function * readLines (files: Files, path: string): AsyncGenerator<Line, void, undefined> {
  let at = 1
  let pieces: Buffer[] = []
  let length = 0

  for await (const chunk of readChunks(files, path, () => at)) {
    let start = 0
    for (let newline = chunk.indexOf(NEWLINE); newline !== -1; newline = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, newline + 1)
      yield { at, bytes: pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]), isWhole: true }
      at += 1
      pieces = []
      length = 0
      start = newline + 1
    }
    if (start === chunk.length) continue
    pieces.push(chunk.subarray(start))
    length += chunk.length - start
    if (length > LONGEST_LINE_BYTES) throw new DamagedFile(path, at, 'no line of Warung is that long')
  }
  if (length > 0) yield { at, bytes: Buffer.concat(pieces), isWhole: false }
}

async function * readChunks (files: Files, path: string, at: () => number): AsyncGenerator<Buffer, void, undefined> {
  let file: OpenFile | undefined
  try {
    file = await files.open(path, 'r')
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
    }
  } catch (error) {
    if (isMissing(error)) throw error
    throw new DamagedFile(path, at(), `it cannot be read (${error instanceof Error ? error.message : String(error)})`, 'let this user read it, or name another file')
  } finally {
    await file?.close()
  }
}
