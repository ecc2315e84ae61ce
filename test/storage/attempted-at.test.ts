import { test } from 'tap'

import type { AttemptCause } from '../../src/domain/notification.ts'
import type { Storage } from '../../src/ports.ts'
import { answer, CHARGED_AT, merchant, MINUTE_MS } from '../support/domain.ts'
import { insert, MERCHANT_ID, URL_A, URL_B } from '../support/storage-changes.ts'
import { ENGINES } from '../support/storage-engines.ts'

const LATER = CHARGED_AT + MINUTE_MS

/** Records an attempt at a notification that failed for good. */
async function attempt (storage: Storage, id: string, at: number, cause: AttemptCause = 'clock'): Promise<void> {
  await storage.changeNotification(id, (current) => [{
    ...current,
    state: 'failed',
    dueAt: null,
    attempts: [...current.attempts, { ...answer(), number: current.attempts.length + 1, cause, at, outcome: 'failed', next: { again: false, at: null, reason: '502: over' } }]
  }])
}

async function taken (storage: Storage, at: number): Promise<readonly string[]> {
  return (await storage.takeAttemptedAt(MERCHANT_ID, at)).map(({ notification }) => notification.id)
}

const [A1, B1, A2] = [`1 pending ${URL_A}`, `1 pending ${URL_B}`, `2 pending ${URL_A}`]

for (const [engine, open] of ENGINES) {
  const opened = async (t: Parameters<typeof open>[0]): ReturnType<typeof open> => {
    const one = await open(t)
    await one.storage.changeMerchant(MERCHANT_ID, () => merchant())
    await insert(one.storage, '1', { tell: [URL_A, URL_B] })
    await insert(one.storage, '2', { tell: [URL_A] })
    return one
  }

  test(`${engine}: what the clock attempted at its latest instant is handed out once, in the order of recording, with that order`, async (t) => {
    const { storage, reopen } = await opened(t)
    for (const id of [A2, A1]) await attempt(storage, id, LATER)
    await attempt(storage, B1, LATER, 'advance')

    t.same(await taken(storage, CHARGED_AT), [])
    const both = await storage.takeAttemptedAt(MERCHANT_ID, LATER)
    t.same(both.map(({ notification }) => notification.id), [A1, A2])
    t.equal((both[0]?.order ?? NaN) < (both[1]?.order ?? NaN), true)
    t.same(await taken(storage, LATER), [])
    // What follows at that moment is new.
    await attempt(storage, B1, LATER)
    t.same(await taken(storage, LATER), [B1])
    t.same(await taken(await reopen(), LATER), [])
  })

  test(`${engine}: it is known after a restart, in whatever order things were recorded and attempted`, async (t) => {
    const { storage, reopen } = await opened(t)
    await attempt(storage, A2, CHARGED_AT)
    await attempt(storage, B1, CHARGED_AT)
    await attempt(storage, A1, LATER)
    const kept = await reopen()
    t.same(await taken(kept, CHARGED_AT), [], 'the clock attempted something later')
    t.same(await taken(kept, LATER), [A1])
    t.same(await taken(await reopen(), LATER), [])
  })

  test(`${engine}: a try that an admin asked for hides nothing, and brings nothing back`, async (t) => {
    const { storage, reopen } = await opened(t)
    await attempt(storage, A1, LATER)
    await attempt(storage, A1, LATER, 'admin')
    const kept = await reopen()
    t.same(await taken(kept, LATER), [A1])
    await attempt(kept, A1, LATER, 'admin')
    t.same(await taken(kept, LATER), [])
  })

  test(`${engine}: nothing was attempted in a world that nobody knows`, async (t) => {
    const { storage } = await opened(t)
    t.same(await storage.takeAttemptedAt('G9', LATER), [])
  })
}
