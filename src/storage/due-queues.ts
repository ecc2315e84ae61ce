import TinyQueue from 'tinyqueue'

import type { Instant } from '../domain/instant.ts'
import type { NextMove } from '../domain/transaction.ts'
import type { Room } from '../ports.ts'

/** One piece of work that time makes due: `order` breaks ties, in the order in which causes were recorded. */
export type Work = { readonly at: Instant, readonly order: number, readonly id: string } & (
  /** A move of a transaction. */
  | { readonly target: null, readonly next: NextMove }
  /** An attempt, and where it goes. */
  | { readonly target: string, readonly next: null }
)

type Queue = TinyQueue<Work>

interface Claim {
  readonly work: Work
  readonly until: Instant
}

/** A merchant's due work: a heap for the moves of its transactions and one for each target, and a heap of what comes first in each. */
export class DueQueues {
  readonly #queues = new Map<string | null, Queue>()
  /** Work that a record still stands for. Heaps cannot remove: what is no longer here is skipped when it comes up. */
  readonly #standing = new Map<string, Work>()
  readonly #claims = new Map<string, Claim>()
  /** The head of each queue; only what is its head now counts among `#heads`. */
  readonly #headOf = new Map<string | null, Work>()
  readonly #heads: Queue = new TinyQueue<Work>([], compare)

  /** What is due for this id from now on; undefined for nothing. Work that is claimed stays so until it changes. */
  set (id: string, work: Work | undefined): void {
    const standing = this.#standing.get(id)
    const known = this.#claims.get(id)?.work ?? standing
    if (known?.at === work?.at && known?.next?.move === work?.next?.move) return
    this.#claims.delete(id)
    if (standing !== undefined) this.#leave(standing)
    if (work !== undefined) this.#stand(work)
  }

  /** Claims up to `limit` pieces of the earliest work that is due at `now` and has room, until then or until it changes. */
  claim (now: Instant, until: Instant, limit: number, room: Room): readonly Work[] {
    const claimed: Work[] = []
    const taken = new Map<string, number>()
    this.#visit((work) => {
      const { target } = work
      if (work.at > now || claimed.length === limit) return 'stop'
      const taking = taken.get(target ?? '') ?? 0
      if (target !== null && taking >= room(target)) return 'pass'
      taken.set(target ?? '', taking + 1)
      this.#claims.set(work.id, { work, until })
      claimed.push(work)
      return 'take'
    })
    return claimed
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
    for (const [id, { until }] of this.#claims) {
      // Claims stand in the order in which they were made, and all last equally long.
      if (until > machineNow) return
      this.release(id)
    }
  }

  /** The earliest work among the targets that have room. */
  first (room: Room): Work | undefined {
    let first: Work | undefined
    this.#visit((work) => {
      if (work.target !== null && room(work.target) <= 0) return 'pass'
      first = work
      return 'stop'
    })
    return first
  }

  /** Shows the earliest work, and when that is taken or passed over, what then is the earliest. */
  #visit (see: (work: Work) => 'take' | 'pass' | 'stop'): void {
    const passed: Work[] = []
    for (let head = this.#heads.peek(); head !== undefined; head = this.#heads.peek()) {
      const isOutdated = this.#headOf.get(head.target) !== head
      const verdict = isOutdated ? 'drop' : see(head)
      if (verdict === 'stop') break
      this.#heads.pop()
      if (verdict === 'take') this.#leave(head)
      if (verdict === 'pass') passed.push(head)
    }
    for (const head of passed) this.#heads.push(head)
  }

  #stand (work: Work): void {
    this.#standing.set(work.id, work)
    const known = this.#queues.get(work.target)
    const queue = known ?? new TinyQueue<Work>([], compare)
    if (known === undefined) this.#queues.set(work.target, queue)
    queue.push(work)
    this.#showHead(work.target, queue)
  }

  #leave ({ id, target }: Work): void {
    this.#standing.delete(id)
    const queue = this.#queues.get(target)
    if (queue !== undefined) this.#showHead(target, queue)
  }

  #showHead (target: string | null, queue: Queue): void {
    let head = queue.peek()
    while (head !== undefined && this.#standing.get(head.id) !== head) {
      queue.pop()
      head = queue.peek()
    }
    if (head === this.#headOf.get(target)) return
    if (head === undefined) {
      this.#queues.delete(target)
      this.#headOf.delete(target)
    } else {
      this.#headOf.set(target, head)
      this.#heads.push(head)
    }
  }
}

function compare (a: Work, b: Work): number {
  return a.at - b.at || a.order - b.order
}
