import { join } from 'node:path'

import { test } from 'tap'

import { createEvents } from '../../src/events.ts'
import { advanceClock } from '../../src/operations/advance-clock.ts'
import { charge as chargeOrder } from '../../src/operations/charge.ts'
import { createRunDue } from '../../src/operations/run-due.ts'
import type { Clock, Sender, Storage } from '../../src/ports.ts'
import { seededRandom } from '../../src/random.ts'
import { RecordStorage } from '../../src/storage/record-storage.ts'
import { Tables } from '../../src/storage/tables.ts'
import { advance, clockOf, copyData, freeze, frozenEmulator, recordOf, REFUSED, rowOf, SCHEDULE, timelineOf } from '../support/clock-world.ts'
import type { EffectDocument } from '../support/clock-world.ts'
import { emulatorOver, openFaultyStorage } from '../support/data-faulty.ts'
import { answer, chargeRequest, DAY_MS, HOUR_MS, merchant, MINUTE_MS } from '../support/domain.ts'
import { basic, chargeBody, manualClock, MERCHANT_ID, SERVER_KEY, START, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'
import type { Handler, Receiver } from '../support/receiver.ts'
import { turn, watch } from '../support/storage-keepers.ts'
import { charge, notificationsOf, set, show } from '../support/storage-world.ts'
import { fullAfter } from '../storage/faulty-files.ts'

interface Teardown {
  teardown (end: () => Promise<void>): void
}

async function openReceiver (t: Teardown, handler?: Handler): Promise<Receiver> {
  const receiver = await startReceiver(handler)
  t.teardown(() => receiver.close())
  return receiver
}

/** Minutes of one schedule, between which a world is stopped. */
const STOPS = [0, 1, 2, 7, 12, 27, 42, 87, 132, 200, 342, 400, 24 * 60, 24 * 60 + 3] as const

/** After a kill a start writes the document anew, which takes a while. */
const stopsOf: Readonly<Record<string, ReadonlyArray<readonly number[]>>> = {
  'a clean stop and a start': [[-1], [2], [42], [342], [-1, ...STOPS]],
  'a kill and a start': [[-1, 2, 27, 342]]
}

/** How a world goes on after it was stopped: as it was, after a clean stop, or from what a killed process left. */
const WAYS: ReadonlyArray<readonly [way: string, again: (emulator: TestEmulator, path: string, open: (path: string) => Promise<TestEmulator>, count: number) => Promise<readonly [TestEmulator, string]>]> = [
  ['a clean stop and a start', async (emulator, path, open) => {
    await emulator.close()
    return [await open(path), path]
  }],
  ['a kill and a start', async (_emulator, path, open, count) => {
    const copy = await copyData(path, `copy-${count}`)
    return [await open(copy), copy]
  }]
]

for (const frozenOrNot of ['frozen', 'running'] as const) {
  for (const [way, again] of WAYS) {
    test(`${way} between any two attempts changes nothing in what the advances of a ${frozenOrNot} world list (nor right after the charge)`, async (t) => {
      const folder = t.testdir()
      const ends: Array<() => Promise<void>> = []
      const clock = manualClock()
      const open = (path: string): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, ['--notification-url', REFUSED, '--data', path], clock)
      const play = async (name: string, isStopped: (minute: number) => boolean): Promise<unknown> => {
        let path = join(folder, name, 'data', 'warung.json')
        let emulator = await open(path)
        let count = 0
        const effects: EffectDocument[] = []
        clock.at = START
        if (frozenOrNot === 'frozen') await freeze(emulator, '2026-11-22 20:00:00')
        await set(emulator, { retry_jitter: true })
        for (const order of ['order-101', 'order-102']) await charge(emulator, order)
        if (isStopped(-1)) [emulator, path] = await again(emulator, path, open, count++)
        // A world that runs does by itself what is due at the call.
        for (const minute of STOPS) {
          const at = new Date(START + minute * MINUTE_MS).toISOString()
          effects.push(...(await advance(emulator, { to: at })).effects)
          if (isStopped(minute)) [emulator, path] = await again(emulator, path, open, count++)
          // Nothing is listed a second time.
          effects.push(...(await advance(emulator, 0)).effects)
        }
        return { effects, record: await recordOf(emulator), clock: await clockOf(emulator) }
      }
      try {
        const straight = await play('straight', () => false) as { effects: readonly EffectDocument[] }
        t.equal(straight.effects.filter(({ event }) => event === 'pending').length, frozenOrNot === 'frozen' ? 12 : 10)
        for (const stops of stopsOf[way] ?? []) t.same(await play(`at-${stops.join('-')}`, (minute) => stops.includes(minute)), straight, `at minutes ${stops.join(', ')}`)
      } finally {
        for (const end of ends) await end()
      }
    })
  }
}

test('what the clock did at the moment of a frozen world is listed once, also by the advance after a restart', async (t) => {
  const clock = manualClock()
  const path = join(t.testdir(), 'warung.json')
  const ends: Array<() => Promise<void>> = []
  const open = (): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, ['--notification-url', REFUSED, '--data', path], clock)
  try {
    const first = await open()
    await freeze(first, '2026-11-22 20:00:00')
    const fault = await first.ask('PUT', '/admin/faults', { items: [{ match: { event: 'pending', order_id: 'held' }, action: { kind: 'hold' } }] })
    if (fault.statusCode !== 200) t.equal((await first.ask('PUT', '/admin/faults', { items: [{ match: { event: 'pending', order_id: 'held' }, action: 'hold' }] })).statusCode, 200, fault.payload)
    await charge(first, 'held')
    await charge(first, 'sent')
    await first.passTime(0)
    t.same((await advance(first, '1m')).effects.map(({ order_id: order }) => order), ['sent'])
    // Recorded before the other, attempted after it.
    t.equal((await first.ask('DELETE', '/admin/faults')).statusCode, 204)
    await first.passTime(0)
    await first.close()

    const second = await open()
    t.same((await advance(second, 0)).effects.map((effect) => rowOf(effect).slice(0, 5)), [[1, 'attempted', 'held', 'pending', 1]])
    t.same((await advance(second, 0)).effects, [])
    await second.close()
    const third = await open()
    t.same((await advance(third, 0)).effects, [])
  } finally {
    for (const end of ends) await end()
  }
})

test('an advance of a world that runs that is killed half-way: the next start runs on from the step at which it stood', async (t) => {
  let copy: string | undefined
  const path = join(t.testdir(), 'first', 'data', 'warung.json')
  const ends: Array<() => Promise<void>> = []
  const receiver = await openReceiver(t, async (_request, response) => {
    if (receiver.requests.length === 4) copy = await copyData(path, 'killed')
    response.writeHead(502).end()
  })
  const open = (file: string, clock = manualClock()): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, ['--notification-url', receiver.url, '--data', file], clock)
  try {
    const before = await open(path)
    await charge(before, 'order-101')
    await advance(before, '5h')
    if (copy === undefined) throw new Error('four attempts were expected')

    const clock = manualClock(START + 7 * DAY_MS)
    const after = await open(copy, clock)
    t.match(await timelineOf(after), { frozenAt: null, isStepped: false, shiftMs: 42 * MINUTE_MS - 7 * DAY_MS })
    t.match(await clockOf(after), { now: '2026-11-22T13:42:00.000Z', frozen: false })
    clock.at += MINUTE_MS
    t.match(await clockOf(after), { now: '2026-11-22T13:43:00.000Z' })
    // What was under way was not made, and is made now.
    await after.passTime(0)
    t.same((await notificationsOf(after, 'order-101'))[0]?.attempts.map(({ at }) => (Date.parse(at) - START) / MINUTE_MS), [0, 2, 12, 43])
  } finally {
    for (const end of ends) await end()
  }
})

test('an advance of a frozen world that is killed half-way stands at its step, and the same advance does the rest', async (t) => {
  let copy: string | undefined
  const path = join(t.testdir(), 'first', 'data', 'warung.json')
  const ends: Array<() => Promise<void>> = []
  const receiver = await openReceiver(t, async (_request, response) => {
    if (receiver.requests.length === 4) copy = await copyData(path, 'killed')
    response.writeHead(502).end()
  })
  const open = (file: string): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, ['--notification-url', receiver.url, '--data', file])
  try {
    const before = await open(path)
    await freeze(before, '2026-11-22 20:00:00')
    await charge(before, 'order-101')
    await advance(before, '25h')
    const wanted = await recordOf(before)
    if (copy === undefined) throw new Error('four attempts were expected')

    const after = await open(copy)
    t.match(await clockOf(after), { now: '2026-11-22T13:42:00.000Z', frozen: true })
    const { effects } = await advance(after, { to: '2026-11-23 21:00:00' })
    t.same(effects.map((effect) => rowOf(effect).slice(0, 2)).slice(0, 4), [[42, 'attempted'], [132, 'attempted'], [342, 'attempted'], [1440, 'expired']])
    t.equal(await recordOf(after), wanted)
  } finally {
    for (const end of ends) await end()
  }
})

for (const state of ['frozen', 'running'] as const) {
  test(`an emulator that is closed during an advance of a ${state} world aborts the attempt, which is made after the start`, async (t) => {
    const path = join(t.testdir(), 'warung.json')
    const ends: Array<() => Promise<void>> = []
    const receiver = await openReceiver(t, (_request, response) => { if (receiver.requests.length !== 3) response.writeHead(503).end() })
    const open = (): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, ['--notification-url', receiver.url, '--data', path])
    try {
      const before = await open()
      if (state === 'frozen') await freeze(before)
      await charge(before, 'order-101')
      const advancing = before.ask('POST', '/admin/clock/advance', { by: '1h' })
      await receiver.received(3)
      await before.runDue.close(0)
      t.equal((await advancing).statusCode, 500)
      await before.close()

      const after = await open()
      t.match(await clockOf(after), { now: '2026-11-22T13:12:00.000Z', frozen: state === 'frozen' })
      t.match(await timelineOf(after), { isStepped: false })
      t.equal((await notificationsOf(after, 'order-101'))[0]?.attempts.length, 2)
      await advance(after, '48m')
      t.same((await notificationsOf(after, 'order-101'))[0]?.attempts.map(({ at }) => (Date.parse(at) - START) / MINUTE_MS), [0, 2, 12, 42])
    } finally {
      for (const end of ends) await end()
    }
  })
}

test('a shift survives a restart, with whatever the machine\'s clock shows by then', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  const ends: Array<() => Promise<void>> = []
  const open = (at: number): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, ['--notification-url', REFUSED, '--data', path], manualClock(at))
  try {
    const before = await open(START)
    await charge(before, 'order-101')
    await advance(before, '90m')
    t.match(await clockOf(before), { shift_ms: 90 * MINUTE_MS, frozen: false })
    await before.close()
    const after = await open(START + HOUR_MS)
    t.match(await clockOf(after), { now: '2026-11-22T15:30:00.000Z', shift_ms: 90 * MINUTE_MS, frozen: false })
    await advance(after, { to: '2026-11-23 20:00:00' })
    t.match((await show(after, 'order-101')).history[1], { wib: '2026-11-23 20:00:00', cause: 'clock' })
  } finally {
    for (const end of ends) await end()
  }
})

const HEADERS = { authorization: basic(SERVER_KEY), host: 'localhost', 'content-type': 'application/json' }

/** Sends at once; before the attempt with this number something happens. */
function senderBefore (number: number, happens: () => void): Sender {
  let sent = 0
  return {
    send: async () => {
      if (++sent === number) happens()
      return answer({ status: 502 })
    },
    forbids: () => false,
    close: async () => {}
  }
}

for (const state of ['frozen', 'running'] as const) {
  test(`a disk that is full in the middle of an attempt of an advance of a ${state} world: the clock waits for room to keep what the receiver was told, and the advance goes on`, async (t) => {
    const opened = await openFaultyStorage(t)
    const { storage, files } = opened
    const { app, waits } = await emulatorOver(t, storage, senderBefore(3, () => { files.fault = fullAfter(0) }))
    const post = (url: string, payload: unknown) => app.inject({ method: 'POST', url, headers: HEADERS, payload: JSON.stringify(payload) })
    const clock = async () => (await app.inject({ method: 'GET', url: '/admin/clock', headers: HEADERS })).json()
    if (state === 'frozen') t.equal((await post('/admin/clock/freeze', {})).statusCode, 200)
    t.equal((await post('/v2/charge', chargeBody())).json().status_code, '201')

    const advancing = post('/admin/clock/advance', { by: '24h' })
    // It waits for room to keep what the receiver was told.
    while (waits.length === 0) await turn()
    t.match(await clock(), { now: '2026-11-22T13:12:00.000Z', frozen: state === 'frozen' })
    t.equal((await post('/admin/clock/resume', {})).statusCode, 409)
    t.match((await post('/v2/charge', chargeBody({ transaction_details: { order_id: 'order-102', gross_amount: 1 } }))).json(), { status_code: '500' })
    files.fault = () => undefined
    for (const end of waits) end()

    const { statusCode, payload } = await advancing
    t.equal(statusCode, 200, 'what could be kept after a wait was kept')
    const { effects } = JSON.parse(payload) as { effects: readonly EffectDocument[] }
    t.same(effects.map(({ attempt, event }) => [event, attempt]), [...SCHEDULE.map((_, index) => ['pending', index + 1]).slice(state === 'frozen' ? 0 : 1), [undefined, undefined], ['expire', 1]])
    t.match(await clock(), { now: '2026-11-23T13:00:00.000Z', frozen: state === 'frozen' })
  })

  test(`a disk that is full when a step of a ${state} world is to be kept: 507, the clock stands nowhere for good, and the advance can be asked again`, async (t) => {
    const opened = await openFaultyStorage(t)
    const { storage, files } = opened
    const stepping = { left: Infinity }
    const { app, waits } = await emulatorOver(t, beforeSteps(storage, stepping, () => { files.fault = fullAfter(0) }), senderBefore(Infinity, () => {}))
    const post = (url: string, payload: unknown) => app.inject({ method: 'POST', url, headers: HEADERS, payload: JSON.stringify(payload) })
    const clock = async () => (await app.inject({ method: 'GET', url: '/admin/clock', headers: HEADERS })).json()
    if (state === 'frozen') await post('/admin/clock/freeze', {})
    await post('/v2/charge', chargeBody())

    stepping.left = 4
    const advancing = post('/admin/clock/advance', { by: '24h' })
    const answered = watch(advancing)
    while (answered.state === 'open') await turn()
    t.equal((await advancing).statusCode, 507, 'at once, for there may be no room for long')
    if (state === 'running') while (waits.length === 0) await turn()
    files.fault = () => undefined
    for (const end of waits) end()
    while ((await storage.findMerchant(MERCHANT_ID))?.timeline.isStepped === true) await turn()

    t.match(await clock(), { frozen: state === 'frozen' })
    t.match(await storage.findMerchant(MERCHANT_ID), { timeline: { isStepped: false } })
    const again = await post('/admin/clock/advance', { to: '2026-11-23 20:00:00' })
    t.equal(again.statusCode, 200)
    const attempts = (await storage.listNotifications(MERCHANT_ID, { limit: 9 })).items.at(-1)?.attempts
    t.same(attempts?.map(({ at }) => (at - START) / MINUTE_MS), SCHEDULE, 'each once and in time')
  })
}

/** Something happens before a merchant is changed once more than `left` times. */
function beforeSteps (storage: Storage, stepping: { left: number }, happens: () => void): Storage {
  const changeMerchant = storage.changeMerchant.bind(storage)
  storage.changeMerchant = (merchantId, decide) => {
    if (stepping.left-- === 0) happens()
    return changeMerchant(merchantId, decide)
  }
  return storage
}

test('a charge that comes while time is being let go is not earlier than what the advance reached', async (t) => {
  const keeper = { turns: 0, async keep () { for (let left = this.turns; left > 0; left--) await turn() }, close: async () => {} }
  const storage = new RecordStorage(new Tables(), keeper)
  await storage.changeMerchant(MERCHANT_ID, () => merchant({ merchantId: MERCHANT_ID }))
  // Each look at the machine's clock finds it a millisecond on.
  const clock: Clock = { ...manualClock(), now () { return this.at++ } } as Clock & { at: number }
  const events = createEvents()
  const sender: Sender = { send: async () => answer(), forbids: () => false, close: async () => {} }
  const deps = { clock, random: seededRandom('test'), storage, sender, events }
  const runDue = createRunDue({ ...deps, onError: (error) => { throw error }, onRoom: () => {} })
  const world = merchant({ merchantId: MERCHANT_ID })
  const request = (order: string) => chargeRequest({ transaction_details: { order_id: order, gross_amount: 1 } })

  for (let round = 0; round < 12; round++) {
    keeper.turns = 4
    const advancing = advanceClock({ ...deps, runDue }, world, { by: HOUR_MS })
    const advanced = watch(advancing)
    const charged: Array<Promise<{ readonly history: ReadonlyArray<{ readonly at: number }> }>> = []
    for (let n = 0; advanced.state === 'open'; n++) {
      for (let turns = round; turns > 0; turns--) await turn()
      charged.push(chargeOrder(deps, world, { request: request(`order-${round}-${n}`), overrideUrls: undefined, appendUrls: undefined }))
      await turn()
    }
    const { to } = await advancing
    const instants = (await Promise.all(charged)).map(({ history }) => history[0]?.at ?? NaN)
    t.same(instants, instants.toSorted((a, b) => a - b), 'in the order in which they were asked for')
    t.same(instants.filter((at) => at > to - 60_000 && at < to), [], 'none just before the end')
  }
})

test('a frozen world\'s clock is where it was after a restart', async (t) => {
  const path = join(t.testdir(), 'warung.json')
  const before = await frozenEmulator({ teardown: () => {} }, ['--data', path])
  await advance(before, 7)
  await before.close()
  const after = await testEmulator({ teardown: () => {} }, ['--data', path], manualClock(START + DAY_MS))
  t.match(await clockOf(after), { now: '2026-11-22T13:00:00.007Z', frozen: true })
  await after.close()
})
