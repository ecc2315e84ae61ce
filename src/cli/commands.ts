import type { ApiCall } from '../client/ask-admin.ts'

export interface CommandFlag {
  readonly flag: string
  /** null for a flag that stands alone. */
  readonly takes: string | null
  readonly about: string
}

export interface Operands {
  /** What follows the word, in order. */
  readonly operands: readonly string[]
  readonly flags: Readonly<Record<string, string | true | undefined>>
}

export interface Command {
  /** Operands as help shows them: `<REF>` is needed, `[FILE]` is not, `[KEY=VALUE…]` may be several. */
  readonly takes: string
  readonly about: string
  readonly example: string
  readonly flags?: readonly CommandFlag[]
  /** Throws an Error that says what is wrong with the operands. `readFile` for what a file holds. */
  readonly call: (given: Operands, readFile: (name: string) => string) => ApiCall
  /** What a person reads; JSON where it is left out. */
  readonly show?: (document: Document) => string
  /** Where the answer goes instead of the standard output. */
  readonly into?: (given: Operands) => string | undefined
}

type Document = Readonly<Record<string, unknown>>

const STATUS: CommandFlag = { flag: 'status', takes: 'STATUS', about: 'pending, settlement, expire, cancel or deny' }
const refOf = ({ operands: [ref = ''] }: Operands): string => encodeURIComponent(ref)
const textOf = (value: string | true | undefined): string | undefined => typeof value === 'string' ? value : undefined
const onTransaction = (action: string, body: (given: Operands) => object = () => ({})) => (given: Operands): ApiCall =>
  ({ method: 'POST', path: `/transactions/${refOf(given)}/${action}`, body: body(given) })
const get = (path: string) => (): ApiCall => ({ method: 'GET', path })
const post = (path: string) => (): ApiCall => ({ method: 'POST', path, body: {} })

/** Every word that speaks to a running emulator. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  show: { takes: '<REF>', about: 'Shows a transaction with its history and notifications.', example: 'warung show order-101', call: (given) => ({ method: 'GET', path: `/transactions/${refOf(given)}` }), show: transaction },
  list: {
    takes: '',
    about: 'Lists transactions, newest first.',
    example: 'warung list --status pending',
    flags: [STATUS, { flag: 'store', takes: 'STORE', about: 'alfamart or indomaret' }],
    call: ({ flags }) => ({ method: 'GET', path: '/transactions', query: { status: textOf(flags.status), store: textOf(flags.store), limit: '1000' } }),
    show: ({ items }) => lines(items, summary)
  },
  pay: {
    takes: '<REF>',
    about: 'Pays a payment code as the till would.',
    example: 'warung pay order-101',
    flags: [{ flag: 'amount', takes: 'AMOUNT', about: 'in rupiah; whatever is due unless given' }],
    call: onTransaction('pay', ({ flags }) => flags.amount === undefined ? {} : { amount: flags.amount }),
    show: change
  },
  expire: { takes: '<REF>', about: 'Lapses a pending transaction now.', example: 'warung expire order-101', call: onTransaction('expire'), show: change },
  reverse: { takes: '<REF>', about: 'Gives a payment back: settlement becomes deny.', example: 'warung reverse order-101', call: onTransaction('reverse'), show: change },
  notify: {
    takes: '<REF>',
    about: 'Tells of an event again, or spoiled on purpose.',
    example: 'warung notify order-101 --event settlement --tamper signature',
    flags: [
      { flag: 'event', takes: 'EVENT', about: 'one the transaction has had; the present one unless given' },
      { flag: 'times', takes: 'N', about: 'how often; 1 unless given' },
      { flag: 'delay', takes: 'DURATION', about: 'how much later' },
      { flag: 'tamper', takes: 'WHAT', about: 'signature, amount or status' }
    ],
    call: onTransaction('notify', ({ flags: { event, times, delay, tamper } }) => ({
      ...event === undefined ? {} : { event }, ...times === undefined ? {} : { times: Number(times) }, ...delay === undefined ? {} : { delay }, ...tamper === undefined ? {} : { tamper }
    })),
    show: change
  },
  wait: {
    takes: '<REF>',
    about: 'Waits until a transaction is as told; ends with 1 when it is not in time.',
    example: 'warung wait order-101 --status settlement --delivered',
    flags: [STATUS, { flag: 'delivered', takes: null, about: 'and every notification so far is delivered' }, { flag: 'timeout', takes: 'DURATION', about: 'of real time; 10s unless given' }],
    call: (given) => ({
      method: 'GET',
      path: `/transactions/${refOf(given)}/wait`,
      query: { status: textOf(given.flags.status), delivered: given.flags.delivered === true ? 'true' : undefined, timeout: textOf(given.flags.timeout) }
    }),
    show: transaction
  },
  notifications: {
    takes: '[REF]',
    about: 'Lists notifications with their attempts, newest first.',
    example: 'warung notifications order-101',
    call: ({ operands: [ref] }) => ({ method: 'GET', path: '/notifications', query: { ref, limit: '1000' } }),
    show: ({ items }) => lines(items, notification)
  },
  advance: {
    takes: '<DURATION>',
    about: 'Lets time pass, and tells all that happened.',
    example: 'warung advance 24h',
    call: ({ operands: [by] }) => ({ method: 'POST', path: '/clock/advance', body: { by } }),
    show: ({ to, effects }) => [...list(effects).map(effect), `it is ${String(to)}`].join('\n')
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
    about: 'Lists, creates or deletes merchants; needs --admin-password.',
    example: 'warung merchants create G812785002 --admin-password secret',
    call: ({ operands: [word = 'list', id] }) => {
      if (word === 'list') return { method: 'GET', path: '/merchants' }
      if (word === 'create') return { method: 'POST', path: '/merchants', body: id === undefined ? {} : { merchant_id: id } }
      if (word === 'delete' && id !== undefined) return { method: 'DELETE', path: `/merchants/${encodeURIComponent(id)}` }
      throw new Error('say list, create [ID] or delete ID')
    }
  },
  faults: { takes: '[FILE|none]', about: 'Shows the failures to inject, puts those of a file in place, or none.', example: 'warung faults faults.json', call: replaceable('/faults') },
  rules: { takes: '[FILE|none]', about: 'Shows what happens to charges by itself, puts the rules of a file in place, or none.', example: 'warung rules rules.json', call: replaceable('/rules') },
  requests: { takes: '[none]', about: 'Lists what the merchant\'s backend sent and got, newest first; none forgets it.', example: 'warung requests', call: ({ operands: [word] }) => word === 'none' ? { method: 'DELETE', path: '/requests' } : { method: 'GET', path: '/requests' }, show: ({ items }) => lines(items, request) }
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

function list (value: unknown): readonly Document[] {
  return Array.isArray(value) ? value as Document[] : []
}

function lines (items: unknown, line: (item: Document) => string): string {
  const all = list(items)
  return all.length === 0 ? 'none' : all.map(line).join('\n')
}

function summary (each: Document): string {
  return [each.order_id, each.transaction_status, each.gross_amount, each.store, each.payment_code, `until ${String(each.expiry_time)}`].join('  ')
}

function transaction (each: Document): string {
  return [
    summary(each),
    ...list(each.history).map(({ wib, status, cause }) => `  ${String(wib)}  ${String(status)} by ${String(cause)}`),
    ...list(each.notifications).map((item) => notification(item).replaceAll(/^/gm, '  '))
  ].join('\n')
}

function change (each: Document): string {
  return transaction(each.transaction as Document)
}

function notification (each: Document): string {
  return [
    `${String(each.id)}  ${String(each.order_id)} ${String(each.event)} to ${String(each.url)}: ${String(each.state)}`,
    ...list(each.attempts).map(({ wib, status, error, next }) => `  ${String(wib)}  ${String(status ?? error)}; ${String((next as Document).reason)}`)
  ].join('\n')
}

function effect (each: Document): string {
  const start = `${String(each.wib)}  ${String(each.order_id)} ${String(each.kind)}`
  return each.kind === 'attempted' ? `${start} ${String(each.event)} to ${String(each.url)}: ${String((each.next as Document).reason)}` : start
}

function clock (each: Document): string {
  const due = each.next_due as Document | null
  return `${String(each.wib)} WIB${each.frozen === true ? ', frozen' : ''}${due === null ? '' : `; next ${String(due.kind)} at ${String(due.at)}`}`
}

function request (each: Document): string {
  return [`${String(each.wib)}  ${String(each.method)} ${String(each.path)}  ${String(each.status)}`, ...(each.explain === null ? [] : [`  ${JSON.stringify(each.explain)}`])].join('\n')
}
