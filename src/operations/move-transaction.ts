import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { announce } from '../domain/notification.ts'
import { makeApprovalCode } from '../domain/payment-code.ts'
import { Refusal } from '../domain/refusal.ts'
import { STORES } from '../domain/stores.ts'
import { nowOn } from '../domain/timeline.ts'
import { moved } from '../domain/transaction.ts'
import type { Cause, Move, Transaction } from '../domain/transaction.ts'
import type { Change, Clock, Decision, Draw, Events, Random, Storage } from '../ports.ts'
import { faultChance } from './fault-chance.ts'
import type { FaultChance } from './fault-chance.ts'
import { publishChange } from './publish-change.ts'

export interface MoveTransactionDeps {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly events: Events
}

export interface Moving {
  readonly move: Move
  readonly cause: Cause
  /** The merchant's instant at which it happens: now, unless the clock is the cause. */
  readonly at?: Instant
  readonly idempotencyKey?: string | null
  /** Throws a refusal of its own, seeing the transaction as it is when it moves. */
  readonly check?: (current: Transaction) => void
}

/** Moves a transaction and records the notifications of its new state, in one commit. Refuses a move it may not make. */
export async function moveTransaction ({ clock, random, storage, events }: MoveTransactionDeps, { transactionId, merchantId }: Pick<Transaction, 'transactionId' | 'merchantId'>, { move, cause, at, idempotencyKey = null, check }: Moving): Promise<Change> {
  const machineNow = clock.now()
  const change = await storage.moveTransaction(transactionId, (current, { merchant, chance }) => {
    if (merchant === undefined) throw new Error(`transaction ${transactionId} belongs to no merchant`)
    const now = at ?? nowOn(merchant.timeline, machineNow)
    const decision = decideMove(current, merchant, { move, cause, now, idempotencyKey }, random.draw(merchantId, `change ${chance}`), faultChance(random, merchantId))
    check?.(current)
    return decision
  })
  if (change === undefined) throw new Refusal('transaction_unknown', `the transaction ${transactionId} is gone: its world was emptied`)
  publishChange(events, change)
  return change
}

/** A transaction after a move, with the notifications of its new state. Throws a refusal where it may not move so. */
export function decideMove (current: Transaction, merchant: Merchant, { now, ...moving }: Pick<Moving, 'move' | 'cause' | 'idempotencyKey'> & { readonly now: Instant }, draw: Draw, chance: FaultChance): Required<Decision> {
  const hasApprovalCode = moving.move === 'pay' && STORES[current.store].approvalCode
  const transaction = moved(current, moving.move, { ...moving, now, approvalCode: hasApprovalCode ? makeApprovalCode(now, draw.digits) : null })
  const { notifications, faults } = announce(transaction, merchant, { now, newId: draw.name }, chance)
  return { transaction, notifications, merchant: { ...merchant, faults } }
}
