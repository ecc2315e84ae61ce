import pino from 'pino'

import { openWorld } from './client.ts'
import type { World } from './client.ts'
import { compose } from './compose.ts'
import { MEMORY, readConfig, UsageError } from './config.ts'
import { readMoment } from './domain/moment.ts'
import { Refusal } from './domain/refusal.ts'

export { SandboxError } from './client.ts'
export type * from './client.ts'
export { UsageError } from './config.ts'

/** All optional. What is left out is as on the command line, but for the data, which is kept nowhere, and the port, which is a free one. */
export interface StartOptions {
  readonly host?: string
  readonly port?: number
  /** A file, or `:memory:`. */
  readonly data?: string
  readonly serverKey?: string
  readonly clientKey?: string
  readonly merchantId?: string
  readonly notificationUrl?: string | readonly string[]
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
}

/** A running emulator, and the world of its default merchant. */
export interface Sandbox extends World {
  /** Stops cleanly. Closing twice is fine. */
  close (): Promise<void>
}

/** Starts an emulator inside this process. Throws a `UsageError` for an option that cannot be. */
export async function start ({ frozen = false, ...options }: StartOptions = {}): Promise<Sandbox> {
  const config = readConfig(flagsOf({ port: 0, data: MEMORY, logLevel: 'silent', ...options }), {})
  const logger = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }))
  const emulator = await compose(config, { logger, frozen: typeof frozen === 'boolean' ? frozen : readFrozen(frozen) })
  try {
    const url = await emulator.start()
    return { ...openWorld({ url, ...emulator.merchant }), close: emulator.close }
  } catch (error) {
    await emulator.close()
    throw error
  }
}

function readFrozen (moment: string | Date): number {
  try {
    return readMoment('frozen', moment instanceof Date ? moment.toISOString() : moment)
  } catch (error) {
    throw error instanceof Refusal || error instanceof RangeError ? new UsageError(error.message) : error
  }
}

/** The same words as on the command line, so that both mean the same. */
function flagsOf (options: StartOptions): string[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}${value === true ? '' : `=${String(value)}`}`)
}
