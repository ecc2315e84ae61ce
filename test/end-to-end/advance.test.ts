import { test } from 'tap'
import type { Test } from 'tap'

import { start } from '../../src/index.ts'
import type { AdvanceDocument, ClockDocument } from '../support/clock-world.ts'
import { basic, chargeBody } from '../support/emulator.ts'
import { startReceiver } from '../support/receiver.ts'
import type { TransactionDocument } from '../support/storage-world.ts'

interface Answer<Body> {
  readonly http: number
  readonly body: Body
}

type Ask = <Body> (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => Promise<Answer<Body>>

/** An emulator on a port of its own that tells this URL. */
async function running (t: Test, notificationUrl: string): Promise<Ask> {
  const { url, serverKey, close } = await start({ notificationUrl, seed: 'test' })
  t.teardown(close)
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: basic(serverKey), ...body === undefined ? {} : { 'content-type': 'application/json' } },
      ...body === undefined ? {} : { body: JSON.stringify(body) }
    })
    return { http: response.status, body: await response.json() as never }
  }
}

const order = (orderId: string): unknown => chargeBody({ transaction_details: { order_id: orderId, gross_amount: 44000 } })

interface Seen {
  readonly event: string
  readonly status: string
  readonly clock: string
  readonly frozen: boolean
  readonly charged: string
  readonly listed: number
  readonly refused: readonly unknown[]
}

for (const state of ['frozen', 'running'] as const) {
  test(`a receiver that calls back during an advance of a ${state} world is served, sees the moment of its step, and moves no clock`, async (t) => {
    const seen: Seen[] = []
    const receiver = await startReceiver(async (request, response) => {
      const told = JSON.parse(request.body) as { readonly order_id: string, readonly transaction_status: string, readonly transaction_id: string }
      if (told.order_id === 'order-101') seen.push(await callBack(told.transaction_id, told.transaction_status))
      response.writeHead(told.order_id === 'order-101' ? 503 : 200).end()
    })
    t.teardown(() => receiver.close())
    const ask = await running(t, receiver.url)

    async function callBack (id: string, event: string): Promise<Seen> {
      const [status, clock, charged, listed, ...refused] = await Promise.all([
        ask<{ transaction_status: string }>('GET', `/v2/${id}/status`),
        ask<ClockDocument>('GET', '/admin/clock'),
        ask<{ transaction_time: string }>('POST', '/v2/charge', order(`within-${seen.length}`)),
        ask<{ items: readonly TransactionDocument[] }>('GET', '/admin/transactions'),
        ...['advance', 'freeze', 'resume', 'reset'].map((call) => ask<{ code: string }>('POST', `/admin/clock/${call}`, call === 'advance' ? { by: '1h' } : {}))
      ])
      return {
        event,
        status: status.body.transaction_status,
        clock: clock.body.wib,
        frozen: clock.body.frozen,
        charged: charged.body.transaction_time,
        listed: listed.http,
        refused: refused.map(({ http, body }) => `${http} ${body.code}`)
      }
    }

    t.equal((await ask('POST', '/admin/clock/freeze', { at: '2026-11-22 20:00:00' })).http, 200)
    // Not told yet: what the clock did by itself before the call would be no step of the advance.
    await ask('PUT', '/admin/settings', { pending_notification_delay: '1m' })
    await ask('POST', '/v2/charge', order('order-101'))
    await ask('PUT', '/admin/settings', { pending_notification_delay: '0ms' })
    // The way there in one go, from a clock that runs.
    if (state === 'running') t.equal((await ask('POST', '/admin/clock/resume')).http, 200)
    const { http, body: { effects } } = await ask<AdvanceDocument>('POST', '/admin/clock/advance', { to: '2026-11-23 20:00:00' })

    t.equal(http, 200)
    const refused = ['advance', 'freeze', 'resume', 'reset'].map(() => '409 advance_under_way')
    t.same(seen, [
      ...['20:01:00', '20:03:00', '20:13:00', '20:43:00', '22:13:00'].map((time) => ['pending', `2026-11-22 ${time}`]),
      ['expire', '2026-11-23 20:00:00']
    ].map(([event, time]) => ({ event, status: event, clock: time, frozen: state === 'frozen', charged: time, listed: 200, refused })))

    // What it charged meanwhile was told as well, at its step, before the answer.
    const within = effects.filter(({ order_id: id }) => id.startsWith('within'))
    t.same(within.map(({ at, event, outcome }) => [at, event, outcome]), effects.filter(({ order_id: id, kind }) => id === 'order-101' && kind === 'attempted').map(({ at }) => [at, 'pending', 'delivered']))
    t.same(effects.map(({ at }) => at), effects.map(({ at }) => at).toSorted())
    t.match((await ask<ClockDocument>('GET', '/admin/clock')).body, { frozen: state === 'frozen' })
    t.equal((await ask('POST', '/admin/clock/advance', { by: '1m' })).http, 200, 'and the clock can be moved again')
  })
}

test('a receiver that pays, waits and looks from within an advance holds up nothing', async (t) => {
  const receiver = await startReceiver(async (request, response) => {
    const told = JSON.parse(request.body) as { readonly order_id: string, readonly transaction_status: string }
    if (told.transaction_status === 'pending' && told.order_id === 'order-101') {
      const paid = await ask<{ notifications: ReadonlyArray<{ state: string }> }>('POST', '/admin/transactions/order-102/pay?wait=attempted&timeout=60s')
      waited.push(paid.http, ...paid.body.notifications.map(({ state }) => state))
    }
    response.end()
  })
  t.teardown(() => receiver.close())
  const waited: unknown[] = []
  const ask = await running(t, receiver.url)
  await ask('POST', '/admin/clock/freeze', { at: '2026-11-22 20:00:00' })
  await ask('PUT', '/admin/settings', { pending_notification: false })
  await ask('POST', '/v2/charge', order('order-102'))
  await ask('PUT', '/admin/settings', { pending_notification: true, pending_notification_delay: '1h' })
  await ask('POST', '/v2/charge', order('order-101'))

  const { body: { effects } } = await ask<AdvanceDocument>('POST', '/admin/clock/advance', { by: '2h' })
  t.same(waited, [200, 'delivered'])
  t.same(effects.map(({ at, order_id: id, event }) => [at, id, event]), [['2026-11-22T14:00:00.000Z', 'order-101', 'pending'], ['2026-11-22T14:00:00.000Z', 'order-102', 'settlement']])
})
