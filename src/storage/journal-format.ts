import { basename, dirname } from 'node:path'
import { crc32 } from 'node:zlib'

import type { Files } from './files.ts'
import type { Commit } from './record.ts'

/*
 * A segment of the journal is named `warung.json.journal.000001` and holds a header and then a line per commit:
 *
 *   {"sum":"5b0cd9c1","journal":1,"segment":1,"after":0}
 *   {"sum":"0d3a8f11","seq":1,"put":[["transactions",{…}],["notifications",{…}]]}
 *
 * `sum` is the CRC-32 of what follows it in the line; `seq` counts commits over all segments; `after` is the last one before.
 */
export const JOURNAL_VERSION = 1

/** How far a stretch of the journal reaches: its last segment and its last commit. */
export interface JournalPosition {
  readonly segment: number
  readonly seq: number
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

export function headerLine (segment: number, after: number): string {
  return sealed(`"journal":${JOURNAL_VERSION},"segment":${segment},"after":${after}}`)
}

export function commitLine (seq: number, commit: Commit): string {
  const put = commit.map(({ section, line }) => `["${section}",${line}]`).join(',')
  return sealed(`"seq":${seq},"put":[${put}]}`)
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
