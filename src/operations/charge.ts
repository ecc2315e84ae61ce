import { readCharge, textOf } from '../domain/charge-request.ts'
import type { Charge, ChargeRequest } from '../domain/charge-request.ts'
import { seenOf, suchAs } from '../domain/explanation.ts'
import type { Instant } from '../domain/instant.ts'
import { wholeSecond } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { announce } from '../domain/notification.ts'
import { makePaymentCode } from '../domain/payment-code.ts'
import { Refusal } from '../domain/refusal.ts'
import { fateOfCharge } from '../domain/rule.ts'
import { readChargeUrls } from '../domain/target.ts'
import type { ChargeUrls } from '../domain/target.ts'
import { nowOn } from '../domain/timeline.ts'
import { asOf, isLive, nextMove } from '../domain/transaction.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { Clock, Decision, Draw, Events, Random, Sender, Storage } from '../ports.ts'
import { faultChance } from './fault-chance.ts'
import type { FaultChance } from './fault-chance.ts'
import { decideMove } from './move-transaction.ts'
import { publishChange } from './publish-change.ts'

export interface ChargeDeps {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly events: Events
  readonly sender: Pick<Sender, 'forbids'>
}

export interface ChargeOrder {
  readonly request: ChargeRequest
  /** The headers `X-Override-Notification` and `X-Append-Notification`. */
  readonly overrideUrls: string | undefined
  readonly appendUrls: string | undefined
  readonly idempotencyKey?: string | null
}

// With 10^8 codes for a merchant, so many misses in a row mean that they are all but used up.
const CODE_TRIES = 50

/** Opens a pending transaction with a payment code of its own. Refuses what makes no sense and an order id that is taken. */
export async function charge ({ clock, random, storage, events, sender }: ChargeDeps, { merchantId }: Merchant, { request, overrideUrls, appendUrls, idempotencyKey = null }: ChargeOrder): Promise<Transaction> {
  const machineNow = clock.now()
  const urls = readChargeUrls(overrideUrls, appendUrls, sender.forbids)

  for (let tries = 0; tries < CODE_TRIES; tries++) {
    const inserted = await storage.insertTransaction(merchantId, ({ merchant, chance }) => {
      if (merchant === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
      const now = nowOn(merchant.timeline, machineNow)
      const wanted = readCharge(request, merchant.settings, now)
      const draw = random.draw(merchantId, `change ${chance}, try ${tries}`)
      const strikes = faultChance(random, merchantId)
      const opening = opened(merchant, { request, urls, idempotencyKey, ...wanted }, now, draw, strikes)
      return movedAtOnce(opening, now, draw, strikes)
    })
    if (inserted === 'order_taken') throw await orderTaken(storage, merchantId, textOf(request.transaction_details?.order_id))
    if (inserted === 'code_taken') continue
    publishChange(events, inserted)
    return asOf(inserted.transaction, 'pending') ?? inserted.transaction
  }
  throw new Error(`no free payment code after ${CODE_TRIES} tries`)
}

async function orderTaken (storage: Storage, merchantId: string, orderId: string): Promise<Refusal> {
  const message = 'this order id is pending or paid already'
  return new Refusal('order_taken', message, {
    explanations: [{
      rule: 'order_taken',
      field: 'transaction_details.order_id',
      seen: seenOf(orderId),
      expected: suchAs('an order id without a pending or paid transaction', await freeOrderId(storage, merchantId, orderId)),
      message,
      reference: '8 Life of a transaction'
    }]
  })
}

/** Another order id, made of this one, that no pending or paid transaction has. In leaps: where ids are numbered, thousands in a row may be taken. */
async function freeOrderId (storage: Storage, merchantId: string, orderId: string): Promise<string> {
  for (let number = 2; ; number *= 2) {
    const name = `${orderId.slice(0, 40)}-${number}`
    const holder = await storage.findTransaction(merchantId, name, ['order_id'])
    if (holder === undefined || !isLive(holder.status)) return name
  }
}

type Opening = Charge & { readonly request: ChargeRequest, readonly urls: ChargeUrls, readonly idempotencyKey: string | null }

function opened (merchant: Merchant, { request, urls, idempotencyKey, ...charge }: Opening, now: Instant, draw: Draw, chance: FaultChance): Required<Decision> {
  const { merchantId, settings, rules } = merchant
  const { store, orderId, grossAmount, expiresAt } = charge
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
    fate: fateOfCharge(rules, charge, request, now),
    urls,
    request,
    history: [{ at: now, status: 'pending', cause: 'charge', idempotencyKey }]
  }
  const dueAt = now + settings.pendingNotificationDelayMs
  if (!settings.pendingNotification) return { transaction, notifications: [], merchant }
  const { notifications, faults } = announce(transaction, merchant, { now, dueAt, newId: draw.name }, chance)
  return { transaction, notifications, merchant: { ...merchant, faults } }
}

/** What is due at once belongs to the charge: whoever asks after it sees it, and no clock that stands still has to move for it. */
function movedAtOnce (opening: Required<Decision>, now: Instant, draw: Draw, chance: FaultChance): Required<Decision> {
  let decision = opening
  for (let next = nextMove(decision.transaction); next !== undefined && next.at <= now; next = nextMove(decision.transaction)) {
    const after = decideMove(decision.transaction, decision.merchant, { ...next, now }, draw, chance)
    decision = { ...after, notifications: [...decision.notifications, ...after.notifications] }
  }
  return decision
}
