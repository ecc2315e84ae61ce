import type { Merchant } from '../domain/merchant.ts'
import type { Status } from '../domain/transaction.ts'
import type { Change } from '../ports.ts'
import { showTransaction } from './show-transaction.ts'
import type { ShowTransactionDeps } from './show-transaction.ts'
import { watch } from './watch.ts'
import type { WatchDeps } from './watch.ts'

export interface Awaited {
  /** undefined for any. */
  readonly status: Status | undefined
  /** Is every notification so far to be delivered? */
  readonly delivered: boolean
}

/** Waits until a transaction is as awaited, or the real time is up; either way it is shown as it is then. */
export async function waitForTransaction (deps: ShowTransactionDeps & WatchDeps, merchant: Merchant, ref: string, { status, delivered }: Awaited, timeoutMs: number): Promise<{ readonly holds: boolean, readonly shown: Change }> {
  // An order id may come to mean a newer transaction meanwhile: this one stays.
  const { transaction: { transactionId } } = await showTransaction(deps, merchant, ref)
  const holds = await watch(
    deps,
    (event) => (event.kind === 'reset' && event.merchantId === merchant.merchantId) || (event.kind === 'transaction' && event.transaction.transactionId === transactionId) || (event.kind === 'notification' && event.notification.transactionId === transactionId),
    async () => isAwaited(await showTransaction(deps, merchant, transactionId)),
    timeoutMs
  )
  return { holds, shown: await showTransaction(deps, merchant, transactionId) }

  function isAwaited ({ transaction, notifications }: Change): boolean {
    return (status === undefined || transaction.status === status) && (!delivered || notifications.every(({ state }) => state === 'delivered'))
  }
}
