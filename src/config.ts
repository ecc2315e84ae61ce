import { isIP } from 'node:net'
import { dirname, resolve } from 'node:path'

import { Command, CommanderError } from 'commander'

import { readDuration } from './domain/duration.ts'
import { DEFAULT_CLIENT_KEY, DEFAULT_SERVER_KEY, merchantIdProblem, serverKeyProblem } from './domain/merchant.ts'
import { readTarget } from './domain/target.ts'

/** What the process was told: flags first, then the environment, then the defaults. */
export interface Config {
  readonly host: string
  readonly port: number
  /** Where the data is kept; null keeps nothing. */
  readonly dataPath: string | null
  /** Take a data file that was edited by hand. */
  readonly acceptEdits: boolean
  readonly merchantId: string
  /** Undefined where it was not given: then what is stored stays. */
  readonly serverKey: string | undefined
  readonly clientKey: string | undefined
  readonly notificationUrls: readonly string[] | undefined
  readonly adminPassword: string | undefined
  readonly seed: string | undefined
  readonly logLevel: string
  /** Does a sandbox server key that nobody knows open a world of its own? */
  readonly autoMerchants: boolean
  /** An exported world for the default merchant to begin with. */
  readonly seedFile: string | undefined
  /** null serves no TLS. */
  readonly tls: TlsConfig | null
  readonly allowedHosts: readonly string[]
  /** null allows every target that is not forbidden. */
  readonly allowedTargets: readonly string[] | null
}

export interface TlsConfig {
  readonly port: number
  /** Without this port the emulator does without TLS. */
  readonly isOptional: boolean
  /** What the certificate is for. */
  readonly names: readonly string[]
  /** Where authority and certificate are kept; null keeps them nowhere. */
  readonly folder: string | null
  /** Where a copy of the authority's certificate goes, for others to trust. */
  readonly authorityCopy: string | undefined
  /** A certificate of the user's own, and its key. */
  readonly given: { readonly cert: string, readonly key: string } | undefined
}

/** A flag or variable that cannot be. The message is one line that says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** `--help` was asked for, and answered. */
export class HelpShown extends Error {
  override readonly name = 'HelpShown'
}

export const MEMORY = ':memory:'

/** What help says of the words that have settings of their own. */
const START: Saying = {
  name: 'warung [start]',
  about: 'A local sandbox of the Midtrans convenience-store channel (Alfamart and Indomaret). Each flag may stand in the environment too: --server-key as WARUNG_SERVER_KEY.',
  example: 'warung --data :memory: --notification-url http://127.0.0.1:8000/'
}
const READY: Saying = { name: 'warung ready', about: 'Ends with 0 once the emulator is ready, with 1 when it is not.', example: 'warung ready --wait 30s' }

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Reads a setting; throws a text that completes "--flag …". */
type Read<Value> = (text: string) => Value

interface Setting<Value> {
  readonly flag: string
  /** null for a flag that stands alone; in the environment it is `true` or `false`. */
  readonly takes: string | null
  readonly about: string
  readonly read: Read<Value>
  /** As text, as the user would have written it. */
  readonly fallback?: string
}

const text: Read<string> = (value) => {
  if (value === '') throw new Error('must not be empty')
  return value
}
const list: Read<readonly string[]> = (value) => value.split(',').map((item) => item.trim()).filter((item) => item !== '')

/** Every setting: `--flag`, and `WARUNG_FLAG` in the environment. */
const SETTINGS = {
  host: setting('host', 'HOST', 'address to listen on', text, '127.0.0.1'),
  port: setting('port', 'PORT', 'port to listen on; 0 takes a free one', readPort, '6262'),
  data: setting('data', 'FILE', `the data file; ${MEMORY} keeps nothing`, text, 'data/warung.json'),
  acceptEdits: setting('accept-edits', null, 'take a data file that was edited by hand', readSwitch),
  serverKey: setting('server-key', 'KEY', `server key of the default merchant (${DEFAULT_SERVER_KEY})`, readServerKey),
  clientKey: setting('client-key', 'KEY', `client key of the default merchant (${DEFAULT_CLIENT_KEY})`, text),
  merchantId: setting('merchant-id', 'ID', 'merchant id of the default merchant', readMerchantId, 'G626262626'),
  notificationUrl: setting('notification-url', 'URL', 'where notifications go; comma-separated for several', readUrls),
  adminPassword: setting('admin-password', 'PASSWORD', 'password of the user "admin"', text),
  seed: setting('seed', 'TEXT', 'makes ids, codes and jitter repeatable', text),
  seedFile: setting('seed-file', 'FILE', 'an exported world that an empty default merchant begins with', text),
  autoMerchants: setting('auto-merchants', null, 'any sandbox server key opens a world of its own on its first use', readSwitch),
  tlsPort: setting('tls-port', 'PORT', 'port to serve TLS on; 0 takes a free one; "443?" does without where 443 cannot be had', readTlsPort),
  tlsName: setting('tls-name', 'NAMES', 'more names and addresses for the certificate; comma-separated', readTlsNames),
  tlsDir: setting('tls-dir', 'FOLDER', 'where the CA and the certificate are kept; beside the data file unless given', text),
  tlsCaFile: setting('tls-ca-file', 'FILE', 'where a copy of ca.pem goes, for others to trust', text),
  tlsCert: setting('tls-cert', 'FILE', 'a certificate of your own in place of the one that is made; with --tls-key', text),
  tlsKey: setting('tls-key', 'FILE', 'its private key', text),
  logLevel: setting('log-level', 'LEVEL', LOG_LEVELS.join(', '), readLogLevel, 'info'),
  allowHost: setting('allow-host', 'NAMES', 'more host names that admin and till answer to; comma-separated', readHosts),
  allowTarget: setting('allow-target', 'TARGETS', 'host names, addresses and ranges notifications may go to; comma-separated', readTargets)
} as const

const ACCESS_SETTINGS = {
  url: setting('url', 'URL', 'of the emulator (WARUNG_URL; at WARUNG_PORT of this machine unless given)', readUrl),
  serverKey: setting('server-key', 'KEY', 'whose world it is about; WARUNG_SERVER_KEY', readServerKey, DEFAULT_SERVER_KEY),
  adminPassword: setting('admin-password', 'PASSWORD', 'of the user "admin", for merchants; WARUNG_ADMIN_PASSWORD', text)
} as const

const CLIENT_SETTINGS = { ...ACCESS_SETTINGS, json: setting('json', null, 'print the answer as JSON', readSwitch) } as const

const READY_SETTINGS = { wait: setting('wait', 'DURATION', 'keep asking for so long', readWait, '0ms'), ...CLIENT_SETTINGS } as const

type Table = Readonly<Record<string, Setting<unknown>>>
type Values<Settings extends Table> = { readonly [Name in keyof Settings]: ReturnType<Settings[Name]['read']> | undefined }
type Environment = Readonly<Record<string, string | undefined>>
/** Flags as they were given. */
type Given = Readonly<Record<string, string | true>>

/** Looking names up takes threads of libuv's pool, half of them at most: a few dead names must not keep the others waiting. */
export function widenThreadPool (env: Record<string, string | undefined> = process.env): void {
  env.UV_THREADPOOL_SIZE ??= '64'
}

/** `warung [start] …`: reads what follows the word, and the environment. Throws `UsageError`, or `HelpShown`. */
export function readConfig (args: readonly string[], env: Environment = process.env): Config {
  const { logLevel = 'info', merchantId = '', host = '', port = 0, data = '', ...given } = readSettings(SETTINGS, START, args, env)
  const dataPath = data === MEMORY ? null : resolve(data)
  return {
    host,
    port,
    dataPath,
    acceptEdits: given.acceptEdits ?? false,
    merchantId,
    serverKey: given.serverKey,
    clientKey: given.clientKey,
    notificationUrls: given.notificationUrl,
    adminPassword: given.adminPassword,
    seed: given.seed,
    logLevel,
    autoMerchants: given.autoMerchants ?? false,
    seedFile: given.seedFile === undefined ? undefined : resolve(given.seedFile),
    tls: tlsConfig(given, dataPath),
    allowedHosts: given.allowHost ?? [],
    allowedTargets: given.allowTarget ?? null
  }
}

/** What clients of the gateway call it, and this machine. */
const TLS_NAMES = ['api.sandbox.midtrans.com', 'app.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1']

function tlsConfig ({ tlsPort, tlsName = [], tlsDir, tlsCaFile, tlsCert, tlsKey }: Partial<Values<typeof SETTINGS>>, dataPath: string | null): TlsConfig | null {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new UsageError('--tls-cert and --tls-key go together')
  if (tlsPort === undefined) return null
  return {
    ...tlsPort,
    names: [...new Set([...TLS_NAMES, ...tlsName])],
    folder: tlsDir !== undefined ? resolve(tlsDir) : dataPath === null ? null : dirname(dataPath),
    authorityCopy: tlsCaFile === undefined ? undefined : resolve(tlsCaFile),
    given: tlsCert === undefined || tlsKey === undefined ? undefined : { cert: resolve(tlsCert), key: resolve(tlsKey) }
  }
}

/** `warung ready`: is the emulator of this machine ready? Throws as `readConfig` does. */
export function readReadyOptions (args: readonly string[], env: Environment = process.env): { readonly url: string, readonly waitMs: number, readonly asJson: boolean } {
  const { url = ownUrl(env), wait = 0, json = false } = readSettings(READY_SETTINGS, READY, args, env)
  return { url, waitMs: wait, asJson: json }
}

export interface Access {
  readonly url: string
  readonly serverKey: string
  readonly adminPassword: string | undefined
}

/** Who asks a running emulator, and where. Throws as `readConfig` does. */
export function readAccess (args: readonly string[], env: Environment): Access {
  return accessOf(readSettings(ACCESS_SETTINGS, { name: 'connect', about: '', example: '' }, args, env), env)
}

type FlagTable = Readonly<Record<string, Pick<Setting<FlagValue>, 'takes' | 'about' | 'read'>>>

/** A word of the command line, as `cli/` describes it. */
export interface Syntax<Flags extends FlagTable = FlagTable> {
  readonly takes: string
  readonly about: string
  readonly example: string
  /** By their names. */
  readonly flags?: Flags
  /** Only the user "admin" may. */
  readonly isForAdmin?: boolean
}

type FlagValue = string | number | boolean

export interface ReadCommand<Flags extends FlagTable = FlagTable> {
  readonly login: { readonly url: string, readonly username: string, readonly password: string }
  readonly asJson: boolean
  readonly operands: readonly string[]
  /** The word's own. */
  readonly flags: { readonly [Name in keyof Flags]: ReturnType<Flags[Name]['read']> | undefined }
}

/** `warung WORD …` for a running emulator: who asks where, and what the word was given. Throws as `readConfig` does. */
export function readCommand<Flags extends FlagTable> (word: string, { takes, about, example, flags, isForAdmin = false }: Syntax<Flags>, args: readonly string[], env: Environment = process.env): ReadCommand<Flags> {
  const own = Object.fromEntries(Object.entries(flags ?? {}).map(([flag, rest]) => [flag, { flag, ...rest }]))
  const given = parse({ name: `warung ${word}`, about, example }, takes, [...Object.values(own), ...Object.values(CLIENT_SETTINGS)], args)
  const { json = false, ...wanted } = valuesOf(CLIENT_SETTINGS, given.flags, env)
  const { url, serverKey, adminPassword } = accessOf(wanted, env)
  if (isForAdmin && adminPassword === undefined) throw new UsageError('--admin-password is needed, or WARUNG_ADMIN_PASSWORD: only the user "admin" may do this')
  if (given.operands.includes('')) throw new UsageError('an operand must not be empty')
  return {
    login: { url, username: isForAdmin ? 'admin' : serverKey, password: isForAdmin ? adminPassword ?? '' : '' },
    asJson: json,
    operands: given.operands,
    flags: valuesOf(own, given.flags, {}) as ReadCommand<Flags>['flags']
  }
}

function accessOf ({ url, serverKey = DEFAULT_SERVER_KEY, adminPassword }: Values<typeof ACCESS_SETTINGS>, env: Environment): Access {
  return { url: url ?? ownUrl(env), serverKey, adminPassword }
}

function ownUrl (env: Environment): string {
  return `http://127.0.0.1:${valuesOf({ port: SETTINGS.port }, {}, env).port}`
}

function readSettings<Settings extends Table> (settings: Settings, saying: Saying, args: readonly string[], env: Environment): Values<Settings> {
  return valuesOf(settings, parse(saying, '', Object.values(settings), args).flags, env)
}

function valuesOf<Settings extends Table> (settings: Settings, flags: Given, env: Environment): Values<Settings> {
  return Object.fromEntries(Object.entries(settings).map(([name, { flag, read, fallback }]) => {
    const variable = `WARUNG_${flag.toUpperCase().replaceAll('-', '_')}`
    const [source, value] = flags[name] !== undefined ? [`--${flag}`, String(flags[name])] : [variable, env[variable] || fallback]
    if (value === undefined) return [name, undefined]
    try {
      return [name, read(value)]
    } catch (problem) {
      throw new UsageError(`${source} ${problem instanceof Error ? problem.message : String(problem)}`)
    }
  })) as unknown as Values<Settings>
}

interface Saying {
  readonly name: string
  readonly about: string
  readonly example: string
}

function parse ({ name, about, example }: Saying, takes: string, settings: ReadonlyArray<Setting<unknown>>, args: readonly string[]): { readonly flags: Given, readonly operands: readonly string[] } {
  const command = new Command(name)
    .description(`${about}\n\nExample: ${example}`)
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const operand of takes.split(' ').filter((each) => each !== '')) command.argument(operand.replace('…', '...'))
  for (const { flag, takes: value, about: does, fallback } of settings) {
    command.option(`--${flag}${value === null ? '' : ` <${value}>`}`, `${does}${fallback === undefined ? '' : ` (${fallback})`}`)
  }

  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) throw new HelpShown()
    throw new UsageError(error.message.replace(/^error: /, ''))
  }
  return { flags: command.opts(), operands: command.args }
}

function setting<Value> (flag: string, takes: string | null, about: string, read: Read<Value>, fallback?: string): Setting<Value> {
  return { flag, takes, about, read, ...fallback === undefined ? {} : { fallback } }
}

function readSwitch (value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new Error(`must be true or false, not "${value}"`)
  return value === 'true'
}

function readUrl (value: string): string {
  if (readTarget(value) === undefined) throw new Error(`must be an http or https URL without credentials, not "${masked(value)}"`)
  return value
}

function readWait (value: string): number {
  const ms = readDuration(value)
  if (ms === undefined) throw new Error(`must be a duration such as 500ms, 10s or 1m, not "${value}"`)
  return ms
}

function readPort (value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new Error(`must be a port from 0 to 65535, not "${value}"`)
  return port
}

function readTlsPort (value: string): Pick<TlsConfig, 'port' | 'isOptional'> {
  const isOptional = value.endsWith('?')
  return { port: readPort(isOptional ? value.slice(0, -1) : value), isOptional }
}

function readTlsNames (value: string): readonly string[] {
  const names = list(value).map((name) => name.toLowerCase())
  const wrong = names.find((name) => isIP(name) === 0 && !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name))
  if (wrong !== undefined) throw new Error(`must list host names and IP addresses, not "${wrong}"`)
  return names
}

function readServerKey (value: string): string {
  const problem = serverKeyProblem(value)
  if (problem !== undefined) throw new Error(`cannot be used: ${problem}`)
  return value
}

function readMerchantId (value: string): string {
  if (merchantIdProblem(value) !== undefined) throw new Error(`must be 1 to 50 letters, digits, - or _, not "${value}"`)
  return value
}

function readUrls (value: string): readonly string[] {
  const urls = list(value)
  const unusable = urls.find((url) => readTarget(url) === undefined)
  if (unusable !== undefined) throw new Error(`must be an http or https URL without credentials, not "${masked(unusable)}"`)
  return urls
}

/** What stands before an @ may be a password. */
function masked (url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@')
}

function readHosts (value: string): readonly string[] {
  const hosts = list(value)
  const wrong = hosts.find((host) => !/^[A-Za-z0-9_.-]+$/.test(host))
  if (wrong !== undefined) throw new Error(`must list host names without scheme and port, not "${wrong}"`)
  return hosts
}

function readTargets (value: string): readonly string[] {
  const targets = list(value)
  const wrong = targets.find((target) => !isTarget(target))
  if (wrong !== undefined) throw new Error(`must list host names, IP addresses and ranges such as 10.0.0.0/8, not "${wrong}"`)
  return targets
}

function isTarget (target: string): boolean {
  const [address = '', prefix] = target.split('/')
  if (prefix === undefined) return isIP(target) !== 0 || /^[A-Za-z0-9_.-]+$/.test(target)
  return isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIP(address) === 4 ? 32 : 128)
}

function readLogLevel (value: string): string {
  if (!LOG_LEVELS.includes(value)) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}, not "${value}"`)
  return value
}
