import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import type { FastifyBaseLogger, FastifyInstance } from 'fastify'

import { createAlarm } from './clock/alarm.ts'
import { systemClock } from './clock/system-clock.ts'
import type { Config } from './config.ts'
import { createSender } from './delivery/sender.ts'
import type { Instant } from './domain/instant.ts'
import { DEFAULT_CLIENT_KEY, DEFAULT_SERVER_KEY } from './domain/merchant.ts'
import type { Merchant } from './domain/merchant.ts'
import { Refusal } from './domain/refusal.ts'
import { createEvents } from './events.ts'
import { UsageError } from './flags.ts'
import { buildApp } from './http/app.ts'
import { freezeClock } from './operations/freeze-clock.ts'
import { openMerchant } from './operations/open-merchant.ts'
import { resumeSteppedClocks } from './operations/resume-clock.ts'
import { seedWorld } from './operations/seed-world.ts'
import { createRunDue } from './operations/run-due.ts'
import type { RunDue } from './operations/run-due.ts'
import type { Clock, Storage } from './ports.ts'
import { freshKey, seededRandom, trueRandom } from './random.ts'
import { createRequestLog } from './request-log.ts'
import { openJsonFileStorage } from './storage/json-file-storage.ts'
import { createMemoryStorage } from './storage/memory.ts'
import { readSeedFile } from './storage/seed-file.ts'
import type { Authority } from './tls/credentials.ts'
import type { Door } from './tls/door.ts'

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
  /** The door over TLS; null where there is none. Open once it is started. */
  tls (): TlsDoor | null
  /** Listens, does what fell due meanwhile, and from then on what falls due. Resolves with the URL. */
  start (): Promise<string>
  /** Stops taking requests, then passing time, then keeps what is left. Closing twice is fine. */
  close (): Promise<void>
}

export interface TlsDoor {
  readonly url: string
  readonly names: readonly string[]
  readonly authority: Authority | null
}

const CLOSE_GRACE_MS = 1_000

/** The composition root: the one place that knows every part and how they fit. */
export async function compose (config: Config, { logger, clock = systemClock, storage: given, frozen = false }: Surroundings): Promise<Emulator> {
  const random = config.seed === undefined ? trueRandom : seededRandom(config.seed)
  const events = createEvents()
  const storage = given ?? await openStorage(config, logger)
  // Under the lock of the data file: a start that is refused changes no authority.
  const door = await openDoorOf(config, (socket) => { app.server.emit('connection', socket) }).catch(async (error: unknown) => {
    await storage.close()
    throw error
  })
  let tlsPort: number | undefined
  let isListening = false
  const stopping = new AbortController()

  const sender = createSender({ clock, ownOrigins: () => isListening ? ownOrigins(app, tlsPort) : [], allowedTargets: config.allowedTargets })
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
    allowedHosts: [...config.allowedHosts, ...door?.credentials.names ?? []],
    authority: door?.credentials.authority?.cert ?? null,
    notReady: async () => isListening ? storage.trouble() : 'starting or stopping'
  })

  async function closeOnce (): Promise<void> {
    isListening = false
    stopping.abort()
    const closed = Promise.all([app.close(), door?.close()])
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

  /** undefined where there is no TLS, or it could not be had and need not be. */
  async function listenOverTls (): Promise<number | undefined> {
    if (config.tls === null || door === null) return undefined
    const { port, isOptional } = config.tls
    const because = door.credentials.authority?.isNewBecause
    if (typeof because === 'string') logger.warn(`there is a new certificate authority, for ${because}: whoever trusted the old one must trust the new one instead`)
    try {
      return await door.listen(addressesOf(app).map(({ address }) => address), port)
    } catch (error) {
      if (!isOptional) throw error
      logger.warn(`port ${port} cannot be had, so there is no TLS: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
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
      tls: () => door === null || tlsPort === undefined ? null : { url: originOf('https', config.host, tlsPort), names: door.credentials.names, authority: door.credentials.authority },
      start: async () => {
        await app.listen({ host: config.host, port: config.port })
        tlsPort = await listenOverTls()
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

/** Only a start with TLS loads what TLS needs. Certificates live in the machine's time, whatever the clock of a test says. */
async function openDoorOf ({ tls }: Config, take: (socket: Duplex) => void): Promise<Door | null> {
  if (tls === null) return null
  const { openDoor } = await import('./tls/door.ts')
  return openDoor({ now: systemClock.now(), newKey: freshKey }, tls, take)
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

function ownOrigins (app: FastifyInstance, tlsPort: number | undefined): readonly string[] {
  const addresses = addressesOf(app)
  return [
    ...addresses.map(({ address, port }) => originOf('http', address, port)),
    ...tlsPort === undefined ? [] : addresses.map(({ address }) => originOf('https', address, tlsPort))
  ]
}

/** localhost is two of them. */
function addressesOf (app: FastifyInstance): readonly AddressInfo[] {
  return app.addresses().flatMap((address) => typeof address === 'string' ? [] : [address])
}

/** By the name that was asked for: it reads better than what it resolved to. */
function urlOf (app: FastifyInstance, host: string): string {
  const [address] = app.addresses()
  if (address === undefined || typeof address === 'string') throw new Error('a server that listens on TCP has an address')
  return originOf('http', host, address.port)
}

function originOf (scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
