import { newMerchant } from '../domain/merchant.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Sender, Storage } from '../ports.ts'
import { refuseForbidden } from './change-settings.ts'

export interface OpenMerchantDeps {
  readonly storage: Storage
  readonly sender: Pick<Sender, 'forbids'>
}

/** Who the merchant is; what is not given stays as it was kept, or begins with its default. */
export interface MerchantWish {
  readonly merchantId: string
  readonly given: { readonly serverKey?: string, readonly clientKey?: string, readonly notificationUrls?: readonly string[] }
  readonly defaults: { readonly serverKey: string, readonly clientKey: string }
}

/** Opens the world of a merchant at the start, new or kept. Refuses `key_taken`, and `invalid_settings` for a URL that is forbidden. */
export async function openMerchant ({ storage, sender }: OpenMerchantDeps, { merchantId, given, defaults }: MerchantWish): Promise<Merchant> {
  const { notificationUrls, ...keys } = given
  refuseForbidden(sender, notificationUrls ?? [])
  const merchant = await storage.changeMerchant(merchantId, (current) => {
    const known = { ...current ?? newMerchant({ merchantId, ...defaults }), ...keys }
    return notificationUrls === undefined ? known : { ...known, settings: { ...known.settings, notificationUrls } }
  })
  if (merchant === 'key_taken') {
    throw new Refusal('key_taken', `the server key of merchant ${merchantId} belongs to another merchant in this file; give another one by --server-key`)
  }
  return merchant
}
