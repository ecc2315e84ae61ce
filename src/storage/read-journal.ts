import { DamagedFile } from './damaged-file.ts'
import type { Files } from './files.ts'
import { JOURNAL_VERSION, findSegments, isBeginning, isSealed, segmentPath } from './journal-format.ts'
import type { JournalPosition } from './journal-format.ts'
import { isSection, keyOf } from './kept-record.ts'
import type { KeptRecord } from './kept-record.ts'
import { readLines } from './lines.ts'
import type { Line } from './lines.ts'

/** The beginning of a line, or of a batch of lines, that a crash cut short, and which nobody was told is kept. */
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
    if (number !== segment) throw new DamagedFile(segmentPath(path, segment), 1, `the file is missing between ${path} and ${segmentPath(path, number)}`)
    if (end.torn !== undefined) throw new DamagedFile(end.torn.file, end.torn.at, 'the line is cut short, and another segment follows')
    end = await readSegment(files, path, { ...end, segment }, onRecord)
  }
  return end
}

/** Rejects with `DamagedFile` where a segment that is folded already, and may go, is none of this data file. */
export async function checkFolded (files: Files, path: string, folded: JournalPosition): Promise<void> {
  for (const number of await findSegments(files, path)) {
    if (number > folded.segment) return
    const file = segmentPath(path, number)
    const lines = readLines(files, file)
    const { value: line } = await lines.next()
    await lines.return()
    if (line === undefined) throw new DamagedFile(file, 1, 'the file is empty')
    readHeader(file, line, { segment: number, file: folded.file })
  }
}

/** Reads the segment that `end` names, which follows the commit that it names. */
async function readSegment (files: Files, path: string, end: JournalPosition, onRecord: OnRecord): Promise<JournalEnd> {
  const file = segmentPath(path, end.segment)
  let { file: name, seq } = end
  let from = 0
  /** What was written in one go, and is not complete yet. */
  let batch: { readonly start: TornLine, readonly until: number, readonly commits: KeptRecord[][] } | undefined

  for await (const line of readLines(files, file)) {
    const here = { file, at: line.at, from }
    from += line.bytes.length
    if (line.at === 1) {
      name = checkHeader(file, line, end)
      continue
    }
    if (!line.isWhole) {
      // Every byte of a commit and then anything but its newline: that line was kept, and damaged later.
      if (isSealed(line.bytes.subarray(0, -1))) throw new DamagedFile(file, line.at, 'the newline at its end is damaged')
      if (!isBeginning(line.bytes)) throw new DamagedFile(file, line.at, 'no line of a journal begins like this')
      return { segment: end.segment, seq, file: name, torn: batch?.start ?? here }
    }
    const { records, until } = readCommit(file, line, seq + (batch?.commits.length ?? 0) + 1, batch?.until)
    batch ??= { start: here, until, commits: [] }
    batch.commits.push(records)
    if (seq + batch.commits.length < until) continue
    for (const record of batch.commits.flat()) onRecord(record, file)
    seq = until
    batch = undefined
  }
  if (from === 0) throw new DamagedFile(file, 1, 'the file is empty')
  return { segment: end.segment, seq, file: name, torn: batch?.start }
}

/** Returns the name of the data file. */
function checkHeader (file: string, line: Line, { segment, seq, file: name }: JournalPosition): string | null {
  // The first segment of a data file without a document brings the name.
  const header = readHeader(file, line, segment === 1 && seq === 0 && name === null ? { segment } : { segment, file: name })
  if (header.after !== seq) throw new DamagedFile(file, line.at, `it follows commit ${String(header.after)}, but the last one before it is ${seq}`)
  return header.file ?? null
}

interface Header {
  readonly file?: string
  readonly segment?: unknown
  readonly after?: unknown
}

function readHeader (file: string, line: Line, expected: { readonly segment: number, readonly file?: string | null }): Header {
  const version = /^\{"sum":"[^"]*","journal":(\d+),/.exec(line.bytes.toString('latin1', 0, 100))?.[1]
  if (version === undefined) throw new DamagedFile(file, line.at, 'this is not a journal of Warung')
  if (Number(version) > JOURNAL_VERSION) throw new DamagedFile(file, line.at, `a newer Warung wrote it (format ${version})`, 'start that version')

  const header = parseSealed(file, line) as Header
  if (header.segment !== expected.segment) throw new DamagedFile(file, line.at, `this is segment ${String(header.segment)} under another name`)
  if (expected.file !== undefined && (header.file ?? null) !== expected.file) throw new DamagedFile(file, line.at, 'it belongs to another data file', 'move it away')
  return header
}

function readCommit (file: string, line: Line, seq: number, batchUntil: number | undefined): { readonly records: KeptRecord[], readonly until: number } {
  const commit = parseSealed(file, line) as { readonly seq?: unknown, readonly until?: unknown, readonly put?: unknown }
  if (commit.seq !== seq) throw new DamagedFile(file, line.at, `commit ${seq} should stand here, not ${String(commit.seq)}`)
  const until = commit.until ?? seq
  if (!Array.isArray(commit.put) || typeof until !== 'number' || until < seq || (batchUntil ?? until) !== until) throw new DamagedFile(file, line.at, 'this is not a commit')

  const records = commit.put.map((entry: unknown) => {
    const [section, value] = Array.isArray(entry) ? entry as unknown[] : []
    const key = isSection(section) ? keyOf(section, value) : undefined
    if (!isSection(section) || key === undefined) throw new DamagedFile(file, line.at, 'this is not a commit')
    return { section, key, line: JSON.stringify(value), value, at: line.at }
  })
  return { records, until }
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
