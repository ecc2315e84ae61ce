import { basename, dirname } from 'node:path'
import { crc32 } from 'node:zlib'

import type { Files } from './files.ts'
import type { Commit } from './record.ts'

/*
 * A segment of the journal is named `warung.json.journal.000001` and holds a header and then a line per commit:
 *
 *   {"sum":"5b0cd9c1","journal":1,"file":"k3v…","segment":1,"after":0}
 *   {"sum":"0d3a8f11","seq":1,"until":2,"put":[["transactions",{…}],["notifications",{…}]]}
 *
 * `sum` is the CRC-32 of what follows it in the line; `file` names the data file that it belongs to; `seq` counts commits
 * over all segments, `after` is the last one before; `until` is the last one of the batch that was written in one go, where
 * that is another: without it, nothing of the batch counts.
 */
export const JOURNAL_VERSION = 1

/** How far a stretch of the journal reaches: its last segment and its last commit. */
export interface JournalPosition {
  readonly segment: number
  readonly seq: number
  /** The name that the document and all segments of one data file share; null in files of before there were names. */
  readonly file: string | null
}

const SUM_START = '{"sum":"'
const SUMMED_FROM = '{"sum":"00000000",'.length

export function segmentPath (path: string, segment: number): string {
  return `${path}.journal.${String(segment).padStart(6, '0')}`
}

/** The numbers of the segments that exist, in order. */
export async function findSegments (files: Files, path: string): Promise<number[]> {
  const prefix = `${basename(path)}.journal.`
  return (await files.readdir(dirname(path)))
    .filter((name) => name.startsWith(prefix) && /^\d{6,}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
}

export function headerLine ({ segment, seq: after, file }: JournalPosition): string {
  return sealed(`"journal":${JOURNAL_VERSION},${fileMember(file)}"segment":${segment},"after":${after}}`)
}

export function commitLine (seq: number, commit: Commit, until = seq): string {
  const put = commit.map(({ section, line }) => `["${section}",${line}]`).join(',')
  return sealed(`"seq":${seq},${until === seq ? '' : `"until":${until},`}"put":[${put}]}`)
}

/** Its name, as a member of the head of a document or a segment. */
export function fileMember (file: string | null): string {
  return file === null ? '' : `"file":${JSON.stringify(file)},`
}

/** May a line that was cut short have begun like this? */
export function isBeginning (bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, SUM_START.length)
  return SUM_START.startsWith(start)
}

/** Is the sum of this line right? `bytes` are without the newline. */
export function isSealed (bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, SUMMED_FROM) === `${SUM_START}${sumOf(bytes.subarray(SUMMED_FROM))}",`
}

function sealed (rest: string): string {
  return `${SUM_START}${sumOf(rest)}",${rest}\n`
}

function sumOf (data: string | Buffer): string {
  return crc32(data).toString(16).padStart(8, '0')
}
