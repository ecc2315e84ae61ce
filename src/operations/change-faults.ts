import type { Fault } from '../domain/fault.ts'
import type { Merchant } from '../domain/merchant.ts'
import { withIds } from '../domain/named-items.ts'
import { released } from '../domain/notification.ts'
import { Refusal } from '../domain/refusal.ts'
import { nowOn } from '../domain/timeline.ts'
import type { Clock, Events, Storage } from '../ports.ts'

export interface ChangeFaultsDeps {
  readonly clock: Clock
  readonly storage: Storage
  readonly events: Events
}

/** Puts these faults in place of a merchant's. What a fault held that is no longer there goes its way. */
export async function changeFaults ({ clock, storage, events }: ChangeFaultsDeps, { merchantId }: Merchant, faults: readonly Fault[]): Promise<readonly Fault[]> {
  const named = withIds(faults, 'fault')
  const merchant = await storage.changeMerchant(merchantId, (current) => {
    if (current === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
    return { ...current, faults: named }
  })
  if (merchant === 'key_taken') throw new Error('faults hold no key')

  const { items } = await storage.listNotifications(merchantId, { state: 'held', limit: Infinity })
  // By the ids that were given: a number that is made up may be that of a fault that has gone.
  for (const { id } of items.filter(({ heldBy }) => !faults.some((fault) => fault.id === heldBy))) {
    const [notification] = await storage.changeNotification(id, (current) => [released(current, nowOn(merchant.timeline, clock.now()))]) ?? []
    if (notification !== undefined) events.publish({ merchantId, kind: 'notification', notification })
  }
  return merchant.faults
}
