import type { Merchant } from '../domain/merchant.ts'
import type { Change } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'
import { moveTransaction } from './move-transaction.ts'
import type { MoveTransactionDeps } from './move-transaction.ts'

/** Takes a settled payment back, in either store: it becomes deny. */
export async function reverseTransaction (deps: MoveTransactionDeps, merchant: Merchant, ref: string): Promise<Change> {
  const transaction = await findTransaction(deps, merchant, ref, 'admin')
  return moveTransaction(deps, transaction, { move: 'reverse', cause: 'admin' })
}
