import { test } from 'tap'

import { chargeBody, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { reply, startReceiver } from '../support/receiver.ts'
import { askerOf, made, PASSWORD } from '../support/worlds.ts'

const WORKERS = 50
const STEPS = 20

type Ask = TestEmulator['ask']

interface Worker {
  readonly name: string
  readonly merchantId: string
  readonly serverKey: string
  readonly ask: Ask
  /** All ids and codes that this worker was ever given. */
  readonly names: Set<string>
  readonly orders: Map<string, string>
  shiftedMs: number
}

test(`${WORKERS} workers side by side, each with a merchant of its own and ${STEPS} steps, see nothing of each other`, async (t) => {
  const receiver = await startReceiver(reply(200))
  t.teardown(() => receiver.close())
  const emulator = await testEmulator(t, ['--admin-password', PASSWORD, '--auto-merchants'])
  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, at) => openWorker(emulator, at, receiver.url)))
  let crossTalk = 0
  const expect = (isSo: boolean, what: string): void => {
    if (isSo) return
    crossTalk += 1
    t.fail(what)
  }

  await Promise.all(workers.map(async (worker) => {
    for (let step = 0; step < STEPS; step++) await doStep(worker, step, expect)
  }))
  for (const worker of workers) await checkWorld(worker, expect)
  for (const { url, body } of receiver.requests) {
    const worker = workers.find(({ name }) => url === `/${name}`)
    const { merchant_id: merchantId, transaction_id: id } = JSON.parse(body)
    expect(worker?.merchantId === merchantId && worker?.names.has(id) === true, `${url} was told of a transaction of ${merchantId}`)
  }
  t.equal(crossTalk, 0)

  const seen = await askForAll(workers)
  t.equal(seen.found, 0, 'one key, and every id and code of the others')
  const listed = await askForLists(workers)
  t.equal(listed, 0)
  t.comment(`Show 1: ${WORKERS} workers, ${WORKERS * STEPS} steps, ${receiver.requests.length} notifications, cross-talk ${crossTalk}; ${seen.asked} questions with a foreign key, ${seen.found} answered`)
})

/** Every other one by a key that opens its world by itself. */
async function openWorker (emulator: TestEmulator, at: number, url: string): Promise<Worker> {
  const name = `worker-${at}`
  const serverKey = at % 2 === 0 ? (await made(emulator)).server_key : `SB-Mid-server-${name}`
  const ask = askerOf(emulator, serverKey)
  await ask('PUT', '/admin/settings', { notification_urls: [`${url}/${name}`], receipt_name: name })
  await ask('POST', '/admin/clock/freeze')
  const { merchantId } = await emulator.storage.findMerchantByKey(serverKey) ?? { merchantId: '' }
  return { name, merchantId, serverKey, ask, names: new Set(), orders: new Map(), shiftedMs: 0 }
}

/** All use the same order ids. */
async function doStep (worker: Worker, step: number, expect: (isSo: boolean, what: string) => void): Promise<void> {
  const { name, ask, orders, names } = worker
  const order = `order-${Math.floor(step / 5)}`
  const status = async (wanted: string): Promise<void> => {
    const shown = (await ask('GET', `/v2/${order}/status`)).json()
    expect(shown.transaction_status === wanted && names.has(shown.transaction_id), `${name}: ${order} is ${shown.transaction_status}, not ${wanted}`)
  }
  const steps: ReadonlyArray<() => Promise<void>> = [
    async () => {
      const charged = (await ask('POST', '/v2/charge', chargeBody({ transaction_details: { order_id: order, gross_amount: 20_000 + step }, cstore: { store: step % 2 === 0 ? 'alfamart' : 'indomaret' }, custom_field1: name }))).json()
      expect(charged.status_code === '201', `${name}: ${order} is refused with ${charged.status_code}`)
      for (const id of [charged.transaction_id, charged.payment_code]) names.add(id)
      orders.set(order, 'pending')
    },
    () => status('pending'),
    async () => {
      const { from, to, effects } = (await ask('POST', '/admin/clock/advance', { by: '1h' })).json()
      worker.shiftedMs += Date.parse(to) - Date.parse(from)
      for (const effect of effects) expect(names.has(effect.transaction_id), `${name}: its advance moved ${effect.transaction_id}`)
    },
    async () => {
      const [url, wanted] = step < 10 ? [`/admin/transactions/${order}/pay`, 'settlement'] : [`/v2/${order}/cancel`, 'cancel']
      await ask('POST', url)
      orders.set(order, wanted)
    },
    () => status(orders.get(order) ?? '')
  ]
  await steps[step % steps.length]?.()
}

async function checkWorld ({ name, merchantId, ask, names, orders, shiftedMs }: Worker, expect: (isSo: boolean, what: string) => void): Promise<void> {
  const { items } = (await ask('GET', '/admin/transactions?limit=1000')).json()
  expect(items.length === orders.size, `${name}: ${items.length} transactions`)
  for (const each of items) {
    expect(each.merchant_id === merchantId && names.has(each.transaction_id) && orders.get(each.order_id) === each.transaction_status, `${name}: lists ${each.transaction_id}`)
  }
  for (const each of (await ask('GET', '/admin/notifications?limit=1000')).json().items) {
    expect(names.has(each.transaction_id), `${name}: lists the notification ${each.id}`)
    names.add(each.id)
  }
  expect((await ask('GET', '/admin/settings')).json().receipt_name === name, `${name}: has the settings of another`)
  expect(shiftedMs === STEPS / 5 * 3_600_000, `${name}: its clock moved ${shiftedMs} ms`)
}

/** Asks with the key of each for every id and code of the next. */
async function askForAll (workers: readonly Worker[]): Promise<{ readonly asked: number, readonly found: number }> {
  let [asked, found] = [0, 0]
  await Promise.all(workers.map(async ({ ask }, at) => {
    for (const name of workers[(at + 1) % workers.length]?.names ?? []) {
      for (const [method, url] of [
        ['GET', `/v2/${name}/status`], ['POST', `/v2/${name}/cancel`], ['POST', `/v2/${name}/expire`], ['GET', `/admin/transactions/${name}`],
        ['POST', `/admin/transactions/${name}/pay`], ['GET', `/admin/notifications/${name}`], ['POST', `/admin/notifications/${name}/attempt`]
      ] as const) {
        const answer = await ask(method, url)
        asked += 1
        if (answer.statusCode !== 404 && answer.json().status_code !== '404') found += 1
      }
    }
  }))
  return { asked, found }
}

/** How many items lists and exports show of another. */
async function askForLists (workers: readonly Worker[]): Promise<number> {
  let found = 0
  await Promise.all(workers.map(async ({ ask, name }, at) => {
    const others = workers[(at + 1) % workers.length]?.names ?? []
    const exported = (await ask('GET', '/admin/export')).payload
    for (const foreign of others) {
      found += (await ask('GET', `/admin/transactions?q=${foreign}`)).json().items.length
      if (exported.includes(foreign)) found += 1
    }
    if (!exported.includes(name)) found += 1
  }))
  return found
}
