#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs'

import closeWithGrace from 'close-with-grace'
import pino from 'pino'

import type { Command as CliCommand, Operands } from './cli/commands.ts'
import { askReady } from './cli/ready.ts'
import type { ApiCall } from './client/ask-admin.ts'
import type { Emulator } from './compose.ts'
import { HelpShown, MEMORY, readCommand, readConfig, readReadyOptions, UsageError, widenThreadPool } from './config.ts'
import type { Config } from './config.ts'
import { freshPassword } from './random.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const CLOSE_WITHIN_MS = 30_000

const args = process.argv.slice(2)

try {
  await run(args[0] ?? 'start')
} catch (error) {
  if (error instanceof HelpShown) process.exit(0)
  if (error instanceof UsageError) fail(EXIT_USAGE, `${error.message} (warung --help lists all flags)`)
  fail(EXIT_FAILED, error instanceof Error ? error.message : String(error))
}

async function run (word: string): Promise<void> {
  if (word === 'start' || word.startsWith('-')) return start()
  if (word === 'ready') return ready()
  const { COMMANDS } = await import('./cli/commands.ts')
  if (word === 'help') return help(COMMANDS)
  const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined
  if (command === undefined) throw new UsageError(`unknown command '${word}'; there are: ${['start', 'ready', ...Object.keys(COMMANDS)].join(', ')}`)
  return ask(word, command)
}

async function ask (word: string, command: CliCommand): Promise<void> {
  const { login, asJson, ...given } = readCommand(word, command, args.slice(1))
  const { runCommand } = await import('./cli/run.ts')
  const ended = await runCommand(command, login, callOf(command, given), asJson)
  if ('refusal' in ended) fail(ended.isUsage ? EXIT_USAGE : EXIT_FAILED, ended.refusal)
  const file = command.into?.(given)
  if (file === undefined) console.log(ended.text)
  else writeFileSync(file, `${ended.text}\n`)
}

function callOf (command: CliCommand, given: Operands): ApiCall {
  try {
    return command.call(given, (name) => readFileSync(name, 'utf8'))
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function help (commands: Readonly<Record<string, CliCommand>>): void {
  console.log('warung [start]  starts the emulator; warung --help lists its flags\nwarung ready    ends with 0 once an emulator is ready\n\nAgainst a running one (warung WORD --help shows more):\n')
  for (const [word, { takes, about }] of Object.entries(commands)) console.log(`  ${`${word} ${takes}`.padEnd(36)}${about}`)
}

async function ready (): Promise<void> {
  const problem = await askReady(readReadyOptions(args))
  if (problem !== null) fail(EXIT_FAILED, problem)
  console.log('ready')
}

async function start (): Promise<void> {
  widenThreadPool()
  const config = readConfig(args)
  const isTerminal = process.stdout.isTTY
  const adminPassword = config.adminPassword ?? (isTerminal ? freshPassword() : undefined)
  // Logs are for machines and go to standard error; what a person should see goes to standard output.
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }))

  const starting = startEmulator({ ...config, adminPassword }, logger)
  closeWithGrace({ delay: CLOSE_WITHIN_MS, logger }, async ({ err }) => {
    if (err !== undefined) logger.fatal(err, 'unexpected error, stopping')
    const { emulator } = await starting
    await emulator.close()
  })

  const { emulator, url } = await starting
  const { merchant } = emulator
  console.log(`warung ready on ${url}`)
  console.log(`merchant ${merchant.merchantId}, data ${config.dataPath ?? `${MEMORY} (kept nowhere)`}`)
  if (merchant.settings.notificationUrls.length === 0) console.log('no notification URL yet: give one by --notification-url, or PUT /admin/settings')
  if (isTerminal && config.adminPassword === undefined) console.log(`admin password for this run: ${adminPassword}`)
}

async function startEmulator (config: Config, logger: pino.Logger): Promise<{ readonly emulator: Emulator, readonly url: string }> {
  // The server is only loaded to be started: a health check begins every few seconds.
  const { compose } = await import('./compose.ts')
  const emulator = await compose(config, { logger })
  try {
    return { emulator, url: await emulator.start() }
  } catch (error) {
    await emulator.close()
    const { code } = error as NodeJS.ErrnoException
    throw code === 'EADDRINUSE'
      ? new Error(`port ${config.port} on ${config.host} is in use; stop what uses it, or choose another by --port`)
      : error
  }
}

function fail (exitCode: number, message: string): never {
  console.error(`warung: ${message.replaceAll('\n', ' ')}`)
  process.exit(exitCode)
}
