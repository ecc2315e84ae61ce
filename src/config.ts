import { isIP } from 'node:net'
import { resolve } from 'node:path'

import { Command, CommanderError } from 'commander'

import { serverKeyProblem } from './domain/merchant.ts'
import { readTarget } from './domain/target.ts'

/** What the process was told: flags first, then the environment, then the defaults. */
export interface Config {
  readonly host: string
  readonly port: number
  /** Where the data is kept; null keeps nothing. */
  readonly dataPath: string | null
  readonly merchantId: string
  /** Undefined where it was not given: then what is stored stays. */
  readonly serverKey: string | undefined
  readonly clientKey: string | undefined
  readonly notificationUrls: readonly string[] | undefined
  readonly adminPassword: string | undefined
  readonly seed: string | undefined
  readonly logLevel: string
  readonly allowedHosts: readonly string[]
  /** null allows every target that is not forbidden. */
  readonly allowedTargets: readonly string[] | null
}

/** A flag or variable that cannot be. The message is one line that says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** `--help` or `--version` was asked for, and answered. */
export class HelpShown extends Error {
  override readonly name = 'HelpShown'
}

export const MEMORY = ':memory:'
export const DEFAULT_SERVER_KEY = 'SB-Mid-server-warung'
export const DEFAULT_CLIENT_KEY = 'SB-Mid-client-warung'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Reads a setting; throws a text that completes "--flag …". */
type Read<Value> = (text: string) => Value

interface Setting<Value> {
  readonly flag: string
  readonly takes: string
  readonly about: string
  readonly read: Read<Value>
  /** As text, as the user would have written it. */
  readonly fallback?: string
}

const text: Read<string> = (value) => value
const list: Read<readonly string[]> = (value) => value.split(',').map((item) => item.trim()).filter((item) => item !== '')

/** Every setting: `--flag`, and `WARUNG_FLAG` in the environment. */
const SETTINGS = {
  host: setting('host', 'HOST', 'address to listen on', text, '127.0.0.1'),
  port: setting('port', 'PORT', 'port to listen on; 0 takes a free one', readPort, '6262'),
  data: setting('data', 'FILE', `the data file; ${MEMORY} keeps nothing`, text, 'data/warung.json'),
  serverKey: setting('server-key', 'KEY', `server key of the default merchant (${DEFAULT_SERVER_KEY})`, readServerKey),
  clientKey: setting('client-key', 'KEY', `client key of the default merchant (${DEFAULT_CLIENT_KEY})`, text),
  merchantId: setting('merchant-id', 'ID', 'merchant id of the default merchant', readMerchantId, 'G626262626'),
  notificationUrl: setting('notification-url', 'URL', 'where notifications go; comma-separated for several', readUrls),
  adminPassword: setting('admin-password', 'PASSWORD', 'password of the user "admin"', text),
  seed: setting('seed', 'TEXT', 'makes ids, codes and jitter repeatable', text),
  logLevel: setting('log-level', 'LEVEL', LOG_LEVELS.join(', '), readLogLevel, 'info'),
  allowHost: setting('allow-host', 'NAMES', 'more host names that admin and till answer to; comma-separated', list),
  allowTarget: setting('allow-target', 'TARGETS', 'host names, addresses and ranges notifications may go to; comma-separated', readTargets)
} as const

type Settings = { readonly [Name in keyof typeof SETTINGS]: ReturnType<typeof SETTINGS[Name]['read']> | undefined }

/** Reads the command line and the environment. Throws `UsageError`, or `HelpShown`. */
export function readConfig (args: readonly string[], env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const { logLevel = 'info', merchantId = '', host = '', port = 0, data = '', ...given } = readSettings(readFlags(args), env)
  return {
    host,
    port,
    dataPath: data === MEMORY ? null : resolve(data),
    merchantId,
    serverKey: given.serverKey,
    clientKey: given.clientKey,
    notificationUrls: given.notificationUrl,
    adminPassword: given.adminPassword,
    seed: given.seed,
    logLevel,
    allowedHosts: given.allowHost ?? [],
    allowedTargets: given.allowTarget ?? null
  }
}

function readFlags (args: readonly string[]): Readonly<Record<string, string>> {
  const command = new Command('warung')
    .description('A local sandbox of the Midtrans convenience-store channel (Alfamart and Indomaret).')
    .argument('[start]', 'starts the emulator; the same without it')
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const { flag, takes, about, fallback } of Object.values(SETTINGS)) {
    command.option(`--${flag} <${takes}>`, `${about}${fallback === undefined ? '' : ` (${fallback})`}`)
  }

  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) throw new HelpShown()
    throw new UsageError(error.message.replace(/^error: /, ''))
  }
  const [word] = command.args
  if (word !== undefined && word !== 'start') throw new UsageError(`unknown command '${word}'; there is: start`)
  return command.opts()
}

function readSettings (flags: Readonly<Record<string, string>>, env: Readonly<Record<string, string | undefined>>): Settings {
  return Object.fromEntries(Object.entries(SETTINGS).map(([name, { flag, read, fallback }]) => {
    const variable = `WARUNG_${flag.toUpperCase().replaceAll('-', '_')}`
    const [source, value] = flags[name] !== undefined ? [`--${flag}`, flags[name]] : [variable, env[variable] || fallback]
    if (value === undefined) return [name, undefined]
    try {
      return [name, read(value)]
    } catch (problem) {
      throw new UsageError(`${source} ${problem instanceof Error ? problem.message : String(problem)}`)
    }
  })) as unknown as Settings
}

function setting<Value> (flag: string, takes: string, about: string, read: Read<Value>, fallback?: string): Setting<Value> {
  return { flag, takes, about, read, ...fallback === undefined ? {} : { fallback } }
}

function readPort (value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new Error(`must be a port from 0 to 65535, not "${value}"`)
  return port
}

function readServerKey (value: string): string {
  const problem = serverKeyProblem(value)
  if (problem !== undefined) throw new Error(`cannot be used: ${problem}`)
  return value
}

function readMerchantId (value: string): string {
  if (!/^[A-Za-z0-9_-]{1,50}$/.test(value)) throw new Error(`must be 1 to 50 letters, digits, - or _, not "${value}"`)
  return value
}

function readUrls (value: string): readonly string[] {
  const urls = list(value)
  const unusable = urls.find((url) => readTarget(url) === undefined)
  if (unusable !== undefined) throw new Error(`must be an http or https URL without credentials, not "${unusable}"`)
  return urls
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
