import { createHash } from 'node:crypto'

import type { Fault } from './fault.ts'
import type { Rule } from './rule.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import type { Settings } from './settings.ts'
import { REAL_TIME } from './timeline.ts'
import type { Timeline } from './timeline.ts'

/** One world: its keys, what it has chosen, and its own time. */
export interface Merchant {
  readonly merchantId: string
  readonly serverKey: string
  readonly clientKey: string
  readonly settings: Settings
  /** Failures to inject; the first that matches strikes. */
  readonly faults: readonly Fault[]
  /** What happens to charges by itself; the first that matches counts. */
  readonly rules: readonly Rule[]
  readonly timeline: Timeline
}

export function newMerchant ({ merchantId, serverKey, clientKey }: Pick<Merchant, 'merchantId' | 'serverKey' | 'clientKey'>): Merchant {
  return { merchantId, serverKey, clientKey, settings: DEFAULT_SETTINGS, faults: [], rules: [], timeline: REAL_TIME }
}

/** The keys of a default merchant that was given none, known to all. */
export const DEFAULT_SERVER_KEY = 'SB-Mid-server-warung'
export const DEFAULT_CLIENT_KEY = 'SB-Mid-client-warung'

export const SERVER_KEY_PREFIX = 'SB-Mid-server-'
const CLIENT_KEY_PREFIX = 'SB-Mid-client-'

/** Could this be a server key of the sandbox? */
export function isSandboxKey (key: string): boolean {
  return key.startsWith(SERVER_KEY_PREFIX) && key.length > SERVER_KEY_PREFIX.length && serverKeyProblem(key) === undefined
}

/** The client key that goes with a server key which was made up or came by itself. */
export function clientKeyOf (serverKey: string): string {
  return CLIENT_KEY_PREFIX + (serverKey.startsWith(SERVER_KEY_PREFIX) ? serverKey.slice(SERVER_KEY_PREFIX.length) : serverKey)
}

/** The merchant id of a world that opens by itself: the same wherever the key is used; `tries` where it belongs to another. */
export function merchantIdOf (serverKey: string, tries: number): string {
  const number = createHash('sha256').update(`${tries} ${serverKey}`).digest().readUIntBE(0, 6) % 1_000_000_000
  return `G${String(number).padStart(9, '0')}`
}

/** Why this text cannot be a merchant id; undefined where it can. */
export function merchantIdProblem (id: string): string | undefined {
  return /^[A-Za-z0-9_-]{1,50}$/.test(id) ? undefined : 'a merchant id is 1 to 50 letters, digits, - or _'
}

/** Why this text cannot be a server key; undefined where it can. Basic authentication ends a user name at the colon. */
export function serverKeyProblem (key: string): string | undefined {
  if (key === 'admin') return 'a server key cannot be "admin": that is the admin account'
  if (key.includes(':')) return 'a server key cannot hold a ":"'
  // eslint-disable-next-line no-control-regex
  if (key === '' || /[\x00-\x20\x7f]/.test(key)) return 'a server key needs at least one character, and no blanks or control characters'
  return undefined
}
