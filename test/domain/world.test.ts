import { test } from 'tap'

import { readWorld, worldDocument } from '../../src/domain/world.ts'
import { CHARGED_AT, DAY_MS, merchant, notification, PAID_AT, refusalOf, transaction } from '../support/domain.ts'

type Members = Record<string, unknown>
interface World {
  readonly merchant: Members & { timeline: Members }
  chance: unknown
  readonly transactions: readonly [Members, Members]
  readonly notifications: readonly [Members]
}

const fate = { move: 'pay', at: CHARGED_AT + 1, rule: null, reverseAfterMs: 5 } as const
/** A world with a pending charge, a paid one and a notification, as it travels. */
const world = (): World => JSON.parse(JSON.stringify(worldDocument({
  merchant: merchant(),
  chance: 3,
  records: [
    { transaction: transaction({ fate }) },
    { notification: notification() },
    { transaction: transaction({ transactionId: 'paid', orderId: 'order-102', paymentCode: '2', status: 'settlement', history: [{ at: CHARGED_AT, status: 'pending', cause: 'charge', idempotencyKey: null }, { at: PAID_AT, status: 'settlement', cause: 'rule', idempotencyKey: null }], fate: { ...fate, move: 'reverse', at: PAID_AT, reverseAfterMs: null } }) }
  ]
})))

test('a world that was exported is taken', async (t) => {
  t.equal(readWorld(world()).records.length, 3)
})

/** What no record of ours can hold, and what could not be written or read again once it came about. */
const spoiled: Array<[what: string, spoil: (world: World) => void, message: RegExp]> = [
  ['a fate that pays after expires_at', ({ transactions: [one] }) => { one.fate = { ...one.fate as Members, at: new Date(CHARGED_AT + DAY_MS).toISOString() } }, /item 1: fate: should go with the status/],
  ['a fate before the charge', ({ transactions: [one] }) => { one.fate = { ...one.fate as Members, at: new Date(CHARGED_AT - 1).toISOString() } }, /item 1: fate: should/],
  ['a cancel that is reversed', ({ transactions: [one] }) => { one.fate = { ...one.fate as Members, move: 'cancel' } }, /item 1: fate: should/],
  ['a reversal of what is not paid', ({ transactions: [one] }) => { one.fate = { ...one.fate as Members, move: 'reverse', reverse_after_ms: null } }, /item 1: fate: should/],
  ['a reversal before the payment', ({ transactions: [, two] }) => { two.fate = { ...two.fate as Members, at: new Date(PAID_AT - 1).toISOString() } }, /item 2: fate: should/],
  ['a reversal in thirty thousand years', ({ transactions: [one] }) => { one.fate = { ...one.fate as Members, reverse_after_ms: 1e15 } }, /item 1: fate: reverse_after_ms: should be a whole number of milliseconds, of at most 180d/],
  ['a lapse in the year 9999', ({ transactions: [one] }) => { one.lapses_at = '9999-12-31T23:59:59.000Z' }, /item 1: the instants: should be from 1970 to 9997/],
  ['a charge before 1970', ({ transactions: [one] }) => { one.charged_at = '1969-12-31T23:59:59.000Z' }, /item 1: the instants/],
  ['a notification that is due in the year 9999', ({ notifications: [one] }) => { one.due_at = '9999-12-31T23:59:59.000Z' }, /item 1: the instants/],
  ['a chance below nothing', (all) => { all.chance = -1 }, /chance: should be a whole number from 0/],
  ['a chance after which no number is whole', (all) => { all.chance = Number.MAX_SAFE_INTEGER }, /chance: should be a whole number from 0/],
  ['a custom field that is no text', ({ transactions: [one] }) => { one.request = { custom_field1: {} } }, /item 1: request: should be a charge/],
  ['a customer that is none', ({ transactions: [one] }) => { one.request = { customer_details: 7 } }, /item 1: request: should be a charge/],
  ['an address with a list for a street', ({ transactions: [one] }) => { one.request = { customer_details: { billing_address: { address: [] } } } }, /item 1: request: should be a charge/],
  ['metadata that is a text', ({ transactions: [one] }) => { one.request = { metadata: 'x' } }, /item 1: request: should be a charge/]
]

for (const [what, spoil, message] of spoiled) {
  test(`a world with ${what} is refused as a whole`, async (t) => {
    const document = world()
    spoil(document)
    const refusal = refusalOf(() => readWorld(document))
    t.equal(refusal?.code, 'invalid_import')
    t.match(refusal?.message, message)
  })
}

test('a charge may have brought members that nobody documents, of any kind', async (t) => {
  const document = world()
  document.transactions[0].request = { callbacks: { finish: [] }, cstore: { store: 'alfamart', colour: {} }, customer_details: null, metadata: { a: [1] } }
  t.equal(readWorld(document).records.length, 3)
})
