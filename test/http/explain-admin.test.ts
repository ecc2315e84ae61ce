import { readFileSync } from 'node:fs'
import { json } from 'node:stream/consumers'

import * as fc from 'fast-check'
import { test } from 'tap'

import { basic, chargeBody, CLIENT_KEY, MERCHANT_ID, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { counterexampleOf } from '../support/property.ts'
import { ADMIN, PASSWORD } from '../support/worlds.ts'

interface Explained {
  readonly rule: string
  readonly field: string | null
  readonly seen: string | null
  readonly expected: string
  readonly message: string
  readonly reference: string
}

type Values = Readonly<Record<string, string>>
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** A call of one route, by its parts. */
interface Call {
  readonly method: Method
  readonly path: string
  readonly params: Values
  readonly query: Values
  readonly headers: Values
  readonly body?: unknown
}

interface Operation {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<{ readonly in: string, readonly name: string }>
  readonly requestBody?: object
}

const HEADINGS = new Set(readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8').split('\n').filter((line) => /^##/.test(line)).map((line) => line.replace(/^#+ /, '')))
const { paths } = JSON.parse(readFileSync(new URL('../../dist/openapi.json', import.meta.url), 'utf8')) as { paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }
const OPERATIONS = Object.entries(paths).filter(([path]) => path.startsWith('/admin/')).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() as Method })))

const PAGE = { limit: '10', cursor: '5' }
const AGAIN = { wait: 'attempted', timeout: '1s' }
const EVENTS = [{ id: 'a', match: { event: 'settlement', store: 'alfamart', order_id: 'a*' }, times: 1, seen: 0, probability: 1, when: 'before' }]

/** What each route takes: where it goes wrong is made of this. A route that is not here fails the last test. */
const SOUND: Readonly<Record<string, ReadonlyArray<{ readonly query?: Values, readonly body?: unknown }>>> = {
  listTransactions: [{ query: { status: 'pending', store: 'alfamart', q: 'o', ...PAGE } }],
  showTransaction: [{}],
  waitForTransaction: [{ query: { status: 'pending', delivered: 'false', timeout: '1s' } }],
  payTransaction: [{ query: AGAIN, body: { amount: 44000 } }],
  expireTransaction: [{ query: AGAIN, body: {} }],
  reverseTransaction: [{ query: AGAIN, body: {} }],
  notifyAgain: [{ query: AGAIN, body: { event: 'pending', times: 2, delay: '1s', tamper: 'amount' } }, { body: { tamper: null } }],
  listNotifications: [{ query: { ref: 'order-101', state: 'waiting', ...PAGE } }],
  showNotification: [{}],
  attemptNotification: [{ body: {} }],
  showClock: [{}],
  advanceClock: [{ body: { by: '1s' } }, { body: { to: '2026-11-22 20:00:00' } }],
  freezeClock: [{ body: { at: '2026-11-22 20:00:00' } }],
  resumeClock: [{ body: {} }],
  resetClock: [{ body: {} }],
  resetWorld: [{ body: {} }],
  exportWorld: [{}],
  // The world itself, which clashes with what is there.
  importWorld: [{ body: 'export' }],
  listMerchants: [{}],
  createMerchant: [{ body: { merchant_id: 'G2', server_key: 'SB-Mid-server-second', client_key: 'SB-Mid-client-second', settings: { receipt_name: 'Toko' } } }],
  deleteMerchant: [{}],
  listRequests: [{ query: { status: '404', endpoint: 'charge', method: 'POST', path: '/v2', transaction_id: 'x', ref: 'x', ...PAGE } }],
  clearRequests: [{}],
  explainSignature: [{ body: { order_id: 'order-101', signature_key: 'x' } }],
  listenToEvents: [{}],
  showSettings: [{}],
  changeSettings: [{ body: { notification_urls: ['http://127.0.0.1:9/'], active_stores: ['alfamart'], default_expiry: { alfamart: '1h' }, store_limits: true, strict_order_id: true, pending_notification: true, pending_notification_delay: '1s', expiry_lag: 0, retry_jitter: false, notification_timeout: '1s', charge_fate_field: true, receipt_name: 'Toko' } }],
  showFaults: [{}],
  removeFaults: [{}],
  changeFaults: [
    { body: { items: [{ match: { endpoint: 'charge' }, action: 'error', status_code: '500', http: true }, { match: { endpoint: '*' }, action: 'delay', delay: '1s' }] } },
    { body: { items: [...EVENTS.map((each) => ({ ...each, action: 'duplicate', copies: 2 })), { id: 'b', match: { event: '*' }, action: 'tamper', tamper: 'amount' }] } }
  ],
  showRules: [{}],
  removeRules: [{}],
  changeRules: [{ body: { items: [{ id: 'a', match: { store: 'alfamart', order_id: 'a*', min_amount: 1, max_amount: 2, custom_field1: 'x' }, after: '1s', do: 'pay' }, { id: 'b', do: 'pay_then_reverse', reverse_after: '1s' }] } }]
}

const oddities = fc.constantFrom<unknown>(null, true, 0, -1, 0.5, 1e15, '', 'x', 'a', 'x'.repeat(300), [], {}, ['x'], [7], { foo: 1 }, SERVER_KEY, '2020-01-01 00:00:00', '2020-01-01T00:00:00.000Z', '9999-12-31 23:59:59', '181d', 'http://169.254.169.254/', MERCHANT_ID)
const mutation = fc.record({ place: fc.nat(), how: fc.constantFrom('replace', 'replace', 'remove', 'add'), value: oddities })
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never

type Step = string | number

function pathsIn (value: unknown): ReadonlyArray<readonly Step[]> {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([name, member]) => pathsIn(member).map((path) => [Array.isArray(value) ? Number(name) : name, ...path]))]
}

/** The value with another one at this path, or with none. */
function changed (value: unknown, path: readonly Step[], put: { readonly value: unknown } | undefined): unknown {
  const [step, ...rest] = path
  if (step === undefined) return put?.value
  const copy: Record<Step, unknown> = Array.isArray(value) ? [...value] as unknown as Record<Step, unknown> : typeof value === 'object' ? { ...value } : {}
  if (rest.length === 0 && put === undefined) delete copy[step]
  else copy[step] = changed(copy[step], rest, put)
  return Array.isArray(copy) ? copy.filter((each) => each !== undefined) : copy
}

function mutated (value: unknown, { place, how, value: odd }: Mutation): unknown {
  const all = pathsIn(value)
  const path = all[place % all.length] ?? []
  if (how === 'add') return changed(value, [...path, 'foo'], { value: odd })
  return changed(value, path, how === 'remove' && path.length > 0 ? undefined : { value: odd })
}

function stepsOf (field: string): readonly Step[] {
  return [...field.matchAll(/[^.[\]]+|\[\d+\]/g)].map(([step]) => step.startsWith('[') ? Number(step.slice(1, -1)) : step)
}

async function ask ({ app }: TestEmulator, { method, path, params, query, headers, body }: Call) {
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')) + (Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`)
  // As a stream, for the feed never ends.
  const reply = await app.inject({
    payloadAsStream: true,
    method,
    url,
    headers: { host: 'localhost', ...ADMIN, ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers },
    ...body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }
  })
  if (reply.statusCode < 400) reply.stream().destroy()
  const { explain } = reply.statusCode < 400 ? {} : await json(reply.stream()) as { explain?: Explained | readonly Explained[] | null }
  return { status: reply.statusCode, explain: [explain ?? []].flat() as readonly Explained[] }
}

/** The call with this value in place of the field; undefined where the field is in no part of it. */
function withValue (call: Call, field: string, value: unknown): Call {
  for (const part of ['params', 'query'] as const) {
    if (field in call[part] || (part === 'query' && (queryOf(call).includes(field)))) return { ...call, [part]: { ...call[part], [field]: String(value) } }
  }
  if (HEADERS.includes(field)) return { ...call, headers: { ...call.headers, [field]: String(value) } }
  return { ...call, body: field === 'body' ? value : changed(call.body, stepsOf(field), { value }) }
}

function heldAt (call: Call, field: string): unknown {
  if (field in call.params) return call.params[field]
  if (field in call.query) return call.query[field]
  if (HEADERS.includes(field)) return call.headers[field]
  return field === 'body' ? call.body : stepsOf(field).reduce<unknown>((at, step) => (at as Readonly<Record<Step, unknown>> | undefined)?.[step], call.body)
}

const HEADERS = ['host', 'content-type', 'origin', 'sec-fetch-site', 'authorization', 'x-merchant-id', 'expect']

/** What is about the transaction, or about none of several records. */
const ELSEWHERE = /^(?:transaction_status|expiry_time)$|\[\]/

function queryOf ({ method, path }: Call): readonly string[] {
  const { parameters = [] } = OPERATIONS.find((operation) => operation.method === method && operation.path === path) ?? {}
  return parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
}

/** What broke the promise; undefined where all is well. */
async function broken (emulator: TestEmulator, call: Call): Promise<string | undefined> {
  const { status, explain } = await ask(emulator, call)
  if (status < 400) return undefined
  if (explain.length === 0) return `${status} is not explained`
  const fields = explain.map(({ field }) => field ?? '')
  const isTwice = fields.some((field, at) => fields.some((other, where) => where !== at && (field === 'body' || other === field || other.startsWith(`${field}.`) || other.startsWith(`${field}[`))))
  if (isTwice) return `something is told twice: ${JSON.stringify(explain)}`
  for (const each of explain) {
    const { rule, field, seen, expected, message, reference } = each
    if (!HEADINGS.has(reference)) return `${reference} is no heading`
    if (expected === message || expected === '' || message === '') return `nothing is said: ${JSON.stringify(each)}`
    if (`${seen ?? ''}${message}`.includes(SERVER_KEY)) return `a key is shown: ${JSON.stringify(each)}`
    if (field !== null && !ELSEWHERE.test(field) && (heldAt(call, field) === undefined) !== (seen === null)) return `what was seen is told wrongly: ${JSON.stringify(each)}`
    const at = expected.lastIndexOf('such as ')
    if (at < 0) continue
    const fixed = withValue(call, field ?? '', JSON.parse(expected.slice(at + 'such as '.length)))
    const still = (await ask(emulator, fixed)).explain.some((other) => other.rule === rule && other.field === field && other.message === message)
    if (still) return `${JSON.stringify(each)} is told of what it asked for`
  }
  return undefined
}

async function lively (t: Parameters<typeof testEmulator>[0]): Promise<{ readonly emulator: TestEmulator, readonly world: unknown }> {
  const emulator = await testEmulator(t, ['--admin-password', PASSWORD])
  await emulator.ask('PUT', '/admin/settings', { notification_urls: ['http://127.0.0.1:9/'] })
  await emulator.ask('PUT', '/admin/faults', { items: [{ match: { event: 'cancel' }, action: 'drop' }] })
  await emulator.ask('PUT', '/admin/rules', { items: [{ match: { order_id: 'x' }, do: 'pay' }] })
  await emulator.ask('POST', '/v2/charge', chargeBody())
  await emulator.passTime(0)
  const world = (await emulator.ask('GET', '/admin/export')).json()
  // From here on nothing is sent, so that nothing is waited for.
  await emulator.ask('PUT', '/admin/settings', { notification_urls: [] })
  return { emulator, world }
}

const REF: Values = { ref: 'order-101' }

for (const { operationId, method, path, parameters = [], requestBody } of OPERATIONS) {
  const names = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
  const bare: Call = { method, path, params: Object.fromEntries(names.map((name) => [name, REF[name] ?? 'nope'])), query: {}, headers: {} }

  test(`whoever may not ask ${method} ${path} is told why`, async (t) => {
    const { emulator } = await lively(t)
    for (const headers of [
      { authorization: '' }, { authorization: 'Bearer x' }, { authorization: basic('nobody') }, { authorization: basic(CLIENT_KEY) }, { authorization: basic('') },
      { host: 'evil.example' }, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { 'x-merchant-id': 'nope' }, { expect: 'miracles' }
    ] as Values[]) {
      const call = { ...bare, headers }
      t.not((await ask(emulator, call)).explain.length, 0, JSON.stringify(headers))
      t.equal(await brokenBut(emulator, call), undefined, JSON.stringify(headers))
    }
  })

  if (names.length > 0) {
    test(`${method} ${path} of what there is not is told of the name in the path`, async (t) => {
      const { emulator, world } = await lively(t)
      const [name = ''] = names
      const call = { ...bare, params: { [name]: 'nope' }, ...requestBody === undefined ? {} : { body: bodyOf(SOUND[operationId]?.[0]?.body, world) } }
      t.match((await ask(emulator, call)).explain, [{ field: name, seen: 'nope' }])
      t.equal(await broken(emulator, call), undefined)
    })
  }

  for (const [index, { query = {}, body }] of (SOUND[operationId] ?? []).entries()) {
    if (Object.keys(query).length === 0 && body === undefined) continue
    test(`whatever is wrong with the query or the body of ${method} ${path} (${index + 1}), what it is told to be passes`, async (t) => {
      const { emulator, world } = await lively(t)
      const sound: Call = { ...bare, query, ...requestBody === undefined ? {} : { body: bodyOf(body, world) } }
      const spoiled = fc.record({ ofBody: fc.array(mutation, { maxLength: 3 }), ofQuery: fc.option(fc.record({ name: fc.constantFrom(...Object.keys(query), 'foo'), value: fc.constantFrom('', 'x', '-1', '0', '9'.repeat(20), '61s', SERVER_KEY) })), isRaw: fc.constantFrom(false, false, false, true) })
      t.equal(await counterexampleOf(fc.asyncProperty(spoiled, async ({ ofBody, ofQuery, isRaw }) => {
        const odd = ofBody.reduce<unknown>(mutated, sound.body)
        const problem = await broken(emulator, {
          ...sound,
          query: ofQuery === null ? query : { ...query, [ofQuery.name]: ofQuery.value },
          ...sound.body === undefined ? {} : { body: isRaw ? `[${JSON.stringify(odd)}` : typeof odd === 'string' ? JSON.stringify(odd) : odd }
        })
        if (problem !== undefined) throw new Error(problem)
      }), 40), undefined)
      if (sound.body === undefined) return
      for (const [headers, payload, rule] of [[{ 'content-type': 'text/plain' }, '{}', 'unsupported_media_type'], [{}, '{"a', 'invalid_request']] as const) {
        t.equal(await broken(emulator, { ...sound, headers, body: payload }), undefined)
        t.match((await ask(emulator, { ...sound, headers, body: payload })).explain, [{ rule }])
      }
    })
  }
}

test('every route of the admin API has a call here that it takes', async (t) => {
  t.same(OPERATIONS.map(({ operationId }) => operationId).sort(), Object.keys(SOUND).sort())
  for (const { operationId, parameters = [], requestBody } of OPERATIONS) {
    const queries = new Set(SOUND[operationId]?.flatMap(({ query = {} }) => Object.keys(query)))
    t.same([...queries].sort(), parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name).sort(), operationId)
    t.equal(SOUND[operationId]?.some(({ body }) => body !== undefined), requestBody !== undefined, operationId)
  }
})

const otherwise: Array<[what: string, call: Partial<Call> & Pick<Call, 'method' | 'path'>, explained: Partial<Explained>]> = [
  ['a wrong admin password', { method: 'GET', path: '/admin/clock', headers: { authorization: basic('admin', 'guess') } }, { rule: 'admin_password', field: 'authorization', expected: 'the admin password, which --admin-password sets', message: 'The admin password is wrong, or there is no admin account.' }],
  ['a server key where the admin account is asked for', { method: 'GET', path: '/admin/merchants', headers: { authorization: basic(SERVER_KEY) } }, { rule: 'admin_only', field: 'authorization' }],
  ['a path that there is not', { method: 'GET', path: '/admin/nothing' }, { rule: 'not_found', field: 'path', seen: 'GET /admin/nothing' }],
  ['a body that is too large', { method: 'PUT', path: '/admin/settings', body: { receipt_name: 'x'.repeat(1_100_000) } }, { rule: 'too_large', field: 'body' }],
  ['a wait that was in vain', { method: 'GET', path: '/admin/transactions/{ref}/wait', params: REF, query: { status: 'settlement', timeout: '0ms' } }, { rule: 'not_yet', field: 'status', seen: 'a transaction in pending' }],
  ['an amount that is not due', { method: 'POST', path: '/admin/transactions/{ref}/pay', params: REF, body: { amount: 1 } }, { rule: 'amount_differs', field: 'amount', seen: '1' }],
  ['an event that was not', { method: 'POST', path: '/admin/transactions/{ref}/notify', params: REF, body: { event: 'deny' } }, { rule: 'event_not_had', field: 'event', seen: 'deny' }],
  ['a time that is over', { method: 'POST', path: '/admin/clock/advance', body: { to: '2020-01-01 00:00:00' } }, { rule: 'time_goes_back', field: 'to', seen: '2020-01-01 00:00:00' }],
  ['a clock that cannot be reset', { method: 'POST', path: '/admin/clock/reset' }, { rule: 'world_not_empty', field: null }],
  ['a reversal too early', { method: 'POST', path: '/admin/transactions/{ref}/reverse', params: REF }, { rule: 'not_settled', field: 'transaction_status', seen: 'pending' }],
  ['the default merchant', { method: 'DELETE', path: '/admin/merchants/{merchant_id}', params: { merchant_id: MERCHANT_ID } }, { rule: 'default_merchant', field: 'merchant_id', seen: MERCHANT_ID }],
  ['a merchant id that is taken', { method: 'POST', path: '/admin/merchants', body: { merchant_id: MERCHANT_ID } }, { rule: 'merchant_taken', field: 'merchant_id', seen: MERCHANT_ID }],
  ['a server key that is taken', { method: 'POST', path: '/admin/merchants', body: { server_key: SERVER_KEY } }, { rule: 'key_taken', field: 'server_key', seen: 'SB-Mid-server-…' }],
  ['settings that are wrong within a merchant', { method: 'POST', path: '/admin/merchants', body: { settings: { expiry_lag: 'long' } } }, { rule: 'invalid_settings', field: 'settings.expiry_lag', seen: 'long' }]
]
for (const [what, call, explained] of otherwise) {
  test(`${what} is explained`, async (t) => {
    const { emulator } = await lively(t)
    const whole = { params: {}, query: {}, headers: {}, ...call }
    t.match((await ask(emulator, whole)).explain, [explained])
    t.equal(await brokenBut(emulator, whole), undefined)
  })
}

/** As `broken`, but for what is seen of what is not in the call's parts: credentials, the state, the size. */
async function brokenBut (emulator: TestEmulator, call: Call): Promise<string | undefined> {
  const problem = await broken(emulator, call)
  return problem?.startsWith('what was seen') === true ? undefined : problem
}

function bodyOf (body: unknown, world: unknown): unknown {
  return body === 'export' ? world : body
}
