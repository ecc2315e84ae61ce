import type { ChargeRequest } from './charge-request.ts'
import type { Fate } from './fate.ts'
import { faultDocument, readFault } from './fault.ts'
import { delayMs, flag, instant, list, object, ofForm, oneOf, orNull, shape, since, text, texts, UnreadableRecord, whole } from './fields.ts'
import type { Field, Fields, ObjectField } from './fields.ts'
import { toIso } from './instant.ts'
import type { Instant } from './instant.ts'
import type { Merchant } from './merchant.ts'
import { ATTEMPT_CAUSES, NOTIFICATION_STATES } from './notification.ts'
import type { Attempt, Notification } from './notification.ts'
import { ATTEMPT_ERRORS, OUTCOMES } from './retry-policy.ts'
import type { Next } from './retry-policy.ts'
import { readRule, ruleDocument } from './rule.ts'
import { DEFAULT_SETTINGS, readSettings, settingsDocument, SETTINGS_FORM } from './settings.ts'
import { STORE_NAMES } from './stores.ts'
import type { Timeline } from './timeline.ts'
import { CAUSES, MOVE_NAMES, STATUSES } from './transaction.ts'
import type { HistoryEntry, Transaction } from './transaction.ts'

/** What a merchant's world is counted by. */
export interface Counter {
  readonly merchantId: string
  /** How many numbers of chance it has used. */
  readonly chance: number
  /** What was recorded in it before this order is gone: the world was emptied. */
  readonly since: number
  readonly isDeleted: boolean
}

export function counterRecord ({ merchantId, chance, since, isDeleted }: Counter): object {
  return { merchant_id: merchantId, chance, ...since === 0 ? {} : { since }, ...isDeleted ? { deleted: true } : {} }
}

export const readCounter: Field<Counter> = shape<Counter>({
  merchantId: ['merchant_id', text],
  chance: ['chance', whole],
  since: ['since', since(whole, 0)],
  isDeleted: ['deleted', since(flag, false)]
})

export function merchantRecord (merchant: Merchant): object {
  return {
    merchant_id: merchant.merchantId,
    server_key: merchant.serverKey,
    client_key: merchant.clientKey,
    settings: settingsDocument(merchant.settings),
    faults: merchant.faults.map(faultDocument),
    rules: merchant.rules.map(ruleDocument),
    timeline: { shift_ms: merchant.timeline.shiftMs, frozen_at: isoOrNull(merchant.timeline.frozenAt), stepped: merchant.timeline.isStepped }
  }
}

/** What a merchant has chosen, without who it is. */
export const CHOICES: Fields<Pick<Merchant, 'settings' | 'faults' | 'rules' | 'timeline'>> = {
  settings: ['settings', ofForm(SETTINGS_FORM, (member) => readSettings(DEFAULT_SETTINGS, member))],
  faults: ['faults', since(list(readFault), [])],
  rules: ['rules', since(list(readRule), [])],
  timeline: ['timeline', shape<Timeline>({ shiftMs: ['shift_ms', whole], frozenAt: ['frozen_at', orNull(instant)], isStepped: ['stepped', since(flag, false)] })]
}

export const readMerchant: Field<Merchant> = shape<Merchant>({
  merchantId: ['merchant_id', text],
  serverKey: ['server_key', text],
  clientKey: ['client_key', text],
  ...CHOICES
})

export function transactionRecord (transaction: Transaction): object {
  return {
    transaction_id: transaction.transactionId,
    merchant_id: transaction.merchantId,
    order_id: transaction.orderId,
    store: transaction.store,
    payment_code: transaction.paymentCode,
    gross_amount: transaction.grossAmount,
    status: transaction.status,
    charged_at: toIso(transaction.chargedAt),
    expires_at: toIso(transaction.expiresAt),
    lapses_at: toIso(transaction.lapsesAt),
    settled_at: isoOrNull(transaction.settledAt),
    approval_code: transaction.approvalCode,
    ...fateMember(transaction.fate),
    urls: transaction.urls,
    request: transaction.request,
    history: transaction.history.map(({ at, status, cause, idempotencyKey }) => ({ at: toIso(at), status, cause, idempotency_key: idempotencyKey }))
  }
}

export const readTransaction: ObjectField<Transaction> = shape<Transaction>({
  transactionId: ['transaction_id', text],
  merchantId: ['merchant_id', text],
  orderId: ['order_id', text],
  store: ['store', oneOf(STORE_NAMES)],
  paymentCode: ['payment_code', text],
  grossAmount: ['gross_amount', whole],
  status: ['status', oneOf(STATUSES)],
  chargedAt: ['charged_at', instant],
  expiresAt: ['expires_at', instant],
  lapsesAt: ['lapses_at', instant],
  settledAt: ['settled_at', orNull(instant)],
  approvalCode: ['approval_code', orNull(text)],
  fate: ['fate', since(orNull(shape<Fate>({
    move: ['move', oneOf(MOVE_NAMES)], at: ['at', instant], rule: ['rule', orNull(text)], reverseAfterMs: ['reverse_after_ms', orNull(delayMs)]
  })), null)],
  urls: ['urls', shape({ override: ['override', orNull(list(text))], append: ['append', list(text)] })],
  request: ['request', ofForm(object.form, (member) => object(member) as ChargeRequest)],
  history: ['history', list(shape<HistoryEntry>({ at: ['at', instant], status: ['status', oneOf(STATUSES)], cause: ['cause', oneOf(CAUSES)], idempotencyKey: ['idempotency_key', since(orNull(text), null)] }))]
})

export function notificationRecord (notification: Notification): object {
  return {
    id: notification.id,
    merchant_id: notification.merchantId,
    transaction_id: notification.transactionId,
    order_id: notification.orderId,
    event: notification.event,
    url: notification.url,
    state: notification.state,
    created_at: toIso(notification.createdAt),
    due_at: isoOrNull(notification.dueAt),
    held_by: notification.heldBy,
    body: notification.body,
    attempts: notification.attempts.map(attemptRecord)
  }
}

const nextMembers = shape<{ again: boolean, at: Instant | null, reason: string }>({ again: ['again', flag], at: ['at', orNull(instant)], reason: ['reason', text] })

export const readNotification: ObjectField<Notification> = shape<Notification>({
  id: ['id', text],
  merchantId: ['merchant_id', text],
  transactionId: ['transaction_id', text],
  orderId: ['order_id', text],
  event: ['event', oneOf(STATUSES)],
  url: ['url', text],
  state: ['state', oneOf(NOTIFICATION_STATES)],
  createdAt: ['created_at', instant],
  dueAt: ['due_at', orNull(instant)],
  heldBy: ['held_by', since(orNull(text), null)],
  body: ['body', text],
  attempts: ['attempts', list(shape<Attempt>({
    number: ['number', whole],
    cause: ['cause', since(oneOf(ATTEMPT_CAUSES), 'clock')],
    at: ['at', instant],
    durationMs: ['duration_ms', whole],
    requestHeaders: ['request_headers', texts],
    status: ['status', orNull(whole)],
    responseHeaders: ['response_headers', texts],
    responseBody: ['response_body', text],
    error: ['error', orNull(oneOf(ATTEMPT_ERRORS))],
    redirects: ['redirects', list(text)],
    outcome: ['outcome', oneOf(OUTCOMES)],
    next: ['next', ofForm(nextMembers.form, readNext)]
  }))]
})

function attemptRecord (attempt: Attempt): object {
  return {
    number: attempt.number,
    cause: attempt.cause,
    at: toIso(attempt.at),
    duration_ms: attempt.durationMs,
    request_headers: attempt.requestHeaders,
    status: attempt.status,
    response_headers: attempt.responseHeaders,
    response_body: attempt.responseBody,
    error: attempt.error,
    redirects: attempt.redirects,
    outcome: attempt.outcome,
    next: { ...attempt.next, at: isoOrNull(attempt.next.at) }
  }
}

/** Most have none. */
function fateMember (fate: Fate | null): object {
  return fate === null ? {} : { fate: { move: fate.move, at: toIso(fate.at), rule: fate.rule, reverse_after_ms: fate.reverseAfterMs } }
}

function readNext (member: unknown): Next {
  const { again, at, reason } = nextMembers(member)
  if (again !== (at !== null)) throw new UnreadableRecord('next: at should be there exactly if again is true')
  return at === null ? { again: false, at, reason } : { again: true, at, reason }
}

function isoOrNull (at: Instant | null): string | null {
  return at === null ? null : toIso(at)
}
