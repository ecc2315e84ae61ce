import type { Merchant } from '../domain/merchant.ts'
import { importWorld } from './import-world.ts'
import type { Importing, ImportWorldDeps } from './import-world.ts'

/** Imports a document into a world without transactions; leaves any other as it is, and does not ask for the document then. */
export async function seedWorld (deps: ImportWorldDeps, merchant: Merchant, read: () => Promise<unknown>, importing: Importing): Promise<void> {
  const { items } = await deps.storage.listTransactions(merchant.merchantId, { limit: 1 })
  if (items.length === 0) await importWorld(deps, merchant, await read(), importing)
}
