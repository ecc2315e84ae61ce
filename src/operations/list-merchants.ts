import type { Merchant } from '../domain/merchant.ts'
import type { Storage } from '../ports.ts'

/** All merchants, as they were made. */
export async function listMerchants ({ storage }: { readonly storage: Storage }): Promise<readonly Merchant[]> {
  return storage.merchants()
}
