import { readDuration } from '../../domain/duration.ts'
import { seenOf, suchAs } from '../../domain/explanation.ts'
import type { Merchant } from '../../domain/merchant.ts'
import { Refusal } from '../../domain/refusal.ts'
import { showTransaction } from '../../operations/show-transaction.ts'
import { waitForAttempts } from '../../operations/wait-for-attempts.ts'
import type { WaitForAttemptsDeps } from '../../operations/wait-for-attempts.ts'
import type { Change } from '../../ports.ts'
import { notificationSummary, transactionDocument } from './documents.ts'
import type { Document } from './documents.ts'

export interface Wait {
  readonly wait?: 'attempted'
  readonly timeout?: string
}

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_TIMEOUT_MS = 60_000

/** Makes a change and answers it, with `?wait=attempted` only when the first attempt of each of its notifications has ended. */
export async function answerChange (deps: WaitForAttemptsDeps, merchant: Merchant, wait: Wait, change: () => Promise<Change>): Promise<Document> {
  const timeoutMs = readTimeout(wait.timeout)
  const { transaction: { transactionId }, notifications } = await change()
  const latest = wait.wait === 'attempted' ? await waitForAttempts(deps, notifications, timeoutMs) : notifications
  const shown = await showTransaction(deps, merchant, transactionId)
  return {
    transaction: transactionDocument(shown.transaction, shown.notifications),
    notifications: latest.map(notificationSummary)
  }
}

/** Milliseconds of real time. Refuses `invalid_request`. */
export function readTimeout (text: string | undefined): number {
  const ms = text === undefined ? DEFAULT_TIMEOUT_MS : readDuration(text)
  if (ms === undefined || ms > MAX_TIMEOUT_MS) throw new Refusal('invalid_request', 'timeout must be a duration such as 500ms, 3s or 1m, of at most 60s', { field: 'timeout', seen: seenOf(text) ?? undefined, expected: suchAs('a duration of at most 60s', '3s') })
  return ms
}
