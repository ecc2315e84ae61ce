import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Validator } from '@seriousme/openapi-schema-validator'
import { test } from 'tap'

import { makeOpenApi } from '../../build/openapi.ts'
import { basic, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import { knowDocument } from '../support/json-schema.ts'
import { bodyOf, play, readSession } from '../support/session.ts'
import type { Step } from '../support/session.ts'

interface Content { readonly schema: object, readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }
interface Parameter { readonly name: string, readonly in: string, readonly required: boolean, readonly example?: string }
interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly security: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean, readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>
}

const ROOT = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const built = read('dist/openapi.json')
const document = JSON.parse(built) as OpenApi
const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), pointer: `/paths/${escaped(path)}/${method}`, ...operation })))
const session = readSession()
const steps = [...session.started, ...session.stopped].filter(({ name }) => name !== undefined)
const knows = knowDocument(document)

/** Answers that no example can show: the document itself, and an authority, which is another each time. */
const MADE_ANEW = ['describe', 'showAuthority']

/** What is answered where nothing tells of it but a race, which clock.test.ts and worlds.test.ts bring about. */
const RACES = ['advance_under_way']

test('the document of the build is made of these sources', async (t) => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  t.same(JSON.parse(await makeOpenApi(new URL('../../fixtures/', import.meta.url), version)), JSON.parse(built), 'npm run build makes it anew')
})

test('the document is valid OpenAPI 3.1', async (t) => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(JSON.parse(built) as Record<string, unknown>)
  t.same(errors, undefined)
  t.equal(valid, true)
  t.equal(validator.version, '3.1')
})

test('every route of the server is described, and nothing else', async (t) => {
  const { app } = await testEmulator(t)
  await app.ready()
  const routes = routesIn(app.printRoutes({ commonPrefix: false }))
  t.same(operations.map(({ method, path }) => `${method} ${path}`).sort(), routes.filter((route) => !route.startsWith('HEAD ')).sort())
  t.same(routes.filter((route) => route.startsWith('HEAD ') && !routes.includes(route.replace('HEAD', 'GET'))), [], 'HEAD is where GET is')
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length, 'each has a name of its own')
  for (const { operationId, summary, tags } of operations) t.equal(summary.length > 0 && tags.length === 1, true, operationId)
})

test('it is served to everyone but pages of other origins and foreign hosts', async (t) => {
  const { app } = await testEmulator(t)
  const reply = await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })
  t.equal(reply.statusCode, 200)
  t.match(reply.headers, { 'content-type': 'application/json', 'cross-origin-resource-policy': 'same-origin' })
  t.equal(reply.payload, built)
  t.match((await app.inject({ url: '/openapi.json', headers: { host: 'evil.example' } })).json(), { code: 'foreign_host' })
  t.match((await app.inject({ url: '/openapi.json', headers: { host: 'localhost', origin: 'https://evil.example' } })).json(), { code: 'foreign_origin' })
})

for (const [name, listens] of [['started', true], ['stopped', false]] as const) {
  test(`what the examples of the admin API and the till show is what Warung answers (${name})`, async (t) => {
    const played = await play(t, session[name], { listens })
    for (const [index, step] of session[name].entries()) t.same(played[index], step, `${step.operation} ${step.name ?? ''} (test/by-hand/record-session.ts records anew)`)
  })
}

test('every example of the document fits its schema', async (t) => {
  const webhooks = Object.entries(document.webhooks).map(([name, { post }]) => ({ pointer: `/webhooks/${name}/post`, ...post }))
  let count = 0
  for (const { pointer, parameters = [], requestBody, responses } of [...operations, ...webhooks]) {
    const contents = [
      ...Object.entries(requestBody?.content ?? {}).map(([type, content]) => [`${pointer}/requestBody/content/${escaped(type)}`, content] as const),
      ...Object.entries(responses).flatMap(([status, { content = {} }]) => Object.entries(content).map(([type, each]) => [`${pointer}/responses/${status}/content/${escaped(type)}`, each] as const))
    ]
    for (const [at, { examples = {} }] of contents) {
      for (const [name, { value }] of Object.entries(examples)) {
        t.same(knows(`${at}/schema`, value), [], `${at} ${name}`)
        count += 1
      }
    }
    for (const [index, { name, example }] of parameters.entries()) {
      if (example !== undefined) t.same(knows(`${pointer}/parameters/${index}/schema`, example), [], `${pointer} ${name}`)
    }
  }
  t.equal(count > 150, true, `${count} examples`)
})

test('the events that the document shows fit the schemas of their kinds', async (t) => {
  const feed = operations.find(({ operationId }) => operationId === 'listenToEvents')
  const text = String(Object.values(feed?.responses[200]?.content?.['text/event-stream']?.examples ?? {})[0]?.value)
  const events = text.split('\n\n').filter((block) => block.startsWith('id: ')).map((block) => {
    const { id, event, data = '' } = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])) as Record<string, string>
    return { id, event, data: JSON.parse(data) as unknown }
  })
  t.match(events.map(({ event }) => event), ['transaction', 'notification', 'request'])
  t.same(knows(`${feed?.pointer ?? ''}/responses/200/content/text~1event-stream/schema/contentSchema`, events), [])
  t.not(knows(`${feed?.pointer ?? ''}/responses/200/content/text~1event-stream/schema/contentSchema`, [{ id: '1', event: 'payment', data: {} }]).length, 0)
})

test('every answer that a route names, and each of its codes, is shown by an example', async (t) => {
  const common = ['Refusal', 'TillRefusal', 'PlainRefusal'].flatMap((name) => codesIn((JSON.parse(built) as { components: { schemas: Record<string, object> } }).components.schemas[name]))
  for (const { operationId, responses } of operations) {
    if (MADE_ANEW.includes(operationId)) continue
    for (const [status, { content = {} }] of Object.entries(responses)) {
      const [json] = Object.values(content)
      const shown = steps.filter((step) => step.operation === operationId && String(step.status) === status).map(({ answer }) => (answer as { code?: string } | undefined)?.code)
      if (status.endsWith('XX') || json === undefined) continue
      const codes = codesIn(json.schema).filter((code) => !common.includes(code) && !RACES.includes(code))
      t.same(codes.filter((code) => !shown.includes(code)), [], `${operationId} ${status}`)
      if (codesIn(json.schema).length === 0) t.equal(Object.keys(json.examples ?? {}).length > 0, true, `${operationId} ${status}`)
    }
  }
})

/** What fits its schema and is refused all the same, for a reason that no schema tells. */
const REFUSED_IN_SENSE = ['importWorld forbidden-url']

test('the document takes what Warung takes, and refuses what it refuses', async (t) => {
  for (const step of steps) {
    const name = `${step.operation} ${step.name ?? ''}`
    const breaches = requestBreaches(step)
    if (step.status === 400 && !REFUSED_IN_SENSE.includes(name)) t.not(breaches.length, 0, name)
    else t.same(breaches, [], name)
  }
  for (const { operationId, parameters = [], requestBody, tags } of operations) {
    const takes = requestBody !== undefined || parameters.some((parameter) => parameter.in === 'query')
    if (takes && tags[0] !== 'gateway') t.equal(steps.some((step) => step.operation === operationId && step.status === 400), true, `${operationId} has a counter-example`)
  }
})

test('the document refuses a charge that the gateway refuses for its shape', async (t) => {
  const emulator = await testEmulator(t)
  const schema = '/paths/~1v2~1charge/post/requestBody/content/application~1json/schema'
  const charge = bodyOf({ ...session.started[0] as Step, bodyOf: 'requests/full.json' }) as Record<string, unknown>
  t.same(knows(schema, charge), [])
  for (const [code, member, value] of [
    ['413', 'cstore', 'alfamart'], ['413', 'transaction_details', []], ['413', 'item_details', [1]], ['413', 'custom_field1', {}], ['413', 'custom_expiry', true],
    ['400', 'transaction_details', undefined], ['400', 'payment_type', undefined], ['400', 'cstore', {}], ['400', 'custom_expiry', { unit: 'day' }], ['400', 'item_details', [{ price: 44000, name: 'tiket' }]]
  ] as const) {
    const counterExample = { ...charge, [member]: value }
    t.equal((await emulator.ask('POST', '/v2/charge', counterExample)).json().status_code, code, `${member} ${JSON.stringify(value)}`)
    t.not(knows(schema, JSON.parse(JSON.stringify(counterExample))).length, 0, `${member} ${JSON.stringify(value)}`)
  }
})

/** Members of answers that may be missing; the last may be of any kind too, since the 400 of a head that is no request has none. */
const OPTIONAL = ['fraud_status', 'approval_code', 'settlement_time', 'metadata', 'custom_field1', 'custom_field2', 'custom_field3', 'customer_details', 'validation_messages']

test('for each route, answers that lack a member or have one of another kind are refused', async (t) => {
  for (const { operationId, pointer, responses } of operations) {
    if (operationId === 'describe') continue
    let refused = 0
    for (const [status, { content = {} }] of Object.entries(responses)) {
      for (const { value } of Object.values(content['application/json']?.examples ?? {})) {
        const at = `${pointer}/responses/${status}/content/application~1json/schema`
        const members = value as Record<string, unknown>
        for (const [name, member] of Object.entries(members)) {
          const { [name]: _, ...without } = members
          const odd = { ...members, [name]: typeof member === 'object' && member !== null ? 7.5 : {} }
          if (!OPTIONAL.includes(name)) t.not(knows(at, without).length, 0, `${operationId} ${status} without ${name}`)
          if (name !== 'validation_messages') t.not(knows(at, odd).length, 0, `${operationId} ${status} with another ${name}`)
          refused += 2
        }
        for (const odd of [null, [], 'text', {}]) t.not(knows(at, odd).length, 0, `${operationId} ${status} ${JSON.stringify(odd)}`)
      }
    }
    t.equal(refused > 0 || operationId === 'listenToEvents', true, operationId)
  }
})

test('the document says who is let in', async (t) => {
  const emulator = await testEmulator(t)
  for (const { operationId, method, path, security } of operations) {
    const url = path.replaceAll(/\{\w+\}/g, 'x')
    const ask = (authorization?: string) => emulator.app.inject({ method: method as 'GET', url, headers: { host: 'localhost', ...authorization === undefined ? {} : { authorization } } })
    t.equal((await ask()).statusCode === 401, security.length > 0, operationId)
    const isAdminOnly = security.every((way) => 'admin' in way) && security.length > 0
    if (operationId !== 'listenToEvents') t.equal((await ask(basic(SERVER_KEY))).statusCode === 403, isAdminOnly, operationId)
  }
})

test('README lists the routes of the admin API with what they take, and no others', async (t) => {
  const [, section = ''] = read('README.md').split('\n## Admin API\n')
  const rows = section.split('\n## ')[0]?.match(/^\| `.*?(?= \|)/gm) ?? []
  const listed = rows.flatMap(callsIn)
  const ours = operations.filter(({ tags }) => ['admin', 'health'].includes(tags[0] ?? ''))
  t.same(listed.map(({ method, path }) => `${method} ${path}`).sort(), ours.map(({ method, path }) => `${method} ${path}`).sort())
  for (const { method, path, query, members } of listed) {
    const { parameters = [], requestBody } = ours.find((operation) => operation.method === method && operation.path === path) ?? {}
    if (method === 'GET') t.same(query, parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name), path)
    for (const member of members) t.match(JSON.stringify(requestBody), `"${member}":`, `${path} ${member}`)
  }
  for (const till of ['POST /till/{store}/inquiry', '/payment', '/reversal']) t.match(section, `\`${till}\``)
})

test('every server that a test makes is held to what its routes say', async (t) => {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const makers = files.filter((file) => /(?<!function )\b(?:compose|buildApp)\s?\(/.test(read(`test/${file}`)) && file !== 'http/openapi.test.ts')
  t.same(makers.sort(), ['support/data-faulty.ts', 'support/emulator.ts'])
  for (const file of makers) t.match(read(`test/${file}`), 'holdToContract(')
})

interface Call {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  readonly members: readonly string[]
}

/** The calls that the first cell of a row names: `GET`, `PUT /a` or `POST /a/b` `{"c"}`, `/d`. */
function callsIn (cell: string): readonly Call[] {
  const calls: Call[] = []
  let waiting: string[] = []
  for (const [, token = ''] of cell.matchAll(/`([^`]+)`/g)) {
    const [, method, target] = /^(?:([A-Z]+)\b ?)?(\/\S*)?/.exec(token) ?? []
    const last = calls.at(-1)
    const [path = '', query] = (target ?? '').split('?')
    if (token.startsWith('{') && last !== undefined) calls[calls.length - 1] = { ...last, members: [...last.members, ...[...token.matchAll(/[{,]"(\w+)"/g)].map(([, name = '']) => name)] }
    else if (target === undefined) waiting.push(method ?? '')
    else {
      const whole = method === undefined && last !== undefined ? last.path.replace(/\/[^/]*$/, path) : path
      for (const each of [...waiting, method ?? last?.method ?? '']) calls.push({ method: each, path: whole, query: query?.split('&') ?? [], members: [] })
      waiting = []
    }
  }
  const last = calls.at(-1)
  return [...calls, ...waiting.flatMap((method) => last === undefined ? [] : { ...last, method, query: [] })]
}

/** How the request of a step differs from what its operation describes. */
function requestBreaches (step: Step): readonly string[] {
  const operation = operations.find(({ operationId }) => operationId === step.operation)
  if (operation === undefined) return [`there is no ${step.operation}`]
  const { pointer, parameters = [], requestBody } = operation
  const query = [...new URL(step.url, 'http://localhost').searchParams].flatMap(([name, value]) => {
    const index = parameters.findIndex((parameter) => parameter.in === 'query' && parameter.name === name)
    return index < 0 ? [`there is no ${name}`] : knows(`${pointer}/parameters/${index}/schema`, value)
  })
  const body = bodyOf(step)
  if (requestBody === undefined || body === undefined) return [...query, ...requestBody?.required === true ? ['it needs a body'] : []]
  return [...query, ...knows(`${pointer}/requestBody/content/application~1json/schema`, body)]
}

function codesIn (schema: object | undefined): readonly string[] {
  return (schema as { properties?: { code?: { enum?: readonly string[] } } } | undefined)?.properties?.code?.enum ?? []
}

/** Each route, `GET /a/:b` as `GET /a/{b}`, of the tree that the router draws. */
function routesIn (tree: string): readonly string[] {
  const above: string[] = []
  return [...tree.matchAll(/^([│ ]*)[├└]── (\S+) \(([^)]+)\)/gm)].flatMap(([, indent = '', name = '', methods = '']) => {
    const depth = indent.length / 4
    above.length = depth
    above[depth] = name
    return methods.split(', ').map((method) => `${method} ${above.join('').replaceAll(/:(\w+)/g, '{$1}')}`)
  })
}

function escaped (key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))
}
