import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import type { About } from '../domain/refusal.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Storage, Way } from '../ports.ts'

export interface FindTransactionDeps {
  readonly storage: Storage
}

/** Who asks: the merchant's backend through the gateway, or someone through our own control API. */
export type Caller = 'api' | 'admin'

/** What each calls the reference, and what it may be: as it is explained. */
const ABOUT: Record<Caller, About> = {
  api: { field: 'id' },
  admin: { field: 'ref', expected: 'the transaction id, order id or payment code of a charge in this world' }
}

/** What a reference may be, by caller and in order (docs/gateway.md, 5). */
const WAYS: Record<Caller, readonly Way[]> = {
  api: ['transaction_id', 'order_id'],
  admin: ['transaction_id', 'order_id', 'payment_code']
}

/** The transaction a reference means. Refuses `transaction_unknown`. */
export async function findTransaction ({ storage }: FindTransactionDeps, { merchantId }: Merchant, ref: string, caller: Caller, field = ABOUT[caller].field): Promise<Transaction> {
  const transaction = await storage.findTransaction(merchantId, ref, WAYS[caller])
  if (transaction === undefined) {
    throw new Refusal('transaction_unknown', `there is no transaction "${ref}"; give ${WAYS[caller].join(', ').replaceAll('_', ' ')}`, { ...ABOUT[caller], field, ...ref === '' ? {} : { seen: ref } })
  }
  return transaction
}
