import type { Static, TSchema } from 'typebox'

import type * as client from '../../src/client/documents.ts'
import type * as http from '../../src/http/admin/document-schemas.ts'

// No test: this compiles (npm run types) only while the library's documents are what the admin API says it gives.

/** `true` where what is given is what is promised, to the last name. */
type Gives<Schema extends TSchema, Promised> = Static<Schema> extends Promised ? Exclude<keyof Promised, keyof Static<Schema>> | Exclude<keyof Static<Schema>, keyof Promised> extends never ? true : false : false

export const PROMISES: {
  readonly attempt: Gives<typeof http.Attempt, client.AttemptDocument>
  readonly notification: Gives<typeof http.Notification, client.NotificationDocument>
  readonly wholeNotification: Gives<typeof http.WholeNotification, client.WholeNotificationDocument>
  readonly summary: Gives<typeof http.TransactionSummary, client.TransactionSummary>
  readonly transaction: Gives<typeof http.Transaction, client.TransactionDocument>
  readonly change: Gives<typeof http.Change, client.ChangeDocument>
  readonly advance: Gives<typeof http.Advance, client.AdvanceDocument>
  readonly clock: Gives<typeof http.Clock, client.ClockDocument>
} = { attempt: true, notification: true, wholeNotification: true, summary: true, transaction: true, change: true, advance: true, clock: true }
