import { fieldOf, seenOf } from './explanation.ts'
import type { Explanation } from './explanation.ts'
import { UnreadableRecord } from './fields.ts'
import type { Path } from './fields.ts'
import { maskKeys } from './masks.ts'
import { Refusal } from './refusal.ts'
import type { RefusalCode } from './refusal.ts'

interface More {
  /** Where the document stands in the body. */
  readonly within?: Path
  /** How the message goes on. */
  readonly end?: string
}

/** Reads a document; refuses by this code what cannot be read, with what each flaw is about and what stood there. */
export function refusingBy<Value> (code: RefusalCode, document: unknown, read: () => Value, { within = [], end = '' }: More = {}): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error
    throw new Refusal(code, error.message + end, {
      messages: error.flaws.map(({ message }) => message),
      explanations: error.flaws.map(({ path, message, expected }): Explanation => ({
        rule: code,
        field: fieldOf([...within, ...path]) ?? 'body',
        seen: seenOf(valueAt(document, path)),
        expected,
        message: maskKeys(message),
        reference: '13 What we decided ourselves'
      }))
    })
  }
}

/** What stands there; undefined for nothing. */
export function valueAt (document: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? (at as Readonly<Record<string, unknown>>)[step] : undefined, document)
}
