import { test } from 'tap'

import { toIso } from '../../src/domain/instant.ts'
import { advance, clockOf, freeze, frozenEmulator, REFUSED, resume, timelineOf } from '../support/clock-world.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../support/domain.ts'
import { basic, manualClock, START, testEmulator } from '../support/emulator.ts'
import { charge, lapsesAfter, minute, notificationsOf, show } from '../support/storage-world.ts'

test('the clock shows every documented member, and what falls due next', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', REFUSED])
  const now = { now: '2026-11-22T13:00:00.000Z', wib: '2026-11-22 20:00:00', frozen: false, shift_ms: 0 }
  t.same(await clockOf(emulator), { ...now, next_due: null })

  await charge(emulator, 'order-101')
  t.same(await clockOf(emulator), { ...now, next_due: { at: now.now, kind: 'attempted' } })
  t.match(await advance(emulator, '6h'), { effects: [{ attempt: 2 }, {}, {}, {}, { attempt: 6 }] })
  t.same(await clockOf(emulator), { now: '2026-11-22T19:00:00.000Z', wib: '2026-11-23 02:00:00', frozen: false, shift_ms: 6 * HOUR_MS, next_due: { at: '2026-11-23T13:00:00.000Z', kind: 'expired' } })
})

const goals: Array<[goal: unknown, to: string]> = [
  [{ by: '0ms' }, '2026-11-22T13:00:00.000Z'],
  [{ by: 0 }, '2026-11-22T13:00:00.000Z'],
  [{ by: 1 }, '2026-11-22T13:00:00.001Z'],
  [{ by: 90_000 }, '2026-11-22T13:01:30.000Z'],
  [{ by: '90000' }, '2026-11-22T13:01:30.000Z'],
  [{ by: '500ms' }, '2026-11-22T13:00:00.500Z'],
  [{ by: '24h' }, '2026-11-23T13:00:00.000Z'],
  [{ by: '7d' }, '2026-11-29T13:00:00.000Z'],
  [{ by: '365000d' }, '3026-03-25T13:00:00.000Z'],
  [{ to: '2026-11-22 20:00:00' }, '2026-11-22T13:00:00.000Z'],
  [{ to: '2026-11-23 20:00:00' }, '2026-11-23T13:00:00.000Z'],
  [{ to: '2026-11-23T20:00:00+07:00' }, '2026-11-23T13:00:00.000Z'],
  [{ to: '2026-11-23T13:00:00.125Z' }, '2026-11-23T13:00:00.125Z'],
  [{ to: '9997-12-31T23:59:59Z' }, '9997-12-31T23:59:59.000Z']
]

for (const [goal, to] of goals) {
  for (const state of ['frozen', 'running']) {
    test(`an advance ${JSON.stringify(goal)} of a ${state} world leads to ${to}`, async (t) => {
      const emulator = state === 'frozen' ? await frozenEmulator(t) : await testEmulator(t)
      const answer = await emulator.ask('POST', '/admin/clock/advance', goal)
      t.equal(answer.statusCode, 200)
      t.same(answer.json(), { from: '2026-11-22T13:00:00.000Z', to, effects: [] })
      t.match(await clockOf(emulator), { now: to, frozen: state === 'frozen', shift_ms: state === 'frozen' ? 0 : Date.parse(to) - START })
    })
  }
}

const malformed: Array<[call: string, body: unknown]> = [
  ...[undefined, null, {}, [], '"24h"', 5, { by: null }, { by: '' }, { by: '-1h' }, { by: -1 }, { by: 1.5 }, { by: '1.5h' }, { by: '1 h' }, { by: '1w' }, { by: 'soon' }, { by: '24h', to: '2026-11-23 20:00:00' }, { by: '24h', more: 1 },
    { by: { hours: 1 } }, { by: true }, { by: '2912220d' }, { by: '999999999999999d' }, { by: 1e300 }, { by: Number.MAX_SAFE_INTEGER },
    { to: null }, { to: 5 }, { to: '' }, { to: 'tomorrow' }, { to: '2026-11-23' }, { to: '2026-11-23 20:00' }, { to: '2026-11-23T20:00:00' }, { to: '2026-02-30 20:00:00' }, { to: '2026-13-01T00:00:00Z' }, { to: '9998-01-02 00:00:00' },
    { to: '+275760-09-13T00:00:00.000Z' }, { at: '2026-11-23 20:00:00' }].map((body): [string, unknown] => ['advance', body]),
  ...[[], 'x', { at: null }, { at: 5 }, { at: '' }, { at: 'now' }, { at: '1969-12-31T23:59:59Z' }, { at: '9999-01-01 00:00:00' }, { to: '2026-11-23 20:00:00' }].map((body): [string, unknown] => ['freeze', body]),
  ...[[], { at: '2026-11-23 20:00:00' }, '{'].flatMap((body): Array<[string, unknown]> => [['resume', body], ['reset', body]])
]

for (const [call, body] of malformed) {
  test(`${call} refuses ${JSON.stringify(body) ?? 'no body'} with 400, and the clock is unharmed`, async (t) => {
    const emulator = await frozenEmulator(t)
    const before = await clockOf(emulator)
    const answer = await emulator.ask('POST', `/admin/clock/${call}`, body)
    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: 'invalid_request', message: /\S/ })
    t.same(await clockOf(emulator), before)
    t.equal((await emulator.ask('POST', '/admin/clock/advance', { by: 1 })).statusCode, 200, 'and can be moved')
  })
}

test('the clock is asked by the merchant\'s key alone, by its own methods, and as JSON', async (t) => {
  const emulator = await testEmulator(t)
  for (const [method, path] of [['GET', ''], ['POST', '/advance'], ['POST', '/freeze'], ['POST', '/resume'], ['POST', '/reset']] as const) {
    t.equal((await emulator.ask(method, `/admin/clock${path}`, method === 'GET' ? undefined : {}, { authorization: basic('wrong') })).statusCode, 401, path)
    t.equal((await emulator.ask(method === 'GET' ? 'PUT' : 'GET', `/admin/clock${path}`)).statusCode, 404, path)
    if (method === 'POST') t.equal((await emulator.ask(method, `/admin/clock${path}`, '{"by":"1h"}', { 'content-type': 'text/plain' })).statusCode, 415, path)
    if (method === 'POST') t.match((await emulator.ask(method, `/admin/clock${path}`, { by: 1 }, { origin: 'http://evil.test' })).json(), { code: 'foreign_origin' }, path)
  }
  t.match(await clockOf(emulator), { now: '2026-11-22T13:00:00.000Z', frozen: false })
})

for (const state of ['frozen', 'running'] as const) {
  test(`in a ${state} world with a transaction time does not go back: 409, and the clock is unharmed`, async (t) => {
    const emulator = state === 'frozen' ? await frozenEmulator(t) : await testEmulator(t)
    await advance(emulator, '1h')
    await charge(emulator, 'order-101')
    const before = await clockOf(emulator)
    const back = ['2026-11-22 20:59:59', '2026-11-22T13:59:59.999Z', '1970-01-01T00:00:00Z']
    for (const [call, body] of back.flatMap((at) => [['advance', { to: at }], ['freeze', { at }]] as const)) {
      const answer = await emulator.ask('POST', `/admin/clock/${call}`, body)
      t.equal(answer.statusCode, 409)
      t.match(answer.json(), { code: 'time_goes_back', message: /it is 2026-11-22 21:00:00 already/ })
    }
    const reset = await emulator.ask('POST', '/admin/clock/reset')
    t.equal(reset.statusCode, 409)
    t.match(reset.json(), { code: 'world_not_empty', message: /POST \/admin\/reset/ })
    t.same(await clockOf(emulator), before)
    t.match(await advance(emulator, '1m'), { from: before.now })
  })
}

test('an empty world is frozen at any instant, and set back to real time; an advance of it does not go back either', async (t) => {
  const emulator = await testEmulator(t)
  for (const at of ['2030-01-01 00:00:00', '2001-01-01 00:00:00', '1970-01-01T00:00:00Z', '9997-01-01 00:00:00', '2026-11-22T13:00:00.001Z']) {
    t.match(await freeze(emulator, at), { frozen: true })
    t.match(await clockOf(emulator), { now: toIso(Date.parse(at.includes('T') ? at : `${at.replace(' ', 'T')}+07:00`)), frozen: true })
  }
  t.match((await emulator.ask('POST', '/admin/clock/advance', { to: '2026-11-22T13:00:00Z' })).json(), { code: 'time_goes_back' })
  const reset = await emulator.ask('POST', '/admin/clock/reset', {})
  t.match(reset.json(), { now: '2026-11-22T13:00:00.000Z', frozen: false, shift_ms: 0, next_due: null })
})

test('a world that is frozen in the past and then charged lives on from there', async (t) => {
  const emulator = await testEmulator(t)
  await freeze(emulator, '2001-02-28 23:59:00')
  const { expiry_time: expiry } = await charge(emulator, 'order-101')
  t.equal(expiry, '2001-03-01 23:59:00')
  await resume(emulator)
  emulator.clock.at += DAY_MS - 1
  t.match(await clockOf(emulator), { wib: '2001-03-01 23:58:59', next_due: { at: '2001-03-01T16:59:00.000Z', kind: 'expired' } })
  await emulator.passTime(1)
  t.match((await show(emulator, 'order-101')).history[1], { status: 'expire', wib: '2001-03-01 23:59:00', cause: 'clock' })
})

test('freezing at a later instant does what falls due up to there, which no advance lists afterwards', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', REFUSED])
  await charge(emulator, 'order-101', lapsesAfter(12))

  t.match(await freeze(emulator, '2026-11-22 20:12:00'), { now: '2026-11-22T13:12:00.000Z', frozen: true, next_due: { at: '2026-11-22T13:14:00.000Z', kind: 'attempted' } })
  t.equal((await show(emulator, 'order-101')).transaction_status, 'expire')
  t.same((await notificationsOf(emulator, 'order-101')).map(({ attempts }) => attempts.map(({ at }) => minute(at))), [[0, 2, 12], [12]])
  t.same((await advance(emulator, '1m')).effects, [])
  emulator.clock.at += DAY_MS
  t.match(await clockOf(emulator), { now: '2026-11-22T13:13:00.000Z', frozen: true }, 'and it stands still')
})

test('freezing, also again and with nothing but an empty document, stands still at once; resuming runs on from there, also again', async (t) => {
  const emulator = await testEmulator(t, [], manualClock(START + 5))
  for (const body of [undefined, {}, null]) {
    const answer = await emulator.ask('POST', '/admin/clock/freeze', body)
    t.same(answer.json(), { now: '2026-11-22T13:00:00.005Z', wib: '2026-11-22 20:00:00', frozen: true, shift_ms: 0, next_due: null })
    emulator.clock.at += HOUR_MS
  }
  for (const body of [undefined, {}, null]) {
    const answer = await emulator.ask('POST', '/admin/clock/resume', body)
    t.match(answer.json(), { now: toIso(emulator.clock.at - 3 * HOUR_MS), frozen: false, shift_ms: -3 * HOUR_MS })
    emulator.clock.at += MINUTE_MS
  }
})

test('a machine whose clock is set back moves no world that stands still, and one that is advanced goes on from its own time', async (t) => {
  const emulator = await frozenEmulator(t, ['--notification-url', REFUSED])
  await charge(emulator, 'order-101')
  emulator.clock.at -= 365 * DAY_MS
  t.match(await advance(emulator, '12m'), { from: '2026-11-22T13:00:00.000Z', to: '2026-11-22T13:12:00.000Z', effects: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }] })
  t.match(await resume(emulator), { now: '2026-11-22T13:12:00.000Z', shift_ms: 365 * DAY_MS + 12 * MINUTE_MS })
  t.match(await timelineOf(emulator), { frozenAt: null, isStepped: false })
})

test('two advances at once: one is refused with 409, whichever it is, and so are freeze, resume and reset', async (t) => {
  const emulator = await testEmulator(t, ['--notification-url', REFUSED])
  await charge(emulator, 'order-101')
  const answers = await Promise.all([
    emulator.ask('POST', '/admin/clock/advance', { by: '6h' }),
    emulator.ask('POST', '/admin/clock/advance', { by: '1h' }),
    ...['freeze', 'resume', 'reset'].map((call) => emulator.ask('POST', `/admin/clock/${call}`))
  ])
  t.same(answers.map(({ statusCode }) => statusCode).toSorted(), [200, 409, 409, 409, 409])
  for (const { statusCode, payload } of answers.slice(1)) if (statusCode === 409) t.match(JSON.parse(payload), { code: 'advance_under_way', message: /wait for that call/ })
  t.match(await advance(emulator, 0), { from: (await clockOf(emulator)).now })
})
