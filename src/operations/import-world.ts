import { valueAt } from '../domain/explain-flaws.ts'
import { seenOf, suchAs } from '../domain/explanation.ts'
import type { Merchant } from '../domain/merchant.ts'
import { isInReach } from '../domain/moment.ts'
import { Refusal } from '../domain/refusal.ts'
import { nowOn, resumed } from '../domain/timeline.ts'
import { readWorld } from '../domain/world.ts'
import type { WorldContent, WorldRecord } from '../domain/world.ts'
import type { Clock, Events, Sender, Storage, WorldClash } from '../ports.ts'
import { refuseForbidden } from './change-settings.ts'
import { showClock } from './show-clock.ts'

export interface ImportWorldDeps {
  readonly clock: Clock
  readonly storage: Storage
  readonly events: Events
  readonly sender: Pick<Sender, 'forbids'>
}

export interface Importing {
  /** An empty world takes the document's clock over, unless this says that it keeps its own. */
  readonly keepsClock?: boolean
}

const CLASHES: Record<WorldClash['what'], string> = {
  transaction_id: 'there is a transaction',
  notification_id: 'there is a notification',
  order_id: 'a pending or paid transaction of this merchant has the order id',
  payment_code: 'a pending or paid transaction has the payment code'
}

const MEMBERS: Record<WorldClash['what'], string> = {
  transaction_id: 'transactions[].transaction_id',
  notification_id: 'notifications[].id',
  order_id: 'transactions[].order_id',
  payment_code: 'transactions[].payment_code'
}

/**
 * Adds what an exported document holds to a merchant's world, with its settings, faults and rules; to an empty world with its
 * clock and chance as well. All of it or nothing: refuses `invalid_import`, `invalid_settings`, `import_clash` and `advance_under_way`.
 */
export async function importWorld ({ clock, storage, events, sender }: ImportWorldDeps, { merchantId }: Merchant, document: unknown, { keepsClock = false }: Importing = {}): Promise<WorldContent> {
  const { settings, faults, rules, timeline, chance, records } = readWorld(document)
  refuseForbidden(sender, settings.notificationUrls, 'merchant.settings.notification_urls')
  const machineNow = clock.now()
  const brought = records.map((record) => ownedBy(merchantId, record))

  const imported = await storage.importWorld(merchantId, (scene, isEmpty) => {
    const current = scene.merchant.timeline
    if (isEmpty && current.isStepped) throw new Refusal('advance_under_way', 'the clock of this merchant is being moved; wait for that call to answer')
    const taken = timeline.isStepped ? resumed(timeline, machineNow) : timeline
    if (!isInReach(nowOn(taken, machineNow))) throw new Refusal('invalid_import', 'merchant: timeline: leads out of the years from 1970 to 9997; nothing was imported', { field: 'merchant.timeline', seen: seenOf(valueAt(document, ['merchant', 'timeline'])) ?? undefined, expected: suchAs('a clock within these years', { shift_ms: 0, frozen_at: null }) })
    return {
      merchant: { ...scene.merchant, settings, faults, rules, timeline: isEmpty && !keepsClock ? taken : current },
      // Never less than it was: chance names nothing twice.
      chance: isEmpty ? chance : Math.max(chance, scene.chance),
      records: brought
    }
  })
  if (imported === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
  if ('what' in imported) throw new Refusal('import_clash', `${CLASHES[imported.what]} "${imported.id}" already; nothing was imported`, { field: MEMBERS[imported.what], seen: imported.id })

  events.publish({ merchantId, kind: 'reset' })
  events.publish({ merchantId, kind: 'settings', settings })
  events.publish({ merchantId, kind: 'clock', face: await showClock({ clock, storage }, { merchantId }) })
  return imported
}

function ownedBy (merchantId: string, { transaction, notification }: WorldRecord): WorldRecord {
  return transaction === undefined ? { notification: { ...notification, merchantId } } : { transaction: { ...transaction, merchantId } }
}
