import { join } from 'node:path'

import * as fc from 'fast-check'
import { test } from 'tap'

import { clockOf, recordOf, REFUSED } from '../support/clock-world.ts'
import type { AdvanceDocument, EffectDocument } from '../support/clock-world.ts'
import { manualClock, START, testEmulator } from '../support/emulator.ts'
import type { ManualClock, TestEmulator } from '../support/emulator.ts'
import { counterexampleOf } from '../support/property.ts'
import type { NotificationDocument, TransactionDocument } from '../support/storage-world.ts'

/** One life of an emulator, and all that was seen of it. */
interface Life {
  emulator: TestEmulator
  readonly clock: ManualClock
  readonly restart: () => Promise<void>
  /** Every answer, in order. */
  readonly answers: string[]
  readonly effects: EffectDocument[]
  /** What the clock showed at each look. */
  readonly seen: number[]
}
type Move = (life: Life) => Promise<unknown>

const says = (name: string, does: Move): Move => Object.assign(does, { toString: () => name })
const order = fc.constantFrom('order-1', 'order-2', 'order-3')

/** What real time makes, and the ids of the gateway's errors, which are counted anew after a start. */
const PASSING = /"duration_ms":\d+|"id":"[0-9a-f]{8}-[0-9a-f-]+"/g

/** Asks, and remembers the answer. */
async function post (life: Life, path: string, body?: unknown): Promise<string> {
  const { statusCode, payload } = await life.emulator.ask(['/admin/settings', '/admin/rules'].includes(path) ? 'PUT' : 'POST', path, body)
  if (statusCode >= 500) throw new Error(`${path}: ${statusCode} ${payload}`)
  life.answers.push(`${path} ${statusCode} ${payload.replaceAll(PASSING, '')}`)
  return payload
}
const posting = (path: (id: string) => string): fc.Arbitrary<Move> => order.map((id) => says(path(id), (life) => post(life, path(id))))
const fate = fc.constantFrom(undefined, undefined, 'warung: pay', 'warung: pay in 1m', 'warung: pay in 90s, reverse in 1h', 'warung: expire in 30s', 'warung: cancel in 1m', 'warung: pay, reverse in 0ms')
const charging = fc.tuple(order, fc.constantFrom('alfamart', 'indomaret'), fc.constantFrom(1, 2, 12, 60, 1_440), fate).map(([id, store, minutes, text]) => says(`charge ${id} at ${store} for ${minutes} min, ${text ?? 'no fate'}`, (life) =>
  post(life, '/v2/charge', { ...text === undefined ? {} : { custom_field3: text }, payment_type: 'cstore', transaction_details: { order_id: id, gross_amount: 44000 }, cstore: { store }, custom_expiry: { expiry_duration: minutes, unit: 'minute' } })))
const setting = fc.constantFrom<Record<string, unknown>>({ retry_jitter: true }, { retry_jitter: false }, { pending_notification: false }, { pending_notification: true }, { pending_notification_delay: '90s' }, { pending_notification_delay: '0ms' }, { expiry_lag: '45s' }, { notification_urls: [REFUSED] }, { notification_urls: [REFUSED, 'http://127.0.0.1:1/other'] })
  .map((settings) => says(JSON.stringify(settings), (life) => post(life, '/admin/settings', settings)))
const advancing = fc.constantFrom<Record<string, unknown>>({ by: 0 }, { by: 1 }, { by: '1m' }, { by: '2m' }, { by: '10m' }, { by: '59s' }, { by: '6h' }, { by: '25h' }, { to: '2026-11-22 20:12:00' }, { to: '2026-11-23 20:00:00' }).map((goal) => says(`advance ${JSON.stringify(goal)}`, async (life) => {
  const before = life.clock.at
  const answer = JSON.parse(await post(life, '/admin/clock/advance', goal)) as AdvanceDocument | { readonly code: string }
  if ('code' in answer) {
    if (answer.code !== 'time_goes_back') throw new Error(`refused: ${answer.code}`)
    return
  }
  const instants = answer.effects.map(({ at }) => Date.parse(at))
  if (instants.some((at, index) => at < (instants[index - 1] ?? Date.parse(answer.from)))) throw new Error(`out of order: ${JSON.stringify(answer)}`)
  if (instants.some((at) => at > Date.parse(answer.to))) throw new Error(`too early: ${JSON.stringify(answer)}`)
  if ((await clockOf(life.emulator)).now !== answer.to || life.clock.at !== before) throw new Error('it is not what the advance says')
  life.effects.push(...answer.effects)
}))
const ruling = fc.constantFrom<ReadonlyArray<Record<string, unknown>>>([], [{ do: 'pay' }], [{ match: { store: 'alfamart' }, do: 'pay', after: '2m' }, { do: 'cancel', after: '30s' }], [{ match: { order_id: '*-1' }, do: 'nothing' }, { do: 'pay_then_reverse', after: '1s', reverse_after: '10m' }])
  .map((items) => says(`rules ${JSON.stringify(items)}`, (life) => post(life, '/admin/rules', { items })))
const freezing = fc.constantFrom<unknown>(undefined, {}, { at: '2026-11-22 21:00:00' }).map((body) => says(`freeze ${JSON.stringify(body)}`, (life) => post(life, '/admin/clock/freeze', body)))
const resuming = fc.constant(says('resume', (life) => post(life, '/admin/clock/resume')))
const resetting = fc.constant(says('reset the clock', (life) => post(life, '/admin/clock/reset')))
/** The machine's own time: it moves only worlds that run. */
const passing = fc.constantFrom(1, 60_000, 601_000).map((ms) => says(`${ms} ms pass`, (life) => life.emulator.passTime(ms)))
const restarting = fc.constant(says('restart', (life) => life.restart()))

const move = fc.oneof(
  { weight: 6, arbitrary: charging },
  { weight: 6, arbitrary: advancing },
  { weight: 1, arbitrary: posting((id) => `/admin/transactions/${id}/pay`) },
  { weight: 1, arbitrary: posting((id) => `/admin/transactions/${id}/reverse`) },
  { weight: 1, arbitrary: posting((id) => `/v2/${id}/cancel`) },
  { weight: 1, arbitrary: posting((id) => `/v2/${id}/expire`) },
  { weight: 1, arbitrary: setting },
  { weight: 2, arbitrary: ruling },
  { weight: 2, arbitrary: freezing },
  { weight: 1, arbitrary: resuming },
  { weight: 1, arbitrary: resetting },
  { weight: 2, arbitrary: passing },
  { weight: 2, arbitrary: restarting }
)
const moves = fc.array(move, { minLength: 2, maxLength: 14 })

/** Lives through the moves. Without a path it is kept nowhere, and a restart does nothing. */
async function live (all: readonly Move[], path?: string): Promise<{ readonly text: string, readonly flaws: readonly string[] }> {
  const ends: Array<() => Promise<void>> = []
  const clock = manualClock()
  const open = (): Promise<TestEmulator> => testEmulator({ teardown: (end) => ends.push(end) }, path === undefined ? [] : ['--data', path], clock)
  try {
    const life: Life = {
      emulator: await open(),
      clock,
      restart: async () => {
        if (path === undefined) return
        await life.emulator.close()
        life.emulator = await open()
      },
      answers: [],
      effects: [],
      seen: []
    }
    // As a flag it would win again at each start.
    await post(life, '/admin/settings', { notification_urls: [REFUSED] })
    for (const each of all) {
      await each(life)
      life.seen.push(Date.parse((await clockOf(life.emulator)).now))
      const last = life.seen.slice(-2)
      // An empty world may be put at any instant.
      const { items } = (await life.emulator.ask('GET', '/admin/transactions')).json() as { items: readonly unknown[] }
      if (items.length > 0 && (last[1] ?? last[0] ?? 0) < (last[0] ?? 0)) throw new Error(`time went back after ${String(each)}`)
    }
    const record = await recordOf(life.emulator)
    return { text: [...life.answers, ...life.seen, record].join('\n'), flaws: flawsOf(JSON.parse(record), life) }
  } finally {
    for (const end of ends) await end()
  }
}

/** What a transaction is after each effect. */
const STATES = { paid: 'settlement', expired: 'expire', cancelled: 'cancel', reversed: 'deny' } as const

function flawsOf ({ transactions, notifications }: { readonly transactions: readonly TransactionDocument[], readonly notifications: readonly NotificationDocument[] }, { effects, seen }: Life): readonly string[] {
  const flaws: string[] = []
  const expect = (holds: boolean, flaw: string): void => { if (!holds) flaws.push(flaw) }
  const now = seen.at(-1) ?? START

  for (const { order_id: id, transaction_id: transactionId, history, notifications: told, transaction_status: status, ...rest } of transactions) {
    const instants = history.map(({ at }) => Date.parse(at))
    expect(instants.every((at, index) => at >= (instants[index - 1] ?? 0) && at <= now), `${id}: its history goes back or ahead`)
    expect(history.at(-1)?.status === status, `${id}: is not in its last state`)
    const lapsed = history.find(({ cause }) => cause === 'clock')
    expect(lapsed === undefined || Date.parse(lapsed.at) >= Date.parse(`${rest.expiry_time.replace(' ', 'T')}+07:00`), `${id}: lapsed too early`)
    // Those that are told at all; a pending one by a setting of the moment.
    const events = [...new Set(told.map(({ event }) => event))]
    expect(history.map((entry) => entry.status).filter((state) => state !== 'pending').join() === events.filter((event) => event !== 'pending').join(), `${id}: went through ${history.map((entry) => entry.status).join()} and told ${events.join()}`)
    for (const [kind, state] of Object.entries(STATES)) {
      const own = effects.filter((effect) => effect.kind === kind && effect.transaction_id === transactionId)
      const entry = history.find((each) => each.status === state && ['clock', 'rule'].includes(each.cause))
      expect(own.length <= 1 && own.every(({ at }) => at === entry?.at), `${id}: ${kind} more than once, or not on record`)
    }
  }
  for (const { id, attempts, created_at: created } of notifications) {
    const instants = attempts.map(({ at }) => Date.parse(at))
    expect(instants.every((at, index) => at >= (instants[index - 1] ?? Date.parse(created)) && at <= now), `${id}: its attempts go back or ahead`)
    expect(attempts.every(({ at }, index) => index === 0 || Date.parse(at) >= Date.parse(attempts[index - 1]?.next.at ?? '9999-12-31')), `${id}: an attempt was made before it was due`)
  }
  const names = effects.map(({ kind, transaction_id: transactionId, notification_id: id, attempt }) => `${kind} ${id ?? transactionId} ${attempt ?? ''}`)
  expect(new Set(names).size === names.length, 'an effect is listed twice')
  for (const effect of effects) {
    const made = notifications.find(({ id }) => id === effect.notification_id)?.attempts[(effect.attempt ?? 0) - 1]
    if (effect.kind === 'attempted') expect(made?.at === effect.at && made.error === effect.error, `an effect is not on record: ${JSON.stringify(effect)}`)
  }
  return flaws
}

/** The first line that differs. */
function differenceOf (wanted: string, found: string): string {
  const [one, other] = [wanted.split('\n'), found.split('\n')]
  const index = one.findIndex((line, index) => line !== other[index])
  return `line ${index}: wanted ${one[index]}, found ${other[index]}`
}

test('whatever is asked, in memory: the same calls give the same bytes, time never goes back, and each effect happens once, in time, and is told', async (t) => {
  t.equal(await counterexampleOf(fc.asyncProperty(moves, async (all) => {
    const first = await live(all)
    if (first.flaws.length > 0) throw new Error(first.flaws.join('\n'))
    const second = await live(all)
    if (second.text !== first.text) throw new Error(differenceOf(first.text, second.text))
  }), 40), undefined)
})

test('whatever is asked, in a file with restarts in between: the same bytes as in memory without', async (t) => {
  const folder = t.testdir()
  let run = 0
  t.equal(await counterexampleOf(fc.asyncProperty(moves, async (all) => {
    const { text, flaws } = await live(all, join(folder, `${run++}.json`))
    if (flaws.length > 0) throw new Error(flaws.join('\n'))
    const wanted = await live(all)
    if (text !== wanted.text) throw new Error(differenceOf(wanted.text, text))
  }), 25), undefined)
})
