import { createHash } from 'node:crypto'

import type { Instant } from './instant.ts'
import type { Store } from './stores.ts'
import { toWib } from './wib.ts'

type Digits = (count: number) => string

/** How each store's code is made from the merchant id and fresh digits (docs/gateway.md, 2.4). */
const FORMS: Record<Store, (merchantId: string, digits: Digits) => string> = {
  alfamart: (merchantId, digits) => alfamartPrefix(merchantId) + digits(12),
  indomaret: (merchantId, digits) => indomaretPrefix(merchantId) + digits(8)
}

/** A payment code of the store's own form: 16 digits for Alfamart, 12 for Indomaret. */
export function makePaymentCode (store: Store, merchantId: string, digits: Digits): string {
  return FORMS[store](merchantId, digits)
}

/** 20 digits: 4 by chance, the date as yyMMdd, 10 by chance (our form; docs/gateway.md, 2.4). */
export function makeApprovalCode (at: Instant, digits: Digits): string {
  return digits(4) + toWib(at).slice(2, 10).replaceAll('-', '') + digits(10)
}

/** The first four significant digits of the merchant number. */
function alfamartPrefix (merchantId: string): string {
  return merchantId.replace(/\D/g, '').replace(/^0+/, '').slice(0, 4).padEnd(4, '0')
}

/** Four digits that stay the same for a merchant; the real ones are handed out by the store. */
function indomaretPrefix (merchantId: string): string {
  const number = createHash('sha256').update(merchantId).digest().readUInt32BE() % 9000
  return String(1000 + number)
}
