import pino from 'pino'

import { systemClock } from '../../src/clock/system-clock.ts'
import { compose } from '../../src/compose.ts'
import type { Emulator } from '../../src/compose.ts'
import { MEMORY, readConfig } from '../../src/config.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { fromWib } from '../../src/domain/wib.ts'
import type { Clock, Storage } from '../../src/ports.ts'
import { holdToContract } from './contract.ts'

/** The moment at which tests begin: 2026-11-22 20:00:00 WIB. */
export const START: Instant = fromWib('2026-11-22 20:00:00') ?? NaN

export const MERCHANT_ID = 'G812785002'
export const SERVER_KEY = 'SB-Mid-server-test'
export const CLIENT_KEY = 'SB-Mid-client-test'

/** A machine clock that only a test moves; waiting is real. */
export interface ManualClock extends Clock {
  at: Instant
}

export function manualClock (at: Instant = START): ManualClock {
  return { at, now () { return this.at }, wait: systemClock.wait }
}

interface Teardown {
  teardown (end: () => Promise<void>): void
}

export interface TestEmulator extends Emulator {
  readonly clock: ManualClock
  /** Moves the clock on, stopping at each due instant: everything due has been done when it resolves. */
  passTime (ms: number): Promise<void>
  /** Asks as the merchant's backend; the answer's text is `payload`. */
  ask (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, headers?: Record<string, string>): ReturnType<typeof inject>
}

/** A whole emulator as it runs, not listening, with a clock of its own; closed at the end of the test. */
export async function testEmulator (t: Teardown, flags: readonly string[] = [], clock: ManualClock = manualClock(), storage?: Storage): Promise<TestEmulator> {
  const config = readConfig(['--data', MEMORY, '--port', '0', '--merchant-id', MERCHANT_ID, '--server-key', SERVER_KEY, '--client-key', CLIENT_KEY, '--seed', 'test', ...flags], {})
  const emulator = await compose(config, { logger: pino({ level: 'silent' }), clock, ...storage === undefined ? {} : { storage } })
  const expectContract = holdToContract(emulator.app)
  t.teardown(async () => {
    await emulator.close()
    expectContract()
  })
  return {
    ...emulator,
    clock,
    passTime: (ms) => passTime(emulator, clock, ms),
    ask: (method, url, body, headers = {}) => inject(emulator, method, url, body, headers)
  }
}

export function basic (username: string, password = ''): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** A charge as a merchant sends it; members given replace the ones here. */
export function chargeBody (members: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    payment_type: 'cstore',
    transaction_details: { order_id: 'order-101', gross_amount: 44000 },
    cstore: { store: 'alfamart' },
    ...members
  }
}

async function passTime ({ runDue }: Emulator, clock: ManualClock, ms: number): Promise<void> {
  const to = clock.at + ms
  for (;;) {
    await runDue.run()
    await runDue.settled()
    const next = await runDue.next()
    if (next === undefined || next > to) break
    clock.at = Math.max(clock.at, next)
  }
  clock.at = to
}

function inject ({ app }: Emulator, method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body: unknown, headers: Record<string, string>) {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
  return app.inject({
    method,
    url,
    headers: { authorization: basic(SERVER_KEY), host: 'localhost', ...body === undefined ? {} : { 'content-type': 'application/json' }, ...headers },
    ...body === undefined ? {} : { payload: isRaw ? body : JSON.stringify(body) }
  })
}
