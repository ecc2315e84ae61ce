import { SECTIONS } from './record.ts'
import type { Section, StoredRecord } from './record.ts'

/** A record that was read back. */
export interface KeptRecord extends StoredRecord {
  readonly value: unknown
  /** The number of its line in the file it came from. */
  readonly at: number
}

export function isSection (name: unknown): name is Section {
  return typeof name === 'string' && Object.hasOwn(SECTIONS, name)
}

/** undefined where this is no record of that section. */
export function keyOf (section: Section, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const key: unknown = Reflect.get(value, SECTIONS[section])
  return typeof key === 'string' ? key : undefined
}
