import { readDelay } from './duration.ts'
import { fromIso } from './instant.ts'
import type { Instant } from './instant.ts'
import { isObject } from './json.ts'

/** Turns a member of a stored document into a value; throws an `UnreadableRecord` where it means none. */
export type Field<Value> = (member: unknown) => Value

/** A record that is no record of ours: the message names the member and what it should be. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord'
}

export type Fields<Shape> = { readonly [Name in keyof Shape]: readonly [member: string, field: Field<Shape[Name]>] }

export const text = field('a text', (member) => typeof member === 'string' ? member : undefined)
export const whole = field('a whole number', (member) => Number.isSafeInteger(member) ? member as number : undefined)
export const count = field('a whole number of at least 0', (member) => Number.isSafeInteger(member) && (member as number) >= 0 ? member as number : undefined)
export const delay = field('a duration such as "500ms", "3s" or "10m", of at most 180d', readDelay)
export const flag = field('true or false', (member) => typeof member === 'boolean' ? member : undefined)
export const instant: Field<Instant> = field('an instant such as 2026-11-22T13:00:00.000Z', (member) => typeof member === 'string' ? fromIso(member) : undefined)
export const object = field('an object', (member) => isObject(member) ? member : undefined)
export const texts: Field<Readonly<Record<string, string>>> = field('an object of texts', (member) => isObject(member) && Object.values(member).every((value) => typeof value === 'string') ? member as Record<string, string> : undefined)

export function orNull<Value> (read: Field<Value>): Field<Value | null> {
  return (member) => member === null ? null : read(member)
}

/** A member that older documents lack, where it means `before`. */
export function since<Value> (read: Field<Value>, before: Value): Field<Value> {
  return (member) => member === undefined ? before : read(member)
}

export function oneOf<Value extends string> (values: readonly Value[]): Field<Value> {
  return field(`one of ${values.join(', ')}`, (member) => values.find((value) => value === member))
}

export function list<Value> (read: Field<Value>): Field<readonly Value[]> {
  const items = field('a list', (member) => Array.isArray(member) ? member as readonly unknown[] : undefined)
  return (member) => items(member).map(read)
}

/** Reads an object member by member into a value of ours. */
export function shape<Shape> (fields: Fields<Shape>): Field<Shape> {
  const rows = Object.entries(fields) as Array<[string, readonly [string, Field<unknown>]]>
  return (member) => {
    const members = object(member)
    return Object.fromEntries(rows.map(([name, [spelling, read]]) => {
      try {
        return [name, read(members[spelling])]
      } catch (error) {
        throw error instanceof UnreadableRecord ? new UnreadableRecord(`${spelling}: ${error.message}`) : error
      }
    })) as Shape
  }
}

export function field<Value> (takes: string, read: (member: unknown) => Value | undefined): Field<Value> {
  return (member) => {
    const value = read(member)
    if (value === undefined) throw new UnreadableRecord(`should be ${takes}`)
    return value
  }
}

/** Throws an `UnreadableRecord` for a member that is not among these. */
export function refuseOthers (members: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const other = Object.keys(members).find((name) => !known.includes(name))
  if (other !== undefined) throw new UnreadableRecord(`${other}: there is no such member here; there are ${known.join(', ')}`)
}
