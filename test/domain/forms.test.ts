import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { test } from 'tap'

import { DOINGS } from '../../src/domain/fate.ts'
import { ENDPOINTS, ERROR_CODES, FAULTS_FORM, readFaults, TAMPERS } from '../../src/domain/fault.ts'
import type { Form } from '../../src/domain/fields.ts'
import { attempted } from '../../src/domain/notification.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { readRules, RULES_FORM } from '../../src/domain/rule.ts'
import { changeSettings, DEFAULT_SETTINGS, settingsDocument, SETTINGS_FORM } from '../../src/domain/settings.ts'
import { STATUSES } from '../../src/domain/transaction.ts'
import { readWorld, worldDocument, WORLD_FORM } from '../../src/domain/world.ts'
import { answer, CHARGED_AT, merchant, notification, PAID_AT, transaction } from '../support/domain.ts'
import { breachesOf } from '../support/json-schema.ts'
import { counterexample } from './property.ts'

// What a reader takes and the form that it shows of itself: openapi.json may not promise what is refused, nor refuse what is taken.

const SEED: unknown = JSON.parse(readFileSync(new URL('../../fixtures/seed.json', import.meta.url), 'utf8'))

const READERS: Readonly<Record<'settings' | 'faults' | 'rules' | 'world', readonly [read: (document: unknown) => unknown, form: Form]>> = {
  settings: [(document) => changeSettings(DEFAULT_SETTINGS, document), SETTINGS_FORM],
  faults: [readFaults, FAULTS_FORM],
  rules: [readRules, RULES_FORM],
  world: [readWorld, WORLD_FORM]
}

function isRead (name: keyof typeof READERS, document: unknown): boolean {
  try {
    READERS[name][0](document)
    return true
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return false
  }
}

function fits (name: keyof typeof READERS, document: unknown): boolean {
  return breachesOf(READERS[name][1], document).length === 0
}

const fault = { match: { endpoint: 'charge' }, action: 'drop' }
const taken: ReadonlyArray<readonly [keyof typeof READERS, unknown]> = [
  ['settings', {}],
  ['settings', settingsDocument(DEFAULT_SETTINGS)],
  ['settings', { notification_urls: ['http://a.test/', 'https://b.test/x?y'], default_expiry: { indomaret: 3_600_000 }, expiry_lag: '61', notification_timeout: '600s', receipt_name: 'x'.repeat(255) }],
  ['faults', { items: [] }],
  ['faults', { items: [{ ...fault, id: 'mine', times: null, seen: 3, probability: 0.5, when: 'after' }, { match: { endpoint: '*', event: null, store: null, order_id: null }, action: 'error', status_code: 503, http: true }] }],
  ['faults', { items: [{ match: { event: '*', store: 'alfamart', order_id: 'a-*' }, when: 'before', action: 'duplicate' }, { match: { event: 'deny' }, action: 'tamper', tamper: 'status' }, { match: { event: 'pending' }, action: 'delay', delay: '180d' }] }],
  ['rules', { items: [] }],
  ['rules', { items: [{ do: 'pay' }, { id: 'mine', match: { store: 'alfamart', order_id: null, min_amount: 0, custom_field3: '*' }, after: '180d', do: 'nothing' }, { do: 'pay_then_reverse' }, { match: {}, after: 5, do: 'pay_then_reverse', reverse_after: '3s' }] }],
  ['world', SEED],
  ['world', { version: 1, merchant: { settings: {}, timeline: { shift_ms: -1, frozen_at: null } }, chance: 0, transactions: [], notifications: [] }]
]

for (const [name, document] of taken) {
  test(`${name} ${JSON.stringify(document).slice(0, 120)}: taken, and of the form`, async (t) => {
    t.equal(isRead(name, document), true)
    t.same(breachesOf(READERS[name][1], document), [])
  })
}

const refused: ReadonlyArray<readonly [keyof typeof READERS, unknown]> = [
  ...[null, [], 'text', { nonsense: 1 }, { receipt_name: 7 }, { receipt_name: '' }, { receipt_name: 'x'.repeat(256) }, { store_limits: 'false' }, { retry_jitter: null }, { active_stores: ['kioson'] }, { active_stores: 'alfamart' }, { default_expiry: { kioson: '1h' } }, { default_expiry: { alfamart: 'soon' } }, { expiry_lag: 'soon' }, { expiry_lag: -1 }, { expiry_lag: 1.5 }, { notification_urls: 'http://a.test/' }, { notification_urls: [7] }].map((document) => ['settings', document] as const),
  ...[null, [], {}, { items: {} }, { items: [], more: 1 }, { items: Array.from({ length: 101 }, () => fault) }].map((document) => ['faults', document] as const),
  ...[{}, { match: {}, action: 'drop' }, { ...fault, match: { endpoint: 'refund' } }, { ...fault, match: { endpoint: 'charge', event: 'pending' } }, { ...fault, match: { endpoint: 'charge', amount: 1 } }, { ...fault, action: 'explode' }, { ...fault, action: 'hold' }, { ...fault, delay: '1s' }, { match: { event: 'pending' }, action: 'error', status_code: '500' }, { ...fault, action: 'error' }, { ...fault, action: 'error', status_code: '418' }, { ...fault, action: 'delay' }, { match: { event: 'pending' }, action: 'drop', when: 'after' }, { match: { event: 'pending' }, action: 'duplicate', copies: 101 }, { match: { event: 'pending' }, action: 'tamper' }, { ...fault, times: -1 }, { ...fault, probability: 1.1 }, { ...fault, id: null }, 'text'].map((item) => ['faults', { items: [item] }] as const),
  ...[null, [], {}, { items: {} }, { items: [], more: 1 }, { items: Array.from({ length: 101 }, () => ({ do: 'pay' })) }].map((document) => ['rules', document] as const),
  ...[{}, { do: 'deny' }, { do: 'pay', after: 'soon' }, { do: 'pay', after: null }, { do: 'pay', reverse_after: '3s' }, { do: 'pay_then_reverse', reverse_after: null }, { do: 'pay', match: { amount: 1 } }, { do: 'pay', match: { min_amount: -1 } }, { do: 'pay', match: null }, { do: 'pay', when: 'now' }, { do: 'pay', id: 7 }, 'text'].map((item) => ['rules', { items: [item] }] as const),
  ...[null, [], {}, { version: 2 }, { ...SEED as object, chance: '5' }, { ...SEED as object, transactions: {} }].map((document) => ['world', document] as const)
]

for (const [name, document] of refused) {
  test(`${name} ${JSON.stringify(document).slice(0, 120)}: refused, and not of the form`, async (t) => {
    t.equal(isRead(name, document), false)
    t.equal(fits(name, document), false)
  })
}

// Near what is right, so that both verdicts come up.
const scalar = fc.constantFrom<unknown>(null, true, 0, 1, -1, 1.5, '', 'text', [], {})
const near = (...values: readonly unknown[]): fc.Arbitrary<unknown> => fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: scalar })
const absent = { requiredKeys: [] }

const settings = fc.record({
  notification_urls: near([], ['http://a.test/'], [7]),
  active_stores: near([], ['alfamart'], ['alfamart', 'indomaret'], ['kioson']),
  default_expiry: near({}, { alfamart: '24h' }, { indomaret: 1_000 }, { kioson: '1h' }, { alfamart: 'soon' }),
  store_limits: near(true, false),
  expiry_lag: near('0ms', '61s', 5, '7d', '12', 'soon'),
  retry_jitter: near(true),
  notification_timeout: near('15s', 1, '1m'),
  receipt_name: near('Warung'),
  nonsense: near(1)
}, absent)

test('any settings are taken exactly if they are of the form', async (t) => {
  const verdicts = new Set<boolean>()
  t.equal(counterexample(fc.property(settings, (document) => {
    verdicts.add(isRead('settings', document))
    return isRead('settings', document) === fits('settings', document)
  })), undefined)
  t.equal(verdicts.size, 2, 'some were taken, some refused')
})

const fault1 = fc.record({
  id: near('a', ''),
  match: fc.oneof({ weight: 6, arbitrary: fc.record({ endpoint: near(...ENDPOINTS, '*'), event: near(...STATUSES, '*', null), store: near('alfamart', null), order_id: near('a-*', null) }, absent) }, { weight: 1, arbitrary: scalar }),
  times: near(1, null),
  seen: near(0),
  probability: near(0.5),
  when: near('before', 'after'),
  action: near('error', 'delay', 'drop', 'garbage', 'duplicate', 'hold', 'tamper'),
  status_code: near(...ERROR_CODES, 500, 418),
  http: near(true),
  delay: near('1s', 5),
  copies: near(3, 100, 101),
  tamper: near(...TAMPERS)
}, absent)
/** Mostly what belongs together. */
const sound = fc.constantFrom(
  { match: { endpoint: 'charge' }, action: 'error', status_code: '500' }, { match: { endpoint: '*' }, action: 'delay', delay: '1s' }, { match: { event: 'pending' }, action: 'drop' },
  { match: { endpoint: 'status' }, action: 'garbage' }, { match: { event: '*' }, action: 'duplicate', copies: 2 }, { match: { event: 'deny' }, action: 'hold' }, { match: { event: 'cancel' }, action: 'tamper', tamper: 'amount' }
)
const faultLike = fc.oneof(fault1, fc.tuple(sound, fault1, fc.subarray(['id', 'times', 'seen', 'probability', 'when', 'http', 'match', 'delay'])).map(([base, other, names]) => ({ ...base, ...Object.fromEntries(Object.entries(other).filter(([name]) => names.includes(name))) })))

test('any fault is taken exactly if it is of the form', async (t) => {
  const verdicts = { true: 0, false: 0 }
  t.equal(counterexample(fc.property(faultLike, (item) => {
    const document = { items: [item] }
    verdicts[`${isRead('faults', document)}`] += 1
    return isRead('faults', document) === fits('faults', document)
  }), 3_000), undefined)
  t.equal(verdicts.true > 300 && verdicts.false > 300, true, JSON.stringify(verdicts))
})

const rule = fc.record({
  id: near('a', ''),
  match: near({}, { store: 'alfamart', min_amount: 5 }, { order_id: 'a-*', max_amount: null }, { store: 'kioson' }, { amount: 1 }),
  after: near('1s', 5, 'soon'),
  do: near(...DOINGS, 'pay_then_reverse'),
  reverse_after: near('1s')
}, absent)

test('any rule is taken exactly if it is of the form', async (t) => {
  const verdicts = { true: 0, false: 0 }
  t.equal(counterexample(fc.property(rule, (item) => {
    const document = { items: [item] }
    verdicts[`${isRead('rules', document)}`] += 1
    return isRead('rules', document) === fits('rules', document)
  }), 2_000), undefined)
  t.equal(verdicts.true > 100 && verdicts.false > 100, true, JSON.stringify(verdicts))
})

/** One of everything that a world holds. */
const WORLD: unknown = JSON.parse(JSON.stringify(worldDocument({
  merchant: merchant({ faults: readFaults({ items: [{ match: { event: 'expire', store: 'alfamart', order_id: 'a-*' }, action: 'delay', delay: '1s' }, { match: { endpoint: 'charge' }, action: 'error', status_code: '500' }] }) }),
  chance: 3,
  records: [
    { transaction: transaction({ status: 'settlement', urls: { override: ['http://a.test/'], append: [] }, history: [{ at: CHARGED_AT, status: 'pending', cause: 'charge', idempotencyKey: 'once' }, { at: PAID_AT, status: 'settlement', cause: 'till', idempotencyKey: null }] }) },
    { notification: attempted(notification(), { at: CHARGED_AT, cause: 'clock', answer: answer({ status: 503, responseBody: 'busy', redirects: ['http://b.test/'] }), jitter: null }) }
  ]
})))

/** What only makes no sense beside the rest, or within a charge, whose form is told apart. */
const BEYOND_FORM = ['/transactions/0/settled_at null', '/transactions/0/request/cstore another', '/transactions/0/order gone', '/notifications/0/due_at null', '/notifications/0/held_by another', '/notifications/0/attempts/0/next/at null']

test('a world with any one value gone or of another kind is taken only where it is of the form, and refused where it is not', async (t) => {
  t.equal(isRead('world', WORLD) && fits('world', WORLD), true)
  const refusedBeyondForm: string[] = []
  let refusedByBoth = 0
  for (const [path, document] of variants(WORLD)) {
    const [read, fit] = [isRead('world', document), fits('world', document)]
    t.equal(read && !fit, false, `${path} is taken, so it should be of the form`)
    if (!read && fit) refusedBeyondForm.push(path)
    if (!read && !fit) refusedByBoth += 1
  }
  t.same(refusedBeyondForm, BEYOND_FORM)
  t.equal(refusedByBoth > 150, true, `${refusedByBoth} variants`)
})

/** The document with each of its values taken out or replaced, one at a time. */
function variants (document: unknown, path = ''): ReadonlyArray<readonly [path: string, document: unknown]> {
  if (typeof document !== 'object' || document === null) return []
  return Object.entries(document).flatMap(([name, value]) => {
    const at = `${path}/${name}`
    const put = (instead: unknown): unknown => Array.isArray(document) ? document.with(Number(name), instead) : { ...document, [name]: instead }
    const { [name]: _, ...without } = document as Readonly<Record<string, unknown>>
    return [
      ...Array.isArray(document) ? [] : [[`${at} gone`, without] as const],
      [`${at} null`, put(null)] as const,
      [`${at} another`, put(typeof value === 'string' ? 7.5 : 'text')] as const,
      ...variants(value, at).map(([inner, changed]) => [inner, put(changed)] as const)
    ]
  })
}
