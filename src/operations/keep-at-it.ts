import { NotKept } from '../ports.ts'
import type { Clock } from '../ports.ts'

const PAUSE_MS = 1_000

/** Tries again, while nothing can be kept (a full disk), what must not be left undone; until the signal is aborted. */
export async function untilKept<Kept> (clock: Clock, signal: AbortSignal | undefined, keep: () => Promise<Kept>): Promise<Kept> {
  for (;;) {
    try {
      return await keep()
    } catch (error) {
      if (!(error instanceof NotKept) || signal?.aborted === true) throw error
      await clock.wait(PAUSE_MS, signal)
    }
  }
}
