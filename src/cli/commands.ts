import type { ApiCall } from '../client/ask-admin.ts'
import { readDuration } from '../domain/duration.ts'
import { TAMPERS } from '../domain/fault.ts'
import { STORE_NAMES } from '../domain/stores.ts'
import { STATUSES } from '../domain/transaction.ts'
import { change, clock, effects, lines, merchant, notification, request, summary, transaction } from './show.ts'
import type { Document } from './show.ts'

type FlagValue = string | number | boolean

export interface CommandFlag {
  /** null for a flag that stands alone. */
  readonly takes: string | null
  readonly about: string
  /** As the admin API takes it; throws a text that completes "--flag …". */
  readonly read: (text: string) => FlagValue
}

export interface Operands {
  /** What follows the word, in order. */
  readonly operands: readonly string[]
  readonly flags: Readonly<Record<string, FlagValue | undefined>>
}

export interface Command {
  /** Operands as help shows them: `<REF>` is needed, `[FILE]` is not, `[KEY=VALUE…]` may be several. */
  readonly takes: string
  readonly about: string
  readonly example: string
  /** By their names, which are those of the admin API. */
  readonly flags?: Readonly<Record<string, CommandFlag>>
  /** Only the user "admin" may. */
  readonly isForAdmin?: boolean
  /** Throws an Error that says what is wrong with the operands. `readFile` for what a file holds. */
  readonly call: (given: Operands, readFile: (name: string) => string) => ApiCall
  /** What a person reads; JSON where it is left out. */
  readonly show?: (document: Document) => string
  /** Where the answer goes instead of the standard output. */
  readonly into?: (given: Operands) => string | undefined
}

const oneOf = (values: readonly string[], about: string, takes: string): CommandFlag =>
  ({ takes, about, read: flagReader(`one of ${values.join(', ')}`, (text) => values.includes(text) ? text : undefined) })
const duration = (about: string): CommandFlag =>
  ({ takes: 'DURATION', about, read: flagReader('a duration such as 500ms, 3s, 10m or 24h', (text) => readDuration(text) === undefined ? undefined : text) })

const STATUS = oneOf(STATUSES, STATUSES.join(', '), 'STATUS')
const PAGE = 1_000
const refOf = ({ operands: [ref = ''] }: Operands): string => encodeURIComponent(ref)
const onTransaction = (action: string) => (given: Operands): ApiCall => ({ method: 'POST', path: `/transactions/${refOf(given)}/${action}`, body: given.flags })
const get = (path: string) => (): ApiCall => ({ method: 'GET', path })
const post = (path: string) => (): ApiCall => ({ method: 'POST', path, body: {} })

/** Every word that speaks to a running emulator. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  show: { takes: '<REF>', about: 'Shows a transaction with its history and notifications.', example: 'warung show order-101', call: (given) => ({ method: 'GET', path: `/transactions/${refOf(given)}` }), show: transaction },
  list: {
    takes: '',
    about: 'Lists transactions, newest first.',
    example: 'warung list --status pending',
    flags: { status: STATUS, store: oneOf(STORE_NAMES, STORE_NAMES.join(' or '), 'STORE') },
    call: ({ flags }) => ({ method: 'GET', path: '/transactions', query: { ...flags, limit: PAGE } }),
    show: ({ items }) => lines(items, summary)
  },
  pay: {
    takes: '<REF>',
    about: 'Pays a payment code as the till would.',
    example: 'warung pay order-101',
    flags: { amount: { takes: 'AMOUNT', about: 'in rupiah; whatever is due unless given', read: flagReader('whole rupiah such as 44000', (text) => /^\d+(\.0+)?$/.test(text) ? text : undefined) } },
    call: onTransaction('pay'),
    show: change
  },
  expire: { takes: '<REF>', about: 'Lapses a pending transaction now.', example: 'warung expire order-101', call: onTransaction('expire'), show: change },
  reverse: { takes: '<REF>', about: 'Gives a payment back: settlement becomes deny.', example: 'warung reverse order-101', call: onTransaction('reverse'), show: change },
  notify: {
    takes: '<REF>',
    about: 'Tells of an event again, or spoiled on purpose.',
    example: 'warung notify order-101 --event settlement --tamper signature',
    flags: {
      event: oneOf(STATUSES, 'one the transaction has had; the present one unless given', 'EVENT'),
      times: { takes: 'N', about: 'how often; 1 unless given', read: flagReader('a number from 1 to 100', (text) => /^([1-9]\d?|100)$/.test(text) ? Number(text) : undefined) },
      delay: duration('how much later'),
      tamper: oneOf(TAMPERS, TAMPERS.join(', '), 'WHAT')
    },
    call: onTransaction('notify'),
    show: change
  },
  wait: {
    takes: '<REF>',
    about: 'Waits until a transaction is as told; ends with 1 when it is not in time.',
    example: 'warung wait order-101 --status settlement --delivered',
    flags: { status: STATUS, delivered: { takes: null, about: 'every notification so far is delivered', read: () => true }, timeout: duration('of real time; 10s unless given, 60s at most') },
    call: (given) => ({ method: 'GET', path: `/transactions/${refOf(given)}/wait`, query: given.flags }),
    show: transaction
  },
  notifications: {
    takes: '[REF]',
    about: 'Lists notifications with their attempts, newest first.',
    example: 'warung notifications order-101',
    call: ({ operands: [ref] }) => ({ method: 'GET', path: '/notifications', query: { ref, limit: PAGE } }),
    show: ({ items }) => lines(items, notification)
  },
  advance: {
    takes: '<DURATION>',
    about: 'Lets time pass, and tells all that happened.',
    example: 'warung advance 24h',
    call: ({ operands: [by] }) => ({ method: 'POST', path: '/clock/advance', body: { by } }),
    show: effects
  },
  freeze: { takes: '[TIME]', about: 'Makes the clock stand still.', example: 'warung freeze "2026-11-22 20:00:00"', call: ({ operands: [at] }) => ({ method: 'POST', path: '/clock/freeze', body: at === undefined ? {} : { at } }), show: clock },
  resume: { takes: '', about: 'Lets the clock run on.', example: 'warung resume', call: post('/clock/resume'), show: clock },
  clock: { takes: '', about: 'Shows the merchant\'s clock.', example: 'warung clock', call: get('/clock'), show: clock },
  reset: { takes: '', about: 'Empties the merchant\'s world.', example: 'warung reset', call: post('/reset'), show: () => 'empty' },
  export: {
    takes: '[FILE]',
    about: 'Writes the merchant\'s world as one JSON document, to standard output unless a file is given.',
    example: 'warung export world.json',
    call: get('/export'),
    into: ({ operands: [file] }) => file
  },
  import: { takes: '<FILE>', about: 'Puts a world that was exported into the merchant\'s, all of it or nothing.', example: 'warung import world.json', call: ({ operands: [file = ''] }, readFile) => ({ method: 'POST', path: '/import', body: parsed(readFile(file), file) }) },
  settings: {
    takes: '[KEY=VALUE…]',
    about: 'Shows the settings, or changes some: VALUE is JSON, or a text.',
    example: 'warung settings expiry_lag=61s retry_jitter=true',
    call: ({ operands }) => operands.length === 0 ? { method: 'GET', path: '/settings' } : { method: 'PUT', path: '/settings', body: Object.fromEntries(operands.map(assignment)) }
  },
  merchants: {
    takes: '[list|create|delete] [ID]',
    about: 'Lists, creates or deletes merchants. Keys are shown whole only when they are made.',
    example: 'warung merchants create G812785002 --admin-password secret',
    isForAdmin: true,
    call: ({ operands: [word = 'list', id] }) => {
      if (word === 'list' && id === undefined) return { method: 'GET', path: '/merchants' }
      if (word === 'create') return { method: 'POST', path: '/merchants', body: { merchant_id: id } }
      if (word === 'delete' && id !== undefined) return { method: 'DELETE', path: `/merchants/${encodeURIComponent(id)}` }
      throw new Error('say list, create [ID] or delete ID')
    },
    show: (document) => document.items === undefined ? merchant(document) : lines(document.items, merchant)
  },
  faults: { takes: '[FILE|none]', about: 'Shows the failures to inject, puts those of a file in place, or none.', example: 'warung faults faults.json', call: replaceable('/faults') },
  rules: { takes: '[FILE|none]', about: 'Shows what happens to charges by itself, puts the rules of a file in place, or none.', example: 'warung rules rules.json', call: replaceable('/rules') },
  requests: {
    takes: '[none]',
    about: 'Lists what the merchant\'s backend sent and got, newest first, each refusal explained; none forgets it.',
    example: 'warung requests',
    call: ({ operands: [word] }) => {
      if (word === undefined) return { method: 'GET', path: '/requests', query: { limit: PAGE } }
      if (word === 'none') return { method: 'DELETE', path: '/requests' }
      throw new Error('say nothing, or none')
    },
    show: ({ items }) => lines(items, request)
  }
}

/** Throws what completes "--flag must be …" for a text that `read` makes nothing of. */
function flagReader (demand: string, read: (text: string) => FlagValue | undefined): CommandFlag['read'] {
  return (text) => {
    const value = read(text)
    if (value === undefined) throw new Error(`must be ${demand}, not "${text}"`)
    return value
  }
}

function replaceable (path: string): Command['call'] {
  return ({ operands: [file] }, readFile) => {
    if (file === undefined) return { method: 'GET', path }
    return file === 'none' ? { method: 'DELETE', path } : { method: 'PUT', path, body: parsed(readFile(file), file) }
  }
}

function parsed (text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${file} is not JSON`)
  }
}

/** `KEY=VALUE`: the value is JSON where it reads as such, else the text itself. */
function assignment (operand: string): readonly [string, unknown] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(operand) ?? []
  if (key === undefined || value === undefined) throw new Error(`"${operand}" should be KEY=VALUE`)
  try {
    return [key, JSON.parse(value)]
  } catch {
    return [key, value]
  }
}
