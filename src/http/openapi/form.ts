import type { Form } from '../../domain/fields.ts'

const SCHEMAS_BY_NAME = new Set(['properties', 'patternProperties', '$defs'])
const LISTS_OF_SCHEMAS = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems'])
const SCHEMAS = new Set(['items', 'additionalProperties', 'contentSchema', 'not'])

/** The schema after `change` was asked about each schema in it, the inner ones first. */
export function changeEach (schema: Form, change: (schema: Form) => Form): Form {
  const each = (value: unknown): unknown => isForm(value) ? changeEach(value, change) : value
  return change(Object.fromEntries(Object.entries(schema).map(([keyword, value]) => {
    if (SCHEMAS_BY_NAME.has(keyword) && isForm(value)) return [keyword, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, each(inner)]))]
    if (LISTS_OF_SCHEMAS.has(keyword) && Array.isArray(value)) return [keyword, value.map(each)]
    return [keyword, SCHEMAS.has(keyword) ? each(value) : value]
  })))
}

/** The schema with what the domain checks in place of what it leaves to the domain. */
export function withSense (schema: Form): Form {
  return changeEach(schema, ({ sense, ...rest }) => isForm(sense) ? withSense({ ...rest, ...sense }) : rest)
}

/** Whether nothing may stand there too, and what may otherwise. */
export function splitNull (schema: Form): { readonly isOptional: boolean, readonly schema: Form } {
  const kinds = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isForm) : []
  const [only, ...others] = kinds.filter(({ type }) => type !== 'null')
  const isOptional = kinds.some(({ type }) => type === 'null')
  return { isOptional, schema: isOptional && only !== undefined && others.length === 0 ? only : schema }
}

export function isForm (value: unknown): value is Form {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
