import type { Form } from '../domain/fields.ts'

const nothing: Form = {}

/** The form of the member at this path; of anything, where none tells of it. */
export function formAt (form: Form, path: ReadonlyArray<string | number>): Form {
  return path.reduce<Form>((at, step) => kindsOf(at).map((kind) => typeof step === 'number' ? kind.items as Form | undefined : propertiesOf(kind)[step]).find((inner) => inner !== undefined) ?? nothing, form)
}

/** The names of the members that it may have. */
export function membersOf (form: Form): readonly string[] {
  return [...new Set(kindsOf(form).flatMap((kind) => Object.keys(propertiesOf(kind))))]
}

/** What it takes, as a sentence has it: where the form shows examples, its description says it all. */
export function describeForm (form: Form): string {
  if (Array.isArray(form.examples) && typeof form.description === 'string') return form.description
  const [, describe = () => 'what openapi.json says'] = KINDS.find(([keyword]) => keyword in form) ?? []
  const kind = describe(form)
  return typeof form.description === 'string' ? `${kind} (${form.description})` : kind
}

/** A value that it takes. */
export function exampleOfForm (form: Form): unknown {
  const [, , example = () => null] = KINDS.find(([keyword]) => keyword in form) ?? []
  return Array.isArray(form.examples) ? form.examples[0] : example(form)
}

const TYPES: Readonly<Record<string, readonly [kind: string, example: unknown]>> = {
  string: ['a text', 'text'],
  integer: ['a whole number', 1],
  number: ['a number', 1],
  boolean: ['true or false', true],
  array: ['a list', []],
  object: ['an object', {}],
  null: ['nothing', null]
}

/** By the first keyword that a form has: how it reads, and a value. */
const KINDS: ReadonlyArray<readonly [keyword: string, describe: (form: Form) => string, example: (form: Form) => unknown]> = [
  ['enum', (form) => `one of ${(form.enum as readonly unknown[]).join(', ')}`, (form) => (form.enum as readonly unknown[])[0]],
  ['const', (form) => JSON.stringify(form.const), (form) => form.const],
  ['anyOf', (form) => kindsOf(form).map(describeForm).join(' or '), (form) => exampleOfForm(kindsOf(form)[0] ?? nothing)],
  ['minLength', () => 'a text that is not empty', () => 'text'],
  ['maximum', (form) => `a whole number from ${String(form.minimum)} to ${String(form.maximum)}`, (form) => form.minimum],
  ['type', (form) => typesOf(form).map((type) => TYPES[type]?.[0] ?? type).join(' or '), (form) => TYPES[typesOf(form)[0] ?? '']?.[1]]
]

function kindsOf (form: Form): readonly Form[] {
  return Array.isArray(form.anyOf) ? form.anyOf as readonly Form[] : [form]
}

function typesOf ({ type }: Form): readonly string[] {
  return [type].flat() as readonly string[]
}

function propertiesOf (form: Form): Readonly<Record<string, Form>> {
  return (form.properties ?? {}) as Readonly<Record<string, Form>>
}
