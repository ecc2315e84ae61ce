import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import type { Effect } from '../../domain/effect.ts'
import type { SignatureProblem } from '../../domain/explain-signature.ts'
import { readFault } from '../../domain/fault.ts'
import { NOTIFICATION_STATES } from '../../domain/notification.ts'
import { ATTEMPT_ERRORS, OUTCOMES } from '../../domain/retry-policy.ts'
import { readRule } from '../../domain/rule.ts'
import { SETTINGS_FORM } from '../../domain/settings.ts'
import { STORE_NAMES } from '../../domain/stores.ts'
import { CAUSES, STATUSES } from '../../domain/transaction.ts'
import { WORLD_FORM } from '../../domain/world.ts'
import type { WarungEvent } from '../../ports.ts'
import { Explain } from '../answers.ts'
import { complete, Instant, Money, oneOf, orNull, Wib } from '../schemas.ts'

// The documents of documents.ts, as they come out. What the tests see of them is held against these.

const Next = Type.Object({
  again: Type.Boolean(),
  at: orNull(Instant),
  reason: Type.String()
}, { description: 'what happens after an attempt, and why' })

const attemptMembers = {
  number: Type.Integer({ minimum: 1 }),
  at: Instant,
  wib: Wib,
  duration_ms: Type.Integer({ minimum: 0 }),
  status: orNull(Type.Integer()),
  error: orNull(oneOf(ATTEMPT_ERRORS, { description: 'why there is no answer' })),
  redirects: Type.Array(Type.String()),
  outcome: oneOf(OUTCOMES),
  next: Next
}
export const Attempt = Type.Object(attemptMembers, { title: 'Attempt' })
const headers = Type.Record(Type.String(), Type.String())
const WholeAttempt = Type.Object({ ...attemptMembers, request_headers: headers, response_headers: headers, response_body: Type.String({ description: 'its first 4 KiB' }) }, { title: 'WholeAttempt' })

const notificationMembers = {
  id: Type.String(),
  transaction_id: Type.String(),
  order_id: Type.String(),
  event: oneOf(STATUSES),
  url: Type.String(),
  state: oneOf(NOTIFICATION_STATES, { description: '`waiting`: due or scheduled; `failed`: no attempt left; `held` and `dropped`: by a fault' }),
  created_at: Instant,
  next_attempt_at: orNull(Instant)
}
/** As lists show it. */
export const Notification = Type.Object({ ...notificationMembers, attempts: Type.Array(Attempt) }, { title: 'Notification' })
export const WholeNotification = Type.Object({
  ...notificationMembers,
  body: Type.String({ description: 'the bytes that are sent, as a text' }),
  signed_text: Type.String({ description: 'what the signature is the SHA-512 of, the server key masked' }),
  attempts: Type.Array(WholeAttempt)
}, { title: 'WholeNotification' })

const transactionMembers = {
  transaction_id: Type.String(),
  order_id: Type.String(),
  merchant_id: Type.String(),
  store: oneOf(STORE_NAMES),
  payment_code: Type.String(),
  gross_amount: Money,
  transaction_status: oneOf(STATUSES),
  transaction_time: Wib,
  expiry_time: Wib,
  settlement_time: orNull(Wib),
  approval_code: orNull(Type.String())
}
/** What each kind of effect is; does not compile until a new one is told. */
const EFFECTS: Record<Exclude<Effect['kind'], 'attempted'>, string> = { expired: 'a payment lapsed', paid: 'a rule paid', cancelled: 'a rule cancelled', reversed: 'a rule gave a payment back' }
const EFFECT_KINDS = Object.keys(EFFECTS) as ReadonlyArray<keyof typeof EFFECTS>

/** As lists show it. */
export const TransactionSummary = Type.Object(transactionMembers, { title: 'TransactionSummary' })
export const Transaction = Type.Object({
  ...transactionMembers,
  fate: orNull(Type.Object({ at: Instant, wib: Wib, kind: oneOf(EFFECT_KINDS), rule: orNull(Type.String({ description: 'its id; null where the charge asked for it' })) }, { description: 'what becomes of it by itself before it lapses, by the name of the effect that it will be' })),
  request: Type.Record(Type.String(), Type.Unknown(), { description: 'the charge as it was received' }),
  history: Type.Array(Type.Object({ at: Instant, wib: Wib, status: oneOf(STATUSES), cause: oneOf(CAUSES) })),
  notifications: Type.Array(Notification)
}, { title: 'Transaction' })

/** What a change brought about: the transaction as it is now, and the notifications that the change made. */
export const Change = Type.Object({ transaction: Transaction, notifications: Type.Array(Notification) }, { title: 'Change' })

export const NotYet = Type.Object({ code: Type.Literal('not_yet'), message: Type.String(), explain: Explain, transaction: Transaction }, { title: 'NotYet' })

const effectMembers = { at: Instant, wib: Wib, transaction_id: Type.String(), order_id: Type.String() }

const Move = Type.Object({
  ...effectMembers,
  kind: oneOf(EFFECT_KINDS, { description: Object.entries(EFFECTS).map(([kind, about]) => `\`${kind}\`: ${about}`).join('; ') })
})
const Attempted = Type.Object({
  ...effectMembers,
  kind: Type.Literal('attempted'),
  notification_id: Type.String(),
  event: oneOf(STATUSES),
  url: Type.String(),
  attempt: Type.Integer({ minimum: 1 }),
  status: attemptMembers.status,
  error: attemptMembers.error,
  outcome: attemptMembers.outcome,
  next: Next
})
export const Advance = Type.Object({
  from: Instant,
  to: Instant,
  effects: Type.Array(Type.Union([Move, Attempted], { title: 'Effect', description: 'something that the passing of time caused' }))
}, { title: 'Advance' })

export const Clock = Type.Object({
  now: Instant,
  wib: Wib,
  frozen: Type.Boolean(),
  shift_ms: Type.Integer({ description: 'how far it is ahead of real time' }),
  next_due: orNull(Type.Object({ at: Instant, kind: oneOf([...EFFECT_KINDS, 'attempted']) }))
}, { title: 'Clock' })

export const Settings = Type.Unsafe({ ...complete(SETTINGS_FORM), title: 'Settings' })

const Fault = Type.Unsafe({ ...readFault.form, oneOf: readFault.form.oneOf.map(complete), title: 'Fault' })
export const Faults = Type.Object({ items: Type.Array(Fault) }, { title: 'Faults' })

const Rule = Type.Unsafe({ ...readRule.form, oneOf: readRule.form.oneOf.map(complete), title: 'Rule' })
export const Rules = Type.Object({ items: Type.Array(Rule) }, { title: 'Rules' })

export const World = Type.Unsafe({ ...WORLD_FORM, title: 'World' })
export const Imported = Type.Object({ merchant_id: Type.String(), transactions: Type.Integer(), notifications: Type.Integer() })
export const Emptied = Type.Object({ merchant_id: Type.String() })

export const Merchant = Type.Object({
  merchant_id: Type.String(),
  server_key: Type.String({ description: 'in full only to who has just made it, masked elsewhere' }),
  client_key: Type.String({ description: 'as `server_key`' }),
  settings: Settings
}, { title: 'Merchant' })

const Json = Type.Unknown({ description: 'the JSON; a text where it is none, cut to 4 KiB; null for nothing' })

const requestMembers = {
  id: Type.String(),
  at: Instant,
  wib: Wib,
  method: Type.String(),
  path: Type.String(),
  status: orNull(Type.Integer({ description: 'of HTTP; null where no answer was sent' })),
  status_code: orNull(Type.String({ description: 'of the body' })),
  duration_ms: Type.Integer({ minimum: 0 }),
  transaction_id: orNull(Type.String()),
  explain: Explain
}
export const JournalItem = Type.Object({ ...requestMembers, headers, body: Json, response: Json }, { title: 'JournalItem' })

const PROBLEMS: Record<SignatureProblem, true> = { none: true, status_in_place_of_code: true, amount_without_decimals: true, wrong_key: true, wrong_order: true, other_event: true, unknown: true }
export const SignatureVerdict = Type.Object({
  matches: Type.Boolean(),
  problem: oneOf(Object.keys(PROBLEMS)),
  event: oneOf(STATUSES),
  message: Type.String(),
  signed_text: Type.String({ description: 'what should be signed' })
}, { title: 'SignatureVerdict' })

/** The document of each kind of event in the feed. */
const EVENTS: Record<WarungEvent['kind'], TSchema> = {
  transaction: TransactionSummary,
  notification: Notification,
  settings: Settings,
  clock: Clock,
  reset: Emptied,
  request: Type.Object(requestMembers, { title: 'Request' })
}
/** An event as it is read: its data parsed. */
const Event = Type.Union(Object.entries(EVENTS).map(([kind, data]) => Type.Object({ id: Type.String(), event: Type.Literal(kind), data })), { title: 'Event' })
export const EventStream = Type.String({ contentMediaType: 'text/event-stream', contentSchema: Type.Array(Event) })

export function page (item: TSchema) {
  return Type.Object({ items: Type.Array(item), next_cursor: orNull(Type.String({ description: 'where the next page begins; null for the last' })) })
}
