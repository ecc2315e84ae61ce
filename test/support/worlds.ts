import { basic } from './emulator.ts'
import type { TestEmulator } from './emulator.ts'

export const PASSWORD = 'open sesame'
export const ADMIN = { authorization: basic('admin', PASSWORD) }

type Ask = TestEmulator['ask']

/** Asks with another key than that of the default merchant. */
export function askerOf ({ ask }: TestEmulator, serverKey: string): Ask {
  return (method, url, body, headers = {}) => ask(method, url, body, { authorization: basic(serverKey), ...headers })
}

/** Asks as the admin account. */
export function admin ({ ask }: TestEmulator): Ask {
  return (method, url, body, headers = {}) => ask(method, url, body, { ...ADMIN, ...headers })
}

export interface MerchantDocument {
  readonly merchant_id: string
  readonly server_key: string
  readonly client_key: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** A merchant that was just made. */
export async function made (emulator: TestEmulator, wish?: Record<string, unknown>): Promise<MerchantDocument> {
  const reply = await admin(emulator)('POST', '/admin/merchants', wish)
  if (reply.statusCode !== 201) throw new Error(reply.payload)
  return reply.json()
}
