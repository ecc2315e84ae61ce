import pino from 'pino'

import { openSandbox } from './client/open-sandbox.ts'
import type { Sandbox } from './client/sandbox.ts'
import { compose } from './compose.ts'
import { MEMORY, readAccess, readConfig } from './config.ts'
import { readMoment } from './domain/moment.ts'
import { Refusal } from './domain/refusal.ts'
import { UsageError } from './flags.ts'
import { freshPassword } from './random.ts'

export type * from './client/documents.ts'
export type * from './client/sandbox.ts'
export { SandboxError } from './client/sandbox-error.ts'
export { UsageError } from './flags.ts'

/** All optional. What is left out is as on the command line, but for the data, which is kept nowhere, and the port, which is a free one. */
export interface StartOptions {
  readonly host?: string
  readonly port?: number
  /** A file, or `:memory:`. */
  readonly data?: string
  /** Takes a data file that was edited by hand. */
  readonly acceptEdits?: boolean
  readonly serverKey?: string
  readonly clientKey?: string
  readonly merchantId?: string
  readonly notificationUrl?: string | readonly string[]
  /** For who logs in as `admin` from outside; `merchant()` needs none. */
  readonly adminPassword?: string
  /** With it and a frozen clock the same calls give the same bytes. */
  readonly seed?: string
  /** Begins with a clock that stands still: now, or at `2026-11-22 20:00:00` in WIB, ISO 8601 with a zone, or a Date. */
  readonly frozen?: boolean | string | Date
  /** Any sandbox server key opens a world of its own on its first use. */
  readonly autoMerchants?: boolean
  /** An exported world to begin with, where the data is empty. */
  readonly seedFile?: string
  readonly logLevel?: string
  /** Serves over TLS as well, on this port; 0 takes a free one. */
  readonly tlsPort?: number
  /** More names and addresses for the certificate. */
  readonly tlsName?: string | readonly string[]
  /** Where authority and certificate are kept: beside the data unless given, and nowhere with `:memory:`. */
  readonly tlsDir?: string
  /** Where a copy of the authority's certificate goes. */
  readonly tlsCaFile?: string
  /** Files with a certificate of your own and its key. */
  readonly tlsCert?: string
  readonly tlsKey?: string
  /** More host names that admin and till answer to. */
  readonly allowHost?: string | readonly string[]
  /** Host names, addresses and ranges that notifications may go to; all but forbidden ones unless given. */
  readonly allowTarget?: string | readonly string[]
}

/** All optional: what is left out is as on the command line. */
export interface ConnectOptions {
  /** `http://127.0.0.1:6262` unless given. */
  readonly url?: string
  readonly serverKey?: string
  /** For `merchant()`. */
  readonly adminPassword?: string
}

/** Starts an emulator inside this process. Rejects with a `UsageError` for an option that cannot be. */
export async function start ({ frozen = false, ...options }: StartOptions = {}): Promise<Sandbox> {
  const config = readConfig(flagsOf({ port: 0, data: MEMORY, logLevel: 'silent', ...options }), {})
  // Without one there would be no account to make merchants; nobody ever sees it.
  const adminPassword = config.adminPassword ?? freshPassword()
  const logger = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }))
  const emulator = await compose({ ...config, adminPassword }, { logger, frozen: typeof frozen === 'boolean' ? frozen : readFrozen(frozen) })
  try {
    const { merchantId, serverKey } = emulator.merchant
    const url = await emulator.start()
    const tls = emulator.tls()
    return openSandbox({ url, serverKey, merchantId, adminPassword, tls: tls === null ? null : { url: tls.url, ca: tls.authority?.cert ?? null }, end: emulator.close })
  } catch (error) {
    await emulator.close()
    throw error
  }
}

/** The world that a server key opens in an emulator that runs already. Throws a `UsageError` for an option that cannot be; whether anybody answers, the first call tells. */
export function connect (options: ConnectOptions = {}): Sandbox {
  const { url, serverKey, adminPassword } = readAccess(flagsOf(options), {})
  return openSandbox({ url, serverKey, adminPassword, merchantId: undefined })
}

function readFrozen (moment: string | Date): number {
  try {
    return readMoment('frozen', moment instanceof Date ? moment.toISOString() : moment)
  } catch (error) {
    throw error instanceof Refusal || error instanceof RangeError ? new UsageError(error.message) : error
  }
}

/** The same words as on the command line, so that both mean the same. */
function flagsOf (options: object): string[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}${value === true ? '' : `=${String(value)}`}`)
}
