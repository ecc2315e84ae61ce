import type { Merchant } from '../domain/merchant.ts'
import type { RequestRecord } from '../domain/request-record.ts'
import type { Page, RequestLog, RequestQuery } from '../ports.ts'

export interface ListRequestsDeps {
  readonly requestLog: RequestLog
}

/** What the merchant's backend asked of the gateway, newest first. */
export function listRequests ({ requestLog }: ListRequestsDeps, { merchantId }: Merchant, query: RequestQuery): Page<RequestRecord> {
  return requestLog.list(merchantId, query)
}
