import type { Merchant } from '../domain/merchant.ts'
import type { ListRequestsDeps } from './list-requests.ts'

/** Empties the merchant's journal of the gateway. */
export function clearRequests ({ requestLog }: ListRequestsDeps, { merchantId }: Merchant): void {
  requestLog.clear(merchantId)
}
