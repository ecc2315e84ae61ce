import pino from 'pino'

import { compose } from './compose.ts'
import { MEMORY, readConfig } from './config.ts'

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
  readonly seed?: string
  readonly logLevel?: string
}

export interface Sandbox {
  readonly url: string
  readonly serverKey: string
  readonly merchantId: string
  /** Stops cleanly. Closing twice is fine. */
  close (): Promise<void>
}

/** Starts an emulator inside this process. Throws a `UsageError` for an option that cannot be. */
export async function start (options: StartOptions = {}): Promise<Sandbox> {
  const config = readConfig(flagsOf({ port: 0, data: MEMORY, logLevel: 'silent', ...options }), {})
  const emulator = await compose(config, { logger: pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true })) })
  try {
    const url = await emulator.start()
    const { serverKey, merchantId } = emulator.merchant
    return { url, serverKey, merchantId, close: emulator.close }
  } catch (error) {
    await emulator.close()
    throw error
  }
}

/** The same words as on the command line, so that both mean the same. */
function flagsOf (options: StartOptions): string[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${String(value)}`)
}
