// The documents of the admin API. Instants (`at`) are ISO 8601 in UTC, beside them `wib` in the gateway's form; amounts are texts such as `44000.00`.

export type Status = 'pending' | 'settlement' | 'expire' | 'cancel' | 'deny'
export type Store = 'alfamart' | 'indomaret'
/** `500ms`, `3s`, `10m`, `24h`, `7d`, or a number of milliseconds. */
export type Duration = string | number
/** `2026-11-23 20:00:00` in WIB, ISO 8601 with a zone, or a Date. */
export type Moment = string | Date
/** Spoiled on purpose: the signature itself, or what it was made for. */
export type Tamper = 'signature' | 'amount' | 'status'

interface MomentDocument {
  readonly at: string
  readonly wib: string
}

export interface TransactionSummary {
  readonly transaction_id: string
  readonly order_id: string
  readonly merchant_id: string
  readonly store: Store
  readonly payment_code: string
  readonly gross_amount: string
  readonly transaction_status: Status
  /** In WIB, as on the wire. */
  readonly transaction_time: string
  readonly expiry_time: string
  readonly settlement_time: string | null
  readonly approval_code: string | null
}

export interface TransactionDocument extends TransactionSummary {
  /** What becomes of it by itself before it lapses; `rule` is null where the charge asked for it. */
  readonly fate: MomentDocument & { readonly kind: MoveEffect, readonly rule: string | null } | null
  /** The charge as it was received. */
  readonly request: Readonly<Record<string, unknown>>
  readonly history: ReadonlyArray<MomentDocument & { readonly status: Status, readonly cause: 'charge' | 'till' | 'admin' | 'api' | 'clock' | 'rule' }>
  readonly notifications: readonly NotificationDocument[]
}

/** What a call changed, and the notifications that it caused. */
export interface ChangeDocument {
  readonly transaction: TransactionDocument
  readonly notifications: readonly NotificationDocument[]
}

export interface NotificationDocument {
  readonly id: string
  readonly transaction_id: string
  readonly order_id: string
  readonly event: Status
  readonly url: string
  readonly state: 'waiting' | 'held' | 'delivered' | 'failed' | 'dropped'
  readonly created_at: string
  readonly next_attempt_at: string | null
  readonly attempts: readonly AttemptDocument[]
}

/** With the bytes that were sent and what came back. */
export interface WholeNotificationDocument extends NotificationDocument {
  readonly body: string
  /** What the signature was computed over, the server key masked. */
  readonly signed_text: string
  readonly attempts: ReadonlyArray<AttemptDocument & {
    readonly request_headers: Readonly<Record<string, string>>
    readonly response_headers: Readonly<Record<string, string>>
    /** The first 4 KiB. */
    readonly response_body: string
  }>
}

export interface AttemptDocument extends MomentDocument {
  readonly number: number
  readonly duration_ms: number
  /** null where no answer came; `error` says why. */
  readonly status: number | null
  readonly error: string | null
  readonly redirects: readonly string[]
  readonly outcome: 'delivered' | 'failed' | 'redirected'
  readonly next: NextDocument
}

export interface NextDocument {
  readonly again: boolean
  readonly at: string | null
  readonly reason: string
}

type MoveEffect = 'paid' | 'expired' | 'cancelled' | 'reversed'

/** Something that the passing of time caused. */
export type EffectDocument = MomentDocument & { readonly transaction_id: string, readonly order_id: string } & (
  | { readonly kind: MoveEffect }
  | {
    readonly kind: 'attempted'
    readonly notification_id: string
    readonly event: Status
    readonly url: string
    readonly attempt: number
    readonly status: number | null
    readonly error: string | null
    readonly outcome: AttemptDocument['outcome']
    readonly next: NextDocument
  }
)

export interface AdvanceDocument {
  readonly from: string
  readonly to: string
  /** In the order in which they happened. */
  readonly effects: readonly EffectDocument[]
}

export interface ClockDocument {
  readonly now: string
  readonly wib: string
  readonly frozen: boolean
  /** How far it is from the machine's clock. */
  readonly shift_ms: number
  readonly next_due: { readonly at: string, readonly kind: EffectDocument['kind'] } | null
}

/** What a merchant chooses. Durations are texts such as `24h`. */
export interface SettingsDocument {
  readonly notification_urls: readonly string[]
  readonly active_stores: readonly Store[]
  readonly default_expiry: Readonly<Record<Store, string>>
  readonly store_limits: boolean
  readonly strict_order_id: boolean
  readonly pending_notification: boolean
  readonly pending_notification_delay: string
  readonly expiry_lag: string
  readonly retry_jitter: boolean
  readonly notification_timeout: string
  readonly charge_fate_field: boolean
  readonly receipt_name: string
}

/** What is left out stays as it is. */
export type SettingsChanges = Partial<Omit<SettingsDocument, 'default_expiry' | 'pending_notification_delay' | 'expiry_lag' | 'notification_timeout'>> & {
  readonly default_expiry?: Readonly<Partial<Record<Store, Duration>>>
  readonly pending_notification_delay?: Duration
  readonly expiry_lag?: Duration
  readonly notification_timeout?: Duration
}

interface FaultCommon {
  /** Made up unless given. */
  readonly id?: string
  /** How often it strikes, null for ever; 1 unless given. */
  readonly times?: number | null
  /** From 0 to 1; 1 unless given. */
  readonly probability?: number
}

interface FaultScope {
  readonly store?: Store
  /** A pattern in which `*` stands for any text. */
  readonly order_id?: string
}

/** A failure to inject into calls of the gateway. */
export type CallFault = FaultCommon & {
  readonly match: FaultScope & { readonly endpoint: 'charge' | 'status' | 'cancel' | 'expire' | '*' }
  /** `before`, unless given: the call does not happen. `after`: it does, and only its answer suffers. */
  readonly when?: 'before' | 'after'
} & (
  | { readonly action: 'error', readonly status_code: string | number, readonly http?: boolean }
  | { readonly action: 'delay', readonly delay: Duration }
  | { readonly action: 'drop' | 'garbage' }
)

/** A failure to inject into notifications. */
export type NotificationFault = FaultCommon & {
  readonly match: FaultScope & { readonly event: Status | '*' }
} & (
  | { readonly action: 'delay', readonly delay: Duration }
  | { readonly action: 'drop' | 'hold' }
  | { readonly action: 'duplicate', readonly copies?: number }
  | { readonly action: 'tamper', readonly tamper: Tamper }
)

/** The first that matches strikes. */
export type Fault = CallFault | NotificationFault

/** As it stands; `times` counts down, `seen` up. */
export type FaultDocument = Fault & Required<FaultCommon> & { readonly seen: number }

/** What happens to a charge by itself; the first that matches counts. Amounts are whole rupiah, texts are patterns in which `*` stands for any text. */
export type Rule = {
  /** Made up unless given. */
  readonly id?: string
  /** Every charge unless given. */
  readonly match?: FaultScope & {
    readonly min_amount?: number
    readonly max_amount?: number
    readonly custom_field1?: string
    readonly custom_field2?: string
    readonly custom_field3?: string
  }
  /** At once unless given. */
  readonly after?: Duration
} & (
  | { readonly do: 'pay' | 'expire' | 'cancel' | 'nothing' }
  | { readonly do: 'pay_then_reverse', readonly reverse_after?: Duration }
)

export type RuleDocument = Rule & Required<Pick<Rule, 'id' | 'match' | 'after'>>

/** Why something was refused, and what would pass. */
export interface ExplanationDocument {
  readonly rule: string
  readonly field: string | null
  readonly seen: string | null
  readonly expected: string
  readonly message: string
  /** A heading of docs/gateway.md. */
  readonly reference: string
}

/** What the merchant's backend asked of the gateway and got, keys masked. Bodies are JSON where they are some, else texts. */
export interface RequestDocument extends MomentDocument {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  /** The HTTP status, null where no answer was sent; `status_code` is that of the body. */
  readonly status: number | null
  readonly status_code: string | null
  readonly response: unknown
  readonly duration_ms: number
  readonly transaction_id: string | null
  /** null where it was not refused. */
  readonly explain: ExplanationDocument | readonly ExplanationDocument[] | null
}

export interface SignatureDocument {
  readonly matches: boolean
  readonly problem: 'none' | 'status_in_place_of_code' | 'amount_without_decimals' | 'wrong_key' | 'wrong_order' | 'other_event' | 'unknown'
  /** Whose signature it is, or should be. */
  readonly event: Status
  readonly message: string
  /** What should be signed. */
  readonly signed_text: string
}
