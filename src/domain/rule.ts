import { textOf } from './charge-request.ts'
import type { Charge, ChargeRequest } from './charge-request.ts'
import { writeDuration } from './duration.ts'
import { suchAs } from './explanation.ts'
import { DOINGS, fateOf } from './fate.ts'
import type { Course, Fate } from './fate.ts'
import { count, delay, namesOf, object, objectLike, ofForm, oneOf, orNull, refuseOthers, shape, since, text, UnreadableRecord } from './fields.ts'
import type { Fields, Form } from './fields.ts'
import type { Instant } from './instant.ts'
import { itemsForm, readItems } from './named-items.ts'
import { fits } from './pattern.ts'
import { STORE_NAMES } from './stores.ts'
import type { Store } from './stores.ts'

/** What happens by itself to a charge that it matches. Amounts in whole rupiah; texts are patterns in which * stands for any text. */
export interface Rule extends Course {
  readonly id: string
  /** null for whatever it is. */
  readonly match: {
    readonly store: Store | null
    readonly orderId: string | null
    readonly minAmount: number | null
    readonly maxAmount: number | null
    readonly customField1: string | null
    readonly customField2: string | null
    readonly customField3: string | null
  }
}

/** What becomes of a charge made at `now` by itself: what it asks for, else what the first rule that it matches says; null for nothing. */
export function fateOfCharge (rules: readonly Rule[], charge: Charge, request: ChargeRequest, now: Instant): Fate | null {
  const { course, expiresAt } = charge
  if (course !== null) return fateOf(course, null, now, expiresAt)
  const rule = rules.find(({ match }) => matches(match, charge, request))
  return rule === undefined ? null : fateOf(rule, rule.id, now, expiresAt)
}

function matches (match: Rule['match'], { store, orderId, grossAmount }: Charge, request: ChargeRequest): boolean {
  const patterns: ReadonlyArray<readonly [string | null, string]> = [
    [match.orderId, orderId],
    [match.customField1, textOf(request.custom_field1)],
    [match.customField2, textOf(request.custom_field2)],
    [match.customField3, textOf(request.custom_field3)]
  ]
  return (match.store === null || match.store === store) &&
    grossAmount >= (match.minAmount ?? 0) && grossAmount <= (match.maxAmount ?? Infinity) &&
    patterns.every(([pattern, name]) => pattern === null || fits(pattern, name))
}

const MATCH = {
  store: ['store', since(orNull(oneOf(STORE_NAMES)), null)],
  orderId: ['order_id', since(orNull(text), null)],
  minAmount: ['min_amount', since(orNull(count), null)],
  maxAmount: ['max_amount', since(orNull(count), null)],
  customField1: ['custom_field1', since(orNull(text), null)],
  customField2: ['custom_field2', since(orNull(text), null)],
  customField3: ['custom_field3', since(orNull(text), null)]
} as const

const matchMembers = shape<Rule['match']>(MATCH)
const readMatch = ofForm({ ...matchMembers.form, additionalProperties: false }, (member) => {
  refuseOthers(object(member), namesOf(MATCH))
  const match = matchMembers(member)
  if ((match.minAmount ?? 0) > (match.maxAmount ?? Infinity)) throw new UnreadableRecord([{ path: ['max_amount'], message: 'max_amount: should be at least min_amount', expected: suchAs('at least min_amount', match.minAmount) }])
  return match
})

const EVERYTHING = readMatch({})
/** Unless a rule says when it reverses. */
const REVERSE_AFTER_MS = 30_000

const MEMBERS = {
  id: ['id', since(text, '')],
  match: ['match', since(readMatch, EVERYTHING)],
  afterMs: ['after', since(delay, 0)],
  do: ['do', oneOf(DOINGS)],
  reverseAfterMs: ['reverse_after', since<number | null>(delay, null)]
} as const satisfies Fields<Rule>
const ruleMembers = shape<Rule>(MEMBERS)

const ruleOf = objectLike({ match: { store: 'alfamart' }, after: '3s', do: 'pay' })

/** A rule of a document, ours or a user's. Throws an `UnreadableRecord` that names the member. */
export const readRule = ofForm(ruleForm(), (member): Rule => {
  const members = ruleOf(member)
  refuseOthers(members, namesOf(MEMBERS))
  const rule = ruleMembers(members)
  if (rule.do === 'pay_then_reverse') return { ...rule, reverseAfterMs: rule.reverseAfterMs ?? REVERSE_AFTER_MS }
  if (rule.reverseAfterMs !== null) throw new UnreadableRecord([{ path: ['reverse_after'], message: 'reverse_after: goes with "do":"pay_then_reverse" only', expected: 'no such member, or "do":"pay_then_reverse"' }])
  return rule
})

/** Only one of them says when it reverses. */
function ruleForm (): Form & { readonly oneOf: readonly Form[] } {
  const { reverse_after: reverseAfter, ...properties } = ruleMembers.form.properties
  const form = { ...ruleMembers.form, additionalProperties: false }
  return {
    title: 'NewRule',
    oneOf: [
      { ...form, properties: { ...properties, do: { enum: DOINGS.filter((name) => name !== 'pay_then_reverse') } } },
      { ...form, properties: { ...properties, do: { const: 'pay_then_reverse' }, reverse_after: reverseAfter } }
    ]
  }
}

/** What `readRules` takes, but that each id is another, as JSON Schema. */
export const RULES_FORM: Form = itemsForm(readRule)

/** The rules of `{"items":[…]}`. Refuses `invalid_rules` as a whole where one of them is wrong. */
export function readRules (document: unknown): readonly Rule[] {
  return readItems(document, readRule, 'invalid_rules')
}

export function rulesDocument (rules: readonly Rule[]): { readonly items: ReadonlyArray<Readonly<Record<string, unknown>>> } {
  return { items: rules.map(ruleDocument) }
}

export function ruleDocument ({ id, match, do: doing, afterMs, reverseAfterMs }: Rule): Readonly<Record<string, unknown>> {
  const members = Object.entries(MATCH).map(([name, [spelling]]) => [spelling, match[name as keyof Rule['match']]] as const)
  return {
    id,
    match: Object.fromEntries(members.filter(([, value]) => value !== null)),
    after: writeDuration(afterMs),
    do: doing,
    ...reverseAfterMs === null ? {} : { reverse_after: writeDuration(reverseAfterMs) }
  }
}
