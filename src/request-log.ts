import type { RequestRecord } from './domain/request-record.ts'
import type { RequestLog, RequestQuery } from './ports.ts'

/** How many requests of a merchant are remembered. */
const MEMORY = 1_000

/** Remembers requests in this process alone. */
export function createRequestLog (): RequestLog {
  const journals = new Map<string, RequestRecord[]>()
  const counts = new Map<string, number>()

  return {
    record (merchantId, request) {
      const number = (counts.get(merchantId) ?? 0) + 1
      counts.set(merchantId, number)
      const record = { ...request, number, merchantId }
      const journal = journals.get(merchantId) ?? []
      journals.set(merchantId, journal)
      journal.push(record)
      // Seldom and many at once: one at a time costs each request a little.
      if (journal.length >= 2 * MEMORY) journal.splice(0, journal.length - MEMORY)
      return record
    },
    list (merchantId, query) {
      const found = (journals.get(merchantId) ?? []).slice(-MEMORY).filter((record) => isWanted(record, query)).reverse()
      const items = found.slice(0, query.limit)
      return { items, nextCursor: found.length > items.length ? String(items.at(-1)?.number) : null }
    },
    clear (merchantId) { journals.delete(merchantId) }
  }
}

function isWanted (record: RequestRecord, { status, endpoint, method, path, transactionId, ref, cursor }: RequestQuery): boolean {
  return (cursor === undefined || record.number < Number(cursor)) &&
    (status === undefined || record.statusCode === status) &&
    (endpoint === undefined || record.endpoint === endpoint) &&
    (method === undefined || record.method === method) &&
    (path === undefined || record.path.startsWith(path)) &&
    (transactionId === undefined || record.transactionId === transactionId) &&
    (ref === undefined || record.refs.includes(ref))
}
