import type { Merchant } from '../domain/merchant.ts'
import type { Change } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'
import { moveTransaction } from './move-transaction.ts'
import type { MoveTransactionDeps } from './move-transaction.ts'

/** The merchant calls a pending transaction off. */
export async function cancelTransaction (deps: MoveTransactionDeps, merchant: Merchant, ref: string, idempotencyKey: string | null = null): Promise<Change> {
  const transaction = await findTransaction(deps, merchant, ref, 'api')
  return moveTransaction(deps, transaction, { move: 'cancel', cause: 'api', idempotencyKey })
}
