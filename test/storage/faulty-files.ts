import { nodeFiles } from '../../src/storage/files.ts'
import type { Files, OpenFile } from '../../src/storage/files.ts'

export type Call = 'open' | 'write' | 'truncate' | 'sync' | 'rename' | 'unlink'

/** Is told of each call. It may throw in its place; for a write it may say how many bytes are taken. */
export type Fault = (call: Call, path: string, bytes: number) => number | undefined

export interface FaultyFiles extends Files {
  fault: Fault
  /** How many files are open. */
  openCount: () => number
}

export function faultyFiles (): FaultyFiles {
  let open = 0
  const files: FaultyFiles = {
    ...nodeFiles,
    fault: () => undefined,
    openCount: () => open,
    async open (path, flags) {
      files.fault('open', path, 0)
      const file = await nodeFiles.open(path, flags)
      open += 1
      const faulty: OpenFile = {
        read: (into, offset, length, position) => file.read(into, offset, length, position),
        write: async (from, offset, length, position) => file.write(from, offset, files.fault('write', path, length) ?? length, position),
        truncate: async (length) => {
          files.fault('truncate', path, length)
          await file.truncate(length)
        },
        sync: async () => {
          files.fault('sync', path, 0)
          await file.sync()
        },
        close: async () => {
          open -= 1
          await file.close()
        }
      }
      return faulty
    },
    async rename (from, to) {
      files.fault('rename', to, 0)
      await nodeFiles.rename(from, to)
    },
    async unlink (path) {
      files.fault('unlink', path, 0)
      await nodeFiles.unlink(path)
    }
  }
  return files
}

/** A disk that takes so many more bytes, and then says that it is full. */
export function fullAfter (bytes: number): Fault {
  let left = bytes
  return (call, _path, wanted) => {
    if (call !== 'write') return undefined
    if (left === 0) throw systemError('ENOSPC')
    const taken = Math.min(left, wanted)
    left -= taken
    return taken
  }
}

export function failing (...calls: readonly Call[]): Fault {
  return (call) => {
    if (calls.includes(call)) throw systemError('EIO')
    return undefined
  }
}

function systemError (code: string): Error {
  return Object.assign(new Error(`${code}: on purpose`), { code })
}
