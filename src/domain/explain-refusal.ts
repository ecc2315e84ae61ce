import { seenOf, suchAs } from './explanation.ts'
import type { Explanation, Section } from './explanation.ts'
import { maskKeys } from './masks.ts'
import type { Refusal, RefusalCode } from './refusal.ts'

const PENDING = 'a transaction that is pending'
const WHOLE_CLOCK = 'a world without transactions: POST /admin/reset, or another merchant'

/** What would pass in place of what each code refuses, where the refusal does not say so itself. */
const TABLE: Record<RefusalCode, readonly [field: string | null, expected: string, reference: Section]> = {
  invalid_charge: [null, 'a charge as documented', '1 Charge request'],
  channel_inactive: [null, 'a channel that is active for this merchant', '12 Order of checks'],
  order_taken: ['transaction_details.order_id', 'an order id without a pending or paid transaction', '8 Life of a transaction'],
  transaction_unknown: ['id', 'the order id or transaction id of a charge that was made with this server key and answered with 201', '5 Status'],
  action_refused: [null, 'cancel or expire, while it is pending; a store payment has no other actions', '6 Actions'],
  already_paid: ['transaction_status', PENDING, '8 Life of a transaction'],
  expired: ['expiry_time', 'a payment before its expiry_time', '8 Life of a transaction'],
  cancelled: ['transaction_status', PENDING, '8 Life of a transaction'],
  denied: ['transaction_status', PENDING, '8 Life of a transaction'],
  not_settled: ['transaction_status', 'a transaction that is paid', '8 Life of a transaction'],
  amount_differs: ['amount', 'the amount due, or no amount', '10 Till'],
  no_reversal_at_till: [null, 'POST /admin/transactions/{ref}/reverse', '10 Till'],
  not_b2b: [null, 'GET /v2/{id}/status', '5 Status'],
  notification_unknown: ['id', 'the id of a notification, as GET /admin/notifications lists them', '7 Notifications'],
  merchant_unknown: [null, 'a merchant that there is', '4 Authentication'],
  invalid_request: [null, 'what README documents for this call', '13 What we decided ourselves'],
  invalid_settings: [null, 'settings as README lists them', '13 What we decided ourselves'],
  invalid_merchant: [null, suchAs('a merchant as README describes it', { merchant_id: 'G812785002', server_key: 'SB-Mid-server-test' }), '4 Authentication'],
  merchant_taken: ['merchant_id', 'the id of no merchant that there is', '4 Authentication'],
  default_merchant: ['merchant_id', 'any other merchant; the default one can be emptied by POST /admin/reset', '4 Authentication'],
  invalid_import: [null, 'a document that GET /admin/export gave, unaltered', '13 What we decided ourselves'],
  import_clash: [null, 'an import into a world, and an emulator, without these ids and codes', '8 Life of a transaction'],
  invalid_faults: [null, suchAs('faults as README describes them', { items: [{ match: { endpoint: 'charge' }, action: 'drop' }] }), '3.3 Messages'],
  invalid_rules: [null, suchAs('rules as README describes them', { items: [{ match: { store: 'alfamart' }, after: '3s', do: 'pay' }] }), '13 What we decided ourselves'],
  key_taken: ['server_key', 'a server key that opens no other world', '4 Authentication'],
  advance_under_way: [null, 'the same call, once the clock has been moved', '8 Life of a transaction'],
  time_goes_back: [null, `a later time; or ${WHOLE_CLOCK}`, '8 Life of a transaction'],
  world_not_empty: [null, WHOLE_CLOCK, '8 Life of a transaction'],
  event_not_had: ['event', 'an event that the transaction has had', '7.2 Events and fields']
}

/** Why it was refused: one explanation or several, never none. */
export function explainRefusal ({ code, message, explanations, seen, ...about }: Refusal): readonly Explanation[] {
  if (explanations.length > 0) return explanations
  const [ofCode, usually, reference] = TABLE[code]
  const { field = ofCode, expected = usually } = about
  return [{ rule: code, field, seen: seenOf(seen ?? undefined), expected, message: maskKeys(message), reference }]
}
