import { durationForm, readDelay } from './duration.ts'
import { fromIso } from './instant.ts'
import type { Instant } from './instant.ts'
import { isObject } from './json.ts'

/** What a document's member may be, as JSON Schema: the form that a reader takes, its finer sense aside. */
export type Form = Readonly<Record<string, unknown>>

/** Turns a member of a stored document into a value; throws an `UnreadableRecord` where it means none. */
export interface Field<Value> {
  (member: unknown): Value
  readonly form: Form
  readonly isOptional?: boolean
}

export interface ObjectField<Value> extends Field<Value> {
  readonly form: ObjectForm
}
type ObjectForm = Form & { readonly properties: Readonly<Record<string, Form>> }

/** A record that is no record of ours: the message names the member and what it should be. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord'
}

export type Fields<Shape> = { readonly [Name in keyof Shape]: readonly [member: string, field: Field<Shape[Name]>] }

export const text = field('a text', (member) => typeof member === 'string' ? member : undefined, { type: 'string' })
export const whole = field('a whole number', (member) => Number.isSafeInteger(member) ? member as number : undefined, { type: 'integer' })
export const count = field('a whole number of at least 0', (member) => Number.isSafeInteger(member) && (member as number) >= 0 ? member as number : undefined, { type: 'integer', minimum: 0 })
export const delayMs = field('a whole number of milliseconds, of at most 180d', (member) => typeof member === 'number' ? readDelay(member) : undefined, { ...durationForm(), type: 'integer' })
export const delay = field('a duration such as "500ms", "3s" or "10m", of at most 180d', readDelay, durationForm())
export const flag = field('true or false', (member) => typeof member === 'boolean' ? member : undefined, { type: 'boolean' })
export const instant: Field<Instant> = field('an instant such as 2026-11-22T13:00:00.000Z', (member) => typeof member === 'string' ? fromIso(member) : undefined, { type: 'string', format: 'date-time' })
export const object = field('an object', (member) => isObject(member) ? member : undefined, { type: 'object' })
export const texts: Field<Readonly<Record<string, string>>> = field('an object of texts', (member) => isObject(member) && Object.values(member).every((value) => typeof value === 'string') ? member as Record<string, string> : undefined, { type: 'object', additionalProperties: text.form })

export function orNull<Value> (read: Field<Value>): Field<Value | null> {
  return ofForm({ anyOf: [read.form, { type: 'null' }] }, (member) => member === null ? null : read(member))
}

/** A member that may be left out, as older documents do: it then means `before`. */
export function since<Value> (read: Field<Value>, before: Value): Field<Value> {
  return Object.assign(ofForm(read.form, (member) => member === undefined ? before : read(member)), { isOptional: true })
}

export function oneOf<Value extends string> (values: readonly Value[]): Field<Value> {
  return field(`one of ${values.join(', ')}`, (member) => values.find((value) => value === member), { type: 'string', enum: values })
}

export function list<Value> (read: Field<Value>): Field<readonly Value[]> {
  const items = field('a list', (member) => Array.isArray(member) ? member as readonly unknown[] : undefined, { type: 'array', items: read.form })
  return ofForm(items.form, (member) => items(member).map(read))
}

/** Reads an object member by member into a value of ours. */
export function shape<Shape> (fields: Fields<Shape>): ObjectField<Shape> {
  const rows = Object.entries(fields) as Array<[string, readonly [string, Field<unknown>]]>
  return ofForm(formOf(rows.map(([, row]) => row)), (member) => {
    const members = object(member)
    return Object.fromEntries(rows.map(([name, [spelling, read]]) => {
      try {
        return [name, read(members[spelling])]
      } catch (error) {
        throw error instanceof UnreadableRecord ? new UnreadableRecord(`${spelling}: ${error.message}`) : error
      }
    })) as Shape
  })
}

export function field<Value> (takes: string, read: (member: unknown) => Value | undefined, form: Form): Field<Value> {
  return ofForm(form, (member) => {
    const value = read(member)
    if (value === undefined) throw new UnreadableRecord(`should be ${takes}`)
    return value
  })
}

/** A reader that does more than put others together. */
export function ofForm<Value, Its extends Form> (form: Its, read: (member: unknown) => Value): Field<Value> & { readonly form: Its } {
  return Object.assign((member: unknown) => read(member), { form })
}

/** The form of an object with these members. */
export function formOf (members: ReadonlyArray<readonly [member: string, field: Field<unknown>]>): ObjectForm {
  return {
    type: 'object',
    required: members.flatMap(([name, { isOptional }]) => isOptional === true ? [] : name),
    properties: Object.fromEntries(members.map(([name, { form }]) => [name, form]))
  }
}

/** What the members of a document are called. */
export function namesOf (rows: Readonly<Record<string, readonly [member: string, field: Field<unknown>]>>): readonly string[] {
  return Object.values(rows).map(([name]) => name)
}

/** Throws an `UnreadableRecord` for a member that is not among these. */
export function refuseOthers (members: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const other = Object.keys(members).find((name) => !known.includes(name))
  if (other !== undefined) throw new UnreadableRecord(`${other}: there is no such member here; there are ${known.join(', ')}`)
}
