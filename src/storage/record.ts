/** The parts of the document, in its order, each with the member that names a record in it. */
export const SECTIONS = { merchants: 'merchant_id', counters: 'merchant_id', transactions: 'transaction_id', notifications: 'id' } as const

export type Section = keyof typeof SECTIONS

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly Section[]

/** One record as it is kept: `line` is its compact JSON, an object whose member `SECTIONS[section]` is `key`. */
export interface StoredRecord {
  readonly section: Section
  readonly key: string
  readonly line: string
}

/** What one change puts, in place of what stood under the same keys: all of it is kept, or nothing. */
export type Commit = readonly StoredRecord[]
