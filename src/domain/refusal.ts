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

/** What of a request a refusal is about. */
export interface About {
  readonly field?: string | null | undefined
  readonly seen?: string | undefined
  readonly expected?: string | undefined
}

/** The emulator says no. Each dialect turns the code into its own answer; the message is for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  /** Every single failure, where there can be several. */
  readonly messages: readonly string[]
  /** The transaction that was addressed, where there is one. */
  readonly transactionId: string | undefined
  /** The member of the request that it is about, where the code alone does not tell; null for none, undefined where the code does. */
  readonly field: string | null | undefined
  /** What stood there. */
  readonly seen: string | null
  /** What would pass, where more is known than the code tells. */
  readonly expected: string | undefined
  /** Where the code alone does not explain it. */
  readonly explanations: readonly Explanation[]

  constructor (code: RefusalCode, message: string, more: About & { messages?: readonly string[], transactionId?: string, explanations?: readonly Explanation[] } = {}) {
    super(message)
    this.code = code
    this.messages = more.messages ?? []
    this.transactionId = more.transactionId
    this.field = more.field
    this.seen = more.seen ?? null
    this.expected = more.expected
    this.explanations = more.explanations ?? []
  }

  /** The same, and more of what it is about; what it says itself counts. */
  about ({ field, seen, expected }: About): Refusal {
    const { messages, transactionId, explanations } = this
    return new Refusal(this.code, this.message, {
      messages,
      explanations,
      ...transactionId === undefined ? {} : { transactionId },
      field: this.field ?? field,
      seen: this.seen ?? seen,
      expected: this.expected ?? expected
    })
  }
}
