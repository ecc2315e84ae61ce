import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { test } from 'tap'

import { chargeBody, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import type { Reply } from '../support/gateway-answers.ts'
import { changeSettings, charge } from '../support/gateway-world.ts'
import { counterexampleOf } from '../support/property.ts'

interface Explained {
  readonly rule: string
  readonly field: string | null
  readonly seen: string | null
  readonly expected: string
  readonly message: string
  readonly reference: string
}

type Body = Record<string, unknown>

const HEADINGS = new Set(readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8').split('\n').filter((line) => /^##/.test(line)).map((line) => line.replace(/^#+ /, '')))

async function explained ({ ask }: TestEmulator): Promise<readonly Explained[]> {
  const { items: [item] } = (await ask('GET', '/admin/requests?limit=1')).json() as { items: Array<{ explain: Explained | Explained[] | null }> }
  return item?.explain === undefined || item.explain === null ? [] : [item.explain].flat()
}

function gatewayAnswer ({ payload }: Reply): { readonly status_code: string, readonly validation_messages?: readonly string[] } {
  return JSON.parse(payload)
}

/** The value after the last `such as `; undefined where there is none. */
function exampleIn ({ expected }: Explained): { readonly value: unknown } | undefined {
  const at = expected.lastIndexOf('such as ')
  return at < 0 ? undefined : { value: JSON.parse(expected.slice(at + 'such as '.length)) }
}

/** The body with another value at this path, what lies between made where it is missing. */
function changed (body: unknown, field: string, value: unknown): unknown {
  if (field === 'body') return value
  const copy = structuredClone(body) as Body
  const steps = field.split(/[.[\]]+/).filter((step) => step !== '')
  const last = steps.pop() ?? ''
  const parent = steps.reduce<Body>((at, step) => {
    if (typeof at[step] !== 'object' || at[step] === null) at[step] = {}
    return at[step] as Body
  }, copy)
  parent[last] = value
  return copy
}

/** What broke the promise; undefined where all is well. */
async function broken (emulator: TestEmulator, body: unknown): Promise<string | undefined> {
  const answer = gatewayAnswer(await charge(emulator, JSON.stringify(body)))
  const explanations = await explained(emulator)
  if (answer.status_code === '201') return explanations.length === 0 ? undefined : 'a success is explained'
  if (explanations.length === 0) return `${answer.status_code} is not explained`

  const noHeading = explanations.find(({ reference }) => !HEADINGS.has(reference))
  if (noHeading !== undefined) return `${noHeading.reference} is no heading`
  const { validation_messages: messages = [] } = answer
  const told = new Set(explanations.map(({ message }) => message))
  if (answer.status_code === '400' && messages.join() !== [...told].join()) return `${messages.join()} are told as ${[...told].join()}`

  for (const { rule, message } of explanations) {
    // Several items may have the same mistake, and share the one message.
    const alike = explanations.filter((each) => each.rule === rule && each.message === message)
    const examples = alike.map((each) => ({ field: each.field ?? '', example: exampleIn(each) }))
    if (examples.some(({ example }) => example === undefined)) {
      if (!/sum_differs/.test(rule)) return `${rule} shows nothing that would pass`
      continue
    }
    const fixed = examples.reduce((each, { field, example }) => changed(each, field, example?.value), body)
    const next = gatewayAnswer(await charge(emulator, JSON.stringify(fixed)))
    const still = await explained(emulator)
    const isStill = answer.status_code === '400' ? next.validation_messages?.includes(message) : still.some((each) => each.rule === rule && each.field === alike[0]?.field)
    if (isStill === true) return `${message}: ${JSON.stringify(fixed)} does not pass: ${JSON.stringify(next)}`
  }
  return undefined
}

const scalar = fc.constantFrom<unknown>(undefined, null, '', 'x', 'x'.repeat(60), 'x'.repeat(300), 'a b', 'é@', 0, -1, 0.5, 1, 9_999, 44000, '44000.50', 5_000_001, 2 ** 53, 1e21, '9'.repeat(400))
const wrongKind = fc.constantFrom<unknown>(true, [], {}, ['a'], { a: 1 })
const value = fc.oneof({ weight: 12, arbitrary: scalar }, { weight: 1, arbitrary: wrongKind })
const members = (...names: readonly string[]) => fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] })
const often = <Value>(sound: Value, other: fc.Arbitrary<unknown>) => fc.oneof({ weight: 2, arbitrary: fc.constant<unknown>(sound) }, { weight: 2, arbitrary: other }, { weight: 1, arbitrary: value })

const address = members('first_name', 'last_name', 'email', 'phone', 'address', 'city', 'postal_code', 'country_code')
const item = fc.oneof(fc.constant<unknown>({ price: 22000, quantity: 2, name: 'tiket' }), members('id', 'price', 'quantity', 'name', 'brand', 'category', 'merchant_name', 'url'))
const body = fc.record({
  payment_type: fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>('cstore') }, { weight: 1, arbitrary: fc.constant<unknown>('gopay') }, { weight: 1, arbitrary: value }),
  transaction_details: often({ order_id: 'order-101', gross_amount: 44000 }, members('order_id', 'gross_amount')),
  cstore: often({ store: 'alfamart' }, fc.record({ store: fc.oneof(fc.constantFrom<unknown>('alfamart', 'indomaret', 'Indomaret'), value) })),
  item_details: fc.oneof(fc.array(item, { maxLength: 3 }), value),
  customer_details: often({ email: 'a@b.co' }, fc.record({ first_name: value, email: value, billing_address: address, shipping_address: often({}, address) }, { requiredKeys: [] })),
  custom_expiry: often({ expiry_duration: 1, unit: 'day' }, fc.record({
    order_time: fc.oneof(fc.constantFrom<unknown>('2026-11-22 19:00:00 +0700', '2020-01-01 00:00:00 +0700', '9998-12-31 00:00:00 +0700'), value),
    expiry_duration: value,
    unit: fc.oneof(fc.constantFrom<unknown>('second', 'minute', 'hour', 'day'), value)
  }, { requiredKeys: [] })),
  custom_field1: value,
  custom_field3: fc.oneof(fc.constantFrom<unknown>('warung: pay', 'warung: pay in 3s', 'warung: never', 'warung: pay in 1y'), value),
  metadata: fc.oneof(fc.constant<unknown>({ a: 1 }), value)
}, { requiredKeys: ['transaction_details', 'cstore'] })

for (const [name, settings] of [
  ['as they are by default', {}],
  ['with nothing strict', { store_limits: false, strict_order_id: false }],
  ['with Indomaret alone', { active_stores: ['indomaret'] }]
] as const) {
  test(`any charge that is refused, ${name}, is explained, and what it is told to be passes`, async (t) => {
    const emulator = await testEmulator(t)
    await changeSettings(t, emulator, settings)
    t.equal(await counterexampleOf(fc.asyncProperty(body, async (each) => {
      // As it travels: JSON has no undefined.
      const problem = await broken(emulator, JSON.parse(JSON.stringify(each)))
      if (problem !== undefined) throw new Error(problem)
    }), 150), undefined)
  })
}

test('an order id that is taken is explained with one that is free', async (t) => {
  const emulator = await testEmulator(t)
  for (const orderId of ['order-101', 'x'.repeat(50)]) {
    const taken = chargeBody({ transaction_details: { order_id: orderId, gross_amount: 44000 } })
    t.equal(await broken(emulator, taken), undefined)
    t.equal(await broken(emulator, taken), undefined)
  }
})

test('an order id that is taken is explained with one that is free, whatever else is taken', async (t) => {
  const emulator = await testEmulator(t)
  for (const orderId of ['inv', 'inv-2', 'inv-3', 'inv-5']) t.equal(gatewayAnswer(await charge(emulator, JSON.stringify(chargeBody({ transaction_details: { order_id: orderId, gross_amount: 44000 } })))).status_code, '201')
  t.equal(await broken(emulator, chargeBody({ transaction_details: { order_id: 'inv', gross_amount: 44000 } })), undefined)
})
