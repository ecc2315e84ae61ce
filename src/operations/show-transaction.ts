import type { Merchant } from '../domain/merchant.ts'
import type { Change, Storage } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'

export interface ShowTransactionDeps {
  readonly storage: Storage
}

/** A transaction with all its notifications. */
export async function showTransaction (deps: ShowTransactionDeps, merchant: Merchant, ref: string): Promise<Change> {
  const transaction = await findTransaction(deps, merchant, ref, 'admin')
  return { transaction, notifications: await deps.storage.notificationsOf(transaction.transactionId) }
}
