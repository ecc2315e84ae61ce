import { createHash } from 'node:crypto'

import type { Document } from './document.ts'
import { fileMember } from './journal-format.ts'
import type { JournalPosition } from './journal-format.ts'
import { SECTION_NAMES } from './record.ts'

/*
 * The document is one JSON value with a record per line:
 *
 *   {"warung":1,"file":"k3v…","folded":{"segment":3,"seq":120},
 *   "merchants":[
 *   {"merchant_id":"G626262626",…},
 *   {"merchant_id":"G2",…}
 *   ],
 *   …
 *   "digest":"sha256-…"}
 *
 * The digest is that of all lines before it, as `head -n -1 warung.json | sha256sum` prints it.
 */
export const DOCUMENT_VERSION = 1

const CHUNK_CHARS = 128 * 1024

export function headLine ({ segment, seq, file }: JournalPosition): string {
  return `{"warung":${DOCUMENT_VERSION},${fileMember(file)}"folded":{"segment":${segment},"seq":${seq}},\n`
}

export function digestLine (hex: string): string {
  return `"digest":"sha256-${hex}"}\n`
}

/** The document's bytes, in pieces that are made as they are asked for. */
export async function * documentChunks (document: Document): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  let pending = ''
  for await (const text of textOf(document)) {
    pending += text
    if (pending.length < CHUNK_CHARS) continue
    const chunk = Buffer.from(pending)
    pending = ''
    hash.update(chunk)
    yield chunk
  }
  hash.update(pending)
  yield Buffer.from(pending + digestLine(hash.digest('hex')))
}

async function * textOf ({ folded, records }: Document): AsyncGenerator<string, void, undefined> {
  const last = SECTION_NAMES.length - 1
  const nextSection = (index: number): string => `\n],\n"${SECTION_NAMES[index]}":[`
  let index = 0
  let separator = '\n'

  yield `${headLine(folded)}"${SECTION_NAMES[0]}":[`
  for await (const { section, line } of records) {
    while (SECTION_NAMES[index] !== section) {
      if (index === last) throw new Error(`a record of "${section}" comes too late`)
      yield nextSection(++index)
      separator = '\n'
    }
    yield separator + line
    separator = ',\n'
  }
  while (index < last) yield nextSection(++index)
  yield '\n],\n'
}
