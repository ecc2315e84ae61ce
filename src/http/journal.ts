import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { userNameOf } from '../domain/explain-key.ts'
import type { Explanation } from '../domain/explanation.ts'
import { keptBytes } from '../domain/request-record.ts'
import type { SeenRequest } from '../domain/request-record.ts'
import { findJournalOwner, recordRequest } from '../operations/record-request.ts'
import type { RecordRequestDeps } from '../operations/record-request.ts'
import type { Clock } from '../ports.ts'

export interface JournalDeps extends RecordRequestDeps {
  readonly clock: Clock
}

/** What is known of a request of the gateway by the time it is answered. */
export interface Note {
  readonly at: number
  endpoint?: string | null
  /** The body as it came. */
  bytes?: Buffer
  /** The members of the answer. */
  answer?: Readonly<Record<string, unknown>>
  transactionId?: string | undefined
  explanations?: readonly Explanation[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** null for requests that no journal keeps. */
    note: Note | null
  }
}

/** Keeps what the gateway was asked and what it answered. */
export interface Journal {
  watch (app: FastifyInstance, isKept: (request: FastifyRequest) => boolean): void
  /** For a request that gets no answer. */
  lost (request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export function createJournal (deps: JournalDeps): Journal {
  /** The owner is known at once, where the request was let in. */
  function keep (request: FastifyRequest, seen: SeenRequest): void | Promise<void> {
    // A request that no route serves was never asked for its key.
    const { merchant } = request as Partial<Pick<FastifyRequest, 'merchant'>>
    if (merchant !== null && merchant !== undefined) return recordRequest(deps, merchant, seen)
    return findJournalOwner(deps, userNameOf(request.headers.authorization))
      .then((owner) => { if (owner !== undefined) recordRequest(deps, owner, seen) })
      .catch((error: unknown) => request.log.error(error, 'a request is missing in the journal'))
  }

  return {
    watch (app, isKept) {
      app.decorateRequest('note', null)
      app.addHook('onRequest', (request, _reply, done) => {
        if (isKept(request)) request.note = { at: deps.clock.now() }
        done()
      })
      app.addHook('onSend', (request, reply, payload, done) => {
        const kept = request.note === null ? undefined : keep(request, seenOf(request, request.note, reply, payload))
        if (kept === undefined) done(null, payload)
        else kept.then(() => done(null, payload), done)
      })
    },
    async lost (request, reply) {
      if (request.note !== null) await keep(request, { ...seenOf(request, request.note, reply, undefined), status: null })
    }
  }
}

function seenOf (request: FastifyRequest, { at, endpoint = null, bytes, answer = {}, transactionId, explanations = [] }: Note, reply: FastifyReply, payload: unknown): SeenRequest {
  const code = answer.status_code
  const transaction = transactionId ?? textOrNull(answer.transaction_id)
  return {
    at,
    method: request.method,
    path: request.originalUrl,
    endpoint,
    rawHeaders: request.raw.rawHeaders,
    body: bytes === undefined || bytes.length === 0 ? null : keptBytes(bytes),
    status: reply.statusCode,
    statusCode: typeof code === 'string' ? code : null,
    response: typeof payload === 'string' ? keptBytes(Buffer.from(payload)) : Buffer.isBuffer(payload) ? keptBytes(payload) : null,
    durationMs: Math.round(reply.elapsedTime),
    transactionId: transaction,
    refs: [transaction, textOrNull(answer.order_id), namedIn(request)].filter((ref) => ref !== null),
    explanations
  }
}

/** The order or transaction that the request is about. */
function namedIn ({ params, body }: FastifyRequest): string | null {
  const { id } = (params ?? {}) as { readonly id?: unknown }
  const order = (body as { readonly transaction_details?: { readonly order_id?: unknown } | null } | null | undefined)?.transaction_details?.order_id
  return textOrNull(id) ?? (typeof order === 'number' ? String(order) : textOrNull(order))
}

function textOrNull (value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
