import type { Merchant } from '../domain/merchant.ts'
import type { SeenRequest } from '../domain/request-record.ts'
import { nowOn } from '../domain/timeline.ts'
import type { Events, RequestLog, Storage } from '../ports.ts'

export interface RecordRequestDeps {
  readonly storage: Storage
  readonly events: Events
  readonly requestLog: RequestLog
  readonly defaultMerchantId: string
}

/** Puts a request into the merchant's journal; it came at this moment of the machine's. */
export function recordRequest ({ events, requestLog }: RecordRequestDeps, { merchantId, timeline }: Merchant, seen: SeenRequest): void {
  const record = requestLog.record(merchantId, { ...seen, at: nowOn(timeline, seen.at) })
  events.publish({ merchantId, kind: 'request', record })
}

/** Whose journal takes a request that nobody was asked for: the key's owner's, else the default merchant's. */
export async function findJournalOwner ({ storage, defaultMerchantId }: RecordRequestDeps, serverKey: string): Promise<Merchant | undefined> {
  return await storage.findMerchantByKey(serverKey) ?? await storage.findMerchant(defaultMerchantId)
}
