import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

import { createAlarm } from './clock/alarm.ts'
import { systemClock } from './clock/system-clock.ts'
import { UsageError } from './config.ts'
import type { Config } from './config.ts'
import { createSender } from './delivery/sender.ts'
import type { Instant } from './domain/instant.ts'
import { DEFAULT_CLIENT_KEY, DEFAULT_SERVER_KEY } from './domain/merchant.ts'
import type { Merchant } from './domain/merchant.ts'
import { Refusal } from './domain/refusal.ts'
import { createEvents } from './events.ts'
import { buildApp } from './http/app.ts'
import { freezeClock } from './operations/freeze-clock.ts'
import { openMerchant } from './operations/open-merchant.ts'
import { resumeSteppedClocks } from './operations/resume-clock.ts'
import { seedWorld } from './operations/seed-world.ts'
import { createRunDue } from './operations/run-due.ts'
import type { RunDue } from './operations/run-due.ts'
import type { Clock, Storage } from './ports.ts'
import { seededRandom, trueRandom } from './random.ts'
import { createRequestLog } from './request-log.ts'
import { openJsonFileStorage } from './storage/json-file-storage.ts'
import { createMemoryStorage } from './storage/memory.ts'
import { readSeedFile } from './storage/seed-file.ts'

/** What stands between the config and a running emulator; tests hand in their own. */
export interface Surroundings {
  readonly logger: FastifyBaseLogger
  readonly clock?: Clock
  /** In place of the one that the config names. */
  readonly storage?: Storage
  /** The default merchant's clock stands still before anything happens: now (true), or at an instant. */
  readonly frozen?: boolean | Instant
}

/** A whole emulator. It passes time only once it is started. */
export interface Emulator {
  readonly app: FastifyInstance
  readonly storage: Storage
  readonly runDue: RunDue
  readonly merchant: Merchant
  /** Listens, does what fell due meanwhile, and from then on what falls due. Resolves with the URL. */
  start (): Promise<string>
  /** Stops taking requests, then passing time, then keeps what is left. Closing twice is fine. */
  close (): Promise<void>
}

const CLOSE_GRACE_MS = 1_000

/** The composition root: the one place that knows every part and how they fit. */
export async function compose (config: Config, { logger, clock = systemClock, storage: given, frozen = false }: Surroundings): Promise<Emulator> {
  const random = config.seed === undefined ? trueRandom : seededRandom(config.seed)
  const events = createEvents()
  const storage = given ?? await openStorage(config, logger)
  let isListening = false
  const stopping = new AbortController()

  const sender = createSender({ clock, ownOrigins: () => isListening ? ownOrigins(app) : [], allowedTargets: config.allowedTargets })
  const runDue = createRunDue({
    clock,
    random,
    storage,
    sender,
    events,
    onError: (error) => logger.error(error, 'due work failed and is tried again'),
    onRoom: () => { if (isListening) alarm.poke() }
  })
  const alarm = createAlarm({ clock, next: runDue.next, run: runDue.run, onError: (error) => logger.error(error, 'due work failed') })
  const app = buildApp({
    clock,
    random,
    storage,
    events,
    requestLog: createRequestLog(),
    sender,
    runDue,
    stopping: stopping.signal,
    runId: trueRandom.draw('', '').name(),
    logger,
    adminPassword: config.adminPassword ?? null,
    autoMerchants: config.autoMerchants,
    defaultMerchantId: config.merchantId,
    allowedHosts: config.allowedHosts,
    notReady: async () => isListening ? storage.trouble() : 'starting or stopping'
  })

  async function closeOnce (): Promise<void> {
    isListening = false
    stopping.abort()
    const closed = app.close()
    // Requests under way get a moment; a client that merely holds its connection open gets no more than that.
    const grace = new AbortController()
    await Promise.race([closed, clock.wait(CLOSE_GRACE_MS, grace.signal)])
    grace.abort()
    app.server.closeAllConnections()
    await closed
    // At once: what the alarm is about to begin is not begun any more.
    await Promise.all([alarm.close(), runDue.close(CLOSE_GRACE_MS)])
    await sender.close()
    await storage.close()
  }

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= closeOnce()
    return closing
  }

  try {
    await resumeSteppedClocks({ storage, clock })
    let merchant = await openMerchant({ storage, sender }, merchantWish(config))
    if (frozen !== false) await freezeClock({ clock, storage, events, runDue }, merchant, frozen === true ? undefined : frozen)
    const { seedFile } = config
    if (seedFile !== undefined) {
      await seedWorld({ clock, storage, events, sender }, merchant, () => readSeedFile(seedFile), { keepsClock: frozen !== false }).catch((error: unknown) => {
        throw new Error(`the seed file ${seedFile}: ${error instanceof Error ? error.message : String(error)}`)
      })
      // What was given by hand wins over what the seed brought.
      merchant = await openMerchant({ storage, sender }, merchantWish(config))
    }
    return {
      app,
      storage,
      runDue,
      merchant,
      start: async () => {
        await app.listen({ host: config.host, port: config.port })
        isListening = true
        // A request by itself makes nothing due.
        events.subscribe(({ kind }) => { if (kind !== 'request') alarm.poke() })
        alarm.poke()
        return urlOf(app, config.host)
      },
      close
    }
  } catch (error) {
    await close()
    // What was given cannot be, seen beside what is stored.
    throw error instanceof Refusal ? new UsageError(error.message) : error
  }
}

async function openStorage ({ dataPath, acceptEdits }: Config, logger: FastifyBaseLogger): Promise<Storage> {
  return dataPath === null
    ? createMemoryStorage()
    : openJsonFileStorage({ path: dataPath, acceptEdits, newName: () => trueRandom.draw('', '').name(), warn: (message) => logger.warn(message) })
}

function merchantWish ({ merchantId, serverKey, clientKey, notificationUrls }: Config): Parameters<typeof openMerchant>[1] {
  return {
    merchantId,
    given: {
      ...serverKey === undefined ? {} : { serverKey },
      ...clientKey === undefined ? {} : { clientKey },
      ...notificationUrls === undefined ? {} : { notificationUrls }
    },
    defaults: { serverKey: DEFAULT_SERVER_KEY, clientKey: DEFAULT_CLIENT_KEY }
  }
}

function ownOrigins (app: FastifyInstance): readonly string[] {
  return app.addresses().flatMap((address) => typeof address === 'string' ? [] : [originOf(address.address, address.port)])
}

/** By the name that was asked for: it reads better than what it resolved to. */
function urlOf (app: FastifyInstance, host: string): string {
  const [address] = app.addresses()
  if (address === undefined || typeof address === 'string') throw new Error('a server that listens on TCP has an address')
  return originOf(host, address.port)
}

function originOf (host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
