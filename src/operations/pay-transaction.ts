import { suchAs } from '../domain/explanation.ts'
import type { Merchant } from '../domain/merchant.ts'
import { writeAmount } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Change } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'
import { moveTransaction } from './move-transaction.ts'
import type { MoveTransactionDeps } from './move-transaction.ts'

/** Pays as the till would. `amount` in whole rupiah, undefined for whatever is due; a different one is refused. */
export async function payTransaction (deps: MoveTransactionDeps, merchant: Merchant, ref: string, amount: number | undefined): Promise<Change> {
  const transaction = await findTransaction(deps, merchant, ref, 'admin')
  return moveTransaction(deps, transaction, { move: 'pay', cause: 'admin', check: refuseOtherAmount(amount) })
}

/** Refuses to take anything but the whole amount. */
export function refuseOtherAmount (amount: number | undefined): (current: Transaction) => void {
  return ({ grossAmount, transactionId }) => {
    if (amount === undefined || amount === grossAmount) return
    throw new Refusal('amount_differs', `The amount due is ${writeAmount(grossAmount)}, not ${amount}. Take exactly that, or leave the amount out.`, { transactionId, seen: String(amount), expected: suchAs('the amount due, or no amount', grossAmount) })
  }
}
