import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

import type { Form } from '../../src/domain/fields.ts'

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)

/** By what the schemas say: each app that a test makes describes its routes anew. */
const validators = new Map<string, ValidateFunction>()

/** How a value differs from a schema; empty where it does not. */
export function breachesOf (schema: Form, value: unknown): readonly string[] {
  const text = JSON.stringify(schema)
  const validate = validators.get(text) ?? ajv.compile(schema)
  validators.set(text, validate)
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
}

/** Asks a document of OpenAPI how a value differs from the schema at a JSON pointer in it, references and all. */
export function knowDocument (document: object): (pointer: string, value: unknown) => readonly string[] {
  ajv.addSchema(document, 'openapi')
  return (pointer, value) => breachesOf({ $ref: `openapi#${pointer}` }, value)
}
