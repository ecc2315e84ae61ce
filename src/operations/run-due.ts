import { byInstant, lastAttempted, moveEffect } from '../domain/effect.ts'
import type { Effect } from '../domain/effect.ts'
import type { Instant } from '../domain/instant.ts'
import type { AttemptCause, Notification } from '../domain/notification.ts'
import { Refusal } from '../domain/refusal.ts'
import { NotKept } from '../ports.ts'
import type { Due, Room } from '../ports.ts'
import { attemptNotification } from './attempt-notification.ts'
import type { AttemptNotificationDeps } from './attempt-notification.ts'
import { moveTransaction } from './move-transaction.ts'

export interface RunDueDeps extends AttemptNotificationDeps {
  /** Something could not be done; it is given back and comes up again. */
  readonly onError: (error: unknown) => void
  /** Looks again for due work: an attempt has ended, so its target has room, or a merchant's time was let go. */
  readonly onRoom: () => void
}

/** A merchant's time in somebody's hand: nothing of it runs but what that one runs. */
export interface HeldTime {
  /** The merchant's instant of its next work; undefined while there is none. */
  next (): Promise<Instant | undefined>
  /** Does all that is due at `at`, and what this newly makes due then. Resolves with the effects, in the order in which their causes were recorded. */
  run (at: Instant): Promise<readonly Effect[]>
  letGo (): void
  /** Aborted when the process stops. */
  readonly signal: AbortSignal
}

export interface RunDue {
  /** The machine's instant of the next work that can be begun; undefined while there is none. */
  next (): Promise<Instant | undefined>
  /** Does all that is due: moves before it returns; attempts are begun and go on by themselves. */
  run (): Promise<void>
  /** Takes the time of a merchant in hand, once what is under way has ended. Refuses `advance_under_way`. */
  hold (merchantId: string): Promise<HeldTime>
  /** Attempts a notification at once, beside whatever its schedule does. */
  tryNow (merchantId: string, notificationId: string): Promise<void>
  /** Ends the attempts of a merchant whose world is gone; they count as not made. */
  abandon (merchantId: string): Promise<void>
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
  const { clock, storage, events, onError, onRoom } = deps
  const underWay = createUnderWay()
  /** What goes on, by merchant. */
  const goingOn = new Map<Promise<unknown>, string>()
  const held = new Set<string>()
  const stop = new AbortController()
  /** What ends the attempts of each merchant. */
  const stops = new Map<string, AbortController>()
  let isClosed = false
  let running = Promise.resolve()
  let pausing: Promise<void> | undefined

  const isFree = (merchantId: string): boolean => !held.has(merchantId)
  const nextFree = (): ReturnType<typeof storage.nextDue> => storage.nextDue(underWay.room, isFree)

  async function runAll (): Promise<void> {
    for (;;) {
      const next = isClosed ? undefined : await nextFree()
      if (next === undefined || next.machineAt > clock.now()) return
      // It may have been taken in hand just now.
      if (isFree(next.due.merchantId) && !await goOn(next.due.merchantId, runInstant(next.due))) return
    }
  }

  /** One instant at a time: what it newly makes due comes before what falls due later. */
  async function runInstant ({ merchantId, at }: Due): Promise<boolean> {
    const claimed = await storage.claimDue(merchantId, at, BATCH, lease(), underWay.room)
    await Promise.all(claimed.map((due) => begin(due)))
    return claimed.length > 0
  }

  async function begin (due: Due): Promise<void> {
    if (due.kind === 'move') return moveOrGiveBack(due)
    goOn(due.merchantId, underWay.count(due.target, tryOnce(due, 'clock').then(() => {}, (error) => giveBack(due, error))).finally(onRoom))
  }

  /** Lets something of a merchant go on by itself; `settled`, `hold` and `close` wait for it. */
  function goOn<Result> (merchantId: string, work: Promise<Result>): Promise<Result> {
    const going = work.finally(() => { goingOn.delete(going) })
    goingOn.set(going, merchantId)
    return going
  }

  async function moveOrGiveBack (due: Due & { kind: 'move' }): Promise<void> {
    try {
      await moveByItself(due)
    } catch (error) {
      const back = giveBack(due, error).finally(onRoom)
      // While nothing can be kept, what else is to move would fare no better.
      if (error instanceof NotKept) await back
      else goOn(due.merchantId, back)
    }
  }

  async function moveByItself (due: Due & { kind: 'move' }): Promise<Effect | undefined> {
    try {
      const { move, cause, at } = due
      const { transaction } = await moveTransaction(deps, due, { move, cause, at })
      return moveEffect(transaction, move, at, due.order)
    } catch (error) {
      // Paid or cancelled in the same moment: then it does not move by itself.
      if (error instanceof Refusal) return undefined
      throw error
    }
  }

  async function tryOnce (due: Due & { kind: 'attempt' }, cause: AttemptCause): Promise<Effect | undefined> {
    const notification = await attempt(due.merchantId, due.notificationId, cause)
    return notification === undefined ? undefined : lastAttempted(notification, due.order)
  }

  async function attempt (merchantId: string, id: string, cause: AttemptCause): Promise<Notification | undefined> {
    const { signal } = stopOf(merchantId)
    try {
      return await attemptNotification(deps, id, { cause, signal })
    } catch (error) {
      if (signal.aborted && !stop.signal.aborted) return undefined
      throw error
    }
  }

  function stopOf (merchantId: string): AbortController {
    if (stop.signal.aborted) return stop
    const known = stops.get(merchantId) ?? new AbortController()
    stops.set(merchantId, known)
    return known
  }

  function ownWork (merchantId: string): Array<Promise<unknown>> {
    return [...goingOn].flatMap(([going, of]) => of === merchantId ? going : [])
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

  function lease (): { from: Instant, until: Instant } {
    return { from: clock.now(), until: clock.now() + LEASE_MS }
  }

  function holdOf (merchantId: string): HeldTime {
    const counted = createUnderWay()

    async function doDue (due: Due): Promise<Effect | undefined> {
      try {
        return await (due.kind === 'move' ? moveByItself(due) : counted.count(due.target, tryOnce(due, 'advance')))
      } catch (error) {
        await storage.release(due)
        throw error
      }
    }

    return {
      signal: stop.signal,
      next: async () => (await storage.nextDue(counted.room, (id) => id === merchantId))?.due.at,
      run: async (at) => {
        const effects: Effect[] = []
        let doing = 0
        let failure: { readonly error: unknown } | undefined
        let wake = (): void => {}
        // Whatever ends may make room, and whatever is recorded may be due: a receiver that calls us back may wait for it.
        const unsubscribe = events.subscribe((event) => { if (event.merchantId === merchantId) wake() })
        for (;;) {
          const woken = new Promise<void>((resolve) => { wake = resolve })
          if (isClosed) failure ??= { error: new Error('stopped in the middle of an advance') }
          const claimed = failure === undefined ? await storage.claimDue(merchantId, at, BATCH, lease(), counted.room) : []
          for (const due of claimed) {
            doing += 1
            goOn(merchantId, doDue(due))
              .then((effect) => { if (effect !== undefined) effects.push(effect) }, (error: unknown) => { failure ??= { error } })
              .finally(() => {
                doing -= 1
                wake()
              })
          }
          if (doing > 0) await woken
          else if (claimed.length === 0) break
        }
        unsubscribe()
        if (failure !== undefined) throw failure.error
        return effects.sort(byInstant)
      },
      letGo: () => {
        held.delete(merchantId)
        onRoom()
      }
    }
  }

  return {
    next: async () => (await nextFree())?.machineAt,
    run: () => {
      running = running.then(runAll, runAll)
      return running
    },
    hold: async (merchantId) => {
      if (held.has(merchantId)) throw new Refusal('advance_under_way', 'the clock of this merchant is being moved; wait for that call to answer')
      held.add(merchantId)
      for (let own = ownWork(merchantId); own.length > 0; own = ownWork(merchantId)) await Promise.allSettled(own)
      return holdOf(merchantId)
    },
    tryNow: (merchantId, notificationId) => goOn(merchantId, attempt(merchantId, notificationId, 'admin').then(onRoom)),
    abandon: async (merchantId) => {
      stops.get(merchantId)?.abort()
      stops.delete(merchantId)
    },
    settled: async () => {
      while (goingOn.size > 0) await Promise.all(goingOn.keys())
    },
    close: async (graceMs) => {
      isClosed = true
      await running.catch(onError)
      const grace = new AbortController()
      const ended = Promise.allSettled(goingOn.keys()).then(() => grace.abort())
      await clock.wait(graceMs, grace.signal)
      stop.abort()
      for (const each of stops.values()) each.abort()
      await ended
    }
  }
}

interface UnderWay {
  readonly room: Room
  /** Counts an attempt at a target until it has ended. */
  count<Result> (target: string, attempt: Promise<Result>): Promise<Result>
}

function createUnderWay (): UnderWay {
  const counts = new Map<string, number>()
  return {
    room: (target) => ATTEMPTS_PER_TARGET - (counts.get(target) ?? 0),
    count: (target, attempt) => {
      counts.set(target, (counts.get(target) ?? 0) + 1)
      return attempt.finally(() => {
        const left = (counts.get(target) ?? 1) - 1
        if (left === 0) counts.delete(target)
        else counts.set(target, left)
      })
    }
  }
}
