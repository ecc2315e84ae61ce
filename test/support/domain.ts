import type { ChargeRequest } from '../../src/domain/charge-request.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { Merchant } from '../../src/domain/merchant.ts'
import type { Answer, Notification } from '../../src/domain/notification.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import type { Settings } from '../../src/domain/settings.ts'
import type { Transaction } from '../../src/domain/transaction.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** 2026-11-22 20:00:00 WIB, when every sample is charged; paid five minutes later. */
export const CHARGED_AT: Instant = Date.UTC(2026, 10, 22, 13)
export const PAID_AT: Instant = CHARGED_AT + 5 * MINUTE_MS

export function settings (more: Partial<Settings> = {}): Settings {
  return { ...DEFAULT_SETTINGS, ...more }
}

/** A charge that is accepted, but for what is given. `transaction_details` and `cstore` may be given in part. */
export function chargeRequest (more: ChargeRequest = {}): ChargeRequest {
  const { transaction_details: details = {}, cstore = {} } = more
  return {
    payment_type: 'cstore',
    ...more,
    transaction_details: details === null ? null : { order_id: 'order-101', gross_amount: 44000, ...details },
    cstore: cstore === null ? null : { store: 'alfamart', ...cstore }
  }
}

export function merchant ({ settings: chosen, ...more }: Partial<Omit<Merchant, 'settings'>> & { settings?: Partial<Settings> } = {}): Merchant {
  return {
    merchantId: 'G812785002',
    serverKey: 'SB-Mid-server-test',
    clientKey: 'SB-Mid-client-test',
    faults: [],
    rules: [],
    timeline: { shiftMs: 0, frozenAt: null, isStepped: false },
    settings: settings(chosen),
    ...more
  }
}

/** A transaction in the given status, pending unless told, with what belongs to that status. */
export function transaction (more: Partial<Transaction> = {}): Transaction {
  const { store = 'alfamart', status = 'pending', chargedAt = CHARGED_AT, expiresAt = chargedAt + DAY_MS } = more
  const wasPaid = status === 'settlement' || status === 'deny'
  return {
    transactionId: '992154fc-66ff-49ea-800d-38c4681e8d3f',
    merchantId: 'G812785002',
    orderId: 'order-101',
    store,
    paymentCode: store === 'alfamart' ? '8127740588870520' : '578112341234',
    grossAmount: 44000,
    status,
    chargedAt,
    expiresAt,
    lapsesAt: expiresAt,
    settledAt: wasPaid ? PAID_AT : null,
    approvalCode: wasPaid && store === 'indomaret' ? '45682611224123432248' : null,
    fate: null,
    urls: { override: null, append: [] },
    request: chargeRequest({ cstore: { store } }),
    history: [{ at: chargedAt, status: 'pending', cause: 'charge', idempotencyKey: null }],
    ...more
  }
}

/** A notification that waits for its first attempt. */
export function notification (more: Partial<Notification> = {}): Notification {
  return {
    id: 'n1',
    merchantId: 'G812785002',
    transactionId: '992154fc-66ff-49ea-800d-38c4681e8d3f',
    orderId: 'order-101',
    event: 'pending',
    url: 'http://shop.test/notify',
    state: 'waiting',
    createdAt: CHARGED_AT,
    dueAt: CHARGED_AT,
    heldBy: null,
    body: '{}',
    attempts: [],
    ...more
  }
}

/** What a receiver did: 200 with an empty body, but for what is given. */
export function answer (more: Partial<Answer> = {}): Answer {
  return {
    durationMs: 12,
    requestHeaders: { 'user-agent': 'Veritrans' },
    status: 200,
    responseHeaders: {},
    responseBody: '',
    error: null,
    redirects: [],
    ...more
  }
}

/** The refusal that this ends in; undefined where it goes through. Any other error goes on. */
export function refusalOf (run: () => unknown): Refusal | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  return undefined
}
