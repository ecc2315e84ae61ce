import { durationForm, readDelay } from './duration.ts'
import { suchAs } from './explanation.ts'
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

/** The way to a member: names, and places in lists. */
export type Path = ReadonlyArray<string | number>

/** What is wrong with a member. */
export interface Flaw {
  readonly path: Path
  /** Names the member and what it should be. */
  readonly message: string
  /** What would pass. */
  readonly expected: string
}

/** A record that is no record of ours. What is told as a text alone begins with the member that it is about, if with any. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord'
  readonly flaws: readonly Flaw[]

  constructor (flaws: string | readonly Flaw[]) {
    const told = typeof flaws === 'string' ? [flawOf(flaws)] : flaws
    super(told.map(({ message }) => message).join('; '))
    this.flaws = told
  }
}

function flawOf (message: string): Flaw {
  const [, names = '', demand = message] = /^((?:\w+: )*)(.*)$/s.exec(message) ?? []
  return { path: names.split(': ').slice(0, -1), message, expected: demand.replace(/^should be /, '') }
}

/** Reads what stands there; what is wrong with it is told with where that is. */
export function inside<Value> (step: string | number, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error
    const name = typeof step === 'number' ? `item ${step + 1}` : step
    throw new UnreadableRecord(error.flaws.map(({ path, message, expected }) => ({ path: [step, ...path], message: `${name}: ${message}`, expected })))
  }
}

export type Fields<Shape> = { readonly [Name in keyof Shape]: readonly [member: string, field: Field<Shape[Name]>] }

export const text = field('a text', (member) => typeof member === 'string' ? member : undefined, { type: 'string' }, 'text')
export const whole = field('a whole number', (member) => Number.isSafeInteger(member) ? member as number : undefined, { type: 'integer' }, 1)
export const count = field('a whole number of at least 0', (member) => Number.isSafeInteger(member) && (member as number) >= 0 ? member as number : undefined, { type: 'integer', minimum: 0 }, 1)
export const delayMs = field('a whole number of milliseconds, of at most 180d', (member) => typeof member === 'number' ? readDelay(member) : undefined, { ...durationForm(), type: 'integer' }, 30_000)
export const delay = field('a duration like "500ms", "3s" or "10m", of at most 180d', readDelay, durationForm(), '3s')
export const flag = field('true or false', (member) => typeof member === 'boolean' ? member : undefined, { type: 'boolean' }, true)
export const instant: Field<Instant> = field('an instant in ISO 8601 with a zone', (member) => typeof member === 'string' ? fromIso(member) : undefined, { type: 'string', format: 'date-time' }, '2026-11-22T13:00:00.000Z')
export const object = objectLike({})
export const texts: Field<Readonly<Record<string, string>>> = field('an object of texts', (member) => isObject(member) && Object.values(member).every((value) => typeof value === 'string') ? member as Record<string, string> : undefined, { type: 'object', additionalProperties: text.form }, {})

export function orNull<Value> (read: Field<Value>): Field<Value | null> {
  return ofForm({ anyOf: [read.form, { type: 'null' }] }, (member) => member === null ? null : read(member))
}

/** A member that may be left out, as older documents do: it then means `before`. */
export function since<Value> (read: Field<Value>, before: Value): Field<Value> {
  return Object.assign(ofForm(read.form, (member) => member === undefined ? before : read(member)), { isOptional: true })
}

export function oneOf<Value extends string> (values: readonly Value[]): Field<Value> {
  return field(`one of ${values.join(', ')}`, (member) => values.find((value) => value === member), { type: 'string', enum: values }, values[0])
}

export function list<Value> (read: Field<Value>): Field<readonly Value[]> {
  const items = field('a list', (member) => Array.isArray(member) ? member as readonly unknown[] : undefined, { type: 'array', items: read.form }, [])
  return ofForm(items.form, (member) => items(member).map((item, index) => inside(index, () => read(item))))
}

/** Reads an object member by member into a value of ours. */
export function shape<Shape> (fields: Fields<Shape>): ObjectField<Shape> {
  const rows = Object.entries(fields) as Array<[string, readonly [string, Field<unknown>]]>
  return ofForm(formOf(rows.map(([, row]) => row)), (member) => {
    const members = object(member)
    return Object.fromEntries(rows.map(([name, [spelling, read]]) => [name, inside(spelling, () => read(members[spelling]))])) as Shape
  })
}

/** An object, such as this one. */
export function objectLike (example: object): Field<Readonly<Record<string, unknown>>> {
  return field('an object', (member) => isObject(member) ? member : undefined, { type: 'object' }, example)
}

/** A reader that takes what completes "should be …", such as the example. */
export function field<Value> (takes: string, read: (member: unknown) => Value | undefined, form: Form, example: unknown): Field<Value> {
  return ofForm(form, (member) => {
    const value = read(member)
    if (value === undefined) throw new UnreadableRecord([{ path: [], message: `should be ${takes}`, expected: suchAs(takes, example) }])
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
  if (other === undefined) return
  const names = known.join(', ')
  throw new UnreadableRecord([{ path: [other], message: `${other}: there is no such member here; there are ${names}`, expected: `no other members than ${names}` }])
}
