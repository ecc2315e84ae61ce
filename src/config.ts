import { dirname, resolve } from 'node:path'

import { DEFAULT_CLIENT_KEY, DEFAULT_SERVER_KEY } from './domain/merchant.ts'
import { LOG_LEVELS, readHosts, readLogLevel, readMerchantId, readPort, readServerKey, readSwitch, readTargets, readTlsNames, readTlsPort, readUrl, readUrls, readWait, text } from './flag-values.ts'
import { parse, readSettings, setting, UsageError, valuesOf } from './flags.ts'
import type { Environment, Saying, Setting, Values } from './flags.ts'

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

export const MEMORY = ':memory:'

/** What help says of the words that have settings of their own. */
const START: Saying = {
  name: 'warung [start]',
  about: 'A local sandbox of the Midtrans convenience-store channel (Alfamart and Indomaret). Each flag may stand in the environment too: --server-key as WARUNG_SERVER_KEY.',
  example: 'warung --data :memory: --notification-url http://127.0.0.1:8000/'
}
const READY: Saying = { name: 'warung ready', about: 'Ends with 0 once the emulator is ready, with 1 when it is not.', example: 'warung ready --wait 30s' }

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
    tls: tlsConfig(given, port, dataPath),
    allowedHosts: given.allowHost ?? [],
    allowedTargets: given.allowTarget ?? null
  }
}

/** What clients of the gateway call it, and this machine. */
const TLS_NAMES = ['api.sandbox.midtrans.com', 'app.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1']

function tlsConfig ({ tlsPort, tlsName = [], tlsDir, tlsCaFile, tlsCert, tlsKey }: Partial<Values<typeof SETTINGS>>, port: number, dataPath: string | null): TlsConfig | null {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new UsageError('--tls-cert and --tls-key go together')
  const idle = Object.entries({ '--tls-name': tlsName.length > 0, '--tls-dir': tlsDir !== undefined, '--tls-ca-file': tlsCaFile !== undefined, '--tls-cert': tlsCert !== undefined }).find(([, isGiven]) => isGiven)
  if (tlsPort === undefined && idle !== undefined) throw new UsageError(`${idle[0]} means nothing without --tls-port`)
  if (tlsPort === undefined) return null
  if (tlsPort.port !== 0 && tlsPort.port === port) throw new UsageError('--port and --tls-port must differ')
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
