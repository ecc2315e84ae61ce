import type { Clock, Events, WarungEvent } from '../ports.ts'

export interface WatchDeps {
  readonly clock: Clock
  readonly events: Events
  /** Aborted when the process stops: then nobody waits any longer. */
  readonly stopping: AbortSignal
}

/** Resolves with true once `holds` does, which is asked now and after each event that concerns it; with false when the real time is up. */
export async function watch ({ clock, events, stopping }: WatchDeps, concerns: (event: WarungEvent) => boolean, holds: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const ended = new AbortController()
  let held = false
  let looking: Promise<void> = Promise.resolve()
  const look = (): void => {
    looking = looking.then(async () => {
      held ||= await holds()
      if (held) ended.abort()
    })
    // Whoever awaits it below is told.
    looking.catch(() => ended.abort())
  }

  const unsubscribe = events.subscribe((event) => { if (concerns(event)) look() })
  try {
    look()
    await looking
    if (!held) await clock.wait(timeoutMs, AbortSignal.any([ended.signal, stopping]))
    await looking
    return held
  } finally {
    unsubscribe()
  }
}
