/** Merchants' servers in a process of their own, so that the heap and the event loop that are measured are the emulator's alone. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** `good` answers 200 soon; `hanging` never does. */
export type Manner = 'good' | 'hanging'

export interface Seen {
  readonly requests: number
  /** How many different bodies. */
  readonly bodies: number
  readonly mostSideBySide: number
}

export interface Receivers {
  urlOf (manner: Manner): string
  /** What each has seen since the last call. */
  seen (): Promise<Record<Manner, Seen>>
  close (): void
}

const MANNERS: readonly Manner[] = ['good', 'hanging']
/** A merchant that looks into its database before it answers. */
const ANSWERS_AFTER_MS = 2

export async function startReceivers (): Promise<Receivers> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'])
  const [urls] = await once(child, 'message') as [Record<Manner, string>]
  return {
    urlOf: (manner) => urls[manner],
    async seen () {
      child.send('seen')
      const [seen] = await once(child, 'message') as [Record<Manner, Seen>]
      return seen
    },
    close: () => { child.disconnect() }
  }
}

async function serve (): Promise<void> {
  const tallies = Object.fromEntries(MANNERS.map((manner) => [manner, { requests: 0, bodies: new Set<string>(), now: 0, most: 0 }]))
  const urls: Record<string, string> = {}
  for (const manner of MANNERS) {
    const server = createServer(async (request, response) => {
      const tally = tallies[manner]
      if (tally === undefined) throw new Error(manner)
      tally.most = Math.max(tally.most, ++tally.now)
      response.on('close', () => { tally.now -= 1 })
      const body = await text(request).catch(() => '')
      tally.requests += 1
      tally.bodies.add(body)
      if (manner === 'good') setTimeout(() => response.end(), ANSWERS_AFTER_MS)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    urls[manner] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  process.on('message', () => {
    process.send?.(Object.fromEntries(Object.entries(tallies).map(([manner, { requests, bodies, most }]) => [manner, { requests, bodies: bodies.size, mostSideBySide: most }])))
    for (const tally of Object.values(tallies)) Object.assign(tally, { requests: 0, bodies: new Set<string>(), most: 0 })
  })
  process.on('disconnect', () => process.exit())
  process.send?.(urls)
}

if (process.argv[2] === 'serve') await serve()
