import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { resumed } from '../domain/timeline.ts'
import { worldDocument } from '../domain/world.ts'
import type { Clock, Storage } from '../ports.ts'

export interface ExportWorldDeps {
  readonly clock: Clock
  readonly storage: Storage
}

/** A merchant's world as one document. */
export async function exportWorld ({ clock, storage }: ExportWorldDeps, { merchantId }: Merchant): Promise<object> {
  const world = await storage.exportWorld(merchantId)
  if (world === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
  const { merchant } = world
  // The step of an advance means nothing elsewhere.
  return worldDocument(merchant.timeline.isStepped ? { ...world, merchant: { ...merchant, timeline: resumed(merchant.timeline, clock.now()) } } : world)
}
