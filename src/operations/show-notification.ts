import type { Merchant } from '../domain/merchant.ts'
import type { Notification } from '../domain/notification.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Storage } from '../ports.ts'

export interface ShowNotificationDeps {
  readonly storage: Storage
}

/** One notification with all its attempts. Refuses `notification_unknown`. */
export async function showNotification ({ storage }: ShowNotificationDeps, { merchantId }: Merchant, id: string): Promise<Notification> {
  const notification = await storage.findNotification(id)
  if (notification?.merchantId !== merchantId) {
    throw new Refusal('notification_unknown', `there is no notification "${id}"; GET /admin/notifications lists them`, { seen: id })
  }
  return notification
}
