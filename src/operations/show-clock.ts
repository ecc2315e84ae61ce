import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { isFrozen, nowOn } from '../domain/timeline.ts'
import type { ClockFace, Storage } from '../ports.ts'

export interface ShowClockDeps {
  readonly clock: { now (): Instant }
  readonly storage: Storage
}

export async function showClock ({ clock, storage }: ShowClockDeps, { merchantId }: Pick<Merchant, 'merchantId'>): Promise<ClockFace> {
  const merchant = await storage.findMerchant(merchantId)
  if (merchant === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
  const next = await storage.nextDue(() => Infinity, (id) => id === merchantId)
  const { timeline } = merchant
  const machineNow = clock.now()
  const now = nowOn(timeline, machineNow)
  // Amid an advance it stands at a step, as far ahead of the machine as that is.
  return { now, isFrozen: isFrozen(timeline), shiftMs: timeline.isStepped ? now - machineNow : timeline.shiftMs, nextDue: next?.due ?? null }
}
