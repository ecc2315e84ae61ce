import TinyQueue from 'tinyqueue'

import type { Instant } from '../domain/instant.ts'
import type { Room } from '../ports.ts'

/** One piece of work that time makes due: `order` breaks ties, in the order in which causes were recorded. */
export interface Work {
  readonly at: Instant
  readonly order: number
  readonly id: string
  /** null for an expiry, else where an attempt goes. */
  readonly target: string | null
}

type Queue = TinyQueue<Work>

interface Claim {
  readonly work: Work
  readonly until: Instant
}

/** A merchant's due work: a heap for its expiries and one for each target, so that a slow target hides no other. */
export class DueQueues {
  readonly #queues = new Map<string | null, Queue>()
  /** Work that a record still stands for. Heaps cannot remove: what is no longer here is skipped when it comes up. */
  readonly #standing = new Map<string, Work>()
  readonly #claims = new Map<string, Claim>()

  /** What is due for this id from now on; undefined for nothing. Work that is claimed stays so until it changes. */
  set (id: string, work: Work | undefined): void {
    const known = this.#claims.get(id)?.work ?? this.#standing.get(id)
    if (known?.at === work?.at) return
    this.#claims.delete(id)
    this.#standing.delete(id)
    if (work !== undefined) this.#stand(work)
  }

  /** Claims the earliest work that is due at `now` and has room, until then or until it changes. */
  claim (now: Instant, until: Instant, room: Room): Work | undefined {
    const work = this.first(room)
    if (work === undefined || work.at > now) return undefined
    this.#standing.delete(work.id)
    this.#claims.set(work.id, { work, until })
    return work
  }

  /** Gives claimed work back. */
  release (id: string): void {
    const claim = this.#claims.get(id)
    if (claim === undefined) return
    this.#claims.delete(id)
    this.#stand(claim.work)
  }

  /** Gives back what was claimed for no longer than until `machineNow`. */
  releaseOverdue (machineNow: Instant): void {
    for (const [id, { until }] of this.#claims) if (until <= machineNow) this.release(id)
  }

  /** The earliest work among the targets that have room. */
  first (room: Room): Work | undefined {
    let first: Work | undefined
    for (const [target, queue] of this.#queues) {
      const head = this.#head(queue)
      if (head === undefined) this.#queues.delete(target)
      else if ((target === null || room(target) > 0) && (first === undefined || compare(head, first) < 0)) first = head
    }
    return first
  }

  #stand (work: Work): void {
    this.#standing.set(work.id, work)
    this.#queueOf(work.target).push(work)
  }

  #queueOf (target: string | null): Queue {
    const known = this.#queues.get(target)
    if (known !== undefined) return known
    const queue: Queue = new TinyQueue<Work>([], compare)
    this.#queues.set(target, queue)
    return queue
  }

  #head (queue: Queue): Work | undefined {
    for (;;) {
      const head = queue.peek()
      if (head === undefined || this.#standing.get(head.id) === head) return head
      queue.pop()
    }
  }
}

function compare (a: Work, b: Work): number {
  return a.at - b.at || a.order - b.order
}
