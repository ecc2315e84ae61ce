import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Form } from '../../src/domain/fields.ts'
import { changeEach, isForm, withSense } from '../../src/http/openapi/form.ts'
import { breachesOf } from './json-schema.ts'

/** Watches all that is answered; what it returns throws if an answer was not as its route says, or a request was taken that its route does not describe. */
export function holdToContract (app: FastifyInstance): () => void {
  const breaches: string[] = []
  app.addHook('onSend', (request, reply, payload, done) => {
    for (const breach of [...answerBreaches(request, reply, payload), ...requestBreaches(request, reply, payload)]) {
      breaches.push(`${request.method} ${request.url} ${reply.statusCode}: ${breach}`)
    }
    done(null, payload)
  })
  return () => { if (breaches.length > 0) throw new Error(`not as the routes say (test/support/contract.ts):\n${[...new Set(breaches)].slice(0, 10).join('\n')}`) }
}

function answerBreaches ({ method, is404, routeOptions }: FastifyRequest, reply: FastifyReply, payload: unknown): readonly string[] {
  // HEAD is GET without a body, and what no route serves is described by none.
  if (method === 'HEAD' || is404) return []
  const answers = (routeOptions.schema?.response ?? {}) as Readonly<Record<string, Form>>
  const answer = answers[reply.statusCode] ?? answers[`${String(reply.statusCode)[0]}xx`]
  if (answer === undefined) return ['the route does not say that it may answer so']
  if (answer.type === 'null') return payload === undefined || payload === null || payload === '' ? [] : ['there should be no body']

  const type = String(reply.getHeader('content-type')).split(';')[0] ?? ''
  const contents = isForm(answer.content) ? answer.content as Readonly<Record<string, { readonly schema: Form }>> : { 'application/json': { schema: answer } }
  const described = contents[type]
  if (described === undefined) return [`the route does not say that it may answer ${type}`]
  return type === 'application/json' ? breachesOf(closed(described.schema), JSON.parse(String(payload))) : []
}

/** What the server takes, the document may not refuse; the other way round there are rules that no schema tells. */
function requestBreaches ({ url, routeOptions, params, query, body, headers }: FastifyRequest, reply: FastifyReply, payload: unknown): readonly string[] {
  if (reply.statusCode >= 300 || isRefusedByGateway(url, payload)) return []
  // A replay is the answer to another request.
  if (headers['idempotency-key'] !== undefined) return []
  const { params: ofPath, querystring, body: ofBody } = (routeOptions.schema ?? {}) as Readonly<Record<string, Form | undefined>>
  return [[ofPath, params], [querystring, query], [ofBody, body]].flatMap(([schema, value]) =>
    isForm(schema) && value !== undefined ? breachesOf(withSense(schema), value).map((breach) => `it took ${JSON.stringify(value)?.slice(0, 500)}: ${breach}`) : [])
}

/** On HTTP 200 the gateway refuses as well; only then its body has an `id`. */
function isRefusedByGateway (url: string, payload: unknown): boolean {
  return url.startsWith('/v2/') && /"id":/.test(String(payload))
}

/** The same, without members that it does not name. */
function closed (schema: Form): Form {
  return changeEach(schema, (inner) => inner.properties === undefined || inner.additionalProperties !== undefined ? inner : { ...inner, additionalProperties: false })
}
