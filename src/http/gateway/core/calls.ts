import type { FastifyRequest } from 'fastify'

import type { Explanation } from '../../../domain/explanation.ts'
import type { Endpoint, Fault, Subject } from '../../../domain/fault.ts'
import type { Status, Transaction } from '../../../domain/transaction.ts'
import { findReplay } from '../../../operations/find-replay.ts'
import { meetFault } from '../../../operations/meet-fault.ts'
import type { MeetFaultDeps } from '../../../operations/meet-fault.ts'
import type { Clock } from '../../../ports.ts'
import { merchantOf } from '../../authentication.ts'
import { answerOfCode, beingProcessed } from './answers.ts'
import type { Answer } from './answers.ts'
import { actionBody, chargeBody } from './bodies.ts'
import type { Body } from './bodies.ts'
import { explainInFlight, explainInjected } from './explain-fault.ts'

export interface CallsDeps extends MeetFaultDeps {
  readonly clock: Clock
  /** Aborted when the process stops: what a fault delays is dropped. */
  readonly stopping: AbortSignal
}

export interface Call {
  readonly request: FastifyRequest
  readonly endpoint: Endpoint | undefined
  /** For an error body that names no transaction. */
  readonly id: string
  readonly subject: () => Promise<Pick<Subject, 'store' | 'orderId'>>
  readonly handle: (idempotencyKey: string | null) => Promise<Body>
  /** Lets its connection stand idle until it is answered. */
  readonly keepOpen: () => void
}

/** `dropped`: the connection is cut; `garbage`: what comes is no JSON. */
export type Outcome = Answer | 'dropped' | 'garbage'

export interface Calls {
  /** Handles a call once, or replays what its Idempotency-Key stands for, and lets the faults that match spoil it. */
  serve (call: Call): Promise<Outcome>
}

const MAX_KEY_LENGTH = 46

export function createCalls (deps: CallsDeps): Calls {
  /** Keys of calls that are not answered yet. */
  const inFlight = new Set<string>()

  async function serve (call: Call): Promise<Outcome> {
    const merchant = merchantOf(call.request)
    const header = keyOf(call.request)
    const subject = header !== null || merchant.faults.length > 0 ? await call.subject() : {}
    // Not supported for Indomaret: the header is ignored there (docs/gateway.md, 9).
    const key = subject.store === 'indomaret' ? null : header
    const strike = (): Promise<Fault | undefined> => meetFault(deps, merchant, { endpoint: call.endpoint, ...subject })
    if (key === null) return spoil(await strike(), call, () => call.handle(null))

    const owner = `${merchant.merchantId}\n${key}`
    if (inFlight.has(owner)) {
      explain(call, explainInFlight(key))
      return beingProcessed(call.id)
    }
    inFlight.add(owner)
    let first: Transaction | undefined
    try {
      first = await findReplay(deps, merchant, key)
      if (first === undefined) return await spoil(await strike(), call, () => call.handle(key))
    } finally {
      inFlight.delete(owner)
    }
    // Only a first is in flight: it may be replayed to many at once.
    const body = replayBody(first)
    return spoil(await strike(), call, async () => body)
  }

  /** Runs a call as its fault wants: not at all, or whole; never in part. */
  async function spoil (fault: Fault | undefined, call: Call, run: () => Promise<Body>): Promise<Outcome> {
    const answer = async (): Promise<Answer> => ({ http: 200, body: await run() })
    if (fault === undefined) return answer()
    if (fault.when === 'before') return await spoiled(fault, call) ?? answer()
    const [outcome] = await Promise.allSettled([answer()])
    const instead = await spoiled(fault, call)
    if (instead !== undefined) return instead
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  /** What comes in place of the answer; undefined where the answer comes after all. */
  async function spoiled (fault: Fault, call: Call): Promise<Outcome | undefined> {
    const { action } = fault
    if (action.kind !== 'delay') explain(call, explainInjected(fault))
    switch (action.kind) {
      case 'error': return answerOfCode(action.statusCode, action.http, call.id)
      case 'drop': return 'dropped'
      case 'garbage': return 'garbage'
      case 'delay':
        call.keepOpen()
        await deps.clock.wait(action.delayMs, deps.stopping)
        if (!deps.stopping.aborted) return undefined
        explain(call, explainInjected(fault))
        return 'dropped'
    }
  }

  return { serve }
}

function explain ({ request: { note } }: Call, explanation: Explanation): void {
  if (note !== null) note.explanations = [explanation]
}

/** The key that counts: an empty one is none, and one that is too long is ignored. */
function keyOf ({ method, headers }: FastifyRequest): string | null {
  const key = headers['idempotency-key']
  return method === 'POST' && typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH ? key : null
}

/** The body of the first success, again: whatever the second call asks for. */
function replayBody (first: Transaction): Body {
  const replay = REPLAYS[first.status]
  if (replay === undefined) throw new Error(`no call of the gateway makes a transaction ${first.status}`)
  return replay(first)
}

const REPLAYS: Partial<Record<Status, (transaction: Transaction) => Body>> = {
  pending: chargeBody,
  cancel: (transaction) => actionBody(transaction, 'cancel'),
  expire: (transaction) => actionBody(transaction, 'expire')
}
