import { durationForm, readDuration, writeDuration } from './duration.ts'
import { refusingBy } from './explain-flaws.ts'
import { suchAs } from './explanation.ts'
import { UnreadableRecord } from './fields.ts'
import type { Flaw, Form, Path } from './fields.ts'
import { isObject } from './json.ts'
import { STORE_NAMES } from './stores.ts'
import type { Store } from './stores.ts'
import { readTarget } from './target.ts'

/** What a merchant can choose. Durations in milliseconds. */
export interface Settings {
  readonly notificationUrls: readonly string[]
  readonly activeStores: readonly Store[]
  readonly defaultExpiryMs: Readonly<Record<Store, number>>
  readonly storeLimits: boolean
  readonly strictOrderId: boolean
  readonly pendingNotification: boolean
  readonly pendingNotificationDelayMs: number
  readonly expiryLagMs: number
  readonly retryJitter: boolean
  readonly notificationTimeoutMs: number
  /** A charge may say in custom_field3 what becomes of it by itself. */
  readonly chargeFateField: boolean
  readonly receiptName: string
}

const DAY_MS = 86_400_000
const MAX_EXPIRY_MS = 180 * DAY_MS

export const DEFAULT_SETTINGS: Settings = {
  notificationUrls: [],
  activeStores: STORE_NAMES,
  defaultExpiryMs: { alfamart: DAY_MS, indomaret: DAY_MS },
  storeLimits: true,
  strictOrderId: true,
  pendingNotification: true,
  pendingNotificationDelayMs: 0,
  expiryLagMs: 0,
  retryJitter: false,
  notificationTimeoutMs: 15_000,
  chargeFateField: true,
  receiptName: 'Warung'
}

interface Setting<Value> {
  /** The value that a document's member means; undefined where it means none. */
  readonly read: (member: unknown, current: Value) => Value | undefined
  readonly write: (value: Value) => unknown
  /** Completes "must be …". */
  readonly takes: string
  /** As a document has it. */
  readonly example: unknown
  readonly form: Form
}

const flag: Setting<boolean> = {
  read: (member) => typeof member === 'boolean' ? member : undefined,
  write: (value) => value,
  takes: 'true or false',
  example: true,
  form: { type: 'boolean' }
}

function duration (minMs: number, maxMs: number): Setting<number> {
  return {
    read: (member) => within(readDuration(member), minMs, maxMs),
    write: writeDuration,
    takes: `a duration like "500ms", "3s", "10m", "24h" or "7d", from ${writeDuration(minMs)} to ${writeDuration(maxMs)}`,
    example: '3s',
    form: durationForm(minMs, maxMs)
  }
}

function listOf<Item> (read: (item: unknown) => Item | undefined, takes: string, example: Item, item: Form): Setting<readonly Item[]> {
  return {
    read: (member) => {
      if (!Array.isArray(member)) return undefined
      const items = [...new Set(member.map(read))]
      return items.every((item) => item !== undefined) ? items as Item[] : undefined
    },
    write: (value) => value,
    takes,
    example: [example],
    form: { type: 'array', items: item }
  }
}

const defaultExpiry: Setting<Settings['defaultExpiryMs']> = {
  read: (member, current) => {
    if (!isObject(member)) return undefined
    const expiry: Record<string, number> = { ...current }
    for (const [store, value] of Object.entries(member)) {
      const ms = within(readDuration(value), 1_000, MAX_EXPIRY_MS)
      if (ms === undefined || !Object.hasOwn(current, store)) return undefined
      expiry[store] = ms
    }
    return expiry as Settings['defaultExpiryMs']
  },
  write: (value) => Object.fromEntries(Object.entries(value).map(([store, ms]) => [store, writeDuration(ms)])),
  takes: 'an object of stores and durations from 1s to 180d',
  example: { alfamart: '24h' },
  form: { type: 'object', properties: Object.fromEntries(STORE_NAMES.map((store) => [store, durationForm(1_000, MAX_EXPIRY_MS)])), additionalProperties: false }
}

/** Every setting by its name in documents, in the order in which documents show them. */
const SETTINGS: { readonly [Name in keyof Settings]: readonly [member: string, setting: Setting<Settings[Name]>, about: string] } = {
  notificationUrls: ['notification_urls', listOf((item) => typeof item === 'string' && readTarget(item) !== undefined ? item : undefined, 'a list of http or https URLs without credentials', 'http://127.0.0.1:8000/notifications', { type: 'string' }), 'where notifications go'],
  activeStores: ['active_stores', listOf((item) => STORE_NAMES.find((store) => store === item), `a list of stores: ${STORE_NAMES.join(', ')}`, 'alfamart', { type: 'string', enum: STORE_NAMES }), 'a charge for another store answers 402'],
  defaultExpiryMs: ['default_expiry', defaultExpiry, 'life of a charge without custom_expiry'],
  storeLimits: ['store_limits', flag, 'refuse amounts outside a store\'s limits'],
  strictOrderId: ['strict_order_id', flag, 'refuse symbols that the documentation forbids'],
  pendingNotification: ['pending_notification', flag, 'send the notification of the charge itself'],
  pendingNotificationDelayMs: ['pending_notification_delay', duration(0, MAX_EXPIRY_MS), 'how long after the charge its notification is due'],
  expiryLagMs: ['expiry_lag', duration(0, MAX_EXPIRY_MS), 'how long after expiry_time a payment lapses; new charges only'],
  retryJitter: ['retry_jitter', flag, 'shift retries at random, as the gateway does'],
  notificationTimeoutMs: ['notification_timeout', duration(1, 600_000), 'how long a receiver may take'],
  chargeFateField: ['charge_fate_field', flag, 'a charge may say in custom_field3 what becomes of it by itself'],
  receiptName: ['receipt_name', {
    read: (member) => typeof member === 'string' && member.length >= 1 && member.length <= 255 ? member : undefined,
    write: (value) => value,
    takes: 'a text of 1 to 255 characters',
    example: 'Toko Budi',
    form: { type: 'string', minLength: 1, maxLength: 255 }
  }, 'the merchant\'s name at the till']
}

/** What `changeSettings` takes, as JSON Schema; the descriptions say the rest. */
export const SETTINGS_FORM: Form = {
  title: 'SettingsPart',
  type: 'object',
  properties: Object.fromEntries(rows().map(([, member, { form, takes }, about]) => [member, { ...form, description: `${about}: ${takes}` }])),
  additionalProperties: false
}

/** The settings as a document: gateway spelling, durations as text. */
export function settingsDocument (settings: Settings): Record<string, unknown> {
  return Object.fromEntries(rows().map(([name, member, setting]) => [member, setting.write(settings[name])]))
}

/** The settings after a document, whole or in part, is laid over them. Refuses `invalid_settings` with every failure; `within` is where the document stands in what was sent. */
export function changeSettings (current: Settings, document: unknown, within: Path = []): Settings {
  return refusingBy('invalid_settings', document, () => readSettings(current, document), { within })
}

/** The same of a stored document: throws an `UnreadableRecord`. */
export function readSettings (current: Settings, document: unknown): Settings {
  if (!isObject(document)) throw new UnreadableRecord([{ path: [], message: 'settings must be a JSON object', expected: suchAs('a JSON object', { store_limits: true }) }])

  const known = new Map(rows().map(([name, member, setting]) => [member, { name, setting }]))
  const changed: Record<string, unknown> = { ...current }
  const flaws: Flaw[] = []
  for (const [member, value] of Object.entries(document)) {
    const row = known.get(member)
    const read = row?.setting.read(value, current[row.name])
    if (row !== undefined && read !== undefined) changed[row.name] = read
    else flaws.push({ path: [member], ...flawOf(member, row?.setting, [...known.keys()]) })
  }
  if (flaws.length > 0) throw new UnreadableRecord(flaws)
  return changed as unknown as Settings
}

type Row = [name: keyof Settings, member: string, setting: Setting<unknown>, about: string]

function rows (): Row[] {
  return Object.entries(SETTINGS).map(([name, row]) => [name, ...row] as unknown as Row)
}

function within (value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined
}

function flawOf (member: string, setting: Setting<unknown> | undefined, known: readonly string[]): Pick<Flaw, 'message' | 'expected'> {
  if (setting !== undefined) return { message: `${member} must be ${setting.takes}`, expected: suchAs(setting.takes, setting.example) }
  const names = known.join(', ')
  return { message: `${member} is not a setting; there are: ${names}`, expected: `one of the settings: ${names}` }
}
