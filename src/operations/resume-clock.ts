import type { Merchant } from '../domain/merchant.ts'
import { resumed } from '../domain/timeline.ts'
import type { Storage } from '../ports.ts'
import { moveClock } from './move-clock.ts'
import type { MoveClockDeps } from './move-clock.ts'

/** Lets a merchant's clock run on from where it stands still; one that runs goes on running. Refuses `advance_under_way`. */
export async function resumeClock (deps: MoveClockDeps, merchant: Merchant): Promise<void> {
  await moveClock(deps, merchant, ({ change }) => {
    const machineNow = deps.clock.now()
    return change((timeline) => resumed(timeline, machineNow))
  })
}

/** An advance that the end of the process cut short left its clock standing: at the start it runs on from there. */
export async function resumeSteppedClocks ({ storage, clock }: { readonly storage: Storage, readonly clock: { now (): number } }): Promise<void> {
  for (const merchant of await storage.merchants()) {
    if (merchant.timeline.isStepped) await storage.changeMerchant(merchant.merchantId, (current = merchant) => ({ ...current, timeline: resumed(current.timeline, clock.now()) }))
  }
}
