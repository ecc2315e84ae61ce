import type { Merchant } from '../domain/merchant.ts'
import type { Storage } from '../ports.ts'

export interface RecogniseMerchantDeps {
  readonly storage: Storage
}

/** The merchant whose world this server key opens; undefined for a key that opens none (docs/gateway.md, 4). */
export async function recogniseMerchant ({ storage }: RecogniseMerchantDeps, serverKey: string): Promise<Merchant | undefined> {
  return storage.findMerchantByKey(serverKey)
}

/** The merchant of that id; for the admin account, which acts on any. */
export async function findMerchant ({ storage }: RecogniseMerchantDeps, merchantId: string): Promise<Merchant | undefined> {
  return storage.findMerchant(merchantId)
}
