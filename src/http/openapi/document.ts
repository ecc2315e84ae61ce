import type { Form } from '../../domain/fields.ts'
import { ABOUT, AREAS, areaIndex, SECURITY_SCHEMES, STATUSES } from './areas.ts'
import { Components } from './components.ts'
import { isForm, splitNull, withSense } from './form.ts'

/** A route as Fastify tells of it. */
export interface Route {
  readonly method: string | readonly string[]
  readonly url: string
  readonly schema?: object
}

/** What is shown of an operation: a request, what it answers, or both. */
export interface Example {
  readonly operationId: string
  readonly name: string
  readonly url?: string
  readonly body?: unknown
  /** Absent for a request alone. */
  readonly status?: number
  readonly answer?: unknown
}

export interface About {
  readonly version: string
  readonly examples: readonly Example[]
  /** Of what the notification URL is sent: body by name. */
  readonly notifications: Readonly<Record<string, unknown>>
  readonly notification: object
}

/** The description of these routes in OpenAPI 3.1. */
export function openApiDocument (routes: readonly Route[], { version, examples, notifications, notification }: About): Form {
  const components = new Components()
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { method, url, schema } of routes) {
    const path = url.replace(/:(\w+)/g, '{$1}')
    // Told once for all (areas.ts).
    for (const verb of [method].flat().filter((verb) => verb !== 'HEAD')) {
      if (!isForm(schema) || typeof schema.operationId !== 'string') throw new Error(`${verb} ${url} says nothing of itself: give its schema an operationId`)
      paths[path] = { ...paths[path], [verb.toLowerCase()]: operation(path, schema, examples.filter(({ operationId }) => operationId === schema.operationId), components) }
    }
  }
  const webhooks = {
    notification: {
      post: {
        operationId: 'receiveNotification',
        tags: ['gateway'],
        summary: 'What the notification URL is sent of each state of a transaction',
        description: 'Verify `signature_key` before you believe it. It may come twice or overtake another.',
        security: [],
        requestBody: { required: true, content: { 'application/json': content({ ...notification }, Object.entries(notifications), components) } },
        responses: { '2XX': { description: 'Delivered' }, default: { description: 'Tried again, as often as docs/gateway.md, 7.4 says' } }
      }
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Warung', version, summary: 'A local sandbox of the Midtrans convenience-store channel (Alfamart and Indomaret)', description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'where this document came from' }, { url: 'http://127.0.0.1:6262', description: 'where Warung listens unless it is told otherwise' }],
    tags: AREAS.filter(({ about }) => about !== '').map(({ tag, about }) => ({ name: tag, description: about })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => areaIndex(a) - areaIndex(b) || (a < b ? -1 : 1))),
    webhooks,
    components: { schemas: components.all(), securitySchemes: SECURITY_SCHEMES }
  }
}

function operation (path: string, schema: Form, examples: readonly Example[], components: Components): Form {
  const { tag, security } = AREAS[areaIndex(path)] ?? {}
  const { operationId, summary, description, params, querystring, headers, body, response } = schema
  // A request that was refused is no example of what may be asked.
  const asked = examples.filter(({ status = 200 }) => status < 400)
  const urls = asked.flatMap(({ url }) => url === undefined ? [] : new URL(url, 'http://localhost'))
  const parameters = [
    ...parametersOf('path', params, urls.map(({ pathname }) => valuesIn(path, pathname)), components),
    ...parametersOf('query', querystring, urls.map(({ searchParams }) => Object.fromEntries(searchParams)), components),
    ...parametersOf('header', headers, [], components)
  ]
  const bodies = asked.filter(({ body }) => body !== undefined).map(({ name, body }) => [name, body] as const)
  return {
    operationId,
    tags: [tag],
    summary,
    ...description === undefined ? {} : { description },
    security,
    ...parameters.length === 0 ? {} : { parameters },
    ...isForm(body) ? { requestBody: requestBody(body, bodies, components) } : {},
    responses: Object.fromEntries(Object.entries(response as Readonly<Record<string, Form>>).map(([status, answer]) => {
      const own = examples.filter((example) => example.status !== undefined && statusIn(response, example.status) === status).map(({ name, answer }) => [name, answer] as const)
      return [status.toUpperCase(), { description: STATUSES[status.toUpperCase()] ?? 'Answered', ...answerOf(answer, own, components) }]
    }))
  }
}

/** By which name a route speaks of a status: that of its own, or of all alike. */
function statusIn (response: unknown, status: number): string {
  return isForm(response) && String(status) in response ? String(status) : `${String(status)[0]}xx`
}

/** What stands in a path where its template has `{name}`. */
function valuesIn (template: string, path: string): Readonly<Record<string, string>> {
  const segments = path.split('/')
  return Object.fromEntries(template.split('/').flatMap((name, at) => name.startsWith('{') ? [[name.slice(1, -1), decodeURIComponent(segments[at] ?? '')]] : []))
}

function parametersOf (place: 'path' | 'query' | 'header', schema: unknown, examples: ReadonlyArray<Readonly<Record<string, string>>>, components: Components): readonly Form[] {
  if (!isForm(schema)) return []
  const { properties = {}, required = [] } = withSense(schema) as { readonly properties?: Readonly<Record<string, Form>>, readonly required?: readonly string[] }
  return Object.entries(properties).map(([name, { description, ...member }]) => {
    const example = examples.find((each) => each[name] !== undefined)?.[name]
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...description === undefined ? {} : { description },
      schema: components.shared(member),
      ...example === undefined ? {} : { example }
    }
  })
}

type NamedValues = ReadonlyArray<readonly [name: string, value: unknown]>

function requestBody (body: Form, examples: NamedValues, components: Components): Form {
  const { isOptional, schema } = splitNull(withSense(body))
  return { required: !isOptional, content: { 'application/json': content(schema, examples, components) } }
}

function answerOf (answer: Form, examples: NamedValues, components: Components): Form {
  if (answer.type === 'null') return {}
  const contents = isForm(answer.content) ? answer.content as Readonly<Record<string, { readonly schema: Form }>> : { 'application/json': { schema: answer } }
  return {
    content: Object.fromEntries(Object.entries(contents).map(([type, { schema }], index) => [type, content(schema, index === 0 ? examples : [], components)]))
  }
}

function content (schema: Form, examples: NamedValues, components: Components): Form {
  return {
    schema: components.shared(schema),
    ...examples.length === 0 ? {} : { examples: Object.fromEntries(examples.map(([name, value]) => [name, { value }])) }
  }
}
