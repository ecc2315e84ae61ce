import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { REAL_TIME } from '../domain/timeline.ts'
import { moveClock } from './move-clock.ts'
import type { MoveClockDeps } from './move-clock.ts'

/** Sets a merchant's clock to real time. Refuses `world_not_empty` where there are transactions, and `advance_under_way`. */
export async function resetClock (deps: MoveClockDeps, merchant: Merchant): Promise<void> {
  await moveClock(deps, merchant, ({ change }) => change((_timeline, isEmpty) => {
    if (!isEmpty) throw new Refusal('world_not_empty', 'time never goes back, so only a world without transactions can return to real time; POST /admin/reset first, or use another merchant')
    return REAL_TIME
  }))
}
