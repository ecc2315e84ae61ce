import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { isFrozen, nowOn } from '../domain/timeline.ts'
import type { Due, Storage } from '../ports.ts'

export interface ShowClockDeps {
  readonly clock: { now (): Instant }
  readonly storage: Storage
}

/** What a merchant's clock shows. */
export interface ClockFace {
  readonly now: Instant
  readonly isFrozen: boolean
  readonly shiftMs: number
  /** The next work that time makes due and nobody does yet. */
  readonly nextDue: Pick<Due, 'at' | 'kind'> | null
}

export async function showClock ({ clock, storage }: ShowClockDeps, { merchantId }: Merchant): Promise<ClockFace> {
  const merchant = await storage.findMerchant(merchantId)
  if (merchant === undefined) throw new Error(`there is no merchant ${merchantId} any more`)
  const next = await storage.nextDue(() => Infinity, (id) => id === merchantId)
  const { timeline } = merchant
  return { now: nowOn(timeline, clock.now()), isFrozen: isFrozen(timeline), shiftMs: timeline.shiftMs, nextDue: next?.due ?? null }
}
