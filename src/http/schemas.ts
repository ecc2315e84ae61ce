import { Type } from 'typebox'
import type { TObjectOptions, TSchema } from 'typebox'

import { durationForm } from '../domain/duration.ts'

// Our schemas hold two keywords of our own kind. `title` names a document: it stands in openapi.json once, by that name.
// `sense` holds what the domain checks in its own words: only the document knows of it (http/openapi/form.ts).

/** Whole rupiah, as a number or as text such as `44000` or `44000.00`. */
export const Amount = Type.Union([Type.Number(), Type.String({ pattern: '^\\d+(\\.0+)?$' })], { description: 'whole rupiah, like 44000 or "44000.00"', examples: [44000] })

/** All members optional, no others taken. (Type.Partial would drop the options of the object.) */
export function optional<Members extends Record<string, TSchema>> (members: Members, options: TObjectOptions = {}) {
  const each = Object.fromEntries(Object.entries(members).map(([name, member]) => [name, Type.Optional(member)]))
  return Type.Object(each as { [Name in keyof Members]: ReturnType<typeof Type.Optional<Members[Name]>> }, { ...options, additionalProperties: false })
}

export function oneOf<const Values extends readonly string[]> (values: Values, options: { readonly description?: string } = {}) {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], ...options })
}

export function orNull<Schema extends TSchema> (schema: Schema) {
  return Type.Union([schema, Type.Null()])
}

/** A duration in a body; what is none is refused by the domain. */
export function duration (description: string, maxMs?: number) {
  const { type, ...sense } = durationForm(0, maxMs)
  return Type.Unsafe<string | number>({ type, sense, description: `a duration: ${description}`, examples: ['3s'] })
}

/** A duration in a query. */
export function durationText (description: string) {
  return Type.String({ sense: { pattern: durationForm().pattern }, description: `a duration: ${description}`, examples: ['3s'] })
}

/** A moment in a body; what is none is refused by the domain. */
export function moment () {
  return Type.String({ sense: { pattern: '^\\d{4}-\\d\\d-\\d\\d( \\d\\d:\\d\\d:\\d\\d|T\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?(Z|[+-]\\d\\d:\\d\\d))$' }, description: 'a time in WIB, or in ISO 8601 with a zone', examples: ['2026-11-23 20:00:00'] })
}

/** Headers that a route knows, with what they mean. Never refused: for the document alone. */
export function headers (about: Readonly<Record<string, string>>) {
  const properties = Object.fromEntries(Object.entries(about).map(([name, description]) => [name, { type: 'string', description }]))
  return Type.Unsafe<unknown>({ sense: { type: 'object', properties } })
}

/** A form of which nothing may be left out, as documents are that we write. */
export function complete<Form extends { readonly properties?: object }> (form: Form) {
  return { ...form, required: Object.keys(form.properties ?? {}) }
}

/** An instant as we write it. */
export const Instant = Type.String({ format: 'date-time' })
/** The same for people. */
export const Wib = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$', description: 'WIB, which is UTC+7' })
/** Rupiah as the gateway writes it. */
export const Money = Type.String({ pattern: '^\\d+\\.00$' })
/** No body. */
export const Nothing = Type.Null()
