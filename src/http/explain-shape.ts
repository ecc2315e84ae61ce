import type { FastifyError } from 'fastify'

import { exampleOf, sectionOf } from '../domain/charge-failure.ts'
import { valueAt } from '../domain/explain-flaws.ts'
import { fieldOf, seenOf, suchAs } from '../domain/explanation.ts'
import type { Explanation } from '../domain/explanation.ts'
import type { Form, Path } from '../domain/fields.ts'
import { maskKeys } from '../domain/masks.ts'
import { describeForm, exampleOfForm, formAt, membersOf } from './describe-form.ts'

/** One failure that a schema found. */
type ShapeError = NonNullable<FastifyError['validation']>[number]

const MAX_EXPLAINED = 100

/** What is of the wrong kind in the body of a charge. */
export function explainChargeShape (errors: readonly ShapeError[], body: unknown): readonly Explanation[] {
  return errors.slice(0, MAX_EXPLAINED).map((error) => {
    const field = fieldOf(pathOf(error)) ?? 'body'
    const type = [error.params.type].flat().filter((name) => name !== 'null').join(' or ')
    return {
      rule: 'wrong_type', field, seen: seenOf(valueAt(body, stepsOf(error))), expected: suchAs(`a value of the kind ${type}`, exampleOf(field)), message: `${field} is of the wrong kind`, reference: sectionOf(field)
    }
  })
}

/** What one of our own interfaces did not expect: each member once, however many of the kinds that it may be of it fails. */
export function explainShape (errors: readonly ShapeError[], part: unknown, form: Form): readonly Explanation[] {
  const byPath = new Map(errors.map((error) => [keyOf(pathOf(error)), error]))
  // What is wrong within something tells what is wrong with it.
  const around = new Set(errors.map(pathOf).flatMap((path) => path.map((_, at) => keyOf(path.slice(0, at)))))
  const inmost = [...byPath].filter(([key]) => !around.has(key)).map(([, error]) => error)
  return inmost.slice(0, MAX_EXPLAINED).map((error) => {
    const path = pathOf(error)
    const field = fieldOf(path) ?? 'body'
    const { expected, problem } = error.keyword === 'additionalProperties' ? extra(formAt(form, path.slice(0, -1))) : unlike(formAt(form, path), error.keyword === 'required')
    return { rule: 'invalid_request', field, seen: seenOf(valueAt(part, path)), expected, message: `${maskKeys(field)} ${problem}`, reference: '13 What we decided ourselves' }
  })
}

function extra (form: Form): { readonly expected: string, readonly problem: string } {
  const names = membersOf(form)
  const expected = names.length === 0 ? 'no members' : `no other members than ${names.join(', ')}`
  return { expected, problem: `is not taken here: there should be ${expected}` }
}

function unlike (form: Form, isMissing: boolean): { readonly expected: string, readonly problem: string } {
  const demand = describeForm(form)
  return { expected: suchAs(demand, exampleOfForm(form)), problem: `${isMissing ? 'is missing: it ' : ''}should be ${demand}` }
}

/** Where it stands, or should. */
function pathOf (error: ShapeError): Path {
  const { params } = error
  const member = [params.additionalProperty, params.missingProperty].find((name) => typeof name === 'string')
  return typeof member === 'string' ? [...stepsOf(error), member] : stepsOf(error)
}

function keyOf (path: Path): string {
  return JSON.stringify(path)
}

function stepsOf ({ instancePath }: ShapeError): Path {
  const steps = instancePath.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.map((step) => /^\d+$/.test(step) ? Number(step) : step)
}
