import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { nowOn } from '../domain/timeline.ts'
import { asOf } from '../domain/transaction.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Storage } from '../ports.ts'

export interface FindReplayDeps {
  readonly clock: { now (): Instant }
  readonly storage: Storage
}

/** For so long a first success is replayed, on the merchant's own time (docs/gateway.md, 9). */
const WINDOW_MS = 5 * 60_000

/** The transaction as a call with this key left it, if that was a success no more than five minutes ago. */
export async function findReplay ({ clock, storage }: FindReplayDeps, { merchantId }: Merchant, key: string): Promise<Transaction | undefined> {
  const transaction = await storage.findByIdempotencyKey(merchantId, key)
  const merchant = await storage.findMerchant(merchantId)
  const entry = transaction?.history.findLast(({ idempotencyKey }) => idempotencyKey === key)
  if (transaction === undefined || merchant === undefined || entry === undefined) return undefined
  return nowOn(merchant.timeline, clock.now()) < entry.at + WINDOW_MS ? asOf(transaction, entry.status) : undefined
}
