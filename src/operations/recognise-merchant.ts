import { clientKeyOf, isSandboxKey, merchantIdOf, newMerchant } from '../domain/merchant.ts'
import type { Merchant } from '../domain/merchant.ts'
import type { Storage } from '../ports.ts'

export interface RecogniseMerchantDeps {
  readonly storage: Storage
  /** Does a sandbox key that nobody knows open a world of its own? */
  readonly autoMerchants: boolean
}

/** The merchant whose world this server key opens; undefined for a key that opens none (docs/gateway.md, 4). */
export async function recogniseMerchant ({ storage, autoMerchants }: RecogniseMerchantDeps, serverKey: string): Promise<Merchant | undefined> {
  const known = await storage.findMerchantByKey(serverKey)
  return known ?? (autoMerchants && isSandboxKey(serverKey) ? openWorldOf(storage, serverKey) : undefined)
}

/** The merchant of that id; for the admin account, which acts on any. */
export async function findMerchant ({ storage }: Pick<RecogniseMerchantDeps, 'storage'>, merchantId: string): Promise<Merchant | undefined> {
  return storage.findMerchant(merchantId)
}

/** Whoever uses the key at the same time gets the same world: the second finds the merchant of that id made. */
async function openWorldOf (storage: Storage, serverKey: string): Promise<Merchant | undefined> {
  for (let tries = 0; ; tries++) {
    const merchantId = merchantIdOf(serverKey, tries)
    const merchant = await storage.changeMerchant(merchantId, (current) => current ?? newMerchant({ merchantId, serverKey, clientKey: clientKeyOf(serverKey) }))
    if (merchant === 'key_taken') return storage.findMerchantByKey(serverKey)
    if (merchant.serverKey === serverKey) return merchant
  }
}
