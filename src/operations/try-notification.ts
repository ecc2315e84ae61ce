import type { Merchant } from '../domain/merchant.ts'
import type { Notification } from '../domain/notification.ts'
import type { RunDue } from './run-due.ts'
import { showNotification } from './show-notification.ts'
import type { ShowNotificationDeps } from './show-notification.ts'

export interface TryNotificationDeps extends ShowNotificationDeps {
  readonly runDue: Pick<RunDue, 'tryNow'>
}

/** Tries to deliver a notification now, whatever its schedule says, and shows what came of it. */
export async function tryNotification (deps: TryNotificationDeps, merchant: Merchant, id: string): Promise<Notification> {
  const { id: known } = await showNotification(deps, merchant, id)
  await deps.runDue.tryNow(merchant.merchantId, known)
  return showNotification(deps, merchant, known)
}
