import type { IncomingMessage } from 'node:http'

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, onRequestHookHandler } from 'fastify'

import { textOf } from '../../../domain/charge-request.ts'
import type { ChargeRequest } from '../../../domain/charge-request.ts'
import { seenOf, suchAs } from '../../../domain/explanation.ts'
import type { Endpoint as FaultEndpoint, Subject } from '../../../domain/fault.ts'
import { Refusal } from '../../../domain/refusal.ts'
import { readStore } from '../../../domain/stores.ts'
import { cancelTransaction } from '../../../operations/cancel-transaction.ts'
import { charge } from '../../../operations/charge.ts'
import type { ChargeDeps, ChargeOrder } from '../../../operations/charge.ts'
import { expireTransaction } from '../../../operations/expire-transaction.ts'
import { findTransaction } from '../../../operations/find-transaction.ts'
import type { MoveTransactionDeps } from '../../../operations/move-transaction.ts'
import { refuseAction } from '../../../operations/refuse-action.ts'
import { authenticateByKey, merchantOf } from '../../authentication.ts'
import type { AuthenticationDeps } from '../../authentication.ts'
import { readBytes } from '../../body-bytes.ts'
import { explainChargeShape } from '../../explain-shape.ts'
import type { Journal } from '../../journal.ts'
import { keepOpen } from '../../keep-open.ts'
import { answerTo, GatewayFault } from './answers.ts'
import type { Answer } from './answers.ts'
import { actionBody, chargeBody, statusBody } from './bodies.ts'
import { createCalls } from './calls.ts'
import type { CallsDeps } from './calls.ts'
import type { Body } from './bodies.ts'
import { explainFault, explainThrown } from './explain-fault.ts'
import { readBody, readCaptureId } from './request-body.ts'
import { CANCEL, CAPTURE, CHARGE, EXPIRE, refusedAction, STATUS, STATUS_B2B } from './route-schemas.ts'

export type GatewayDeps = CallsDeps & ChargeDeps & MoveTransactionDeps & AuthenticationDeps & {
  /** The `id` of an error body that names no transaction: a new UUID. */
  readonly newErrorId: (request: FastifyRequest) => string
  readonly journal: Pick<Journal, 'lost'>
}

type Handle = (deps: GatewayDeps, request: FastifyRequest, idempotencyKey: string | null) => Promise<Body>

interface Endpoint {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly schema: FastifySchema
  /** As faults call it; the others are only met by those that match any. */
  readonly endpoint?: FaultEndpoint
  readonly handle: Handle
}

/** The Core API of the cstore channel (docs/gateway.md, 1, 5 and 6). */
const ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', url: '/v2/charge', schema: CHARGE, endpoint: 'charge', handle: async (deps, request, key) => chargeBody(await charge(deps, merchantOf(request), { ...chargeOrder(request), idempotencyKey: key })) },
  { method: 'POST', url: '/v2/capture', schema: CAPTURE, handle: (deps, request) => refuseAction(deps, merchantOf(request), readCaptureId(request.body as Buffer | undefined), 'transaction_id') },
  { method: 'GET', url: '/v2/:id/status', schema: STATUS, endpoint: 'status', handle: async (deps, request) => statusBody(await findTransaction(deps, merchantOf(request), idOf(request), 'api'), merchantOf(request)) },
  { method: 'GET', url: '/v2/:id/status/b2b', schema: STATUS_B2B, handle: refuseB2b },
  { method: 'POST', url: '/v2/:id/cancel', schema: CANCEL, endpoint: 'cancel', handle: async (deps, request, key) => actionBody((await cancelTransaction(deps, merchantOf(request), idOf(request), key)).transaction, 'cancel') },
  { method: 'POST', url: '/v2/:id/expire', schema: EXPIRE, endpoint: 'expire', handle: async (deps, request, key) => actionBody((await expireTransaction(deps, merchantOf(request), idOf(request), 'api', key)).transaction, 'expire') },
  ...[['approve', 'approve'], ['deny', 'deny'], ['refund', 'refund'], ['refund/online/direct', 'refundDirectly']].map(([action = '', operationId = '']): Endpoint => (
    { method: 'POST', url: `/v2/:id/${action}`, schema: refusedAction(operationId), handle: (deps, request) => refuseAction(deps, merchantOf(request), idOf(request)) }
  ))
]

const METHODS = ENDPOINTS.map(({ url, method }) => [new RegExp(`^${url.replace(':id', '[^/]+')}$`), method] as const)

/** Serves /v2/*. Everything that goes wrong there is answered here too, in the gateway's own form. */
export async function gatewayRoutes (app: FastifyInstance, deps: GatewayDeps): Promise<void> {
  await authenticateByKey(app, deps)

  // The gateway reads JSON whatever the content type says, and actions ignore their body: bytes are all that is read here.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const bytes = await readBytes(request, payload)
    if (request.note !== null) request.note.bytes = bytes
    return bytes
  })
  app.addHook('onRequest', async ({ raw }) => { raw.headers['content-type'] = 'application/octet-stream' })

  app.setErrorHandler((error, request, reply) => {
    const thrown = asThrown(error, request)
    explain(request, thrown)
    const answer = answerTo(thrown, deps.newErrorId(request))
    if (!(thrown instanceof Refusal || thrown instanceof GatewayFault)) request.log.error(thrown, 'unexpected error')
    return send(reply, answer)
  })

  const calls = createCalls(deps)
  for (const { method, url, schema, endpoint, handle } of ENDPOINTS) {
    app.route({
      method,
      url,
      schema,
      onRequest: [begin(url.replace(/^\/v2\/(:id\/)?/, '')), app.basicAuth],
      ...url === '/v2/charge' ? { preValidation: async (request) => { request.body = readBody(request.body as Buffer | undefined) } } : {},
      handler: async (request, reply) => {
        const outcome = await calls.serve({
          request,
          endpoint,
          id: deps.newErrorId(request),
          subject: () => subjectOf(deps, request),
          handle: (key) => handle(deps, request, key),
          keepOpen: () => keepOpen(reply)
        })
        if (outcome === 'dropped') {
          await deps.journal.lost(request, reply)
          return reply.hijack().raw.destroy()
        }
        if (outcome === 'garbage') return reply.code(200).type('text/html').send('<html><body><h1>502 Bad Gateway</h1></body></html>')
        return send(reply, outcome)
      }
    })
  }
}

/** The answer to a path or method under /v2 that no route serves; before any look at the key. */
export async function answerUnrouted (deps: Pick<GatewayDeps, 'newErrorId'>, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = request.url.split('?')[0] ?? ''
  const method = METHODS.find(([known]) => known.test(path))?.[1]
  const thrown = method === undefined
    ? unknownPath(request)
    : new GatewayFault('wrong_method', [explainFault('wrong_method', { seen: request.method, expected: suchAs('the method of this path', method) })])
  explain(request, thrown)
  return send(reply, answerTo(thrown, deps.newErrorId(request)))
}

/** Headers of docs/gateway.md, 3.4: no charset, never cached. */
function send (reply: FastifyReply, { http, body }: Answer): FastifyReply {
  if (reply.request.note !== null) reply.request.note.answer = body
  // Said by us, or Node would add a Keep-Alive header, which the gateway does not send.
  const { httpVersion, headers } = reply.request.raw
  if (httpVersion === '1.1' && !reply.hasHeader('connection') && !/close/i.test(headers.connection ?? '')) reply.header('connection', 'keep-alive')
  return reply
    .code(http)
    .headers({ 'content-type': 'application/json', pragma: 'no-cache', 'cache-control': 'no-cache' })
    // Bytes: to a text Fastify would add a charset.
    .send(Buffer.from(JSON.stringify(body)))
}

/** Notes the endpoint. The router takes an empty segment for an id; there is no such path. */
function begin (endpoint: string): onRequestHookHandler {
  return (request, _reply, done) => {
    if (request.note !== null) request.note.endpoint = endpoint
    done((request.params as { readonly id?: string }).id === '' ? unknownPath(request) : undefined)
  }
}

function unknownPath ({ url }: FastifyRequest): GatewayFault {
  return new GatewayFault('unknown_path', [explainFault('unknown_path', { seen: seenOf(url.split('?')[0]) })])
}

function explain (request: FastifyRequest, thrown: unknown): void {
  if (request.note === null) return
  request.note.explanations = explainThrown(thrown, request)
  request.note.transactionId = thrown instanceof Refusal ? thrown.transactionId : undefined
}

function asThrown (error: unknown, { body }: FastifyRequest): unknown {
  const { statusCode, validation } = error as Partial<FastifyError>
  if (validation !== undefined) return new GatewayFault('wrong_format', explainChargeShape(validation, body))
  if (statusCode === 401) return new GatewayFault('unauthorized')
  if (statusCode === 413) return new GatewayFault('too_large')
  return error
}

async function refuseB2b (deps: GatewayDeps, request: FastifyRequest): Promise<never> {
  await findTransaction(deps, merchantOf(request), idOf(request), 'api')
  throw new Refusal('not_b2b', 'a cstore transaction has no b2b status')
}

function chargeOrder (request: FastifyRequest): ChargeOrder {
  const { headers } = request
  return {
    request: request.body as ChargeRequest,
    overrideUrls: headerOf(headers['x-override-notification']),
    appendUrls: headerOf(headers['x-append-notification'])
  }
}

/** Whose order it is about, and at which store, as far as the request tells. */
async function subjectOf (deps: GatewayDeps, request: FastifyRequest): Promise<Pick<Subject, 'store' | 'orderId'>> {
  const { merchantId } = merchantOf(request)
  if (request.routeOptions.url === '/v2/charge') {
    const { cstore, transaction_details: details } = request.body as ChargeRequest
    return { store: readStore(textOf(cstore?.store)), orderId: textOf(details?.order_id) }
  }
  const id = idOf(request)
  return await deps.storage.findTransaction(merchantId, id, ['transaction_id', 'order_id']) ?? { orderId: id }
}

function headerOf (value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}

function idOf (request: FastifyRequest): string {
  return (request.params as { readonly id?: string }).id ?? ''
}
