import type { Effect } from '../domain/effect.ts'
import { suchAs } from '../domain/explanation.ts'
import type { Instant } from '../domain/instant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { nowOn, resumed, stepped } from '../domain/timeline.ts'
import type { Timeline } from '../domain/timeline.ts'
import { toWib } from '../domain/wib.ts'
import { NotKept } from '../ports.ts'
import type { Clock, Events, Storage } from '../ports.ts'
import { untilKept } from './keep-at-it.ts'
import type { HeldTime, RunDue } from './run-due.ts'
import { showClock } from './show-clock.ts'

export interface MoveClockDeps {
  readonly clock: Clock
  readonly storage: Storage
  readonly events: Events
  readonly runDue: Pick<RunDue, 'hold'>
}

/** A merchant's clock in one caller's hand. */
export interface HeldClock {
  readonly timeline: () => Promise<Timeline>
  /** Lays another timeline over the present one. `isEmpty` where the world has no transactions. */
  readonly change: (decide: (timeline: Timeline, isEmpty: boolean) => Timeline) => Promise<Timeline>
  /** Goes on to `to`, not back: stops at each due instant, runs what is due and waits for its outcome. */
  readonly stepTo: (to: Instant) => Promise<readonly Effect[]>
}

/** Takes the clock of a merchant in hand for one change of it; afterwards time runs on if it ran before. Refuses `advance_under_way`. */
export async function moveClock<Result> ({ clock, storage, events, runDue }: MoveClockDeps, { merchantId }: Pick<Merchant, 'merchantId'>, move: (held: HeldClock) => Promise<Result>): Promise<Result> {
  const time = await runDue.hold(merchantId)

  const timeline: HeldClock['timeline'] = async () => known(await storage.findMerchant(merchantId), merchantId).timeline
  const change: HeldClock['change'] = async (decide) => {
    const merchant = await storage.changeMerchant(merchantId, (current, isEmpty) => {
      const before = known(current, merchantId)
      return { ...before, timeline: decide(before.timeline, isEmpty) }
    })
    if (merchant === 'key_taken') throw new Error('a timeline holds no key')
    return merchant.timeline
  }
  /** Stands still at `at`, or where it stands if that is later. */
  const stand = (at: Instant): Promise<Timeline> => change((before) => stepped(before, Math.max(at, nowOn(before, -Infinity))))

  /** A time that ran before runs on from where it stands. */
  const runOn = (): Promise<unknown> => untilKept(clock, time.signal, () => {
    // Asked before it is decided: a charge that is decided after it asked later, and time does not go back for it.
    const machineNow = clock.now()
    return change((before) => before.isStepped ? resumed(before, machineNow) : before)
  }).finally(time.letGo)

  let result: Result
  try {
    result = await move({
      timeline,
      change,
      stepTo: async (to) => {
        await stand(nowOn(await timeline(), clock.now()))
        return stepThrough(time, stand, to)
      }
    })
  } catch (error) {
    const goingOn = runOn().catch(() => {})
    // On a full disk whoever asked learns at once why; the clock goes on when there is room.
    if (!(error instanceof NotKept)) await goingOn
    throw error
  }
  await runOn()
  events.publish({ merchantId, kind: 'clock', face: await showClock({ clock, storage }, { merchantId }) })
  return result
}

const DAY_MS = 86_400_000

/** What would pass where time would have gone back. */
export function laterThan (at: Instant): string {
  return suchAs('a later time', toWib(at + DAY_MS))
}

async function stepThrough (time: HeldTime, stand: (at: Instant) => Promise<unknown>, to: Instant): Promise<readonly Effect[]> {
  const effects: Effect[] = []
  for (let next = await time.next(); next !== undefined && next <= to; next = await time.next()) {
    await stand(next)
    effects.push(...await time.run(next))
  }
  await stand(to)
  return effects
}

function known (merchant: Merchant | undefined, merchantId: string): Merchant {
  if (merchant === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
  return merchant
}
