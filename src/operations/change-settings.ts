import { suchAs } from '../domain/explanation.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { changeSettings as changed } from '../domain/settings.ts'
import type { Settings } from '../domain/settings.ts'
import type { Events, Sender, Storage } from '../ports.ts'

export interface ChangeSettingsDeps {
  readonly storage: Storage
  readonly events: Events
  readonly sender: Pick<Sender, 'forbids'>
}

/** Lays a settings document, whole or in part, over a merchant's settings. Refuses it as a whole where a member is wrong. */
export async function changeSettings ({ storage, events, sender }: ChangeSettingsDeps, { merchantId }: Merchant, document: unknown): Promise<Settings> {
  const merchant = await storage.changeMerchant(merchantId, (current) => {
    if (current === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
    const settings = changed(current.settings, document)
    refuseForbidden(sender, settings.notificationUrls.filter((url) => !current.settings.notificationUrls.includes(url)))
    return { ...current, settings }
  })
  if (merchant === 'key_taken') throw new Error('settings hold no key')
  events.publish({ merchantId, kind: 'settings', settings: merchant.settings })
  return merchant.settings
}

/** Refuses `invalid_settings` where one of these URLs, which stand in this field, may never be notified. */
export function refuseForbidden (sender: Pick<Sender, 'forbids'>, urls: readonly string[], field = 'notification_urls'): void {
  const forbidden = urls.find(sender.forbids)
  if (forbidden === undefined) return
  throw new Refusal('invalid_settings', `notification_urls: ${forbidden} cannot be notified: it is this emulator itself, a link-local or metadata address, or not in --allow-target`, { field, seen: forbidden, expected: suchAs('URLs that may be notified, or none', []) })
}
