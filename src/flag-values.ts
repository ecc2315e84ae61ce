import { isIP } from 'node:net'

import { readDuration } from './domain/duration.ts'
import { merchantIdProblem, serverKeyProblem } from './domain/merchant.ts'
import { readTarget } from './domain/target.ts'
import type { Read } from './flags.ts'

// What the text of a flag or variable means; each throws a text that completes "--flag …".

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

export const text: Read<string> = (value) => {
  if (value === '') throw new Error('must not be empty')
  return value
}
const list: Read<readonly string[]> = (value) => value.split(',').map((item) => item.trim()).filter((item) => item !== '')

export function readSwitch (value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new Error(`must be true or false, not "${value}"`)
  return value === 'true'
}

export function readUrl (value: string): string {
  if (readTarget(value) === undefined) throw new Error(`must be an http or https URL without credentials, not "${masked(value)}"`)
  return value
}

export function readWait (value: string): number {
  const ms = readDuration(value)
  if (ms === undefined) throw new Error(`must be a duration such as 500ms, 10s or 1m, not "${value}"`)
  return ms
}

export function readPort (value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new Error(`must be a port from 0 to 65535, not "${value}"`)
  return port
}

export function readTlsPort (value: string): { readonly port: number, readonly isOptional: boolean } {
  const isOptional = value.endsWith('?')
  return { port: readPort(isOptional ? value.slice(0, -1) : value), isOptional }
}

export function readTlsNames (value: string): readonly string[] {
  const names = list(value).map((name) => name.toLowerCase())
  const wrong = names.find((name) => name.includes('%') || (isIP(name) === 0 && !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name)))
  if (wrong !== undefined) throw new Error(`must list host names and IP addresses, not "${wrong}"`)
  return names
}

export function readServerKey (value: string): string {
  const problem = serverKeyProblem(value)
  if (problem !== undefined) throw new Error(`cannot be used: ${problem}`)
  return value
}

export function readMerchantId (value: string): string {
  if (merchantIdProblem(value) !== undefined) throw new Error(`must be 1 to 50 letters, digits, - or _, not "${value}"`)
  return value
}

export function readUrls (value: string): readonly string[] {
  const urls = list(value)
  const unusable = urls.find((url) => readTarget(url) === undefined)
  if (unusable !== undefined) throw new Error(`must be an http or https URL without credentials, not "${masked(unusable)}"`)
  return urls
}

/** What stands before an @ may be a password. */
function masked (url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@')
}

export function readHosts (value: string): readonly string[] {
  const hosts = list(value)
  const wrong = hosts.find((host) => !/^[A-Za-z0-9_.-]+$/.test(host))
  if (wrong !== undefined) throw new Error(`must list host names without scheme and port, not "${wrong}"`)
  return hosts
}

export function readTargets (value: string): readonly string[] {
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

export function readLogLevel (value: string): string {
  if (!LOG_LEVELS.includes(value)) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}, not "${value}"`)
  return value
}
