#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { join } from 'node:path'

import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'

import type { Command as CliCommand, Operands } from './cli/commands.ts'
import { askReady } from './cli/ready.ts'
import type { ApiCall } from './client/ask-admin.ts'
import type { Emulator, TlsDoor } from './compose.ts'
import { MEMORY, readCommand, readConfig, readReadyOptions, widenThreadPool } from './config.ts'
import type { Config } from './config.ts'
import { HelpShown, UsageError } from './flags.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const CLOSE_WITHIN_MS = 30_000

const [first = 'start', ...rest] = process.argv.slice(2)
// Flags alone are those of start, and `help WORD` is `WORD --help`.
const [word, args] = first === 'help' ? [rest.find((each) => !each.startsWith('-')) ?? 'start', ['--help']] : first.startsWith('-') ? ['start', [first, ...rest]] : [first, rest]

try {
  await run()
} catch (error) {
  if (error instanceof HelpShown) await showWords()
  else if (error instanceof UsageError) fail(EXIT_USAGE, `warung: ${error.message} (${await hint()})`)
  else fail(EXIT_FAILED, `warung: ${error instanceof Error ? error.message : String(error)}`)
}

async function run (): Promise<void> {
  if (word === 'start') return start()
  if (word === 'ready') return ready()
  if (word === 'ca') return ca()
  const { COMMANDS } = await import('./cli/commands.ts')
  const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined
  if (command === undefined) throw new UsageError(`unknown command '${word}'`)
  return ask(command)
}

async function ask (command: CliCommand): Promise<void> {
  const { login, asJson, ...given } = readCommand(word, command, args)
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

async function showWords (): Promise<void> {
  const { wordsHelp } = await import('./cli/help.ts')
  console.log(wordsHelp(word))
}

/** What to read after a mistake. */
async function hint (): Promise<string> {
  const { WORDS } = await import('./cli/help.ts')
  return WORDS.includes(word) ? `see warung ${word} --help` : `there are: ${WORDS.join(', ')}; see warung --help`
}

async function ready (): Promise<void> {
  const { asJson, ...options } = readReadyOptions(args)
  const problem = await askReady(options)
  const text = JSON.stringify({ ready: problem === null, reason: problem })
  if (problem !== null) fail(EXIT_FAILED, asJson ? text : `warung: ${problem}`)
  console.log(asJson ? text : 'ready')
}

async function ca (): Promise<void> {
  const { CA, showAuthority } = await import('./cli/ca.ts')
  const { login, asJson, flags } = readCommand(word, CA, args)
  const { text, note } = await showAuthority(login.url, { out: flags.out, trust: flags.trust }, asJson)
  console.log(text)
  // Where a shell takes what is printed, a person still sees this.
  if (note !== '') console.error(note)
}

async function start (): Promise<void> {
  widenThreadPool()
  const config = readConfig(args)
  // What only a start needs is loaded by it alone: a health check begins every second.
  keepCompiled()
  const [{ default: pino }, { freshPassword }] = await Promise.all([import('pino'), import('./random.ts')])
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
  for (const line of tlsLines(emulator.tls(), url)) console.log(line)
  if (merchant.settings.notificationUrls.length === 0) console.log('no notification URL yet: give one by --notification-url, or PUT /admin/settings')
  if (isTerminal && config.adminPassword === undefined) console.log(`admin password for this run: ${adminPassword}`)
}

function tlsLines (tls: TlsDoor | null, url: string): readonly string[] {
  if (tls === null) return []
  const { authority } = tls
  const door = `TLS on ${tls.url} for ${tls.names.join(', ')}`
  if (authority === null) return [door]
  return [
    ...authority.isNewBecause === null ? [] : [`NEW CERTIFICATE AUTHORITY, for ${authority.isNewBecause}: whoever trusted the old one must trust this one instead`],
    `${door}; trust ${authority.path ?? `${url}/ca.pem`}, SHA-256 ${authority.fingerprint}`
  ]
}

/** Beside the bundle, whose trust it shares, and where that can be: Node says nothing where it cannot, and has this from 22.8 on. */
function keepCompiled (): void {
  const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (folder: string) => void }
  enableCompileCache?.(join(import.meta.dirname, '../dist/.cache'))
}

async function startEmulator (config: Config, logger: Logger): Promise<{ readonly emulator: Emulator, readonly url: string }> {
  const { compose } = await import('./compose.ts')
  const emulator = await compose(config, { logger })
  try {
    return { emulator, url: await emulator.start() }
  } catch (error) {
    await emulator.close()
    const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number }
    const flag = port === config.port ? '--port' : '--tls-port'
    throw code === 'EADDRINUSE' || code === 'EACCES'
      ? new Error(`port ${port} on ${config.host} ${code === 'EACCES' ? 'may not be used' : 'is in use; stop what uses it'}, or choose another by ${flag}`)
      : error
  }
}

/** Ends with one line on standard error. */
function fail (exitCode: number, message: string): never {
  console.error(message.replaceAll('\n', ' '))
  process.exit(exitCode)
}
