import { PassThrough } from 'node:stream'
import type { Readable } from 'node:stream'

import { settingsDocument } from '../../domain/settings.ts'
import type { Events, WarungEvent } from '../../ports.ts'
import { clockDocument, notificationSummary, requestSummary, transactionSummary } from './documents.ts'
import type { Document } from './documents.ts'

export interface FeedDeps {
  readonly events: Events
  /** Another in every run of the process, so that nobody resumes with the ids of one before. */
  readonly runId: string
  readonly stopping: AbortSignal
}

/** What happens in each merchant's world, as server-sent events. */
export interface Feed {
  /** All from now on; with the id of the last event that was seen, what came since as far as it is remembered. Ends at a clean stop. */
  open (merchantId: string, lastEventId: string | undefined): Readable
}

interface Remembered {
  readonly number: number
  readonly event: WarungEvent
}

/** How many events of a merchant are remembered. */
const MEMORY = 1_000
const HEARTBEAT_MS = 15_000
/** Who reads this much more slowly than things happen is cut off, and may resume. */
const MAX_UNREAD_BYTES = 1_048_576

export function createFeed ({ events, runId, stopping }: FeedDeps): Feed {
  const memories = new Map<string, Remembered[]>()
  const streams = new Map<PassThrough, string>()
  let heartbeat: NodeJS.Timeout | undefined

  const write = ({ number, event }: Remembered): string => `id: ${runId}-${number}\nevent: ${event.kind}\ndata: ${JSON.stringify(documentOf(event))}\n\n`

  events.subscribe((event) => {
    const memory = memories.get(event.merchantId) ?? []
    memories.set(event.merchantId, memory)
    const remembered = { number: (memory.at(-1)?.number ?? 0) + 1, event }
    memory.push(remembered)
    // Seldom and many at once: one at a time costs each event a little.
    if (memory.length >= 2 * MEMORY) memory.splice(0, memory.length - MEMORY)
    for (const [stream, merchantId] of streams) if (merchantId === event.merchantId) send(stream, write(remembered))
  })
  stopping.addEventListener('abort', () => { for (const stream of streams.keys()) stream.end() })

  function close (stream: PassThrough): void {
    streams.delete(stream)
    if (streams.size > 0) return
    clearInterval(heartbeat)
    heartbeat = undefined
  }

  return {
    open (merchantId, lastEventId) {
      const stream = new PassThrough()
      stream.on('close', () => close(stream))
      const memory = (memories.get(merchantId) ?? []).slice(-MEMORY)
      const { lost, missed } = since(memory, runId, lastEventId)
      stream.write(lost ? ': some events are no longer remembered\n\n' : ': from here on\n\n')
      for (const remembered of missed) stream.write(write(remembered))
      if (stopping.aborted) return stream.end()

      streams.set(stream, merchantId)
      heartbeat ??= setInterval(() => { for (const each of streams.keys()) send(each, ': still here\n\n') }, HEARTBEAT_MS)
      return stream
    }
  }
}

/** What came after the event of that id; all that is remembered, where it is not known any more. */
function since (memory: readonly Remembered[], runId: string, lastEventId: string | undefined): { readonly lost: boolean, readonly missed: readonly Remembered[] } {
  if (lastEventId === undefined) return { lost: false, missed: [] }
  const number = lastEventId.startsWith(`${runId}-`) ? Number(lastEventId.slice(runId.length + 1)) : NaN
  const [oldest, newest] = [memory[0]?.number ?? 1, memory.at(-1)?.number ?? 0]
  const isKnown = number >= oldest - 1 && number <= newest
  return { lost: !isKnown, missed: isKnown ? memory.slice(number + 1 - oldest) : memory }
}

function send (stream: PassThrough, text: string): void {
  if (stream.writableLength + stream.readableLength > MAX_UNREAD_BYTES) stream.destroy()
  else stream.write(text)
}

function documentOf (event: WarungEvent): Document {
  switch (event.kind) {
    case 'transaction': return transactionSummary(event.transaction)
    case 'notification': return notificationSummary(event.notification)
    case 'settings': return settingsDocument(event.settings)
    case 'clock': return clockDocument(event.face)
    case 'reset': return { merchant_id: event.merchantId }
    case 'request': return requestSummary(event.record)
  }
}
