import type { Notification } from '../domain/notification.ts'
import type { Clock, Events, Storage } from '../ports.ts'

export interface WaitForAttemptsDeps {
  readonly clock: Clock
  readonly events: Events
  readonly storage: Storage
}

/** Resolves with these notifications as they are once each has ended its first attempt, or when the real time is up. */
export async function waitForAttempts ({ clock, events, storage }: WaitForAttemptsDeps, notifications: readonly Notification[], timeoutMs: number): Promise<readonly Notification[]> {
  const awaited = new Set(notifications.map(({ id }) => id))
  const done = new AbortController()
  const look = async (id: string): Promise<void> => {
    const notification = await storage.findNotification(id)
    if (notification === undefined || notification.attempts.length > 0 || notification.state !== 'waiting') awaited.delete(id)
    if (awaited.size === 0) done.abort()
  }

  const looks: Array<Promise<void>> = []
  const unsubscribe = events.subscribe((event) => {
    if (event.kind === 'notification' && awaited.has(event.notificationId)) looks.push(look(event.notificationId))
  })
  // Some may have ended before anyone listened.
  for (const id of awaited) looks.push(look(id))
  if (awaited.size > 0) await clock.wait(timeoutMs, done.signal)
  unsubscribe()
  await Promise.all(looks)

  const latest = await Promise.all(notifications.map(({ id }) => storage.findNotification(id)))
  return latest.filter((notification) => notification !== undefined)
}
