import type { Test } from 'tap'

import { manualClock } from './emulator.ts'
import type { ManualClock, TestEmulator } from './emulator.ts'

export interface FaultDocument {
  readonly id: string
  readonly times: number | null
  readonly seen: number
  readonly [parameter: string]: unknown
}

/** Puts these faults in place of those there are. */
export async function putFaults (t: Test, { ask }: TestEmulator, ...items: ReadonlyArray<Record<string, unknown>>): Promise<void> {
  const reply = await ask('PUT', '/admin/faults', { items })
  t.equal(reply.statusCode, 200, `faults are taken: ${reply.payload}`)
}

export async function faultsOf ({ ask }: TestEmulator): Promise<readonly FaultDocument[]> {
  return (await ask('GET', '/admin/faults')).json().items
}

/** So long a fault delays: no test waits for it. */
export const FOR_EVER = '24h'

/** A clock on which waits of an hour or more end when the test says so, and not before. */
export interface GatedClock extends ManualClock {
  /** Resolves when that many wait at the gate. */
  held (count: number): Promise<void>
  open (): void
}

export function gatedClock (): GatedClock {
  const clock = manualClock()
  const gate = new Set<() => void>()
  let onHeld = (): void => {}
  return {
    get at () { return clock.at },
    set at (instant) { clock.at = instant },
    now: () => clock.at,
    wait: (ms, signal) => ms < 3_600_000
      ? clock.wait(ms, signal)
      : new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const end = (): void => {
          gate.delete(end)
          resolve()
        }
        gate.add(end)
        signal?.addEventListener('abort', end, { once: true })
        onHeld()
      }),
    held: (count) => new Promise((resolve) => {
      onHeld = () => { if (gate.size >= count) resolve() }
      onHeld()
    }),
    open () {
      for (const end of gate) end()
    }
  }
}
