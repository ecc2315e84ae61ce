import { newMerchant } from '../domain/merchant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Storage } from '../ports.ts'

export interface OpenMerchantDeps {
  readonly storage: Storage
}

/** Who the merchant is; what is not given stays as it was kept, or begins with its default. */
export interface MerchantWish {
  readonly merchantId: string
  readonly given: { readonly serverKey?: string, readonly clientKey?: string, readonly notificationUrls?: readonly string[] }
  readonly defaults: { readonly serverKey: string, readonly clientKey: string }
}

/** Opens the world of a merchant at the start, new or kept. Refuses `key_taken`. */
export async function openMerchant ({ storage }: OpenMerchantDeps, { merchantId, given, defaults }: MerchantWish): Promise<Merchant> {
  const { notificationUrls, ...keys } = given
  const merchant = await storage.changeMerchant(merchantId, (current) => {
    const known = { ...current ?? newMerchant({ merchantId, ...defaults }), ...keys }
    return notificationUrls === undefined ? known : { ...known, settings: { ...known.settings, notificationUrls } }
  })
  if (merchant === 'key_taken') {
    throw new Refusal('key_taken', `the server key of merchant ${merchantId} belongs to another merchant in this file; give another one by --server-key`)
  }
  return merchant
}
