import type {
  AdvanceDocument, ChangeDocument, ClockDocument, Duration, Fault, FaultDocument, Moment, NotificationDocument, RequestDocument, Rule, RuleDocument,
  SettingsChanges, SettingsDocument, SignatureDocument, Status, Store, Tamper, TransactionDocument, TransactionSummary, WholeNotificationDocument
} from './documents.ts'

/** With `wait`, a call answers when the first attempt of every notification it caused has ended, or after `timeout` of real time: 10 s unless given, 60 s at most. */
export interface WaitOptions {
  readonly wait?: 'attempted'
  readonly timeout?: Duration
}

export interface PayOptions extends WaitOptions {
  /** In rupiah; whatever is due unless given. */
  readonly amount?: number
}

export interface NotifyOptions extends WaitOptions {
  /** One that the transaction has had; the present one unless given. */
  readonly event?: Status
  /** 1 unless given, 100 at most. */
  readonly times?: number
  /** How much later, by the merchant's clock. */
  readonly delay?: Duration
  readonly tamper?: Tamper
}

/** What is to hold. Every notification so far is delivered, with `delivered`; `timeout` as of `WaitOptions`. */
export interface Awaited {
  readonly status?: Status
  readonly delivered?: boolean
  readonly timeout?: Duration
}

export interface TransactionsQuery {
  readonly status?: Status
  readonly store?: Store
  /** The beginning of an order id, a payment code or a transaction id. */
  readonly q?: string
}

export interface NotificationsQuery {
  readonly ref?: string
  readonly state?: NotificationDocument['state']
}

export interface RequestsQuery {
  /** `status_code` of the body that was answered. */
  readonly status?: string | number
  /** Such as `charge`, `status`, `cancel`. */
  readonly endpoint?: string
  readonly method?: string
  /** The beginning of the path. */
  readonly path?: string
  /** An order id or a transaction id. */
  readonly ref?: string
}

/** The door over TLS: the gateway's own name leads to it, for clients that trust `ca` (PEM; null for a certificate that was given). */
export interface TlsAccess {
  readonly url: string
  readonly ca: string | null
}

/** All optional: keys and id are made up, and nobody is notified. */
export interface MerchantOptions {
  readonly merchantId?: string
  readonly serverKey?: string
  readonly notificationUrl?: string | readonly string[]
}

/**
 * One merchant's world in a running emulator. A `ref` is a transaction id, an order id or a payment code.
 * Calls reject with a `SandboxError` where the emulator refuses (`transaction_unknown` for a `ref` of nothing), and with another Error where it does not answer or this sandbox is closed.
 */
export interface Sandbox {
  readonly url: string
  readonly serverKey: string
  /** After `connect`, known from the first answer on; until then reading it throws. */
  readonly merchantId: string
  /** null without `tlsPort`, and after `connect`. */
  readonly tls: TlsAccess | null

  /** Pays as the till would. `already_paid`, `expired`, `cancelled` or `denied` (409) where it may not be paid, `amount_differs` (422) for another amount. */
  pay (ref: string, options?: PayOptions): Promise<ChangeDocument>
  /** Lapses it now, as the clock would. */
  expire (ref: string, options?: WaitOptions): Promise<ChangeDocument>
  /** A settled payment becomes deny. */
  reverse (ref: string, options?: WaitOptions): Promise<ChangeDocument>
  /** Tells of an event again, or spoiled on purpose. */
  notify (ref: string, options?: NotifyOptions): Promise<ChangeDocument>
  /** Resolves as soon as it holds; `not_yet` (408), with the transaction in its document, where it does not in time. */
  waitFor (ref: string, awaited?: Awaited): Promise<TransactionDocument>

  transaction (ref: string): Promise<TransactionDocument>
  /** All of them, newest first. */
  transactions (query?: TransactionsQuery): Promise<readonly TransactionSummary[]>
  notification (id: string): Promise<WholeNotificationDocument>
  /** All of them, newest first. */
  notifications (query?: NotificationsQuery): Promise<readonly NotificationDocument[]>
  /** Tries to deliver a notification now, whatever its schedule says. */
  attempt (notificationId: string): Promise<WholeNotificationDocument>
  /** What your backend asked of the gateway and got, newest first: the last 1,000, each refusal explained. */
  requests (query?: RequestsQuery): Promise<readonly RequestDocument[]>
  /** What a signature that your code computed matches, or how it went wrong. */
  explainSignature (orderId: string, signatureKey: string): Promise<SignatureDocument>

  clock (): Promise<ClockDocument>
  /** Lets time pass; resolves with all that happened once it is done, however long that takes. */
  advance (goal: Duration | { readonly to: Moment }): Promise<AdvanceDocument>
  /** Makes the clock stand still: now, or at a later moment; in a world without transactions at any. */
  freeze (at?: Moment): Promise<ClockDocument>
  /** Lets the clock run on from where it stands. */
  resume (): Promise<ClockDocument>
  /** Back to real time; only in a world without transactions. */
  resetClock (): Promise<ClockDocument>

  /** The settings, after these were laid over them. */
  settings (changes?: SettingsChanges): Promise<SettingsDocument>
  /** The failures to inject, after these were put in their place; `[]` for none. */
  faults (items?: readonly Fault[]): Promise<readonly FaultDocument[]>
  /** What happens to charges by itself, after these were put in its place; `[]` for nothing. */
  rules (items?: readonly Rule[]): Promise<readonly RuleDocument[]>

  /** Empties this world and rewinds its chance; settings, faults, rules, clock and `requests` stay. */
  reset (): Promise<void>
  /** This world as one document, without keys. */
  exportWorld (): Promise<object>
  /** Adds an exported world to this one: all of it or nothing. */
  importWorld (world: object): Promise<void>

  /** Opens another world in the same emulator: a key, a clock and settings of its own. After `connect` it takes the admin password. */
  merchant (options?: MerchantOptions): Promise<Sandbox>
  /**
   * Stops the emulator cleanly, where `start` gave this. Every call from now on, and every one under way, rejects;
   * with it those of the worlds that `merchant` opened through it. Closing twice is fine.
   */
  close (): Promise<void>
}
