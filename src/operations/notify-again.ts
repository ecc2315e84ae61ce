import { suchAs } from '../domain/explanation.ts'
import type { Tamper } from '../domain/fault.ts'
import type { Merchant } from '../domain/merchant.ts'
import { notificationsOf } from '../domain/notification.ts'
import { Refusal } from '../domain/refusal.ts'
import { nowOn } from '../domain/timeline.ts'
import { asOf } from '../domain/transaction.ts'
import type { Status } from '../domain/transaction.ts'
import type { Change } from '../ports.ts'
import { findTransaction } from './find-transaction.ts'
import type { MoveTransactionDeps } from './move-transaction.ts'
import { publishChange } from './publish-change.ts'

export interface Again {
  /** An event that the transaction has had; undefined for that of its present state. */
  readonly event: Status | undefined
  readonly times: number
  readonly delayMs: number
  readonly tamper: Tamper | null
}

/** Tells of an event again, each time anew to every URL. Refuses `event_not_had`. Faults let it pass. */
export async function notifyAgain ({ clock, random, storage, events, ...deps }: MoveTransactionDeps, merchant: Merchant, ref: string, { event, times, delayMs, tamper }: Again): Promise<Change> {
  const { merchantId, transactionId } = await findTransaction({ storage, ...deps }, merchant, ref, 'admin')
  const machineNow = clock.now()
  const change = await storage.moveTransaction(transactionId, (current, { merchant: owner = merchant, chance }) => {
    const told = asOf(current, event ?? current.status)
    if (told === undefined) {
      const had = current.history.map(({ status }) => status).join(', ')
      throw new Refusal('event_not_had', `this transaction was never ${event ?? current.status}; it has been ${had}`, { transactionId, seen: event ?? current.status, expected: suchAs(`an event that it has had: ${had}`, current.status) })
    }
    const now = nowOn(owner.timeline, machineNow)
    const { name: newId } = random.draw(merchantId, `change ${chance}`)
    const notifications = Array.from({ length: times }, () => notificationsOf(told, owner, { now, dueAt: now + delayMs, newId, tamper })).flat()
    return { transaction: current, notifications }
  })
  if (change === undefined) throw new Refusal('transaction_unknown', `the transaction ${transactionId} is gone: its world was emptied`)
  publishChange(events, change)
  return change
}
