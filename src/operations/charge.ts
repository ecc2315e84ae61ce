import { readCharge } from '../domain/charge-request.ts'
import type { Charge, ChargeRequest } from '../domain/charge-request.ts'
import type { Instant } from '../domain/instant.ts'
import { wholeSecond } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { notificationsOf } from '../domain/notification.ts'
import { makePaymentCode } from '../domain/payment-code.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ChargeUrls } from '../domain/target.ts'
import { nowOn } from '../domain/timeline.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Change, Clock, Draw, Events, Random, Storage } from '../ports.ts'
import { publishChange } from './publish-change.ts'

export interface ChargeDeps {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly events: Events
}

export interface ChargeOrder {
  readonly request: ChargeRequest
  readonly urls: ChargeUrls
}

// With 10^8 codes for a merchant, so many misses in a row mean that they are all but used up.
const CODE_TRIES = 50

/** Opens a pending transaction with a payment code of its own. Refuses what makes no sense and an order id that is taken. */
export async function charge ({ clock, random, storage, events }: ChargeDeps, merchant: Merchant, order: ChargeOrder): Promise<Transaction> {
  const { merchantId, settings, timeline } = merchant
  const now = nowOn(timeline, clock.now())
  const wanted = readCharge(order.request, settings, now)

  for (let tries = 0; tries < CODE_TRIES; tries++) {
    const inserted = await storage.insertTransaction(merchantId, wanted.orderId, (chance) =>
      opened(merchant, order, wanted, now, random.draw(merchantId, `change ${chance}, try ${tries}`)))
    if (inserted === 'order_taken') throw new Refusal('order_taken', `order ${wanted.orderId} is pending or paid already`)
    if (inserted === 'code_taken') continue
    publishChange(events, inserted)
    return inserted.transaction
  }
  throw new Error(`no free payment code for ${wanted.store} after ${CODE_TRIES} tries`)
}

function opened (merchant: Merchant, { request, urls }: ChargeOrder, { store, orderId, grossAmount, expiresAt }: Charge, now: Instant, draw: Draw): Change {
  const { merchantId, settings } = merchant
  const transaction: Transaction = {
    transactionId: draw.uuid(),
    merchantId,
    orderId,
    store,
    paymentCode: makePaymentCode(store, merchantId, draw.digits),
    grossAmount,
    status: 'pending',
    chargedAt: wholeSecond(now),
    expiresAt,
    lapsesAt: expiresAt + settings.expiryLagMs,
    settledAt: null,
    approvalCode: null,
    urls,
    request,
    history: [{ at: now, status: 'pending', cause: 'charge' }]
  }
  const dueAt = now + settings.pendingNotificationDelayMs
  const notifications = settings.pendingNotification ? notificationsOf(transaction, merchant, { now, dueAt, newId: draw.name }) : []
  return { transaction, notifications }
}
