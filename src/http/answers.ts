import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import { statusOf } from './api-error.ts'
import type { Code } from './api-error.ts'
import { oneOf, orNull } from './schemas.ts'

declare module 'fastify' {
  // What openapi.json tells of a route beside what it takes and gives.
  interface FastifySchema {
    /** Clients that are made from the document call it so. */
    readonly operationId?: string
    readonly summary?: string
    readonly description?: string
  }
}

const Explanation = Type.Object({
  rule: Type.String({ description: 'which rule' }),
  field: orNull(Type.String({ description: 'which member' })),
  seen: orNull(Type.String({ description: 'what stood there, keys masked' })),
  expected: Type.String({ description: 'what would pass; where changing the field is enough it ends in `such as` and JSON that does' }),
  message: Type.String(),
  reference: Type.String({ description: 'a section of docs/gateway.md' })
}, { title: 'Explanation' })

/** Why something was refused: one reason, several, or null where it was not. */
export const Explain = Type.Union([Explanation, Type.Array(Explanation), Type.Null()], { title: 'Explain' })

/** By HTTP status. A route that answers something else fails a test (test/support/contract.ts), not the answer. */
type Answers = Readonly<Record<number, TSchema | { readonly content: Readonly<Record<string, { readonly schema: TSchema }>> }>>

/** What any call of an interface may be refused for. */
const ANYWHERE: readonly Code[] = ['invalid_request', 'foreign_host', 'foreign_origin', 'expectation_failed', 'too_many_headers', 'unexpected']
const WITH_A_BODY: readonly Code[] = [...ANYWHERE, 'too_large', 'unsupported_media_type', 'not_kept']

/** What a route of the admin API answers: documents, and refusals by their codes. What any route may be refused for is told once. */
export const adminAnswers = answering([...WITH_A_BODY, 'unauthorized', 'merchant_unknown'], ['Refusal', 'Failure'], { explain: Explain })

export const tillAnswers = answering([...WITH_A_BODY, 'store_unknown'], ['TillRefusal', 'TillFailure'])

export const plainAnswers = answering(ANYWHERE, ['PlainRefusal', 'PlainFailure'])

function answering (always: readonly Code[], [refused, failed]: readonly [string, string], more: Readonly<Record<string, TSchema>> = {}): (documents: Answers, ...codes: readonly Code[]) => Answers {
  const refusal = (codes: readonly Code[], options = {}): TSchema => Type.Object({ code: oneOf(codes), message: Type.String({ description: 'what is wrong and what to do' }), ...more }, options)
  const isFailure = (code: Code): boolean => statusOf(code) >= 500
  const common = {
    '4xx': refusal(always.filter((code) => !isFailure(code)), { title: refused }),
    '5xx': refusal(always.filter(isFailure), { title: failed })
  }
  return (documents, ...codes) => ({
    ...documents,
    ...Object.fromEntries(codes.map(statusOf).map((status) => [status, refusal([...codes, ...always].filter((code) => statusOf(code) === status))])),
    ...common
  })
}
