#!/usr/bin/env node
import { randomBytes } from 'node:crypto'

import closeWithGrace from 'close-with-grace'
import pino from 'pino'

import { compose } from './compose.ts'
import type { Emulator } from './compose.ts'
import { HelpShown, MEMORY, readConfig, UsageError } from './config.ts'
import type { Config } from './config.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const CLOSE_WITHIN_MS = 30_000

const config = configOrExit()
// Logs are for machines and go to standard error; what a person should see goes to standard output.
const logger = pino({ level: config.logLevel, base: null, redact: ['headers.authorization', 'req.headers.authorization'] }, pino.destination({ fd: 2, sync: true }))
const isTerminal = process.stdout.isTTY
const adminPassword = config.adminPassword ?? (isTerminal ? randomBytes(9).toString('base64url') : undefined)

try {
  const emulator = await compose({ ...config, adminPassword }, { logger })
  const url = await emulator.start().catch(async (error) => {
    await emulator.close()
    throw error
  })
  closeWithGrace({ delay: CLOSE_WITHIN_MS, logger }, async ({ err }) => {
    if (err !== undefined) logger.fatal(err, 'unexpected error, stopping')
    await emulator.close()
  })
  greet(url, emulator)
} catch (error) {
  fail(EXIT_FAILED, explain(error))
}

function greet (url: string, { merchant }: Emulator): void {
  console.log(`warung ready on ${url}`)
  console.log(`merchant ${merchant.merchantId}, data ${config.dataPath ?? `${MEMORY} (kept nowhere)`}`)
  if (merchant.settings.notificationUrls.length === 0) console.log('no notification URL yet: give one by --notification-url, or PUT /admin/settings')
  if (isTerminal && config.adminPassword === undefined) console.log(`admin password for this run: ${adminPassword}`)
}

function configOrExit (): Config {
  try {
    return readConfig(process.argv.slice(2))
  } catch (error) {
    if (error instanceof HelpShown) process.exit(0)
    if (error instanceof UsageError) fail(EXIT_USAGE, `${error.message} (warung --help lists all flags)`)
    throw error
  }
}

function explain (error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `port ${config.port} on ${config.host} is in use; stop what uses it, or choose another by --port`
  return message
}

function fail (exitCode: number, message: string): never {
  console.error(`warung: ${message.replaceAll('\n', ' ')}`)
  process.exit(exitCode)
}
