import { NotKept } from '../../src/ports.ts'
import { nodeFiles } from '../../src/storage/files.ts'
import type { Files } from '../../src/storage/files.ts'
import type { Keeper } from '../../src/storage/record-storage.ts'
import type { Commit } from '../../src/storage/record.ts'

/** A keeper that keeps, or fails to keep, a batch only when it is told to. */
export interface HeldKeeper extends Keeper {
  readonly batches: ReadonlyArray<readonly Commit[]>
  /** Resolves when that many batches have come in all. */
  asked (count: number): Promise<void>
  /** Ends the batch that is held. */
  keepNow (): void
  fail (): void
}

export function heldKeeper (): HeldKeeper {
  const batches: Array<readonly Commit[]> = []
  let held: { resolve: () => void, reject: (error: Error) => void } | undefined
  return {
    batches,
    keep: (commits) => new Promise<void>((resolve, reject) => {
      if (held !== undefined) throw new Error('a batch came while another was being kept')
      held = { resolve, reject }
      batches.push(commits)
    }),
    close: async () => {},
    async asked (count) {
      while (batches.length < count) await turn()
    },
    keepNow () {
      held?.resolve()
      held = undefined
    },
    fail () {
      held?.reject(new NotKept('the disk is full'))
      held = undefined
    }
  }
}

/** A keeper that takes as many turns of the event loop for each batch as it is told, and fails where that is below 0. */
export function slowKeeper (delays: readonly number[]): Keeper {
  let batch = 0
  return {
    async keep () {
      const delay = delays[batch++ % delays.length] ?? 0
      for (let turns = Math.abs(delay); turns > 0; turns--) await turn()
      if (delay < 0) throw new NotKept('the disk is full')
    },
    close: async () => {}
  }
}

/** A file system that takes as many turns of the event loop before each write as it is told. */
export function slowFiles (delays: readonly number[]): Files {
  let write = 0
  return {
    ...nodeFiles,
    async open (path, flags, mode) {
      const file = await nodeFiles.open(path, flags, mode)
      return {
        read: (into, offset, length, position) => file.read(into, offset, length, position),
        write: async (from, offset, length, position) => {
          for (let turns = delays[write++ % delays.length] ?? 0; turns > 0; turns--) await turn()
          return file.write(from, offset, length, position)
        },
        truncate: (length) => file.truncate(length),
        sync: () => file.sync(),
        close: () => file.close()
      }
    }
  }
}

/** One turn of the event loop. */
export function turn (): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}

/** How a promise stands now. */
export function watch (promise: Promise<unknown>): { readonly state: string } {
  const watched = { state: 'open' }
  promise.then(() => { watched.state = 'resolved' }, () => { watched.state = 'rejected' })
  return watched
}
