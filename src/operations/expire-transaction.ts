import type { Merchant } from '../domain/merchant.ts'
import type { Change } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'
import type { Caller } from './find-transaction.ts'
import { moveTransaction } from './move-transaction.ts'
import type { MoveTransactionDeps } from './move-transaction.ts'

/** Lapses a pending transaction now, before its time. */
export async function expireTransaction (deps: MoveTransactionDeps, merchant: Merchant, ref: string, caller: Caller, idempotencyKey: string | null = null): Promise<Change> {
  const transaction = await findTransaction(deps, merchant, ref, caller)
  return moveTransaction(deps, transaction, { move: 'expire', cause: caller, idempotencyKey })
}
