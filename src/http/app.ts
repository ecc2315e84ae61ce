import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

import type { Random } from '../ports.ts'
import { adminRoutes } from './admin/routes.ts'
import type { AdminDeps } from './admin/routes.ts'
import { answerError, ApiError } from './api-error.ts'
import { answerClientError } from './client-errors.ts'
import { createErrorIds } from './gateway/core/error-ids.ts'
import { isGatewayUrl, routableUrl } from './gateway/core/paths.ts'
import { answerUnrouted, gatewayRoutes } from './gateway/core/routes.ts'
import { createGuard } from './guards.ts'
import { healthRoutes } from './health.ts'
import type { HealthDeps } from './health.ts'
import { tillRoutes } from './till/routes.ts'

export type AppDeps = AdminDeps & HealthDeps & {
  readonly random: Random
  readonly logger: FastifyBaseLogger
  readonly allowedHosts: readonly string[]
}

/** The whole server: the very one that runs and that tests ask. */
export function buildApp (deps: AppDeps): FastifyInstance {
  const newErrorId = createErrorIds(deps.random)
  const app = Fastify({
    loggerInstance: deps.logger,
    // One line for a request, written below.
    logController: new LogController({ disableRequestLogging: true }),
    // Ids of any length and spelling reach their route; answers while closing are the gateway's as well.
    rewriteUrl: ({ url }) => routableUrl(url ?? '/'),
    routerOptions: { maxParamLength: 65_536 },
    return503OnClosing: false,
    clientErrorHandler: answerClientError(newErrorId),
    ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: false, allowUnionTypes: true } }
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.addHook('onResponse', async (request, reply) => {
    request.log.info({ method: request.method, path: request.url.split('?')[0], status: reply.statusCode, duration_ms: Math.round(reply.elapsedTime) }, 'request')
  })
  const guard = createGuard(deps.allowedHosts)
  app.addHook('onRequest', async (request) => {
    if (!isGatewayUrl(request.url)) await guard(request)
  })
  app.setErrorHandler(answerError)
  // Whoever asks for what is not there learns so, whatever the body is: each interface brings its own parser.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.setNotFoundHandler(async (request, reply) => {
    if (isGatewayUrl(request.url)) return answerUnrouted({ newErrorId }, request, reply)
    // Snap is another product; its clients read errors in this form (docs/gateway.md, 11.2).
    if (request.url.startsWith('/snap/')) return reply.code(404).send({ error_messages: ['Snap is not emulated by Warung'] })
    throw new ApiError(404, 'not_found', `there is no ${request.method} ${request.url.split('?')[0]}; README lists what there is`)
  })

  app.register(gatewayRoutes, { ...deps, newErrorId })
  app.register(healthRoutes, deps)
  app.register(adminRoutes, { ...deps, prefix: '/admin' })
  app.register(tillRoutes, { ...deps, prefix: '/till' })
  return app as unknown as FastifyInstance
}
