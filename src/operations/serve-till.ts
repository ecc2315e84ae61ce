import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { STORES } from '../domain/stores.ts'
import type { Store } from '../domain/stores.ts'
import { nowOn } from '../domain/timeline.ts'
import { whyNot } from '../domain/transaction.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Storage } from '../ports.ts'
import { moveTransaction } from './move-transaction.ts'
import type { MoveTransactionDeps } from './move-transaction.ts'
import { refuseOtherAmount } from './pay-transaction.ts'

/** What the counter knows of a payment code. `reason` says why it cannot be paid, null where it can. */
export interface Bill {
  readonly transaction: Transaction
  readonly merchant: Merchant
  readonly reason: string | null
}

export interface InquireDeps {
  readonly clock: { now (): Instant }
  readonly storage: Storage
}

/** Looks a payment code up, paid or not. Refuses `transaction_unknown`. */
export async function inquireAtTill ({ clock, storage }: InquireDeps, store: Store, paymentCode: string): Promise<Bill> {
  const { transaction, merchant } = await findBill(storage, store, paymentCode)
  const refusal = whyNot(transaction, 'pay', nowOn(merchant.timeline, clock.now()))
  return { transaction, merchant, reason: refusal?.message ?? null }
}

/** Takes the payment of a code. `amount` as in `payTransaction`. */
export async function payAtTill (deps: MoveTransactionDeps, store: Store, paymentCode: string, amount: number | undefined): Promise<Bill> {
  const { transaction, merchant } = await findBill(deps.storage, store, paymentCode)
  const paid = await moveTransaction(deps, transaction, { move: 'pay', cause: 'till', check: refuseOtherAmount(amount) })
  return { transaction: paid.transaction, merchant, reason: null }
}

/** Gives the money of a paid code back, where the store's till can do that. */
export async function reverseAtTill (deps: MoveTransactionDeps, store: Store, paymentCode: string): Promise<Bill> {
  if (!STORES[store].tillReverses) {
    throw new Refusal('no_reversal_at_till', `The ${store} till cannot reverse a payment. The admin API can: POST /admin/transactions/{ref}/reverse.`)
  }
  const { transaction, merchant } = await findBill(deps.storage, store, paymentCode)
  const reversed = await moveTransaction(deps, transaction, { move: 'reverse', cause: 'till' })
  return { transaction: reversed.transaction, merchant, reason: null }
}

async function findBill (storage: Storage, store: Store, paymentCode: string): Promise<{ transaction: Transaction, merchant: Merchant }> {
  const transaction = await storage.findByPaymentCode(store, paymentCode)
  const merchant = transaction === undefined ? undefined : await storage.findMerchant(transaction.merchantId)
  if (transaction === undefined || merchant === undefined) {
    throw new Refusal('transaction_unknown', `No payment with this code at ${store}. Check the code and the store.`)
  }
  return { transaction, merchant }
}
