import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { frozen, nowOn } from '../domain/timeline.ts'
import { toWib } from '../domain/wib.ts'
import { laterThan, moveClock } from './move-clock.ts'
import type { MoveClockDeps } from './move-clock.ts'

/**
 * Makes a merchant's clock stand still: now, or at a later instant, up to which all that falls due is done. In a world
 * without transactions at any instant. Refuses `time_goes_back`, and `advance_under_way`.
 */
export async function freezeClock (deps: MoveClockDeps, merchant: Merchant, at?: Instant): Promise<void> {
  await moveClock(deps, merchant, async ({ timeline, change, stepTo }) => {
    const present = nowOn(await timeline(), deps.clock.now())
    const until = at ?? present
    if (until >= present) await stepTo(until)
    await change((before, isEmpty) => {
      if (until < present && !isEmpty) {
        throw new Refusal('time_goes_back', `it is ${toWib(present)} already, and time never goes back in a world with transactions; freeze at a later time, or POST /admin/reset first`, { field: 'at', expected: `POST /admin/reset first, or ${laterThan(present)}` })
      }
      return frozen(before, until < present ? until : nowOn(before, until))
    })
  })
}
