import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

import type { Random } from '../ports.ts'
import { adminRoutes } from './admin/routes.ts'
import type { AdminDeps } from './admin/routes.ts'
import { answerError, ApiError, explainProblem } from './api-error.ts'
import { authorityRoutes } from './authority.ts'
import type { AuthorityDeps } from './authority.ts'
import { Connections, refusalBody } from './client-errors.ts'
import { createErrorIds } from './gateway/core/error-ids.ts'
import { isGatewayUrl, routableUrl } from './gateway/core/paths.ts'
import { answerUnrouted, gatewayRoutes } from './gateway/core/routes.ts'
import { createGuard, headProblem } from './guards.ts'
import { healthRoutes } from './health.ts'
import type { HealthDeps } from './health.ts'
import { createJournal } from './journal.ts'
import type { JournalDeps } from './journal.ts'
import { createLazyValidators } from './lazy-validators.ts'
import { openApiRoute } from './openapi-route.ts'
import { tillRoutes } from './till/routes.ts'

export type AppDeps = AdminDeps & AuthorityDeps & HealthDeps & JournalDeps & {
  readonly random: Random
  readonly logger: FastifyBaseLogger
  readonly allowedHosts: readonly string[]
}

/** What a client may take up of us. Bodies and lists are limited where they are read (docs/gateway.md, 13). */
const LIMITS = {
  http: { maxHeaderSize: 16_384, headersTimeout: 10_000, connectionsCheckingInterval: 500 },
  requestTimeout: 30_000,
  keepAliveTimeout: 72_000,
  /** So long nothing was sent and nothing read; longer than the longest wait for an answer. */
  connectionTimeout: 120_000
} as const

/** Some browsers do not say whose page it is that loads an answer as a script or a picture: let them not show it either. */
const NOT_FOR_OTHER_PAGES = { 'cross-origin-resource-policy': 'same-origin', 'x-content-type-options': 'nosniff' }

/** The whole server: the very one that runs and that tests ask. */
export function buildApp (deps: AppDeps): FastifyInstance {
  const newErrorId = createErrorIds(deps.random, deps.events)
  const connections = new Connections(newErrorId)
  const app = Fastify({
    loggerInstance: deps.logger,
    // One line for a request, written below.
    logController: new LogController({ disableRequestLogging: true }),
    // Ids of any length and spelling reach their route; answers while closing are the gateway's as well.
    rewriteUrl: ({ url }) => routableUrl(url ?? '/'),
    routerOptions: { maxParamLength: 65_536 },
    return503OnClosing: false,
    ...LIMITS,
    // A head without a host is refused below, in JSON.
    http: { ...LIMITS.http, requireHostHeader: false },
    clientErrorHandler: (error, socket) => { connections.refuse(error, socket).catch(() => socket.destroy()) },
    ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true, keywords: ['sense'] } },
    schemaController: {
      compilersFactory: {
        buildValidator: createLazyValidators(),
        // What routes say they answer is for openapi.json, and for the tests that hold them to it: no answer is written by it.
        buildSerializer: () => () => JSON.stringify
      }
    }
  }).withTypeProvider<TypeBoxTypeProvider>()

  connections.watch(app.server)
  app.addHook('preClose', async () => connections.close())
  // The route, not the path: an id in it may be anything, a key by mistake among others.
  app.addHook('onResponse', async (request, reply) => {
    request.log.info({ method: request.method, route: request.routeOptions.url ?? null, status: reply.statusCode, duration_ms: Math.round(reply.elapsedTime) }, 'request')
  })
  const journal = createJournal(deps)
  journal.watch(app as unknown as FastifyInstance, ({ url }) => isGatewayUrl(url))
  const guard = createGuard(deps.allowedHosts)
  app.addHook('onRequest', async (request, reply) => {
    if (!isGatewayUrl(request.url)) reply.headers(NOT_FOR_OTHER_PAGES)
    const problem = headProblem(request.raw)
    if (problem === undefined) {
      if (!isGatewayUrl(request.url)) await guard(request)
    } else if (isGatewayUrl(request.url)) {
      const answer = refusalBody(problem.status, newErrorId())
      if (request.note !== null) Object.assign(request.note, { answer, explanations: [explainProblem(problem, request)] })
      return reply.code(problem.status).header('content-type', 'application/json').send(Buffer.from(JSON.stringify(answer)))
    } else throw problem
  })
  app.setErrorHandler(answerError)
  // Whoever asks for what is not there learns so, whatever the body is and says it is: each interface brings its own parser.
  app.addHook('onRequest', async ({ is404, raw }) => { if (is404) raw.headers['content-type'] = 'application/octet-stream' })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.setNotFoundHandler(async (request, reply) => {
    if (isGatewayUrl(request.url)) return answerUnrouted({ newErrorId }, request, reply)
    // Snap is another product; its clients read errors in this form (docs/gateway.md, 11.2).
    if (request.url.startsWith('/snap/')) return reply.code(404).send({ error_messages: ['Snap is not emulated by Warung'] })
    throw new ApiError('not_found', `there is no ${request.method} ${request.url.split('?')[0]}; README lists what there is`)
  })

  app.register(gatewayRoutes, { ...deps, newErrorId, journal })
  app.register(healthRoutes, deps)
  app.register(openApiRoute)
  app.register(authorityRoutes, deps)
  app.register(adminRoutes, { ...deps, prefix: '/admin' })
  app.register(tillRoutes, { ...deps, prefix: '/till' })
  return app as unknown as FastifyInstance
}
