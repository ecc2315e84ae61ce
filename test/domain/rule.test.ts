import * as fc from 'fast-check'
import { test } from 'tap'

import { readCharge } from '../../src/domain/charge-request.ts'
import type { ChargeRequest } from '../../src/domain/charge-request.ts'
import { DOINGS, readCourse } from '../../src/domain/fate.ts'
import { fateOfCharge, readRule, readRules, ruleDocument, rulesDocument } from '../../src/domain/rule.ts'
import type { Rule } from '../../src/domain/rule.ts'
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts'
import { STORE_NAMES } from '../../src/domain/stores.ts'
import { CHARGED_AT, chargeRequest, DAY_MS, MINUTE_MS, refusalOf } from '../support/domain.ts'
import { counterexample } from './property.ts'

const sent = (document: unknown): unknown => JSON.parse(JSON.stringify(document))

/** The fate of a charge under these rules, as a row of a table; null for none. */
function fate (items: ReadonlyArray<Record<string, unknown>>, request: Partial<ChargeRequest> = {}, settings = DEFAULT_SETTINGS): readonly unknown[] | null {
  const whole = chargeRequest(request)
  const found = fateOfCharge(readRules({ items }), readCharge(whole, settings, CHARGED_AT), whole, CHARGED_AT)
  return found === null ? null : [found.move, found.at - CHARGED_AT, found.rule, found.reverseAfterMs]
}

const read: Array<[document: Record<string, unknown>, written: Record<string, unknown>]> = [
  [{ do: 'pay' }, { id: '', match: {}, after: '0ms', do: 'pay' }],
  [{ match: {}, after: '3s', do: 'expire' }, { id: '', match: {}, after: '3s', do: 'expire' }],
  [{ id: 'mine', match: { store: 'alfamart', order_id: 'a-*', min_amount: 1, max_amount: 2, custom_field1: 'x', custom_field2: '*', custom_field3: '' }, after: 500, do: 'cancel' },
    { id: 'mine', match: { store: 'alfamart', order_id: 'a-*', min_amount: 1, max_amount: 2, custom_field1: 'x', custom_field2: '*', custom_field3: '' }, after: '500ms', do: 'cancel' }],
  [{ match: { store: null, order_id: null, min_amount: null }, after: '180d', do: 'nothing' }, { id: '', match: {}, after: '180d', do: 'nothing' }],
  [{ do: 'pay_then_reverse' }, { id: '', match: {}, after: '0ms', do: 'pay_then_reverse', reverse_after: '30s' }],
  [{ do: 'pay_then_reverse', after: '1m', reverse_after: '2m' }, { id: '', match: {}, after: '1m', do: 'pay_then_reverse', reverse_after: '2m' }]
]

for (const [document, written] of read) {
  test(`the rule ${JSON.stringify(document)} is taken, what it leaves out by the documented default`, async (t) => {
    t.equal(JSON.stringify(ruleDocument(readRule(document))), JSON.stringify(written))
    t.equal(JSON.stringify(ruleDocument(readRule(sent(written)))), JSON.stringify(written))
  })
}

const refused: Array<[document: unknown, message: RegExp]> = [
  [undefined, /^should be an object/],
  [[], /^should be an object/],
  [{}, /^items: should be a list/],
  [{ items: {} }, /^items: should be a list/],
  [{ items: [], more: 1 }, /^more: there is no such member here; there are items/],
  [{ items: ['pay'] }, /^items: item 1: should be an object/],
  [{ items: [{}] }, /^items: item 1: do: should be one of pay, expire, cancel, pay_then_reverse, nothing/],
  [{ items: [{ do: 'deny' }] }, /^items: item 1: do: should be one of/],
  [{ items: [{ do: 'pay', after: 'soon' }] }, /^items: item 1: after: should be a duration like/],
  [{ items: [{ do: 'pay', after: -1 }] }, /^items: item 1: after: should be a duration/],
  [{ items: [{ do: 'pay', after: '181d' }] }, /^items: item 1: after: should be a duration .* of at most 180d/],
  [{ items: [{ do: 'pay', after: null }] }, /^items: item 1: after: should be a duration/],
  [{ items: [{ do: 'pay', reverse_after: '3s' }] }, /^items: item 1: reverse_after: goes with "do":"pay_then_reverse" only/],
  [{ items: [{ do: 'pay_then_reverse', reverse_after: 'x' }] }, /^items: item 1: reverse_after: should be a duration/],
  [{ items: [{ do: 'pay', when: 'now' }] }, /^items: item 1: when: there is no such member here; there are id, match, after, do, reverse_after/],
  [{ items: [{ do: 'pay', match: { amount: 1 } }] }, /^items: item 1: match: amount: there is no such member here; there are store, order_id, min_amount/],
  [{ items: [{ do: 'pay', match: { store: 'circle-k' } }] }, /^items: item 1: match: store: should be one of alfamart, indomaret/],
  [{ items: [{ do: 'pay', match: { min_amount: 2, max_amount: 1 } }] }, /^items: item 1: match: max_amount: should be at least min_amount/],
  [{ items: [{ do: 'pay', match: { min_amount: '1' } }] }, /^items: item 1: match: min_amount: should be a whole number of at least 0/],
  [{ items: [{ do: 'pay', match: { custom_field1: 1 } }] }, /^items: item 1: match: custom_field1: should be a text/],
  [{ items: [{ id: 'a', do: 'pay' }, { id: 'a', do: 'pay' }] }, /^items: item 2: id: each needs one of its own/],
  [{ items: Array.from({ length: 101 }, () => ({ do: 'pay' })) }, /^items: should be at most 100/]
]

for (const [document, message] of refused) {
  test(`rules such as ${JSON.stringify(document)?.slice(0, 120)} are refused, and told why`, async (t) => {
    const refusal = refusalOf(() => readRules(document))
    t.equal(refusal?.code, 'invalid_rules')
    t.match(refusal?.message, message)
  })
}

test('whatever document comes for rules, it is taken or refused, and what is taken is written back', async (t) => {
  const member = fc.constantFrom('id', 'match', 'after', 'do', 'reverse_after')
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...DOINGS, '3s', { store: 'alfamart' }, { min_amount: 5 }))
  t.equal(counterexample(fc.property(fc.array(fc.dictionary(member, value)), (items) => {
    let taken: readonly Rule[] = []
    if (refusalOf(() => { taken = readRules({ items }) }) !== undefined) return true
    return JSON.stringify(rulesDocument(taken)) === JSON.stringify(rulesDocument(readRules(sent(rulesDocument(taken)))))
  })), undefined)
})

const pay = { after: '3s', do: 'pay' }
const paid = (rule: string | null = ''): readonly unknown[] => ['pay', 3_000, rule, null]
const matches: Array<[match: Record<string, unknown>, request: Partial<ChargeRequest>, is: boolean]> = [
  [{}, {}, true],
  ...STORE_NAMES.flatMap((one) => STORE_NAMES.map((other): [Record<string, unknown>, Partial<ChargeRequest>, boolean] => [{ store: one }, { cstore: { store: other } }, one === other])),
  [{ order_id: 'order-*' }, {}, true],
  [{ order_id: 'order' }, {}, false],
  [{ order_id: '*-101' }, {}, true],
  [{ min_amount: 44_000 }, {}, true],
  [{ min_amount: 44_001 }, {}, false],
  [{ max_amount: 44_000 }, {}, true],
  [{ max_amount: 43_999 }, {}, false],
  [{ custom_field1: 'vip' }, { custom_field1: 'vip' }, true],
  [{ custom_field1: 'vip' }, {}, false],
  [{ custom_field1: '' }, {}, true],
  [{ custom_field2: '7*' }, { custom_field2: 77 }, true],
  [{ custom_field3: '*x*' }, { custom_field3: 'axe' }, true],
  [{ custom_field3: '*x*' }, { custom_field3: 'ace' }, false],
  [{ store: 'alfamart', min_amount: 1, order_id: 'other' }, {}, false]
]

for (const [match, request, is] of matches) {
  test(`a rule about ${JSON.stringify(match)} ${is ? 'is' : 'is not'} about a charge with ${JSON.stringify(request)}`, async (t) => {
    t.same(fate([{ match, ...pay }], request), is ? paid() : null)
  })
}

test('the first rule that matches counts, also one by which nothing happens', async (t) => {
  t.same(fate([{ id: 'a', match: { order_id: 'other' }, do: 'expire' }, { id: 'b', ...pay }, { id: 'c', do: 'cancel' }]), paid('b'))
  t.equal(fate([{ match: { order_id: 'order-*' }, do: 'nothing' }, pay]), null)
})

const fates: Array<[rule: Record<string, unknown>, fate: readonly unknown[] | null]> = [
  [{ do: 'pay' }, ['pay', 0, '', null]],
  [{ do: 'expire', after: '1m' }, ['expire', MINUTE_MS, '', null]],
  [{ do: 'cancel', after: '1m' }, ['cancel', MINUTE_MS, '', null]],
  [{ do: 'pay_then_reverse', after: '1m', reverse_after: '2m' }, ['pay', MINUTE_MS, '', 2 * MINUTE_MS]],
  [{ do: 'nothing', after: '1m' }, null],
  [{ do: 'pay', after: DAY_MS - 1 }, ['pay', DAY_MS - 1, '', null]],
  // It has lapsed by then.
  [{ do: 'pay', after: '24h' }, null],
  [{ do: 'cancel', after: '25h' }, null]
]

for (const [rule, expected] of fates) {
  test(`the fate by ${JSON.stringify(rule)} of a charge that lapses after a day is ${JSON.stringify(expected)}`, async (t) => {
    t.same(fate([rule]), expected)
  })
}

const courses: Array<[text: string, course: ReturnType<typeof readCourse>]> = [
  ['', null],
  ['pay in 3s', null],
  ['about warung: pay in 3s', null],
  ['warung: pay', { do: 'pay', afterMs: 0, reverseAfterMs: null }],
  ['warung: pay in 3s', { do: 'pay', afterMs: 3_000, reverseAfterMs: null }],
  [' warung: pay', null],
  ['WARUNG:Expire  in  500ms ', { do: 'expire', afterMs: 500, reverseAfterMs: null }],
  ['warung: cancel in 2', { do: 'cancel', afterMs: 2, reverseAfterMs: null }],
  ['warung: nothing', { do: 'nothing', afterMs: 0, reverseAfterMs: null }],
  ['warung: pay in 3s, reverse in 30s', { do: 'pay_then_reverse', afterMs: 3_000, reverseAfterMs: 30_000 }],
  ['warung: pay, reverse in 30s', { do: 'pay_then_reverse', afterMs: 0, reverseAfterMs: 30_000 }],
  ['warung:', 'unreadable'],
  ['warung: pya in 3s', 'unreadable'],
  ['warung: pay in soon', 'unreadable'],
  ['warung: pay in 181d', 'unreadable'],
  ['warung: pay in 3s please', 'unreadable'],
  ['warung: pay_then_reverse', 'unreadable'],
  ['warung: nothing in 3s', 'unreadable'],
  ['warung: pay reverse in 3s', 'unreadable'],
  ['warung: pay, then reverse in 3s', 'unreadable'],
  ['warung: pay\nin 3s', 'unreadable'],
  ['warung: expire in 3s, reverse in 3s', 'unreadable'],
  ['warung: pay in 3s, reverse in never', 'unreadable']
]

for (const [text, course] of courses) {
  test(`custom_field3 ${JSON.stringify(text)} asks for ${JSON.stringify(course)}`, async (t) => {
    t.same(readCourse(text), course)
  })
}

test('no text takes long to read, however it goes on', async (t) => {
  t.equal(counterexample(fc.property(fc.string({ maxLength: 255 }), fc.constantFrom('warung:', 'warung: pay', 'warung: pay in 3s,'), (text, start) => {
    const course = readCourse(start + text)
    return course === 'unreadable' || course !== null
  })), undefined)
})

test('what a charge asks for itself comes before every rule, unless the setting is off', async (t) => {
  const asks = { custom_field3: 'warung: cancel in 1s' }
  t.same(fate([pay], asks), ['cancel', 1_000, null, null])
  t.equal(fate([pay], { custom_field3: 'warung: nothing' }), null)
  t.same(fate([pay], asks, { ...DEFAULT_SETTINGS, chargeFateField: false }), paid())
})

test('a charge that asks for what nobody understands is refused, unless the setting is off', async (t) => {
  const request = { custom_field3: 'warung: pya in 3s' }
  const refusal = refusalOf(() => fate([], request))
  t.equal(refusal?.code, 'invalid_charge')
  t.same(refusal?.messages, ['custom_field3 is invalid'])
  t.match(refusal?.explanations, [{ field: 'custom_field3', seen: 'warung: pya in 3s', expected: /such as "warung: pay in 3s"$/ }])
  t.equal(fate([], request, { ...DEFAULT_SETTINGS, chargeFateField: false }), null)
})
