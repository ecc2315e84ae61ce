import { seenOf, suchAs } from './explanation.ts'
import type { Explanation, Section } from './explanation.ts'
import type { Json } from './json.ts'

/** What can be wrong with a member of a charge, as the gateway words it after the member's name (docs/gateway.md, 3.5). */
const WORDS = {
  required: 'is required',
  invalid: 'is invalid',
  too_long: 'too long',
  not_a_number: 'is not a number',
  not_an_integer: 'is not an integer',
  not_positive: 'must be greater than or equal to 0.01',
  sum_differs: 'is not equal to the sum of item_details',
  below_minimum: 'is below the minimum for',
  above_maximum: 'is above the maximum for',
  expires_too_soon: 'is below minimum threshold'
} as const

const SECTIONS: Readonly<Record<string, Section>> = {
  transaction_details: '1.2 transaction_details',
  item_details: '1.3 item_details[]',
  customer_details: '1.4 customer_details',
  cstore: '1.5 cstore',
  custom_expiry: '1.6 custom_expiry'
}

const ADDRESS = { first_name: 'Budi', last_name: 'Utomo', email: 'budi@example.com', phone: '081234567890', address: 'Jl. Sudirman 1', city: 'Jakarta', postal_code: '12190', country_code: 'IDN' }
const ITEM = { id: 'id1', price: 44000, quantity: 1, name: 'tiket', brand: 'Warung', category: 'tiket', merchant_name: 'Warung', url: 'https://shop.example/id1' }

/** A value of each member that passes the rules about it, by its bare name. */
const EXAMPLES: Readonly<Record<string, Json>> = {
  ...ADDRESS,
  ...ITEM,
  payment_type: 'cstore',
  transaction_details: { order_id: 'order-101', gross_amount: 44000 },
  order_id: 'order-101',
  gross_amount: 44000,
  cstore: { store: 'alfamart' },
  store: 'alfamart',
  message: 'Toko Budi',
  item_details: [{ id: 'id1', price: 44000, quantity: 1, name: 'tiket' }],
  customer_details: { first_name: 'Budi', email: 'budi@example.com' },
  billing_address: { city: 'Jakarta' },
  shipping_address: { city: 'Jakarta' },
  custom_expiry: { expiry_duration: 24, unit: 'hour' },
  order_time: '2026-11-22 20:00:00 +0700',
  expiry_duration: 60,
  unit: 'minute',
  metadata: {}
}

interface More {
  /** What would pass, where it is not always the same; undefined for nothing that can be written. */
  readonly example?: Json | undefined
  /** What the gateway calls the member, where that is not its path. */
  readonly called?: string
  /** Whose rule it is, where the words end with that. */
  readonly of?: string
}

/** One failure of a charge. Its message is the one that stands in `validation_messages`. */
export function failure (rule: keyof typeof WORDS, field: string, value: unknown, demand: string, more: More = {}): Explanation {
  const example = 'example' in more ? more.example : exampleOf(field)
  const { called = field.replace(/\[\d+\]/g, ''), of } = more
  return {
    rule,
    field,
    seen: seenOf(value),
    expected: example === undefined ? demand : suchAs(demand, example),
    message: [called, WORDS[rule], ...of === undefined ? [] : [of]].join(' '),
    reference: sectionOf(field)
  }
}

/** A value for the member at this path; a text for members that nobody documents. */
export function exampleOf (field: string): Json {
  if (/^item_details\[\d+\]$/.test(field)) return { id: ITEM.id, price: ITEM.price, quantity: ITEM.quantity, name: ITEM.name }
  const name = field.split('.').at(-1) ?? field
  return Object.hasOwn(EXAMPLES, name) ? EXAMPLES[name] as Json : 'text'
}

/** Where the documents speak of the member at this path. */
export function sectionOf (field: string): Section {
  const name = /^\w+/.exec(field)?.[0] ?? ''
  return Object.hasOwn(SECTIONS, name) ? SECTIONS[name] as Section : '1.1 Top level'
}
