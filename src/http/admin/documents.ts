import { MOVED } from '../../domain/effect.ts'
import type { Effect } from '../../domain/effect.ts'
import type { Fate } from '../../domain/fate.ts'
import { toIso } from '../../domain/instant.ts'
import type { Instant } from '../../domain/instant.ts'
import { maskKey, maskKeys } from '../../domain/masks.ts'
import type { Merchant } from '../../domain/merchant.ts'
import { writeAmount } from '../../domain/money.ts'
import type { Attempt, Notification } from '../../domain/notification.ts'
import type { Next } from '../../domain/retry-policy.ts'
import { shownBody, shownHeaders } from '../../domain/request-record.ts'
import type { RequestRecord } from '../../domain/request-record.ts'
import { settingsDocument } from '../../domain/settings.ts'
import type { Transaction } from '../../domain/transaction.ts'
import { toWib } from '../../domain/wib.ts'
import type { ClockFace } from '../../ports.ts'
import { shownExplanations } from '../api-error.ts'

export type Document = Readonly<Record<string, unknown>>

/** A transaction with its history and, without bodies, its notifications. */
export function transactionDocument (transaction: Transaction, notifications: readonly Notification[]): Document {
  return {
    ...transactionSummary(transaction),
    fate: fateDocument(transaction.fate),
    request: transaction.request,
    history: transaction.history.map(({ at, status, cause }) => ({ ...moment(at), status, cause })),
    notifications: notifications.map(notificationSummary)
  }
}

/** What becomes of it by itself before it lapses, by the name of the effect that it will be; `rule` is null where the charge asked for it. */
function fateDocument (fate: Fate | null): Document | null {
  return fate === null ? null : { ...moment(fate.at), kind: MOVED[fate.move], rule: fate.rule }
}

/** A transaction as lists show it. */
export function transactionSummary (transaction: Transaction): Document {
  return {
    transaction_id: transaction.transactionId,
    order_id: transaction.orderId,
    merchant_id: transaction.merchantId,
    store: transaction.store,
    payment_code: transaction.paymentCode,
    gross_amount: writeAmount(transaction.grossAmount),
    transaction_status: transaction.status,
    transaction_time: toWib(transaction.chargedAt),
    expiry_time: toWib(transaction.expiresAt),
    settlement_time: transaction.settledAt === null ? null : toWib(transaction.settledAt),
    approval_code: transaction.approvalCode
  }
}

/** A notification with its body and all of its attempts. */
export function notificationDocument (notification: Notification, merchant: Merchant): Document {
  return {
    ...notificationSummary(notification),
    body: notification.body,
    signed_text: signedText(notification.body, merchant),
    attempts: notification.attempts.map((attempt) => ({
      ...attemptSummary(attempt),
      request_headers: attempt.requestHeaders,
      response_headers: attempt.responseHeaders,
      response_body: attempt.responseBody
    }))
  }
}

/** A notification as lists show it: its attempts without headers and bodies. */
export function notificationSummary (notification: Notification): Document {
  return {
    id: notification.id,
    transaction_id: notification.transactionId,
    order_id: notification.orderId,
    event: notification.event,
    url: notification.url,
    state: notification.state,
    created_at: toIso(notification.createdAt),
    next_attempt_at: notification.dueAt === null ? null : toIso(notification.dueAt),
    attempts: notification.attempts.map(attemptSummary)
  }
}

/** A merchant with its keys in full; only for who has just made it. */
export function merchantDocument ({ merchantId, serverKey, clientKey, settings }: Merchant): Document {
  return { merchant_id: merchantId, server_key: serverKey, client_key: clientKey, settings: settingsDocument(settings) }
}

export function maskedMerchantDocument (merchant: Merchant): Document {
  return { ...merchantDocument(merchant), server_key: maskKey(merchant.serverKey), client_key: maskKey(merchant.clientKey) }
}

function attemptSummary (attempt: Attempt): Document {
  return {
    number: attempt.number,
    ...moment(attempt.at),
    duration_ms: attempt.durationMs,
    status: attempt.status,
    error: attempt.error,
    redirects: attempt.redirects,
    outcome: attempt.outcome,
    next: nextDocument(attempt.next)
  }
}

function nextDocument ({ again, at, reason }: Next): Document {
  return { again, at: at === null ? null : toIso(at), reason }
}

/** What a merchant's clock shows. */
export function clockDocument ({ now, isFrozen, shiftMs, nextDue }: ClockFace): Document {
  return { now: toIso(now), wib: toWib(now), frozen: isFrozen, shift_ms: shiftMs, next_due: nextDue === null ? null : { at: toIso(nextDue.at), kind: nextDue.kind === 'attempt' ? 'attempted' : MOVED[nextDue.move] } }
}

/** What time caused: no real durations, so that the same run gives the same effects. */
export function effectDocument (effect: Effect): Document {
  const common = { ...moment(effect.at), kind: effect.kind, transaction_id: effect.transactionId, order_id: effect.orderId }
  if (effect.kind !== 'attempted') return common
  const { number, status, error, outcome, next } = effect.attempt
  return { ...common, notification_id: effect.notificationId, event: effect.event, url: effect.url, attempt: number, status, error, outcome, next: nextDocument(next) }
}

/** A request of the merchant's backend with its headers and bodies. */
export function requestDocument (record: RequestRecord): Document {
  return { ...requestSummary(record), headers: shownHeaders(record.rawHeaders), body: shownBody(record.body), response: shownBody(record.response) }
}

/** A request as the feed tells of it. */
export function requestSummary (record: RequestRecord): Document {
  return {
    id: String(record.number),
    ...moment(record.at),
    method: record.method,
    path: maskKeys(record.path),
    status: record.status,
    status_code: record.statusCode,
    duration_ms: record.durationMs,
    transaction_id: record.transactionId,
    explain: shownExplanations(record.explanations)
  }
}

/** What the signature was computed over, the server key masked (docs/gateway.md, 7.3). */
function signedText (body: string, { serverKey }: Merchant): string {
  const { order_id: orderId, status_code: statusCode, gross_amount: grossAmount } = JSON.parse(body) as Record<string, string>
  return `${orderId}${statusCode}${grossAmount}${maskKey(serverKey)}`
}

function moment (at: Instant): { readonly at: string, readonly wib: string } {
  return { at: toIso(at), wib: toWib(at) }
}
