import type { Notification } from '../domain/notification.ts'
import type { Storage } from '../ports.ts'
import { watch } from './watch.ts'
import type { WatchDeps } from './watch.ts'

export interface WaitForAttemptsDeps extends WatchDeps {
  readonly storage: Storage
}

/** Resolves with these notifications as they are once each has ended its first attempt, or when the real time is up. */
export async function waitForAttempts (deps: WaitForAttemptsDeps, notifications: readonly Notification[], timeoutMs: number): Promise<readonly Notification[]> {
  const ids = notifications.map(({ id }) => id)
  const latest = async (): Promise<readonly Notification[]> => (await Promise.all(ids.map((id) => deps.storage.findNotification(id)))).filter((each) => each !== undefined)
  await watch(
    deps,
    (event) => event.kind === 'reset' || (event.kind === 'notification' && ids.includes(event.notification.id)),
    async () => (await latest()).every(({ attempts, state }) => attempts.length > 0 || state !== 'waiting'),
    timeoutMs
  )
  return latest()
}
