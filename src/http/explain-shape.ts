import type { FastifyError } from 'fastify'

import { exampleOf, sectionOf } from '../domain/charge-failure.ts'
import { seenOf, suchAs } from '../domain/explanation.ts'
import type { Explanation } from '../domain/explanation.ts'

/** One failure that a schema found. */
type ShapeError = NonNullable<FastifyError['validation']>[number]

const MAX_EXPLAINED = 100

/** What is of the wrong kind in the body of a charge. */
export function explainChargeShape (errors: readonly ShapeError[], body: unknown): readonly Explanation[] {
  return errors.slice(0, MAX_EXPLAINED).map((error) => {
    const field = fieldOf(error) ?? 'body'
    const type = [error.params.type].flat().filter((name) => name !== 'null').join(' or ')
    return {
      rule: 'wrong_type', field, seen: seenOf(valueAt(body, error.instancePath)), expected: suchAs(`a value of the kind ${type}`, exampleOf(field)), message: `${field} is of the wrong kind`, reference: sectionOf(field)
    }
  })
}

/** What one of our own interfaces did not expect. */
export function explainShape (errors: readonly ShapeError[], part: unknown): readonly Explanation[] {
  return errors.slice(0, MAX_EXPLAINED).map((error) => {
    const field = fieldOf(error)
    const demand = describeShape(error)
    return { rule: 'invalid_request', field, seen: seenOf(valueAt(part, error.instancePath)), expected: demand, message: `${field ?? 'the request'} ${demand}`, reference: '13 What we decided ourselves' }
  })
}

/** What should be, in Ajv's words, and the names and values that it leaves out. */
export function describeShape ({ message, params }: ShapeError): string {
  const extra = typeof params.additionalProperty === 'string' ? `: ${params.additionalProperty}` : ''
  const values = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : ''
  return `${message ?? 'is wrong'}${extra}${values}`
}

function fieldOf ({ instancePath, params }: ShapeError): string | null {
  const path = stepsOf(instancePath)
  const member = [params.additionalProperty, params.missingProperty].find((name) => typeof name === 'string')
  const steps = typeof member === 'string' ? [...path, member] : path
  return steps.length === 0 ? null : steps.reduce((field, step) => /^\d+$/.test(step) ? `${field}[${step}]` : field === '' ? step : `${field}.${step}`, '')
}

function valueAt (value: unknown, instancePath: string): unknown {
  return stepsOf(instancePath).reduce<unknown>((at, step) => (at as Readonly<Record<string, unknown>> | undefined)?.[step], value)
}

function stepsOf (instancePath: string): readonly string[] {
  return instancePath.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
