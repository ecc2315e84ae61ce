import { test } from 'tap'

import { createAlarm, LONGEST_SLEEP_MS } from '../../src/clock/alarm.ts'
import type { Alarm } from '../../src/clock/alarm.ts'
import { LONGEST_TIMER_MS, systemClock } from '../../src/clock/system-clock.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { DAY_MS } from '../support/domain.ts'
import { manualClock } from '../support/emulator.ts'
import type { ManualClock } from '../support/emulator.ts'
import { turn } from '../support/storage-keepers.ts'

interface Teardown {
  teardown (end: () => unknown): void
}

interface Bench {
  readonly alarm: Alarm
  readonly clock: ManualClock
  /** Instants of work; `run` does what is due. */
  readonly work: Instant[]
  readonly log: string[]
  readonly errors: unknown[]
  /** What the next look, or run, does in place of the usual. */
  instead: { next?: () => Promise<Instant | undefined>, run?: () => Promise<void> }
}

function bench (t: Teardown): Bench {
  const clock = manualClock()
  const work: Instant[] = []
  const log: string[] = []
  const errors: unknown[] = []
  const instead: Bench['instead'] = {}
  const take = <Name extends 'next' | 'run'>(name: Name): Bench['instead'][Name] => {
    const { [name]: taken } = instead
    instead[name] = undefined as never
    return taken
  }
  const alarm = createAlarm({
    clock,
    next: async () => {
      log.push('next')
      return take('next')?.() ?? work.toSorted((a, b) => a - b)[0]
    },
    run: async () => {
      log.push('run')
      const other = take('run')
      if (other !== undefined) return other()
      for (const at of [...work]) if (at <= clock.at) work.splice(work.indexOf(at), 1)
    },
    onError: (error) => errors.push(error)
  })
  t.teardown(() => alarm.close())
  return { alarm, clock, work, log, errors, instead }
}

/** Holds all timers of half a minute and more in place of setting them; the others run as they do. */
function holdLongTimers (t: Teardown): Array<{ readonly ms: number, readonly ring: () => void }> {
  const held: Array<{ readonly ms: number, readonly ring: () => void }> = []
  const { setTimeout: original } = globalThis
  globalThis.setTimeout = ((ring: () => void, ms: number) => {
    if (ms < 30_000) return original(ring, ms)
    held.push({ ms, ring })
    return undefined
  }) as typeof setTimeout
  t.teardown(() => { globalThis.setTimeout = original })
  return held
}

async function turns (count = 10): Promise<void> {
  for (let left = count; left > 0; left--) await turn()
}

test('an alarm that nobody poked does not look', async (t) => {
  const { log } = bench(t)
  await turns()
  t.same(log, [])
})

test('it runs what is due at once, and looks again until nothing is', async (t) => {
  const { alarm, clock, work, log } = bench(t)
  work.push(clock.at - 5, clock.at)

  alarm.poke()
  await turns()

  t.same(log, ['next', 'run', 'next'])
  t.same(work, [])
})

test('it runs what is due once its instant has come, and not before', async (t) => {
  const { alarm, clock, work, log } = bench(t)
  work.push(clock.at + 5)
  alarm.poke()
  while (log.length === 0) await turn()
  t.equal(log.includes('run'), false)

  clock.at += 5
  while (work.length > 0) await turn() // its own timer wakes it
  t.equal(log.filter((entry) => entry === 'run').length, 1)
})

test('a timer that is a little early looks again and does not run', async (t) => {
  const { alarm, clock, work, log } = bench(t)
  work.push(clock.at + 2)
  alarm.poke()
  while (log.length < 3) await turn()
  t.equal(log.includes('run'), false)

  clock.at += 2
  while (work.length > 0) await turn()
  t.equal(log.filter((entry) => entry === 'run').length, 1)
})

test('work far off waits for its time, and a machine that slept meanwhile is noticed', async (t) => {
  const held = holdLongTimers(t)
  const { alarm, clock, work, log } = bench(t)
  work.push(clock.at + 60 * DAY_MS)

  alarm.poke()
  await turns()
  clock.at += LONGEST_SLEEP_MS
  held[0]?.ring()
  await turns()
  t.same(held.map(({ ms }) => ms), [LONGEST_SLEEP_MS, LONGEST_SLEEP_MS])
  t.equal(log.includes('run'), false)

  clock.at += 60 * DAY_MS // in its sleep: timers stood still
  held[1]?.ring()
  await turns()
  t.same(work, [])
})

test('what comes sooner replaces what it waits for', async (t) => {
  const held = holdLongTimers(t)
  const { alarm, clock, work } = bench(t)
  work.push(clock.at + 50_000)
  alarm.poke()
  await turns()

  work.push(clock.at + 40_000)
  alarm.poke()
  await turns()

  t.same(held.map(({ ms }) => ms), [50_000, 40_000])
})

for (const [what, at] of [['nothing', undefined], ['what never comes', Infinity]] as const) {
  test(`for ${what} it sets no timer, and a poke wakes it`, async (t) => {
    const held = holdLongTimers(t)
    const { alarm, clock, work, log, instead } = bench(t)
    instead.next = async () => at
    alarm.poke()
    await turns()
    t.same(log, ['next'])
    t.same(held, [])

    work.push(clock.at)
    alarm.poke()
    await turns()
    t.same(work, [])
  })
}

test('what a frozen world has had due for ever is run at once', async (t) => {
  const { alarm, log, instead } = bench(t)
  instead.next = async () => -Infinity

  alarm.poke()
  await turns()

  t.same(log, ['next', 'run', 'next'])
})

test('many pokes in one turn of the event loop are one look', async (t) => {
  const { alarm, log } = bench(t)
  for (let count = 0; count < 100; count++) alarm.poke()
  await turns()
  t.same(log, ['next'])
})

test('a poke during a run is not lost, and runs never overlap', async (t) => {
  const { alarm, clock, work, log, instead } = bench(t)
  let end = (): void => {}
  instead.run = async () => {
    work.length = 0
    await new Promise<void>((resolve) => { end = resolve })
    log.push('end')
  }
  work.push(clock.at)
  alarm.poke()
  await turns()

  work.push(clock.at)
  alarm.poke()
  alarm.poke()
  await turns()
  t.same(log, ['next', 'run'])

  end()
  await turns()
  t.same(log, ['next', 'run', 'end', 'next', 'run', 'next'])
})

for (const part of ['next', 'run'] as const) {
  test(`an error of ${part} is told, and the alarm goes on`, async (t) => {
    const { alarm, clock, work, errors, instead } = bench(t)
    const error = new Error('no')
    work.push(clock.at)
    instead[part] = async () => { throw error }

    alarm.poke()
    await turns()
    t.same(errors, [error])
    t.equal(work.length, 1, 'it does not hammer')

    alarm.poke()
    await turns()
    t.same(work, [])
    t.same(errors, [error])
  })
}

test('a close waits for the run under way, and nothing is run after it', async (t) => {
  const { alarm, clock, work, log, instead } = bench(t)
  let end = (): void => {}
  instead.run = async () => {
    await new Promise<void>((resolve) => { end = resolve })
    log.push('end')
  }
  work.push(clock.at)
  alarm.poke()
  await turns()

  const closed = alarm.close().then(() => log.push('closed'))
  await turns()
  t.same(log, ['next', 'run'])
  end()
  await closed
  alarm.poke()
  await turns()
  t.same(log, ['next', 'run', 'end', 'closed'])
  await alarm.close()
})

test('a close takes back the timer', async (t) => {
  const { alarm, clock, work, log } = bench(t)
  work.push(clock.at + 1)
  alarm.poke()
  while (log.length === 0) await turn()
  await alarm.close()
  const { length } = log

  clock.at += 1
  await systemClock.wait(5)
  t.equal(log.length, length)
})

test('a wait ends when it is aborted, at once where it was aborted before', async (t) => {
  const held = holdLongTimers(t)
  const ending = new AbortController()
  const waiting = systemClock.wait(DAY_MS, ending.signal)
  ending.abort()
  await waiting
  await systemClock.wait(DAY_MS, ending.signal)

  t.equal(held.length, 1, 'an aborted signal sets no timer')
})

test('a wait beyond 24.8 days does not end at once', async (t) => {
  const held = holdLongTimers(t)
  const ending = new AbortController()
  const waiting = systemClock.wait(60 * DAY_MS, ending.signal)

  t.equal((held[0]?.ms ?? Infinity) <= LONGEST_TIMER_MS, true)
  ending.abort()
  await waiting
})

test('the system clock shows the time of the machine', async (t) => {
  const before = Date.now()
  const now = systemClock.now()
  t.equal(before <= now && now <= Date.now(), true)
})
