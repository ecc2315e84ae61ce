import { explainSignature as explain } from '../domain/explain-signature.ts'
import type { SignatureVerdict } from '../domain/explain-signature.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Storage } from '../ports.ts'

export interface ExplainSignatureDeps {
  readonly storage: Storage
}

/** What a signature for this order matches, or how it went wrong. Refuses `transaction_unknown`. */
export async function explainSignature ({ storage }: ExplainSignatureDeps, merchant: Merchant, orderId: string, signatureKey: string): Promise<SignatureVerdict> {
  const transaction = await storage.findTransaction(merchant.merchantId, orderId, ['order_id'])
  if (transaction === undefined) throw new Refusal('transaction_unknown', `there is no order "${orderId}"; give the order id of a charge that was accepted`, { field: 'order_id', seen: orderId, expected: 'the order id of a charge that was accepted' })
  return explain(transaction, merchant, signatureKey)
}
