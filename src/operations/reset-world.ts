import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Events, Storage } from '../ports.ts'
import type { RunDue } from './run-due.ts'

export interface ResetWorldDeps {
  readonly storage: Storage
  readonly events: Events
  readonly runDue: Pick<RunDue, 'abandon'>
}

/** Empties a merchant's world and rewinds its chance; settings, faults and clock stay. */
export async function resetWorld ({ storage, events, runDue }: ResetWorldDeps, { merchantId }: Merchant): Promise<void> {
  if (!await storage.resetWorld(merchantId)) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
  await runDue.abandon(merchantId)
  events.publish({ merchantId, kind: 'reset' })
}
