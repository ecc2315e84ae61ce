import { START } from './emulator.ts'
import type { TestEmulator } from './emulator.ts'

/** An attempt as the admin API shows it. */
export interface AttemptDocument {
  readonly number: number
  readonly at: string
  readonly status: number | null
  readonly error: string | null
  readonly outcome: string
  readonly next: { readonly again: boolean, readonly at: string | null, readonly reason: string }
}

export interface NotificationDocument {
  readonly id: string
  readonly order_id: string
  readonly event: string
  readonly url: string
  readonly state: string
  readonly created_at: string
  readonly next_attempt_at: string | null
  readonly body: string
  readonly attempts: readonly AttemptDocument[]
}

export interface TransactionDocument {
  readonly transaction_id: string
  readonly order_id: string
  readonly payment_code: string
  readonly transaction_status: string
  readonly expiry_time: string
  readonly settlement_time: string | null
  readonly approval_code: string | null
  readonly history: ReadonlyArray<{ readonly at: string, readonly wib: string, readonly status: string, readonly cause: string }>
  readonly notifications: readonly NotificationDocument[]
}

/** Charges an Alfamart order, and fails where that is refused. */
export async function charge (emulator: TestEmulator, orderId: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<{ readonly transaction_id: string, readonly payment_code: string, readonly expiry_time: string }> {
  const reply = await emulator.ask('POST', '/v2/charge', {
    payment_type: 'cstore', transaction_details: { order_id: orderId, gross_amount: 44000 }, cstore: { store: 'alfamart' }, ...more
  }, headers)
  const body = reply.json()
  if (body.status_code !== '201') throw new Error(reply.payload)
  return body
}

/** A custom_expiry of so many minutes. */
export function lapsesAfter (minutes: number): Record<string, unknown> {
  return { custom_expiry: { expiry_duration: minutes, unit: 'minute' } }
}

export async function show (emulator: TestEmulator, ref: string): Promise<TransactionDocument> {
  return (await emulator.ask('GET', `/admin/transactions/${ref}`)).json()
}

/** The notifications of a transaction, whole, in the order of recording. */
export async function notificationsOf (emulator: TestEmulator, ref: string): Promise<readonly NotificationDocument[]> {
  const { notifications } = await show(emulator, ref)
  return Promise.all(notifications.map(async ({ id }) => (await emulator.ask('GET', `/admin/notifications/${id}`)).json()))
}

export async function set (emulator: TestEmulator, settings: Record<string, unknown>): Promise<void> {
  const reply = await emulator.ask('PUT', '/admin/settings', settings)
  if (reply.statusCode !== 200) throw new Error(reply.payload)
}

/** Minutes since the test began. */
export function minute (at: string | null): number | null {
  return at === null ? null : (Date.parse(at) - START) / 60_000
}
