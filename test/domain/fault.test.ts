import * as fc from 'fast-check'
import { test } from 'tap'

import { ENDPOINTS, ERROR_CODES, faultDocument, faultsDocument, readFault, readFaults, struck, TAMPERS } from '../../src/domain/fault.ts'
import type { Fault, Subject } from '../../src/domain/fault.ts'
import { STORE_NAMES } from '../../src/domain/stores.ts'
import { STATUSES } from '../../src/domain/transaction.ts'
import { refusalOf } from '../support/domain.ts'
import { counterexample } from './property.ts'

const fault = (document: Record<string, unknown> = {}): Fault => readFault({ match: { endpoint: '*' }, action: 'drop', ...document })
const always = (): number => 0
const never = (): number => 0.999_999

/** A document as it comes over HTTP or out of a file. */
const sent = (document: unknown): unknown => JSON.parse(JSON.stringify(document))

const commonMembers = {
  id: fc.string({ maxLength: 20 }),
  times: fc.option(fc.nat(), { nil: null }),
  seen: fc.nat(),
  probability: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0)
}
const about = { store: fc.option(fc.constantFrom(...STORE_NAMES), { nil: null }), orderId: fc.option(fc.string(), { nil: null }) }
const delays = fc.record({ kind: fc.constant('delay' as const), delayMs: fc.nat({ max: 180 * 86_400_000 }) })
const drops = fc.constant({ kind: 'drop' as const })
const faults: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({
    ...commonMembers,
    match: fc.record({ endpoint: fc.constantFrom(...ENDPOINTS, '*' as const), event: fc.constant(null), ...about }),
    when: fc.constantFrom('before' as const, 'after' as const),
    action: fc.oneof(delays, drops, fc.constant({ kind: 'garbage' as const }), fc.record({ kind: fc.constant('error' as const), statusCode: fc.constantFrom(...ERROR_CODES), http: fc.boolean() }))
  }),
  fc.record({
    ...commonMembers,
    match: fc.record({ endpoint: fc.constant(null), event: fc.constantFrom(...STATUSES, '*' as const), ...about }),
    when: fc.constant('before' as const),
    action: fc.oneof(delays, drops, fc.constant({ kind: 'hold' as const }), fc.record({ kind: fc.constant('duplicate' as const), copies: fc.integer({ min: 1, max: 100 }) }), fc.record({ kind: fc.constant('tamper' as const), tamper: fc.constantFrom(...TAMPERS) }))
  })
)

test('any fault reads back as it was written', async (t) => {
  t.equal(counterexample(fc.property(faults, (value) => {
    const back = readFault(sent(faultDocument(value)))
    return JSON.stringify(faultDocument(back)) === JSON.stringify(faultDocument(value)) && sorted(back) === sorted(value)
  })), undefined)
})

const read: Array<[document: Record<string, unknown>, written: Record<string, unknown>]> = [
  [{ match: { endpoint: 'charge' }, action: 'drop' }, { id: '', match: { endpoint: 'charge' }, times: 1, seen: 0, probability: 1, when: 'before', action: 'drop' }],
  [{ match: { endpoint: '*' }, action: 'error', status_code: 503 }, { id: '', match: { endpoint: '*' }, times: 1, seen: 0, probability: 1, when: 'before', action: 'error', status_code: '503', http: false }],
  [{ match: { endpoint: 'charge', event: null, store: null, order_id: null }, action: 'delay', delay: 90_000, times: null }, { id: '', match: { endpoint: 'charge' }, times: null, seen: 0, probability: 1, when: 'before', action: 'delay', delay: '90s' }],
  [{ match: { event: 'expire', store: 'indomaret', order_id: 'a-*' }, action: 'duplicate' }, { id: '', match: { event: 'expire', store: 'indomaret', order_id: 'a-*' }, times: 1, seen: 0, probability: 1, when: 'before', action: 'duplicate', copies: 2 }],
  [{ id: 'mine', match: { event: '*' }, action: 'tamper', tamper: 'amount', probability: 0.5, times: 0 }, { id: 'mine', match: { event: '*' }, times: 0, seen: 0, probability: 0.5, when: 'before', action: 'tamper', tamper: 'amount' }]
]

for (const [document, written] of read) {
  test(`${JSON.stringify(document)} is taken, what it leaves out by the documented default`, async (t) => {
    t.equal(JSON.stringify(faultDocument(readFault(document))), JSON.stringify(written))
  })
}

const call = { match: { endpoint: 'charge' }, action: 'drop' }
const told = { match: { event: 'pending' }, action: 'drop' }
const refused: Array<[document: unknown, message: RegExp]> = [
  [null, /an object/],
  [[], /an object/],
  ['drop', /an object/],
  [undefined, /an object/],
  [{}, /^items: should be a list/],
  [{ items: null }, /^items: should be a list/],
  [{ items: { 0: call } }, /^items: should be a list/],
  [{ items: [], more: 1 }, /^more: there is no such member.*items/],
  [{ items: [null] }, /^items: item 1: should be an object/],
  [{ items: [call, 7] }, /^items: item 2: should be an object/],
  [{ items: [{ ...call, id: 7 }] }, /^items: item 1: id: should be a text/],
  [{ items: [{ ...call, id: null }] }, /^items: item 1: id: should be a text/],
  [{ items: [{ ...call, id: 'a' }, { ...told, id: 'a' }] }, /^items: item 2: id: each needs one of its own/],
  [{ items: Array.from({ length: 101 }, () => call) }, /^items: should be at most 100/],
  [{ items: [{ action: 'drop' }] }, /^items: item 1: match: should be an object/],
  [{ items: [{ ...call, match: 'charge' }] }, /^items: item 1: match: should be an object/],
  [{ items: [{ ...call, match: {} }] }, /^items: item 1: match: should have an endpoint.*or an event/],
  [{ items: [{ ...call, match: { store: 'alfamart' } }] }, /^items: item 1: match: should have an endpoint.*or an event/],
  [{ items: [{ ...call, match: { endpoint: 'charge', event: 'pending' } }] }, /^items: item 1: match: should have an endpoint.*or an event/],
  [{ items: [{ ...call, match: { endpoint: 'Charge' } }] }, /^items: item 1: match: endpoint: should be one of charge, status, cancel, expire, \*/],
  [{ items: [{ ...call, match: { endpoint: ['charge'] } }] }, /^items: item 1: match: endpoint: should be one of/],
  [{ items: [{ ...call, match: { event: 'settled' } }] }, /^items: item 1: match: event: should be one of pending, settlement, expire, cancel, deny, \*/],
  [{ items: [{ ...call, match: { endpoint: 'charge', store: 'kioson' } }] }, /^items: item 1: match: store: should be one of alfamart, indomaret/],
  [{ items: [{ ...call, match: { endpoint: 'charge', order_id: 101 } }] }, /^items: item 1: match: order_id: should be a text/],
  [{ items: [{ ...call, match: { endpoint: 'charge', orderId: 'a' } }] }, /^items: item 1: match: orderId: there is no such member/],
  [{ items: [{ ...call, times: -1 }] }, /^items: item 1: times: should be a whole number of at least 0/],
  [{ items: [{ ...call, times: 1.5 }] }, /^items: item 1: times: should be a whole number/],
  [{ items: [{ ...call, times: '1' }] }, /^items: item 1: times: should be a whole number/],
  [{ items: [{ ...call, times: 2 ** 53 }] }, /^items: item 1: times: should be a whole number/],
  [{ items: [{ ...call, seen: -1 }] }, /^items: item 1: seen: should be a whole number/],
  [{ items: [{ ...call, probability: 1.01 }] }, /^items: item 1: probability: should be a number from 0 to 1/],
  [{ items: [{ ...call, probability: -0.01 }] }, /^items: item 1: probability: should be a number from 0 to 1/],
  [{ items: [{ ...call, probability: '1' }] }, /^items: item 1: probability: should be a number from 0 to 1/],
  [{ items: [{ ...call, probability: null }] }, /^items: item 1: probability: should be a number from 0 to 1/],
  [{ items: [{ ...call, when: 'during' }] }, /^items: item 1: when: should be one of before, after/],
  [{ items: [{ ...told, when: 'after' }] }, /^items: item 1: when: after is for calls only/],
  [{ items: [{ match: { endpoint: '*' } }] }, /^items: item 1: action: should be one of error, delay, drop, garbage, duplicate, hold, tamper/],
  [{ items: [{ ...call, action: 'explode' }] }, /^items: item 1: action: should be one of/],
  [{ items: [{ ...call, action: 'toString' }] }, /^items: item 1: action: should be one of/],
  [{ items: [{ ...call, action: { kind: 'drop' } }] }, /^items: item 1: action: should be one of/],
  ...['duplicate', 'hold', 'tamper'].map((action): [unknown, RegExp] => [{ items: [{ ...call, action, ...action === 'tamper' ? { tamper: 'amount' } : {} }] }, new RegExp(`^items: item 1: action: ${action} goes with a match on event`)]),
  ...['error', 'garbage'].map((action): [unknown, RegExp] => [{ items: [{ ...told, action, ...action === 'error' ? { status_code: '500' } : {} }] }, new RegExp(`^items: item 1: action: ${action} goes with a match on endpoint`)]),
  [{ items: [{ ...call, action: 'error' }] }, /^items: item 1: status_code: should be one of 400, /],
  [{ items: [{ ...call, action: 'error', status_code: '200' }] }, /^items: item 1: status_code: should be one of 400, /],
  [{ items: [{ ...call, action: 'error', status_code: '418' }] }, /^items: item 1: status_code: should be one of 400, /],
  [{ items: [{ ...call, action: 'error', status_code: 500.5 }] }, /^items: item 1: status_code: should be one of 400, /],
  [{ items: [{ ...call, action: 'error', status_code: '500', http: 'yes' }] }, /^items: item 1: http: should be true or false/],
  [{ items: [{ ...call, action: 'delay' }] }, /^items: item 1: delay: should be a duration/],
  [{ items: [{ ...call, action: 'delay', delay: 'soon' }] }, /^items: item 1: delay: should be a duration/],
  [{ items: [{ ...call, action: 'delay', delay: -1 }] }, /^items: item 1: delay: should be a duration/],
  [{ items: [{ ...call, action: 'delay', delay: 0.5 }] }, /^items: item 1: delay: should be a duration/],
  [{ items: [{ ...told, action: 'delay', delay: '181d' }] }, /^items: item 1: delay: should be a duration.*at most 180d/],
  [{ items: [{ ...told, action: 'delay', delay: Number.MAX_SAFE_INTEGER }] }, /^items: item 1: delay: should be a duration/],
  [{ items: [{ ...told, action: 'duplicate', copies: 0 }] }, /^items: item 1: copies: should be a whole number from 1 to 100/],
  [{ items: [{ ...told, action: 'duplicate', copies: 101 }] }, /^items: item 1: copies: should be a whole number from 1 to 100/],
  [{ items: [{ ...told, action: 'duplicate', copies: 1.5 }] }, /^items: item 1: copies: should be a whole number from 1 to 100/],
  [{ items: [{ ...told, action: 'tamper' }] }, /^items: item 1: tamper: should be one of signature, amount, status/],
  [{ items: [{ ...told, action: 'tamper', tamper: 'order' }] }, /^items: item 1: tamper: should be one of signature, amount, status/],
  // A parameter of another action, and what is none of ours.
  [{ items: [{ ...call, delay: '3s' }] }, /^items: item 1: delay: there is no such member/],
  [{ items: [{ ...call, action: 'delay', delay: '3s', copies: 2 }] }, /^items: item 1: copies: there is no such member/],
  [{ items: [{ ...call, statusCode: 500 }] }, /^items: item 1: statusCode: there is no such member/],
  [{ items: [JSON.parse('{"match":{"endpoint":"*"},"action":"drop","__proto__":{}}')] }, /^items: item 1: __proto__: there is no such member/]
]

for (const [document, message] of refused) {
  test(`${JSON.stringify(document)?.slice(0, 160)} is refused, and told why`, async (t) => {
    const refusal = refusalOf(() => readFaults(document))
    t.equal(refusal?.code, 'invalid_faults')
    t.match(refusal?.message, message)
  })
}

test('whatever document comes, it is taken or refused, and what is taken is written back', async (t) => {
  const member = fc.constantFrom('id', 'match', 'times', 'seen', 'probability', 'when', 'action', 'status_code', 'http', 'delay', 'copies', 'tamper')
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('drop', 'delay', 'error', 'hold', '3s', '500', { endpoint: '*' }, { event: '*' }))
  t.equal(counterexample(fc.property(fc.array(fc.dictionary(member, value)), (items) => {
    let taken: readonly Fault[] = []
    if (refusalOf(() => { taken = readFaults({ items }) }) !== undefined) return true
    return JSON.stringify(faultsDocument(taken)) === JSON.stringify(faultsDocument(readFaults(sent(faultsDocument(taken)))))
  })), undefined)
})

test('a hundred faults are taken, and an empty list', async (t) => {
  t.equal(readFaults({ items: Array.from({ length: 100 }, () => call) }).length, 100)
  t.same(readFaults({ items: [] }), [])
})

const matches: Array<[match: Record<string, unknown>, subject: Subject, is: boolean]> = [
  ...ENDPOINTS.flatMap((one) => ENDPOINTS.map((other): [Record<string, unknown>, Subject, boolean] => [{ endpoint: one }, { endpoint: other }, one === other])),
  ...ENDPOINTS.map((endpoint): [Record<string, unknown>, Subject, boolean] => [{ endpoint: '*' }, { endpoint }, true]),
  ...STATUSES.flatMap((one) => STATUSES.map((other): [Record<string, unknown>, Subject, boolean] => [{ event: one }, { event: other }, one === other])),
  ...STATUSES.map((event): [Record<string, unknown>, Subject, boolean] => [{ event: '*' }, { event }, true]),
  // A call that has no name of its own, such as a refund.
  [{ endpoint: '*' }, { endpoint: undefined }, true],
  [{ endpoint: 'charge' }, { endpoint: undefined }, false],
  // Calls and notifications never stand for each other, `expire` and `cancel` least of all.
  [{ endpoint: '*' }, { event: 'expire' }, false],
  [{ endpoint: 'expire' }, { event: 'expire' }, false],
  [{ endpoint: 'cancel' }, { event: 'cancel' }, false],
  [{ event: '*' }, { endpoint: 'expire' }, false],
  [{ event: 'expire' }, { endpoint: 'expire' }, false],
  [{ endpoint: '*', store: 'alfamart' }, { endpoint: 'charge', store: 'alfamart' }, true],
  [{ endpoint: '*', store: 'alfamart' }, { endpoint: 'charge', store: 'indomaret' }, false],
  [{ endpoint: '*', store: 'alfamart' }, { endpoint: 'charge', store: undefined }, false],
  [{ event: '*', store: 'indomaret', order_id: 'a*' }, { event: 'deny', store: 'indomaret', orderId: 'abc' }, true],
  [{ event: '*', store: 'indomaret', order_id: 'a*' }, { event: 'deny', store: 'alfamart', orderId: 'abc' }, false],
  [{ event: '*', store: 'indomaret', order_id: 'a*' }, { event: 'deny', store: 'indomaret', orderId: 'bc' }, false]
]

for (const [match, subject, is] of matches) {
  test(`${JSON.stringify(match)} ${is ? 'matches' : 'does not match'} ${JSON.stringify(subject)}`, async (t) => {
    t.equal(struck([fault({ match })], subject, always).fault !== undefined, is)
  })
}

const patterns: Array<[pattern: string, order: string | undefined, is: boolean]> = [
  ['order-101', 'order-101', true],
  ['order-101', 'order-1010', false],
  ['order-101', 'my-order-101', false],
  ['order-101', 'ORDER-101', false],
  ['order-101', undefined, false],
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'anything at all', true],
  ['*', 'two\nlines', true],
  ['*', undefined, false],
  ['**', 'a', true],
  ['a*', 'a', true],
  ['a*', 'ba', false],
  ['*a', 'a', true],
  ['*a', 'ab', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['ab*ba', 'aba', false],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'acb', false],
  ['*ab*ab', 'ab', false],
  ['*ab*ab', 'abab', true],
  ['order.101', 'order-101', false],
  ['order.101', 'order.101', true],
  ['a+', 'aaa', false],
  ['a?', 'a', false],
  ['[ab]*', 'a1', false],
  ['[ab]*', '[ab]1', true],
  ['(a|b)', 'a', false],
  ['^a$', 'a', false],
  ['\\d*', '1', false],
  ['\\d*', '\\d1', true],
  ['a{2}', 'aa', false],
  ['$&*', '$&x', true],
  ['toko-é-*', 'toko-é-1', true]
]

for (const [pattern, orderId, is] of patterns) {
  test(`the pattern ${JSON.stringify(pattern)} ${is ? 'fits' : 'does not fit'} the order ${JSON.stringify(orderId)}`, async (t) => {
    t.equal(struck([fault({ match: { endpoint: '*', order_id: pattern } })], { endpoint: 'charge', orderId }, always).fault !== undefined, is)
  })
}

test('a pattern fits just what a regular expression with its text taken literally would', async (t) => {
  const letters = fc.constantFrom('a', 'b', '*', '.', '-').map(String)
  const texts = fc.array(letters, { maxLength: 10 }).map((parts) => parts.join(''))
  t.equal(counterexample(fc.property(texts, texts.map((text) => text.replaceAll('*', 'a')), (pattern, orderId) => {
    const expected = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(orderId)
    return (struck([fault({ match: { endpoint: '*', order_id: pattern } })], { endpoint: 'charge', orderId }, always).fault !== undefined) === expected
  })), undefined)
})

test('a pattern of many stars is looked up once from left to right, not in every way there is', async (t) => {
  const orderId = 'a'.repeat(50)
  t.equal(struck([fault({ match: { endpoint: '*', order_id: `${'*a'.repeat(25)}*b` } })], { endpoint: 'charge', orderId }, always).fault, undefined)
})

test('a fault strikes as often as its times say, and one for ever strikes on', async (t) => {
  for (const [times, count] of [[0, 0], [1, 1], [3, 3], [null, 10]] as const) {
    let faults: readonly Fault[] = [fault({ times })]
    let strikes = 0
    for (let asked = 0; asked < 10; asked++) {
      const strike = struck(faults, { endpoint: 'charge' }, always)
      faults = strike.faults
      if (strike.fault !== undefined) strikes++
    }
    t.equal(strikes, count, `times ${times}`)
    t.equal(faults[0]?.times, times === null ? null : 0)
  }
})

test('what is over, or does not match, is not even asked, and stays as it is', async (t) => {
  const faults = [fault({ id: 'over', times: 0 }), fault({ id: 'other', match: { endpoint: 'cancel' } }), fault({ id: 'told', match: { event: '*' } })]
  const strike = struck(faults, { endpoint: 'charge' }, () => { throw new Error('asked') })
  t.same(strike, { faults, fault: undefined })
})

test('the first fault that matches strikes, and those behind it are not used', async (t) => {
  const faults = [fault({ id: 'other', match: { endpoint: 'status' } }), fault({ id: 'first' }), fault({ id: 'second' })]
  const first = struck(faults, { endpoint: 'charge' }, always)
  t.equal(first.fault?.id, 'first')
  t.same(first.faults.map(({ id, times, seen }) => [id, times, seen]), [['other', 1, 0], ['first', 0, 1], ['second', 1, 0]])
  t.equal(struck(first.faults, { endpoint: 'charge' }, always).fault?.id, 'second')
})

test('one that chance lets off is seen but not used, and the next that matches has its turn', async (t) => {
  const faults = [fault({ id: 'rare', probability: 0.5 }), fault({ id: 'sure' })]
  const strike = struck(faults, { endpoint: 'charge' }, never)
  t.equal(strike.fault?.id, 'sure')
  t.same(strike.faults.map(({ id, times, seen }) => [id, times, seen]), [['rare', 1, 1], ['sure', 0, 1]])
})

const odds: Array<[probability: number, chance: number, strikes: boolean]> = [[0, 0, false], [0.25, 0.2499, true], [0.25, 0.25, false], [1, 0.999_999, true], [1, 0, true]]

for (const [probability, chance, strikes] of odds) {
  test(`a probability of ${probability} ${strikes ? 'strikes' : 'lets off'} at a chance of ${chance}`, async (t) => {
    t.equal(struck([fault({ probability })], { endpoint: 'charge' }, () => chance).fault !== undefined, strikes)
  })
}

test('what is given is left as it was', async (t) => {
  const faults = [fault({ times: 3 })]
  const before = JSON.stringify(faults)
  struck(faults, { endpoint: 'charge' }, always)
  t.equal(JSON.stringify(faults), before)
})

/** The same text for the same value, whatever the order of its members. */
function sorted (value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => a < b ? -1 : 1)) : member)
}
