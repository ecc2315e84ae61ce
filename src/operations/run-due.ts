import type { Instant } from '../domain/instant.ts'
import { Refusal } from '../domain/refusal.ts'
import { NotKept } from '../ports.ts'
import type { Due } from '../ports.ts'
import { attemptNotification } from './attempt-notification.ts'
import type { AttemptNotificationDeps } from './attempt-notification.ts'
import { moveTransaction } from './move-transaction.ts'

export interface RunDueDeps extends AttemptNotificationDeps {
  /** Something could not be done; it is given back and comes up again. */
  readonly onError: (error: unknown) => void
  /** Looks again for due work: an attempt has ended, so its target has room. */
  readonly onRoom: () => void
}

export interface RunDue {
  /** The machine's instant of the next work that can be begun; undefined while there is none. */
  next (): Promise<Instant | undefined>
  /** Does all that is due: expiries before it returns; attempts are begun and go on by themselves. */
  run (): Promise<void>
  /** Resolves when no attempt is under way. */
  settled (): Promise<void>
  /** Begins nothing more, gives attempts under way `graceMs` to end, and aborts the others: they are made again. */
  close (graceMs: number): Promise<void>
}

/** How many attempts go to one target (scheme, host and port) side by side. */
const ATTEMPTS_PER_TARGET = 16
/** How much is claimed in one go. */
const BATCH = 64
/** Longer than any attempt lasts. */
const LEASE_MS = 3_600_000
const PAUSE_AFTER_ERROR_MS = 1_000

/** The one loop that makes time pass. */
export function createRunDue (deps: RunDueDeps): RunDue {
  const { clock, storage, onError, onRoom } = deps
  const underWay = new Map<string, number>()
  const goingOn = new Set<Promise<void>>()
  const stop = new AbortController()
  let isClosed = false
  let running = Promise.resolve()
  let pausing: Promise<void> | undefined

  const room = (target: string): number => ATTEMPTS_PER_TARGET - (underWay.get(target) ?? 0)

  async function runAll (): Promise<void> {
    for (;;) {
      const next = isClosed ? undefined : await storage.nextDue(room)
      if (next === undefined || next.machineAt > clock.now()) return
      // One instant at a time: what it newly makes due comes before what falls due later.
      const lease = { from: clock.now(), until: clock.now() + LEASE_MS }
      const claimed = await storage.claimDue(next.due.merchantId, next.due.at, BATCH, lease, room)
      if (claimed.length === 0) return
      await Promise.all(claimed.map((due) => begin(due)))
    }
  }

  async function begin (due: Due): Promise<void> {
    if (due.kind === 'expiry') return lapse(due)
    underWay.set(due.target, (underWay.get(due.target) ?? 0) + 1)
    goOn(tryOnce(due).finally(() => {
      const left = (underWay.get(due.target) ?? 1) - 1
      if (left === 0) underWay.delete(due.target)
      else underWay.set(due.target, left)
      onRoom()
    }))
  }

  /** Lets something go on by itself; `settled` and `close` wait for it. */
  function goOn (work: Promise<void>): void {
    const going = work.finally(() => goingOn.delete(going))
    goingOn.add(going)
  }

  async function lapse (due: Due & { kind: 'expiry' }): Promise<void> {
    try {
      await moveTransaction(deps, due, { move: 'expire', cause: 'clock', at: due.at })
    } catch (error) {
      // Paid or cancelled in the same moment: then it does not lapse.
      if (error instanceof Refusal) return
      const back = giveBack(due, error).finally(onRoom)
      // While nothing can be kept, what else lapses would fare no better.
      if (error instanceof NotKept) await back
      else goOn(back)
    }
  }

  async function tryOnce (due: Due & { kind: 'attempt' }): Promise<void> {
    try {
      await attemptNotification(deps, due.notificationId, stop.signal)
    } catch (error) {
      await giveBack(due, error)
    }
  }

  async function giveBack (due: Due, error: unknown): Promise<void> {
    if (isClosed) return
    onError(error)
    await pause()
    await storage.release(due)
  }

  /** What cannot be kept now (a full disk) is not hammered at. All that fails during a pause is given back at its end. */
  function pause (): Promise<void> {
    pausing ??= clock.wait(PAUSE_AFTER_ERROR_MS, stop.signal).finally(() => { pausing = undefined })
    return pausing
  }

  return {
    next: async () => (await storage.nextDue(room))?.machineAt,
    run: () => {
      running = running.then(runAll, runAll)
      return running
    },
    settled: async () => {
      while (goingOn.size > 0) await Promise.all(goingOn)
    },
    close: async (graceMs) => {
      isClosed = true
      await running.catch(onError)
      const grace = new AbortController()
      const ended = Promise.all(goingOn).then(() => grace.abort())
      await clock.wait(graceMs, grace.signal)
      stop.abort()
      await ended
    }
  }
}
