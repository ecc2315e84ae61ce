import { readFileSync, readdirSync } from 'node:fs'

import pino from 'pino'

import { compose } from '../src/compose.ts'
import { MEMORY, readConfig } from '../src/config.ts'
import { sign } from '../src/domain/signature.ts'
import { NotificationBody } from '../src/http/gateway/core/body-schemas.ts'
import { openApiDocument } from '../src/http/openapi/document.ts'
import type { Example, Route } from '../src/http/openapi/document.ts'

const ACTIONS = ['capture', 'getStatusB2b', 'approve', 'deny', 'refund', 'refundDirectly', 'cancel', 'expire']

/** Which files show what of the gateway: the request, or with a status the answer, by the name that the file has in brackets. */
const GATEWAY: ReadonlyArray<readonly [operationIds: readonly string[], file: RegExp, status?: number]> = [
  [['charge'], /^requests\/(.+)\.json$/],
  [['charge'], /^golden\/(.+)\/charge\.json$/, 200],
  [['charge'], /^golden\/errors\/(402|406|413-format|413-syntax|500)\.json$/, 200],
  [['charge'], /^golden\/errors\/(400-sum)\.json$/, 400],
  [['charge'], /^golden\/errors\/(413-too-large)\.json$/, 413],
  [['getStatus'], /^golden\/(.+)\/status-(.+)\.json$/, 200],
  [['getStatus', ...ACTIONS], /^golden\/errors\/(404)-transaction\.json$/, 200],
  [['cancel'], /^golden\/(.+)\/cancel\.json$/, 200],
  [['expire'], /^golden\/(.+)\/expire\.json$/, 200],
  [ACTIONS.filter((name) => name !== 'getStatusB2b'), /^golden\/errors\/(412)\.json$/, 200],
  [['charge', 'getStatus', ...ACTIONS], /^golden\/errors\/(401)\.json$/, 401]
]
const NOTIFICATION = /^golden\/(.+)\/notification-(.+)\.json$/

/** What stands in the golden bodies for what is made up. */
const MADE_UP: Readonly<Record<string, string>> = {
  transaction_id: '7f9b1d3a-6c1e-4a53-9c53-2f0d8e6b7a41',
  approval_code: '58122611224071935826',
  id: '0c6e2f8b-95d4-4b7e-8a30-5d1f7c9e2b64'
}
const PAYMENT_CODES: Readonly<Record<string, string>> = { alfamart: '8127740588870520', indomaret: '578112341234' }
const SERVER_KEY = 'SB-Mid-server-test'

interface Step {
  readonly operation: string
  readonly name?: string
  readonly url: string
  readonly body?: unknown
  readonly bodyOf?: string
  readonly status?: number
  readonly answer?: unknown
}

/** openapi.json: what the routes say of themselves, with what `fixtures` shows of them. */
export async function makeOpenApi (fixtures: URL, version: string): Promise<string> {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, fixtures), 'utf8'))
  const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).sort()
  const { started, stopped } = read('session.json') as Record<'started' | 'stopped', readonly Step[]>
  const examples = [
    ...GATEWAY.flatMap(([operationIds, pattern, status]) => files.flatMap((file) => {
      const name = nameIn(file, pattern)
      if (name === undefined) return []
      return operationIds.map((operationId): Example => ({ operationId, name, ...status === undefined ? { body: read(file) } : { status, answer: filled(read(file)) } }))
    })),
    ...[...started, ...stopped].flatMap(({ operation: operationId, name, bodyOf, ...step }): readonly Example[] =>
      name === undefined ? [] : [{ operationId, name, ...step, ...bodyOf === undefined ? {} : { body: read(bodyOf) } }])
  ]
  const notifications = files.flatMap((file) => {
    const name = nameIn(file, NOTIFICATION)
    return name === undefined ? [] : [[name, filled(read(file))]]
  })
  const document = openApiDocument(await routesOf(), { version, examples, notification: NotificationBody, notifications: Object.fromEntries(notifications) })
  return `${JSON.stringify(document)}\n`
}

/** The routes of the server as it runs. */
async function routesOf (): Promise<readonly Route[]> {
  const { app, close } = await compose(readConfig(['--data', MEMORY], {}), { logger: pino({ level: 'silent' }) })
  const routes: Route[] = []
  app.addHook('onRoute', (route) => { routes.push(route) })
  await app.ready()
  await close()
  return routes
}

/** What stands in brackets in the pattern, one after the other. */
function nameIn (file: string, pattern: RegExp): string | undefined {
  return pattern.exec(file)?.slice(1).join('-')
}

/** A golden body as it is once its placeholders are something. */
function filled (golden: unknown): unknown {
  const members = golden as Readonly<Record<string, string>>
  const { order_id: orderId = '', status_code: statusCode = '', gross_amount: grossAmount = '', store = '' } = members
  const values: Readonly<Record<string, string | undefined>> = { ...MADE_UP, payment_code: PAYMENT_CODES[store], signature_key: sign({ orderId, statusCode, grossAmount, serverKey: SERVER_KEY }) }
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, typeof value === 'string' && /^<\w+>$/.test(value) ? values[value.slice(1, -1)] : value]))
}
