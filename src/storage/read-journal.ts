import { DamagedFile } from './damaged-file.ts'
import type { Files } from './files.ts'
import { JOURNAL_VERSION, findSegments, isSealed, segmentPath } from './journal-format.ts'
import type { JournalPosition } from './journal-format.ts'
import { isSection, keyOf } from './kept-record.ts'
import type { KeptRecord } from './kept-record.ts'
import { readLines } from './lines.ts'
import type { Line } from './lines.ts'

/** The beginning of a line that a crash cut short, which nobody was told is kept. */
export interface TornLine {
  readonly file: string
  readonly at: number
  /** Where it starts: the length of what is sound. */
  readonly from: number
}

export interface JournalEnd extends JournalPosition {
  /** Only the last segment may have one. */
  readonly torn: TornLine | undefined
}

type OnRecord = (record: KeptRecord, file: string) => void

/** Reads the segments after `start` up to number `upTo`, and rejects with `DamagedFile` where anything is not as it was written. */
export async function readJournal (files: Files, path: string, start: JournalPosition, upTo: number, onRecord: OnRecord): Promise<JournalEnd> {
  let end: JournalEnd = { ...start, torn: undefined }
  for (const number of await findSegments(files, path)) {
    if (number <= start.segment || number > upTo) continue
    const segment = end.segment + 1
    const file = segmentPath(path, segment)
    if (number !== segment) throw new DamagedFile(file, 1, `the file is missing between ${path} and ${segmentPath(path, number)}`)
    if (end.torn !== undefined) throw new DamagedFile(end.torn.file, end.torn.at, 'the line is cut short, and another segment follows')
    end = { segment, ...await readSegment(files, file, segment, end.seq, onRecord) }
  }
  return end
}

async function readSegment (files: Files, file: string, segment: number, after: number, onRecord: OnRecord): Promise<Omit<JournalEnd, 'segment'>> {
  let seq = after
  let from = 0
  for await (const line of readLines(files, file)) {
    if (line.at === 1) {
      checkHeader(file, line, segment, after)
    } else if (!line.isWhole) {
      // Every byte of a commit and then anything but its newline: that line was kept, and damaged later.
      if (isSealed(line.bytes.subarray(0, -1))) throw new DamagedFile(file, line.at, 'the newline at its end is damaged')
      return { seq, torn: { file, at: line.at, from } }
    } else {
      seq += 1
      for (const record of readCommit(file, line, seq)) onRecord(record, file)
    }
    from += line.bytes.length
  }
  if (from === 0) throw new DamagedFile(file, 1, 'the file is empty')
  return { seq, torn: undefined }
}

function checkHeader (file: string, line: Line, segment: number, after: number): void {
  const version = /^\{"sum":"[^"]*","journal":(\d+),/.exec(line.bytes.toString('latin1', 0, 100))?.[1]
  if (version === undefined) throw new DamagedFile(file, line.at, 'this is not a journal of Warung')
  if (Number(version) > JOURNAL_VERSION) throw new DamagedFile(file, line.at, `a newer Warung wrote it (format ${version})`, 'start that version')

  const header = parseSealed(file, line) as { readonly segment?: unknown, readonly after?: unknown }
  if (header.segment !== segment) throw new DamagedFile(file, line.at, `this is segment ${String(header.segment)} under another name`)
  if (header.after !== after) throw new DamagedFile(file, line.at, `it follows commit ${String(header.after)}, but the last one before it is ${after}`)
}

function readCommit (file: string, line: Line, seq: number): KeptRecord[] {
  const commit = parseSealed(file, line) as { readonly seq?: unknown, readonly put?: unknown }
  if (commit.seq !== seq) throw new DamagedFile(file, line.at, `commit ${seq} should stand here, not ${String(commit.seq)}`)
  if (!Array.isArray(commit.put)) throw new DamagedFile(file, line.at, 'this is not a commit')

  return commit.put.map((entry: unknown) => {
    const [section, value] = Array.isArray(entry) ? entry as unknown[] : []
    const key = isSection(section) ? keyOf(section, value) : undefined
    if (!isSection(section) || key === undefined) throw new DamagedFile(file, line.at, 'this is not a commit')
    return { section, key, line: JSON.stringify(value), value, at: line.at }
  })
}

/** What a whole line with a right sum holds. */
function parseSealed (file: string, { at, bytes, isWhole }: Line): object {
  const text = bytes.subarray(0, -1)
  if (!isWhole || !isSealed(text)) throw new DamagedFile(file, at, 'the line is damaged: its sum is not right')
  try {
    return JSON.parse(text.toString()) as object
  } catch {
    throw new DamagedFile(file, at, 'the line is not JSON')
  }
}
