import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { changeSettings as changed } from '../domain/settings.ts'
import type { Settings } from '../domain/settings.ts'
import type { Events, Storage } from '../ports.ts'

export interface ChangeSettingsDeps {
  readonly storage: Storage
  readonly events: Events
}

/** Lays a settings document, whole or in part, over a merchant's settings. Refuses it as a whole where a member is wrong. */
export async function changeSettings ({ storage, events }: ChangeSettingsDeps, { merchantId }: Merchant, document: unknown): Promise<Settings> {
  const merchant = await storage.changeMerchant(merchantId, (current) => {
    if (current === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
    return { ...current, settings: changed(current.settings, document) }
  })
  if (merchant === 'key_taken') throw new Error('settings hold no key')
  events.publish({ merchantId, kind: 'settings' })
  return merchant.settings
}
