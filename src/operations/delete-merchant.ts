import { Refusal } from '../domain/refusal.ts'
import type { ResetWorldDeps } from './reset-world.ts'

export interface DeleteMerchantDeps extends ResetWorldDeps {
  readonly defaultMerchantId: string
}

/** Deletes a merchant with its world. Refuses `merchant_unknown` and `default_merchant`. */
export async function deleteMerchant ({ storage, events, runDue, defaultMerchantId }: DeleteMerchantDeps, merchantId: string): Promise<void> {
  if (merchantId === defaultMerchantId) throw new Refusal('default_merchant', `${merchantId} is the default merchant, which cannot be deleted; POST /admin/reset empties it`, { seen: merchantId })
  if (!await storage.deleteMerchant(merchantId)) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId}; GET /admin/merchants lists them`, { field: 'merchant_id', seen: merchantId, expected: 'the id of a merchant, as GET /admin/merchants lists them' })
  await runDue.abandon(merchantId)
  events.publish({ merchantId, kind: 'reset' })
}
