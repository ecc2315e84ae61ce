import type { FastifyRequest } from 'fastify'

import { exampleOf } from '../../../domain/charge-failure.ts'
import { explainKey } from '../../../domain/explain-key.ts'
import { explainRefusal } from '../../../domain/explain-refusal.ts'
import { seenOf, suchAs } from '../../../domain/explanation.ts'
import type { Explanation, Section } from '../../../domain/explanation.ts'
import type { Fault as InjectedFault } from '../../../domain/fault.ts'
import { Refusal } from '../../../domain/refusal.ts'
import { NotKept } from '../../../ports.ts'
import { GatewayFault } from './answers.ts'
import type { Fault } from './answers.ts'

type Row = readonly [field: string | null, expected: string, message: string, reference: Section]

const CHARGE = { payment_type: 'cstore', transaction_details: exampleOf('transaction_details'), cstore: exampleOf('cstore') }

const TABLE: Record<Exclude<Fault, 'unauthorized'>, Row> = {
  unknown_path: ['path', suchAs('a path of the gateway', '/v2/charge'), 'The gateway has no such path.', '12 Order of checks'],
  wrong_method: ['method', 'the method of this path', 'The gateway has this path, but not this method.', '12 Order of checks'],
  too_large: ['body', 'at most 1 MiB', 'The body is too large.', '13 What we decided ourselves'],
  empty_body: ['body', suchAs('a charge', CHARGE), 'There is no body, or it is null.', '12 Order of checks'],
  malformed_json: ['body', suchAs('JSON in UTF-8', CHARGE), 'The body is not JSON.', '12 Order of checks'],
  wrong_format: ['body', suchAs('a JSON object', CHARGE), 'The body is no JSON object, or holds or nests too much.', '13 What we decided ourselves'],
  unexpected: [null, 'the same call later', 'Something unexpected happened in Warung; its log has the details.', '3.3 Messages']
}

/** Why a request of the gateway is refused. */
export function explainThrown (thrown: unknown, { headers }: FastifyRequest): readonly Explanation[] {
  if (thrown instanceof Refusal) return explainRefusal(thrown)
  if (thrown instanceof NotKept) return [row('not_kept', [null, 'the same call once /readyz says 200', 'This could not be written to the data file.', '3.3 Messages'])]
  if (!(thrown instanceof GatewayFault)) return [row('unexpected', TABLE.unexpected)]
  if (thrown.explanations.length > 0) return thrown.explanations
  return [thrown.fault === 'unauthorized' ? explainKey(headers.authorization) : row(thrown.fault, TABLE[thrown.fault])]
}

/** A fault of the server's own, with what is known beyond it. */
export function explainFault (fault: keyof typeof TABLE, more: Partial<Explanation>): Explanation {
  return { ...row(fault, TABLE[fault]), ...more }
}

export function explainInjected ({ id, action }: InjectedFault): Explanation {
  return { ...row('fault', [null, 'the same call without the fault: DELETE /admin/faults', `A fault of /admin/faults struck: ${action.kind}.`, '3.3 Messages']), seen: id }
}

export function explainInFlight (key: string): Explanation {
  return { ...row('duplicate_in_flight', ['idempotency-key', 'another key, or the same call once the first is answered', 'The first call with this Idempotency-Key has not been answered yet.', '9 Idempotency-Key']), seen: seenOf(key) }
}

function row (rule: string, [field, expected, message, reference]: Row): Explanation {
  return { rule, field, seen: null, expected, message, reference }
}
