import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { findTransaction } from './find-transaction.ts'
import type { FindTransactionDeps } from './find-transaction.ts'

/** Approve, deny, capture and refund exist for other channels only: known transactions refuse them (docs/gateway.md, 6). */
export async function refuseAction (deps: FindTransactionDeps, merchant: Merchant, ref: string, field = 'id'): Promise<never> {
  const { transactionId } = await findTransaction(deps, merchant, ref, 'api', field)
  throw new Refusal('action_refused', 'a cstore transaction cannot do this in any state', { transactionId })
}
