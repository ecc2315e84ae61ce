// Warung as a container, for backends that are not Node or tests that must meet the image. It takes a Docker engine, and the image,
// made by `docker build -t warung .` in Warung's folder. Warung's own CI has no engine: there this file is type-checked, not run.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { GenericContainer, TestContainers, Wait } from 'testcontainers'
import { connect } from 'warung'

import { createShop } from '../shop/shop.js'
import { openBackend } from '../support.js'

const SERVER_KEY = 'SB-Mid-server-warung'
const PORT = 6262

/** @type {Awaited<ReturnType<typeof openBackend>>} */
let backend
/** @type {import('testcontainers').StartedTestContainer} */
let container
/** @type {import('warung').Sandbox} */
let sandbox

before(async () => {
  backend = await openBackend()
  // From inside the container, the machine that runs the test is host.testcontainers.internal.
  await TestContainers.exposeHostPorts(backend.port)
  container = await new GenericContainer('warung')
    .withEnvironment({
      WARUNG_DATA: ':memory:',
      WARUNG_SERVER_KEY: SERVER_KEY,
      WARUNG_NOTIFICATION_URL: `http://host.testcontainers.internal:${backend.port}/notifications`
    })
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forHttp('/readyz', PORT))
    .start()

  sandbox = connect({ url: `http://${container.getHost()}:${container.getMappedPort(PORT)}`, serverKey: SERVER_KEY })
  await sandbox.freeze()
  backend.serve(createShop({ gatewayUrl: sandbox.url, serverKey: SERVER_KEY }))
})

after(async () => {
  await container?.stop()
  await backend.close()
})

test('paid at the till: the order is paid', async () => {
  const order = await backend.order()

  await sandbox.pay(order.paymentCode, { wait: 'attempted' })
  assert.equal(await backend.statusOf(order.id), 'paid')
})

test('not paid within a day: the order expires', async () => {
  const order = await backend.order()

  await sandbox.advance('24h')
  assert.equal(await backend.statusOf(order.id), 'expired')
})
