import * as fc from 'fast-check'
import { test } from 'tap'

import { readDuration, writeDuration } from '../../src/domain/duration.ts'
import { fromIso, toIso, wholeSecond } from '../../src/domain/instant.ts'
import { frozen, isFrozen, machineInstant, nowOn, REAL_TIME, resumed, stepped } from '../../src/domain/timeline.ts'
import type { Timeline } from '../../src/domain/timeline.ts'
import { fromOrderTime, fromWib, toWib } from '../../src/domain/wib.ts'
import { CHARGED_AT, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../support/domain.ts'
import { counterexample } from './property.ts'

const END_OF_9999_WIB = Date.UTC(9999, 11, 31, 16, 59, 59)
const instants = fc.integer({ min: 0, max: END_OF_9999_WIB })
const seconds = fc.integer({ min: 0, max: END_OF_9999_WIB / SECOND_MS }).map((second) => second * SECOND_MS)

const written: Array<[utc: string, wib: string]> = [
  ['2026-11-22T13:00:00.000Z', '2026-11-22 20:00:00'],
  ['2026-11-22T13:00:00.999Z', '2026-11-22 20:00:00'],
  ['2026-11-22T16:59:59.000Z', '2026-11-22 23:59:59'],
  ['2026-11-22T17:00:00.000Z', '2026-11-23 00:00:00'],
  ['2026-12-31T17:00:00.000Z', '2027-01-01 00:00:00'],
  ['2028-02-28T17:00:00.000Z', '2028-02-29 00:00:00'],
  ['1970-01-01T00:00:00.000Z', '1970-01-01 07:00:00']
]

for (const [utc, wib] of written) {
  test(`${utc} is written ${wib}`, async (t) => {
    t.equal(toWib(Date.parse(utc)), wib)
  })
}

test('WIB is what the calendar of Asia/Jakarta shows, from 1970 to 9999', async (t) => {
  const jakarta = new Intl.DateTimeFormat('en-US', {
    timeZone: 'Asia/Jakarta',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit'
  })
  t.equal(counterexample(fc.property(instants, (at) => {
    const part = Object.fromEntries(jakarta.formatToParts(at).map(({ type, value }) => [type, value]))
    return toWib(at) === `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`
  })), undefined)
})

const orderTimes: Array<[text: string, utc: string | undefined]> = [
  ['2026-11-22 20:00:00 +0700', '2026-11-22T13:00:00Z'],
  ['2026-11-22 20:00:00 +0000', '2026-11-22T20:00:00Z'],
  ['2026-11-22 20:00:00 +0800', '2026-11-22T12:00:00Z'],
  ['2026-11-22 20:00:00 +0930', '2026-11-22T10:30:00Z'],
  ['2026-11-22 20:00:00 -0330', '2026-11-22T23:30:00Z'],
  ['2026-11-22 20:00:00 -0000', '2026-11-22T20:00:00Z'],
  ['2028-02-29 00:00:00 +0700', '2028-02-28T17:00:00Z'],
  ['2026-11-22 20:00:00', undefined],
  ['2026-11-22 20:00:00 0700', undefined],
  ['2026-11-22 20:00:00 +07:00', undefined],
  ['2026-11-22 20:00:00 WIB', undefined],
  ['2026-11-22 20:00:00 +0760', undefined],
  ['2026-11-22 20:00:00 +9900', undefined],
  ['2026-11-22T20:00:00 +0700', undefined],
  ['2026-11-22  20:00:00 +0700', undefined],
  [' 2026-11-22 20:00:00 +0700', undefined],
  ['2026-11-22 20:00:00 +0700 ', undefined],
  ['2026-11-22 20:00:00 +0700\n', undefined],
  ['2026-11-22 20:00 +0700', undefined],
  ['22-11-2026 20:00:00 +0700', undefined],
  ['2026-02-29 20:00:00 +0700', undefined],
  ['2026-02-31 20:00:00 +0700', undefined],
  ['2026-13-01 20:00:00 +0700', undefined],
  ['2026-00-01 20:00:00 +0700', undefined],
  ['2026-11-00 20:00:00 +0700', undefined],
  ['2026-11-22 24:00:00 +0700', undefined],
  ['2026-11-22 20:60:00 +0700', undefined],
  ['2026-11-22 20:00:60 +0700', undefined],
  ['tomorrow', undefined],
  ['', undefined]
]

for (const [text, utc] of orderTimes) {
  test(`the order time ${JSON.stringify(text)} is ${utc ?? 'no order time'}`, async (t) => {
    t.equal(fromOrderTime(text), utc === undefined ? undefined : Date.parse(utc))
  })
}

test('an order time in WIB reads back as the moment it was written from', async (t) => {
  t.equal(counterexample(fc.property(seconds, (at) => fromOrderTime(`${toWib(at)} +0700`) === at)), undefined)
})

test('a moment without an offset is read as WIB, and only by the reader for that', async (t) => {
  t.equal(fromWib('2026-11-22 20:00:00'), CHARGED_AT)
  t.equal(fromWib('2026-11-22 20:00:00 +0700'), undefined)
  t.equal(fromWib('2026-02-31 20:00:00'), undefined)
  t.equal(counterexample(fc.property(seconds, (at) => fromWib(toWib(at)) === at)), undefined)
})

test('a whole second never lies ahead of its moment, nor a second behind it', async (t) => {
  t.equal(wholeSecond(CHARGED_AT), CHARGED_AT)
  t.equal(wholeSecond(CHARGED_AT + 999), CHARGED_AT)
  t.equal(wholeSecond(CHARGED_AT + 1000), CHARGED_AT + 1000)
  t.equal(wholeSecond(-1), -1000)
})

const isoTexts: Array<[text: string, at: number | undefined]> = [
  ['2026-11-22T13:00:00Z', CHARGED_AT],
  ['2026-11-22T13:00:00.000Z', CHARGED_AT],
  ['2026-11-22T13:00:00.5Z', CHARGED_AT + 500],
  ['2026-11-22T20:00:00+07:00', CHARGED_AT],
  ['2026-11-22T09:30:00-03:30', CHARGED_AT],
  ['2026-11-22T13:00:00', undefined],
  ['2026-11-22 13:00:00Z', undefined],
  ['2026-11-22', undefined],
  ['2026-11-22T13:00:00+0700', undefined],
  ['2026-13-22T13:00:00Z', undefined],
  ['2026-02-30T13:00:00Z', undefined],
  ['2026-11-31T13:00:00Z', undefined],
  ['22 Nov 2026 13:00:00 GMT', undefined],
  ['1763816400000', undefined],
  ['', undefined]
]

for (const [text, at] of isoTexts) {
  test(`${JSON.stringify(text)} ${at === undefined ? 'is no ISO 8601 moment with a zone' : `is ${toIso(at)}`}`, async (t) => {
    t.equal(fromIso(text), at)
  })
}

test('a moment in ISO 8601 has milliseconds, stands in UTC and reads back', async (t) => {
  t.equal(toIso(CHARGED_AT), '2026-11-22T13:00:00.000Z')
  t.equal(counterexample(fc.property(instants, (at) => fromIso(toIso(at)) === at)), undefined)
})

const durations: Array<[value: unknown, ms: number | undefined]> = [
  ['500ms', 500],
  ['3s', 3 * SECOND_MS],
  ['10m', 10 * MINUTE_MS],
  ['24h', DAY_MS],
  ['7d', 7 * DAY_MS],
  ['0ms', 0],
  ['0s', 0],
  ['90s', 90 * SECOND_MS],
  ['1500', 1500],
  [1500, 1500],
  [0, 0],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [-1, undefined],
  [1.5, undefined],
  [Infinity, undefined],
  [NaN, undefined],
  [2 ** 53, undefined],
  ['-1s', undefined],
  ['1.5s', undefined],
  ['3 s', undefined],
  [' 3s', undefined],
  ['3s\n', undefined],
  ['3S', undefined],
  ['3w', undefined],
  ['3 minutes', undefined],
  ['1h30m', undefined],
  ['999999999999999d', undefined],
  ['9999999999999999999999', undefined],
  ['s', undefined],
  ['', undefined],
  [true, undefined],
  [null, undefined],
  [undefined, undefined],
  [{}, undefined],
  [['3s'], undefined]
]

for (const [value, ms] of durations) {
  test(`${JSON.stringify(value) ?? 'nothing'} ${ms === undefined ? 'is no duration' : `lasts ${ms} ms`}`, async (t) => {
    t.equal(readDuration(value), ms)
  })
}

const writtenDurations: Array<[ms: number, text: string]> = [
  [0, '0ms'],
  [1, '1ms'],
  [500, '500ms'],
  [1500, '1500ms'],
  [15 * SECOND_MS, '15s'],
  [90 * SECOND_MS, '90s'],
  [MINUTE_MS, '1m'],
  [90 * MINUTE_MS, '90m'],
  [HOUR_MS, '1h'],
  [DAY_MS, '24h'],
  [36 * HOUR_MS, '36h'],
  [2 * DAY_MS, '2d'],
  [180 * DAY_MS, '180d']
]

for (const [ms, text] of writtenDurations) {
  test(`${ms} ms is written ${text}`, async (t) => {
    t.equal(writeDuration(ms), text)
  })
}

test('a duration reads back as it was written', async (t) => {
  const sizes = fc.constantFrom(1, SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS)
  t.equal(counterexample(fc.property(fc.nat({ max: 1_000_000 }), sizes, (count, size) => readDuration(writeDuration(count * size)) === count * size)), undefined)
  t.equal(counterexample(fc.property(fc.nat({ max: 999_999_999_999_999 }), (ms) => readDuration(writeDuration(ms)) === ms)), undefined)
})

const shifted = (shiftMs: number): Timeline => ({ ...REAL_TIME, shiftMs })

test('a shifted timeline runs beside the machine, a frozen one stands', async (t) => {
  const ahead = shifted(DAY_MS)
  const still = frozen(ahead, CHARGED_AT)

  t.equal(nowOn(REAL_TIME, 5), 5)
  t.equal(nowOn(ahead, 5), DAY_MS + 5)
  t.equal(nowOn(still, 5), CHARGED_AT)
  t.equal(nowOn(still, 5 + DAY_MS), CHARGED_AT)
  t.same([ahead, still].map(isFrozen), [false, true])
})

test('a resumed timeline runs on from where it stood, and one that runs stays as it is', async (t) => {
  const on = resumed(frozen(shifted(DAY_MS), CHARGED_AT), 100)

  t.equal(nowOn(on, 100), CHARGED_AT)
  t.equal(nowOn(on, 107), CHARGED_AT + 7)
  t.equal(isFrozen(on), false)
  t.same(resumed(on, 900), on)
})

test('an advance stands at its steps, and tells a time that runs from one that is frozen', async (t) => {
  const step = stepped(stepped(REAL_TIME, CHARGED_AT), CHARGED_AT + MINUTE_MS)
  t.equal(nowOn(step, 7), CHARGED_AT + MINUTE_MS)
  t.equal(isFrozen(step), false)
  t.equal(nowOn(resumed(step, 100), 101), CHARGED_AT + MINUTE_MS + 1)

  const still = stepped(frozen(REAL_TIME, CHARGED_AT), CHARGED_AT + MINUTE_MS)
  t.equal(isFrozen(still), true)
  t.equal(nowOn(still, 7), CHARGED_AT + MINUTE_MS)
})

test('freezing at the first instant of all is freezing too', async (t) => {
  t.equal(nowOn(frozen(REAL_TIME, 0), CHARGED_AT), 0)
  t.equal(machineInstant(frozen(REAL_TIME, 0), 1), Infinity)
})

test('a running timeline reaches a moment when the machine does, less the shift', async (t) => {
  t.equal(counterexample(fc.property(fc.integer(), instants, (shiftMs, at) => {
    const timeline = shifted(shiftMs)
    return nowOn(timeline, machineInstant(timeline, at)) === at
  })), undefined)
})

test('a frozen timeline has reached its own moment and all before it, and never reaches a later one', async (t) => {
  const still = frozen(shifted(DAY_MS), CHARGED_AT)

  t.equal(machineInstant(still, CHARGED_AT - 1), -Infinity)
  t.equal(machineInstant(still, CHARGED_AT), -Infinity)
  t.equal(machineInstant(still, CHARGED_AT + 1), Infinity)
})
