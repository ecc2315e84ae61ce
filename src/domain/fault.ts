import { writeDuration } from './duration.ts'
import { suchAs } from './explanation.ts'
import { count, delay, field, flag, formOf, namesOf, objectLike, ofForm, oneOf, orNull, refuseOthers, shape, since, text, UnreadableRecord } from './fields.ts'
import type { Field, Fields, Form } from './fields.ts'
import { itemsForm, readItems } from './named-items.ts'
import { fits } from './pattern.ts'
import { STORE_NAMES } from './stores.ts'
import type { Store } from './stores.ts'
import { STATUSES } from './transaction.ts'
import type { Status } from './transaction.ts'

export const ENDPOINTS = ['charge', 'status', 'cancel', 'expire'] as const
/** A call of the gateway that faults tell apart. */
export type Endpoint = typeof ENDPOINTS[number]

export const ERROR_CODES = ['400', '401', '402', '404', '405', '406', '410', '412', '413', '429', '500', '501', '502', '503', '504', '505'] as const
export type ErrorCode = typeof ERROR_CODES[number]

export const TAMPERS = ['signature', 'amount', 'status'] as const
/** What is spoiled on purpose: the signature itself, or what it was made for, so that it no longer fits. */
export type Tamper = typeof TAMPERS[number]

export type FaultAction =
  | { readonly kind: 'error', readonly statusCode: ErrorCode, readonly http: boolean }
  | { readonly kind: 'delay', readonly delayMs: number }
  | { readonly kind: 'drop' }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'duplicate', readonly copies: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'tamper', readonly tamper: Tamper }

/** A failure to inject: into calls of the gateway where it matches an endpoint, into notifications where it matches an event. */
export interface Fault {
  readonly id: string
  readonly match: {
    readonly endpoint: Endpoint | '*' | null
    readonly event: Status | '*' | null
    readonly store: Store | null
    /** A pattern in which * stands for any text. */
    readonly orderId: string | null
  }
  /** How often it still strikes; null for ever. */
  readonly times: number | null
  /** How often it has been asked whether it strikes. */
  readonly seen: number
  readonly probability: number
  /** `before`: a call does not happen; `after`: it does, and only its answer suffers. */
  readonly when: 'before' | 'after'
  readonly action: FaultAction
}

/** What a fault may strike. undefined where it is not known. */
export interface Subject {
  readonly endpoint?: Endpoint | undefined
  readonly event?: Status
  readonly store?: Store | undefined
  readonly orderId?: string | undefined
}

const MAX_COPIES = 100

/** The first fault that matches and strikes, and the faults after that. `chance` is at least 0 and below 1. */
export function struck (faults: readonly Fault[], subject: Subject, chance: (fault: Fault) => number): { readonly faults: readonly Fault[], readonly fault: Fault | undefined } {
  let fault: Fault | undefined
  const after = faults.map((each) => {
    if (fault !== undefined || each.times === 0 || !matches(each, subject)) return each
    if (chance(each) < each.probability) fault = each
    const times = fault === undefined || each.times === null ? each.times : each.times - 1
    return { ...each, times, seen: Math.min(each.seen + 1, Number.MAX_SAFE_INTEGER) }
  })
  return { faults: after, fault }
}

function matches ({ match }: Fault, { endpoint, event, store, orderId }: Subject): boolean {
  const isAbout = event === undefined
    ? match.endpoint === '*' || (match.endpoint !== null && match.endpoint === endpoint)
    : match.event === '*' || match.event === event
  return isAbout && (match.store === null || match.store === store) &&
    (match.orderId === null || (orderId !== undefined && fits(match.orderId, orderId)))
}

const number = field('a number from 0 to 1', (member) => typeof member === 'number' && member >= 0 && member <= 1 ? member : undefined, { type: 'number', minimum: 0, maximum: 1 }, 1)
const copies = field(`a whole number from 1 to ${MAX_COPIES}`, (member) => Number.isSafeInteger(member) && (member as number) >= 1 && (member as number) <= MAX_COPIES ? member as number : undefined, { type: 'integer', minimum: 1, maximum: MAX_COPIES }, 2)
const code: Field<ErrorCode> = ofForm({ enum: [...ERROR_CODES, ...ERROR_CODES.map(Number)] }, (member) => oneOf(ERROR_CODES)(typeof member === 'number' ? String(member) : member))

/** The parameters of each action, and which match it goes with. */
const ACTIONS: Readonly<Record<FaultAction['kind'], { readonly of: ReadonlyArray<'endpoint' | 'event'>, readonly takes: Readonly<Record<string, readonly [string, Field<unknown>]>> }>> = {
  error: { of: ['endpoint'], takes: { statusCode: ['status_code', code], http: ['http', since(flag, false)] } },
  delay: { of: ['endpoint', 'event'], takes: { delayMs: ['delay', delay] } },
  drop: { of: ['endpoint', 'event'], takes: {} },
  garbage: { of: ['endpoint'], takes: {} },
  duplicate: { of: ['event'], takes: { copies: ['copies', since(copies, 2)] } },
  hold: { of: ['event'], takes: {} },
  tamper: { of: ['event'], takes: { tamper: ['tamper', oneOf(TAMPERS)] } }
}
const KINDS = Object.keys(ACTIONS) as ReadonlyArray<FaultAction['kind']>

const matchRows = {
  endpoint: ['endpoint', since(orNull(oneOf([...ENDPOINTS, '*'])), null)],
  event: ['event', since(orNull(oneOf([...STATUSES, '*'])), null)],
  store: ['store', since(orNull(oneOf(STORE_NAMES)), null)],
  orderId: ['order_id', since(orNull(text), null)]
} as const satisfies Fields<Fault['match']>
const matchOf = objectLike({ endpoint: 'charge' })
const matchMembers = shape<Fault['match']>(matchRows)
const readMatch = ofForm(matchMembers.form, (member) => {
  refuseOthers(matchOf(member), namesOf(matchRows))
  return matchMembers(member)
})

const commonRows = {
  id: ['id', since(text, '')],
  match: ['match', readMatch],
  times: ['times', since(orNull(count), 1)],
  seen: ['seen', since(count, 0)],
  probability: ['probability', since(number, 1)],
  when: ['when', since(oneOf(['before', 'after']), 'before')],
  action: ['action', oneOf(KINDS)]
} as const satisfies Fields<Omit<Fault, 'action'> & { readonly action: FaultAction['kind'] }>
const commonMembers = shape<Omit<Fault, 'action'> & { readonly action: FaultAction['kind'] }>(commonRows)

const faultOf = objectLike({ match: { endpoint: 'charge' }, action: 'drop' })

/** A fault of a document, ours or a user's. Throws an `UnreadableRecord` that names the member. */
export const readFault = ofForm(faultForm(), (member): Fault => {
  const members = faultOf(member)
  const { action: kind, ...common } = commonMembers(members)
  const { of, takes } = ACTIONS[kind]
  refuseOthers(members, [...namesOf(commonRows), ...namesOf(takes)])

  const { endpoint, event } = common.match
  if ((endpoint === null) === (event === null)) throw new UnreadableRecord([{ path: ['match'], message: 'match: should have an endpoint, for calls, or an event, for notifications', expected: suchAs('a match with an endpoint or an event, and not both', { [of.includes('endpoint') ? 'endpoint' : 'event']: '*' }) }])
  const about = endpoint === null ? 'event' : 'endpoint'
  if (!of.includes(about)) throw new UnreadableRecord([{ path: ['action'], message: `action: ${kind} goes with a match on ${of.join(' or ')}`, expected: suchAs(`an action that goes with a match on ${about}`, 'drop') }])
  if (about === 'event' && common.when === 'after') throw new UnreadableRecord([{ path: ['when'], message: 'when: after is for calls only', expected: suchAs('nothing else with a match on event', 'before') }])
  return { ...common, action: { kind, ...shape<object>(takes)(members) } as FaultAction }
})

/** One for each action and what it goes with: what does not belong together is of no form. */
function faultForm (): Form & { readonly oneOf: readonly Form[] } {
  const forms = Object.entries(ACTIONS).flatMap(([kind, { of, takes }]) => of.map((about) => {
    const form = formOf([...Object.values(commonRows), ...Object.values(takes)])
    const members = { match: matchForm(about), action: { const: kind }, ...about === 'event' ? { when: { const: 'before' } } : {} }
    return { ...form, properties: { ...form.properties, ...members }, additionalProperties: false }
  }))
  return { title: 'NewFault', description: 'An `endpoint` matches calls of the gateway, an `event` notifications.', oneOf: forms }
}

function matchForm (about: 'endpoint' | 'event'): Form {
  const other = about === 'endpoint' ? 'event' : 'endpoint'
  const { form } = oneOf([...about === 'endpoint' ? ENDPOINTS : STATUSES, '*'])
  return { ...matchMembers.form, required: [about], properties: { ...matchMembers.form.properties, [about]: form, [other]: { type: 'null' } }, additionalProperties: false }
}

/** What `readFaults` takes, but that each id is another, as JSON Schema. */
export const FAULTS_FORM: Form = itemsForm(readFault)

/** The faults of `{"items":[…]}`. Refuses `invalid_faults` as a whole where one of them is wrong. */
export function readFaults (document: unknown): readonly Fault[] {
  return readItems(document, readFault, 'invalid_faults')
}

export function faultsDocument (faults: readonly Fault[]): { readonly items: ReadonlyArray<Readonly<Record<string, unknown>>> } {
  return { items: faults.map(faultDocument) }
}

export function faultDocument ({ id, match, times, seen, probability, when, action: { kind, ...parameters } }: Fault): Readonly<Record<string, unknown>> {
  const values = parameters as Readonly<Record<string, unknown>>
  return {
    id,
    match: Object.fromEntries(Object.entries({ endpoint: match.endpoint, event: match.event, store: match.store, order_id: match.orderId }).filter(([, value]) => value !== null)),
    times,
    seen,
    probability,
    when,
    action: kind,
    ...Object.fromEntries(Object.entries(ACTIONS[kind].takes).map(([name, [spelling]]) => [spelling, spelling === 'delay' ? writeDuration(values[name] as number) : values[name]]))
  }
}
