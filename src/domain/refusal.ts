import type { Explanation } from './explanation.ts'

export type RefusalCode =
  | 'invalid_charge' | 'channel_inactive' | 'order_taken'
  | 'transaction_unknown' | 'action_refused'
  | 'already_paid' | 'expired' | 'cancelled' | 'denied' | 'not_settled'
  | 'amount_differs' | 'no_reversal_at_till' | 'not_b2b'
  | 'notification_unknown' | 'merchant_unknown'
  | 'invalid_request' | 'invalid_settings' | 'key_taken'
  | 'advance_under_way' | 'time_goes_back' | 'world_not_empty'
  | 'invalid_merchant' | 'merchant_taken' | 'default_merchant'
  | 'invalid_import' | 'import_clash'
  | 'invalid_faults' | 'invalid_rules' | 'event_not_had'

/** The emulator says no. Each dialect turns the code into its own answer; the message is for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  /** Every single failure, where there can be several. */
  readonly messages: readonly string[]
  /** The transaction that was addressed, where there is one. */
  readonly transactionId: string | undefined
  /** What of the request it is about. */
  readonly seen: string | null
  /** Where the code alone does not explain it. */
  readonly explanations: readonly Explanation[]

  constructor (code: RefusalCode, message: string, more: { messages?: readonly string[], transactionId?: string, seen?: string, explanations?: readonly Explanation[] } = {}) {
    super(message)
    this.code = code
    this.messages = more.messages ?? []
    this.transactionId = more.transactionId
    this.seen = more.seen ?? null
    this.explanations = more.explanations ?? []
  }
}
