import type { Instant } from '../domain/instant.ts'
import { attempted, released } from '../domain/notification.ts'
import type { AttemptCause, Notification } from '../domain/notification.ts'
import { nowOn } from '../domain/timeline.ts'
import type { Clock, Events, Random, Sender, Storage } from '../ports.ts'
import { untilKept } from './keep-at-it.ts'

export interface AttemptNotificationDeps {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly sender: Sender
  readonly events: Events
}

export interface Attempting {
  readonly cause: AttemptCause
  /** Aborted when the process stops: the attempt then counts as not made. */
  readonly signal: AbortSignal
}

/** Tries once to deliver a notification and records what came of it, with the time of the next attempt if there is one. */
export async function attemptNotification ({ clock, random, storage, sender, events }: AttemptNotificationDeps, id: string, { cause, signal }: Attempting): Promise<Notification | undefined> {
  const notification = await storage.findNotification(id)
  const merchant = notification === undefined ? undefined : await storage.findMerchant(notification.merchantId)
  if (notification === undefined || merchant === undefined) return undefined

  const { merchantId, url, body } = notification
  const { settings } = merchant
  const at: Instant = nowOn(merchant.timeline, clock.now())
  const answer = await sender.send({ url, body, timeoutMs: settings.notificationTimeoutMs, signal })

  // The receiver has been told: only keeping that is tried again, not telling.
  const changed = await untilKept(clock, signal, () => storage.changeNotification(id, (current, held) => {
    const jitter = settings.retryJitter ? random.draw(merchantId, `after attempt ${current.attempts.length + 1} of ${id}`).fraction() : null
    return [attempted(current, { at, cause, answer, jitter }), ...held.map((each) => released(each, at))]
  }))
  for (const each of changed ?? []) events.publish({ merchantId, kind: 'notification', notification: each })
  return changed?.[0]
}
