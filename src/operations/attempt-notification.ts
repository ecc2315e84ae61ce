import type { Instant } from '../domain/instant.ts'
import { attempted } from '../domain/notification.ts'
import type { Notification } from '../domain/notification.ts'
import { nowOn } from '../domain/timeline.ts'
import { NotKept } from '../ports.ts'
import type { Clock, Events, Random, Sender, Storage } from '../ports.ts'

export interface AttemptNotificationDeps {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly sender: Sender
  readonly events: Events
}

const PAUSE_MS = 1_000

/** Tries once to deliver a notification and records what came of it, with the time of the next attempt if there is one. */
export async function attemptNotification ({ clock, random, storage, sender, events }: AttemptNotificationDeps, id: string, signal: AbortSignal): Promise<Notification | undefined> {
  const notification = await storage.findNotification(id)
  const merchant = notification === undefined ? undefined : await storage.findMerchant(notification.merchantId)
  if (notification === undefined || merchant === undefined) return undefined

  const { merchantId, url, body } = notification
  const { settings } = merchant
  const at: Instant = nowOn(merchant.timeline, clock.now())
  const answer = await sender.send({ url, body, timeoutMs: settings.notificationTimeoutMs, signal })

  const changed = await untilKept(clock, signal, () => storage.changeNotification(id, (current) => attempted(current, {
    at,
    answer,
    jitter: settings.retryJitter ? random.draw(merchantId, `after attempt ${current.attempts.length + 1} of ${id}`).fraction() : null
  })))
  events.publish({ merchantId, kind: 'notification', notificationId: id })
  return changed
}

/** The receiver has been told: while the disk is full, only keeping that is tried again, not telling. */
async function untilKept<Kept> (clock: Clock, signal: AbortSignal, keep: () => Promise<Kept>): Promise<Kept> {
  for (;;) {
    try {
      return await keep()
    } catch (error) {
      if (!(error instanceof NotKept) || signal.aborted) throw error
      await clock.wait(PAUSE_MS, signal)
    }
  }
}
