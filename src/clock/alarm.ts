import type { Instant } from '../domain/instant.ts'
import type { Clock } from '../ports.ts'

export interface AlarmDeps {
  readonly clock: Clock
  /** The machine's instant of the next work; undefined while there is none. */
  readonly next: () => Promise<Instant | undefined>
  readonly run: () => Promise<void>
  readonly onError: (error: unknown) => void
}

export interface Alarm {
  /** Something was recorded: look again when the next work falls due. */
  poke (): void
  /** Rings no more; resolves when the last run has ended. */
  close (): Promise<void>
}

const PAUSE_AFTER_ERROR_MS = 1_000
/** A machine that slept, or whose clock was set, is noticed after so long at most. */
export const LONGEST_SLEEP_MS = 60_000

/** The one timer: it runs due work at its instant, however far off that is, and knows nothing else. */
export function createAlarm ({ clock, next, run, onError }: AlarmDeps): Alarm {
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let isPoked = false
  let isClosed = false

  async function look (): Promise<void> {
    isPoked = false
    try {
      const at = await next()
      if (at === undefined || isClosed) return wake(undefined)
      if (at > clock.now()) return wake(at - clock.now())
      await run()
      isPoked = true
    } catch (error) {
      onError(error)
      wake(PAUSE_AFTER_ERROR_MS)
    }
  }

  function wake (afterMs: number | undefined): void {
    clearTimeout(timer)
    // A frozen world never comes to what lies ahead of it.
    if (afterMs === undefined || afterMs === Infinity || isClosed) return
    timer = setTimeout(poke, Math.min(Math.max(afterMs, 0), LONGEST_SLEEP_MS))
  }

  function poke (): void {
    isPoked = true
    if (isClosed) return
    // One look for all that a turn of the event loop records.
    looking ??= new Promise((resolve) => setImmediate(resolve)).then(look).finally(() => {
      looking = undefined
      if (isPoked) poke()
    })
  }

  return {
    poke,
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await looking
    }
  }
}
