import { readExpiry } from './custom-expiry.ts'
import type { CustomExpiry } from './custom-expiry.ts'
import type { Instant } from './instant.ts'
import type { JsonObject } from './json.ts'
import { readNumber } from './money.ts'
import { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'
import { readStore, STORES } from './stores.ts'
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

/** Reads a charge made at `now`. Throws `invalid_charge` with every failure, or `channel_inactive`. */
export function readCharge (request: ChargeRequest, settings: Settings, now: Instant): Charge {
  const type = textOf(request.payment_type)
  const isCstore = type === PAYMENT_TYPE
  const store = isCstore ? readStore(textOf(request.cstore?.store)) : undefined
  const expiry = readExpiry(request.custom_expiry, now, store === undefined ? 0 : settings.defaultExpiryMs[store])
  const orderId = textOf(request.transaction_details?.order_id)
  const amount = readNumber(request.transaction_details?.gross_amount)

  const messages = [
    ...type === '' ? ['payment_type is required'] : [],
    ...transactionMessages(request, orderId, store, settings),
    ...isCstore ? storeMessages(request.cstore, store) : [],
    ...itemMessages(request.item_details ?? []),
    ...customerMessages(request.customer_details ?? {}, store),
    ...'messages' in expiry ? expiry.messages : [],
    ...lengthMessages('', request, FIELD_LIMITS)
  ]
  if (messages.length > 0) {
    throw new Refusal('invalid_charge', messages.join('; '), { messages: [...new Set(messages)] })
  }
  if (store === undefined || !settings.activeStores.includes(store)) {
    throw new Refusal('channel_inactive', `${store ?? type} is not active for this merchant`)
  }
  if (amount.kind !== 'whole' || 'messages' in expiry) throw new Error('a charge without messages has an amount and an expiry')
  return { store, orderId, grossAmount: amount.value, expiresAt: expiry.expiresAt }
}

/** A scalar as text; absent and `null` are empty. */
export function textOf (value: Scalar): string {
  if (value === null || value === undefined) return ''
  const text = String(value)
  // JavaScript writes exponents for the very large and the very small; an id never has one.
  if (typeof value === 'string' || !text.includes('e')) return text
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(20).replace(/0+$/, '')
}

function transactionMessages (request: ChargeRequest, orderId: string, store: Store | undefined, settings: Settings): string[] {
  const details = request.transaction_details
  if (details === null || details === undefined) return ['transaction_details is required']
  return [...orderIdMessages(orderId, settings), ...amountMessages(request, store, settings)]
    .map((problem) => `transaction_details.${problem}`)
}

function orderIdMessages (orderId: string, { strictOrderId }: Settings): string[] {
  if (orderId === '') return ['order_id is required']
  return [
    ...orderId.length > 50 ? ['order_id too long'] : [],
    ...strictOrderId && !ORDER_ID.test(orderId) ? ['order_id is invalid'] : []
  ]
}

function amountMessages (request: ChargeRequest, store: Store | undefined, settings: Settings): string[] {
  const amount = readNumber(request.transaction_details?.gross_amount)
  if (amount.kind === 'absent') return ['gross_amount is required']
  if (amount.kind === 'text') return ['gross_amount is not a number']

  const messages: string[] = []
  const isPositive = amount.value >= 0.01
  if (!isPositive) messages.push('gross_amount must be greater than or equal to 0.01')
  if (isPositive && amount.kind === 'fraction') messages.push('gross_amount is not an integer')
  // Past this a number is no longer exact; with the store limits on, a much lower one is met first.
  if (amount.kind === 'whole' && !Number.isSafeInteger(amount.value) && !settings.storeLimits) messages.push('gross_amount is invalid')
  const sum = sumOf(request.item_details ?? [])
  if (sum !== undefined && sum !== amount.value) messages.push('gross_amount is not equal to the sum of item_details')
  if (isPositive && amount.kind === 'whole' && settings.storeLimits && store !== undefined) {
    const { minAmount, maxAmount } = STORES[store]
    if (amount.value < minAmount) messages.push(`gross_amount is below the minimum for ${store}`)
    if (amount.value > maxAmount) messages.push(`gross_amount is above the maximum for ${store}`)
  }
  return messages
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

function storeMessages (cstore: ChargeRequest['cstore'], store: Store | undefined): string[] {
  if (cstore === null || cstore === undefined) return ['cstore is required']
  if (textOf(cstore.store) === '') return ['cstore.store is required']
  return store === undefined ? ['cstore.store is invalid'] : []
}

function itemMessages (items: readonly ItemDetail[]): string[] {
  return items.flatMap((item) => {
    const price = readNumber(item.price)
    const quantity = readNumber(item.quantity)
    const name = textOf(item.name)
    return [
      ...price.kind === 'absent' ? ['item_details.price is required'] : [],
      ...price.kind === 'text' ? ['item_details.price is not a number'] : [],
      ...price.kind === 'fraction' ? ['item_details.price is not an integer'] : [],
      ...quantity.kind === 'absent' ? ['item_details.quantity is required'] : [],
      ...quantity.kind === 'text' ? ['item_details.quantity is not a number'] : [],
      ...quantity.kind === 'fraction' || (quantity.kind === 'whole' && quantity.value < 1) ? ['item_details.quantity is invalid'] : [],
      ...name === '' ? ['item_details Name is required'] : [],
      ...name.length > 50 ? ['item_details Name too long'] : [],
      ...lengthMessages('item_details.', item, ITEM_LIMITS)
    ]
  })
}

function customerMessages (customer: CustomerDetails, store: Store | undefined): string[] {
  const email = textOf(customer.email)
  const checksEmail = store !== undefined && STORES[store].checksEmail
  return [
    ...lengthMessages('customer_details.', customer, CUSTOMER_LIMITS),
    ...checksEmail && email !== '' && !EMAIL.test(email) ? ['customer_details.email is invalid'] : [],
    ...addressMessages('customer_details.billing_address.', customer.billing_address ?? {}),
    ...addressMessages('customer_details.shipping_address.', customer.shipping_address ?? {})
  ]
}

function addressMessages (path: string, address: Address): string[] {
  return [
    ...lengthMessages(path, address, ADDRESS_LIMITS),
    ...POSTAL_CODE.test(textOf(address.postal_code)) ? [] : [`${path}postal_code is invalid`]
  ]
}

function lengthMessages<Name extends string> (path: string, fields: { readonly [name in NoInfer<Name>]?: Scalar }, limits: Record<Name, number>): string[] {
  return (Object.entries(limits) as Array<[Name, number]>)
    .filter(([name, limit]) => textOf(fields[name]).length > limit)
    .map(([name]) => `${path}${name} too long`)
}
