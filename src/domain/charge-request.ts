import { failure } from './charge-failure.ts'
import { readExpiry } from './custom-expiry.ts'
import type { CustomExpiry } from './custom-expiry.ts'
import { seenOf, suchAs } from './explanation.ts'
import type { Explanation } from './explanation.ts'
import { readCourse } from './fate.ts'
import type { Course } from './fate.ts'
import type { Instant } from './instant.ts'
import { isObject } from './json.ts'
import type { JsonObject } from './json.ts'
import { readNumber } from './money.ts'
import { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'
import { readStore, STORE_NAMES, STORES } from './stores.ts'
import type { Store } from './stores.ts'

/** What may stand where a text or a number is documented; `null` counts as absent (docs/gateway.md, 13). */
export type Scalar = string | number | null | undefined
type Member<Fields> = Fields | null | undefined

export interface Address {
  readonly first_name?: Scalar
  readonly last_name?: Scalar
  readonly email?: Scalar
  readonly phone?: Scalar
  readonly address?: Scalar
  readonly city?: Scalar
  readonly postal_code?: Scalar
  readonly country_code?: Scalar
}

export interface ItemDetail {
  readonly id?: Scalar
  readonly price?: Scalar
  readonly quantity?: Scalar
  readonly name?: Scalar
  readonly brand?: Scalar
  readonly category?: Scalar
  readonly merchant_name?: Scalar
  readonly url?: Scalar
}

export interface CustomerDetails {
  readonly first_name?: Scalar
  readonly last_name?: Scalar
  readonly email?: Scalar
  readonly phone?: Scalar
  readonly billing_address?: Member<Address>
  readonly shipping_address?: Member<Address>
}

export interface CstoreDetails {
  readonly store?: Scalar
  readonly message?: Scalar
  readonly alfamart_free_text_1?: Scalar
  readonly alfamart_free_text_2?: Scalar
  readonly alfamart_free_text_3?: Scalar
}

/** A charge as it is sent, its shape already checked, its sense not yet (docs/gateway.md, 1). */
export interface ChargeRequest {
  readonly payment_type?: Scalar
  readonly transaction_details?: Member<{ readonly order_id?: Scalar, readonly gross_amount?: Scalar }>
  readonly cstore?: Member<CstoreDetails>
  readonly item_details?: Member<readonly ItemDetail[]>
  readonly customer_details?: Member<CustomerDetails>
  readonly custom_expiry?: Member<CustomExpiry>
  readonly custom_field1?: Scalar
  readonly custom_field2?: Scalar
  readonly custom_field3?: Scalar
  readonly metadata?: JsonObject | null | undefined
}

/** A charge that makes sense. `grossAmount` in whole rupiah. */
export interface Charge {
  readonly store: Store
  readonly orderId: string
  readonly grossAmount: number
  readonly expiresAt: Instant
  /** What it asks to become of it by itself; null for nothing. */
  readonly course: Course | null
}

const PAYMENT_TYPE = 'cstore'
const ORDER_ID = /^[A-Za-z0-9\-_~.]+$/
const POSTAL_CODE = /^[A-Za-z0-9\- ]*$/
// The documented dot-atom pattern (docs/gateway.md, 1.4).
const EMAIL = /^[a-z0-9!#$%&'*+/=?^_{|}~`-]+(\.[a-z0-9!#$%&'*+/=?^_{|}~`-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+|\[\d{1,3}(?:\.\d{1,3}){3}\])$/i

const CUSTOMER_LIMITS = { first_name: 255, last_name: 255, email: 255, phone: 255 }
const ADDRESS_LIMITS = { ...CUSTOMER_LIMITS, address: 255, city: 255, postal_code: 255, country_code: 3 }
const ITEM_LIMITS = { id: 50, brand: 50, category: 50, merchant_name: 50 }
const FIELD_LIMITS = { custom_field1: 255, custom_field2: 255, custom_field3: 255 }
/** A thousand items, each with its failures, need not all be explained. */
const MAX_EXPLAINED = 100

/** Reads a charge made at `now`. Throws `invalid_charge` with every failure, or `channel_inactive`. */
export function readCharge (request: ChargeRequest, settings: Settings, now: Instant): Charge {
  const type = textOf(request.payment_type)
  const isCstore = type === PAYMENT_TYPE
  const store = isCstore ? readStore(textOf(request.cstore?.store)) : undefined
  const expiry = readExpiry(request.custom_expiry, now, store === undefined ? 0 : settings.defaultExpiryMs[store])
  const orderId = textOf(request.transaction_details?.order_id)
  const amount = readNumber(request.transaction_details?.gross_amount)
  const course = settings.chargeFateField ? readCourse(textOf(request.custom_field3)) : null

  const failures = [
    ...type === '' ? [failure('required', 'payment_type', request.payment_type, 'the payment type')] : [],
    ...transactionFailures(request, orderId, store, settings),
    ...isCstore ? storeFailures(request.cstore, store) : [],
    ...(request.item_details ?? []).flatMap(itemFailures),
    ...customerFailures(request.customer_details ?? {}, store),
    ...'failures' in expiry ? expiry.failures : [],
    ...lengthFailures('', request, FIELD_LIMITS),
    ...course === 'unreadable' ? [failure('invalid', 'custom_field3', request.custom_field3, 'after "warung:" pay, expire, cancel or nothing, and when', { example: 'warung: pay in 3s' })] : []
  ]
  if (failures.length > 0) {
    const messages = failures.map(({ message }) => message)
    throw new Refusal('invalid_charge', messages.join('; '), { messages: [...new Set(messages)], explanations: failures.slice(0, MAX_EXPLAINED) })
  }
  if (store === undefined || !settings.activeStores.includes(store)) throw inactive(type, store, settings)
  if (amount.kind !== 'whole' || 'failures' in expiry || course === 'unreadable') throw new Error('a charge without failures has an amount and an expiry')
  return { store, orderId, grossAmount: amount.value, expiresAt: expiry.expiresAt, course }
}

/** A scalar as text; absent and `null` are empty. */
export function textOf (value: Scalar): string {
  if (value === null || value === undefined) return ''
  const text = String(value)
  // JavaScript writes exponents for the very large and the very small; an id never has one.
  if (typeof value === 'string' || !text.includes('e')) return text
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(20).replace(/0+$/, '')
}

function inactive (type: string, store: Store | undefined, { activeStores }: Settings): Refusal {
  const message = `${store ?? type} is not active for this merchant`
  const about = { rule: 'channel_inactive', message, reference: '12 Order of checks' } as const
  const stores = 'a store among active_stores of /admin/settings'
  return new Refusal('channel_inactive', message, {
    explanations: [store === undefined
      ? { ...about, field: 'payment_type', seen: seenOf(type), expected: suchAs('the one payment type that is emulated', PAYMENT_TYPE) }
      : { ...about, field: 'cstore.store', seen: store, expected: activeStores.length === 0 ? `${stores}, which is empty now` : suchAs(stores, activeStores[0]) }]
  })
}

function transactionFailures (request: ChargeRequest, orderId: string, store: Store | undefined, settings: Settings): Explanation[] {
  const details = request.transaction_details
  if (details === null || details === undefined) return [failure('required', 'transaction_details', details, 'an object with order id and amount')]
  return [...orderIdFailures(orderId, settings), ...amountFailures(request, store, settings)]
}

function orderIdFailures (orderId: string, { strictOrderId }: Settings): Explanation[] {
  const field = 'transaction_details.order_id'
  if (orderId === '') return [failure('required', field, undefined, 'the id of your order')]
  return [
    ...orderId.length > 50 ? [failure('too_long', field, orderId, 'at most 50 characters')] : [],
    ...strictOrderId && !ORDER_ID.test(orderId) ? [failure('invalid', field, orderId, 'letters, digits and - _ ~ . only')] : []
  ]
}

function amountFailures (request: ChargeRequest, store: Store | undefined, settings: Settings): Explanation[] {
  const given = request.transaction_details?.gross_amount
  const amount = readNumber(given)
  const sum = sumOf(request.item_details ?? [])
  const fail = (rule: Parameters<typeof failure>[0], demand: string, more: Parameters<typeof failure>[4] = {}): Explanation =>
    failure(rule, 'transaction_details.gross_amount', given, demand, { ...sum !== undefined && isAllowed(sum, store, settings) ? { example: sum } : {}, ...more })
  if (amount.kind === 'absent') return [fail('required', 'the amount in whole rupiah')]
  if (amount.kind === 'text') return [fail('not_a_number', 'whole rupiah in digits alone')]

  const failures: Explanation[] = []
  const isPositive = amount.value >= 0.01
  if (!isPositive) failures.push(fail('not_positive', 'more than nothing'))
  if (isPositive && amount.kind === 'fraction') failures.push(fail('not_an_integer', 'whole rupiah, without a fraction'))
  // Past this a number is no longer exact; with the store limits on, a much lower one is met first.
  if (amount.kind === 'whole' && !Number.isSafeInteger(amount.value) && !settings.storeLimits) failures.push(fail('invalid', `at most ${Number.MAX_SAFE_INTEGER}`))
  if (sum !== undefined && sum !== amount.value) failures.push(fail('sum_differs', 'the sum of price times quantity of all items', { example: Number.isFinite(sum) ? sum : undefined }))
  if (isPositive && amount.kind === 'whole' && settings.storeLimits && store !== undefined) {
    const { minAmount, maxAmount } = STORES[store]
    if (amount.value < minAmount) failures.push(fail('below_minimum', `at least ${minAmount}`, { of: store }))
    if (amount.value > maxAmount) failures.push(fail('above_maximum', `at most ${maxAmount}`, { of: store }))
  }
  return failures
}

/** Could this be the amount of a charge? */
function isAllowed (amount: number, store: Store | undefined, { storeLimits }: Settings): boolean {
  const { minAmount, maxAmount } = storeLimits && store !== undefined ? STORES[store] : { minAmount: 1, maxAmount: Number.MAX_SAFE_INTEGER }
  return amount >= minAmount && amount <= maxAmount
}

/** undefined where there is nothing to add up, or an item has no usable price or quantity. */
function sumOf (items: readonly ItemDetail[]): number | undefined {
  let sum = 0
  for (const item of items) {
    const [price, quantity] = [readNumber(item.price), readNumber(item.quantity)]
    if (price.kind !== 'whole' || quantity.kind !== 'whole') return undefined
    sum += price.value * quantity.value
  }
  return items.length === 0 ? undefined : sum
}

function storeFailures (cstore: ChargeRequest['cstore'], store: Store | undefined): Explanation[] {
  if (cstore === null || cstore === undefined) return [failure('required', 'cstore', cstore, 'an object with the store')]
  const demand = STORE_NAMES.join(' or ')
  if (textOf(cstore.store) === '') return [failure('required', 'cstore.store', cstore.store, demand)]
  return store === undefined ? [failure('invalid', 'cstore.store', cstore.store, demand)] : []
}

function itemFailures (item: ItemDetail, index: number): Explanation[] {
  const path = `item_details[${index}].`
  const price = readNumber(item.price)
  const quantity = readNumber(item.quantity)
  const name = textOf(item.name)
  const fail = (rule: Parameters<typeof failure>[0], member: 'price' | 'quantity' | 'name', demand: string): Explanation =>
    failure(rule, `${path}${member}`, item[member], demand, member === 'name' ? { called: 'item_details Name' } : {})
  return [
    ...price.kind === 'absent' ? [fail('required', 'price', 'the price of one, in whole rupiah')] : [],
    ...price.kind === 'text' ? [fail('not_a_number', 'price', 'whole rupiah in digits alone')] : [],
    ...price.kind === 'fraction' ? [fail('not_an_integer', 'price', 'whole rupiah, without a fraction')] : [],
    ...quantity.kind === 'absent' ? [fail('required', 'quantity', 'how many')] : [],
    ...quantity.kind === 'text' ? [fail('not_a_number', 'quantity', 'a whole number of at least 1')] : [],
    ...quantity.kind === 'fraction' || (quantity.kind === 'whole' && quantity.value < 1) ? [fail('invalid', 'quantity', 'a whole number of at least 1')] : [],
    ...name === '' ? [fail('required', 'name', 'what is sold')] : [],
    ...name.length > 50 ? [fail('too_long', 'name', 'at most 50 characters')] : [],
    ...lengthFailures(path, item, ITEM_LIMITS)
  ]
}

function customerFailures (customer: CustomerDetails, store: Store | undefined): Explanation[] {
  const email = textOf(customer.email)
  const checksEmail = store !== undefined && STORES[store].checksEmail
  return [
    ...lengthFailures('customer_details.', customer, CUSTOMER_LIMITS),
    ...checksEmail && email !== '' && !EMAIL.test(email) ? [failure('invalid', 'customer_details.email', email, 'an e-mail address')] : [],
    ...addressFailures('customer_details.billing_address.', customer.billing_address ?? {}),
    ...addressFailures('customer_details.shipping_address.', customer.shipping_address ?? {})
  ]
}

function addressFailures (path: string, address: Address): Explanation[] {
  const postalCode = textOf(address.postal_code)
  return [
    ...lengthFailures(path, address, ADDRESS_LIMITS),
    ...POSTAL_CODE.test(postalCode) ? [] : [failure('invalid', `${path}postal_code`, postalCode, 'letters, digits, dashes and spaces only')]
  ]
}

function lengthFailures<Name extends string> (path: string, fields: { readonly [name in NoInfer<Name>]?: Scalar }, limits: Record<Name, number>): Explanation[] {
  return (Object.entries(limits) as Array<[Name, number]>)
    .filter(([name, limit]) => textOf(fields[name]).length > limit)
    .map(([name, limit]) => failure('too_long', `${path}${name}`, textOf(fields[name]), `at most ${limit} characters`))
}

const CSTORE_TEXTS = ['message', 'alfamart_free_text_1', 'alfamart_free_text_2', 'alfamart_free_text_3']

/** Is all that is read of a charge once it is made of the kind that it should be? Those that come over HTTP have their schema; others are tolerated as there. */
export function isChargeShaped (request: ChargeRequest): boolean {
  const { cstore, customer_details: customer, metadata } = request
  return hasScalars(request, Object.keys(FIELD_LIMITS)) && hasScalars(cstore, CSTORE_TEXTS) && hasScalars(customer, Object.keys(CUSTOMER_LIMITS)) &&
    [customer?.billing_address, customer?.shipping_address].every((address) => hasScalars(address, Object.keys(ADDRESS_LIMITS))) && hasScalars(metadata, [])
}

function hasScalars (members: unknown, names: readonly string[]): boolean {
  if (members === null || members === undefined) return true
  return isObject(members) && names.every((name) => ['string', 'number', 'undefined'].includes(typeof (members[name] ?? undefined)))
}
