import type { Merchant } from '../domain/merchant.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Page, Storage, TransactionQuery } from '../ports.ts'

export interface ListTransactionsDeps {
  readonly storage: Storage
}

/** A page of a merchant's transactions, newest first. */
export async function listTransactions ({ storage }: ListTransactionsDeps, { merchantId }: Merchant, query: TransactionQuery): Promise<Page<Transaction>> {
  return storage.listTransactions(merchantId, query)
}
