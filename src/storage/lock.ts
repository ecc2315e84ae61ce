import { createHash } from 'node:crypto'
import { link, lstat, mkdtemp, open, rmdir } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { basename, dirname } from 'node:path'

import { deleteIfThere as deleteFile, isMissing, nodeFiles } from './files.ts'

/** Another process has the data file open. The message is one line: what, and what to do. */
export class LockedFile extends Error {
  override readonly name = 'LockedFile'

  constructor (path: string) {
    super(`${path} is in use by another Warung; stop that one, or name another file by --data`)
  }
}

export interface Lock {
  release (): Promise<void>
}

/** What a file system says that has no sockets or links. */
const NOT_SUPPORTED = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

const PAUSE_MS = 20
const LONGEST_SOCKET_PATH = 104
// `.lock`, and the inodes and the random part that the names of guards end in.
const ROOM_FOR_NAMES = 50
const LONGEST_NAME = 36

/**
 * Takes the data file for this process alone. The lock is a socket beside the file: the system answers on it as long as its
 * process lives, whatever container that runs in, and refuses from the moment it is gone, however it went. Process ids,
 * which repeat from container to container, play no part. Throws `LockedFile`.
 */
export async function lockFile (path: string, warn: (message: string) => void): Promise<Lock> {
  try {
    return await lockBySocket(path)
  } catch (error) {
    if (!hasCode(error, ...NOT_SUPPORTED)) throw error
    warn(`${path} cannot be locked on this file system; see that no other Warung uses it`)
    return { release: async () => {} }
  }
}

async function lockBySocket (path: string): Promise<Lock> {
  const folder = await shortFolder(path)
  try {
    const lockPath = `${folder.path}/${shortName(path)}.lock`
    const server = await listenAs(lockPath)
    if (server === undefined) throw new LockedFile(path)
    return {
      release: async () => {
        await deleteIfThere(lockPath)
        await close(server)
        await folder.close()
      }
    }
  } catch (error) {
    await folder.close()
    throw error
  }
}

/** A socket of ours that has the name of the lock; undefined where that is taken. */
async function listenAs (lockPath: string): Promise<Server | undefined> {
  // A folder of our own, for a name that nobody else takes.
  const folder = await mkdtemp(`${lockPath}.`)
  const own = `${folder}/own`
  const server = await listen(own)
  let isOurs = false
  try {
    isOurs = await acquire(lockPath, own)
  } finally {
    // The lock is the same socket under its proper name.
    await deleteIfThere(own)
    await rmdir(folder)
    if (!isOurs) await close(server)
  }
  return isOurs ? server : undefined
}

/** Gives our socket the name `path`, unless a living process has it. A dead one's is removed. */
async function acquire (path: string, own: string): Promise<boolean> {
  for (;;) {
    if (await linked(own, path)) return true
    if (await answers(path)) return false

    const inode = await inodeOf(path)
    if (inode === undefined) continue
    // Whoever else finds it dead might remove the lock that follows it: only the holder of this guard may remove this one.
    const guard = `${path}.${inode}`
    if (await acquire(guard, own)) {
      try {
        if (await inodeOf(path) === inode && !await answers(path)) await deleteIfThere(path)
      } finally {
        await deleteIfThere(guard)
      }
    } else {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}

function deleteIfThere (path: string): Promise<void> {
  return deleteFile(nodeFiles, path)
}

/** False where the name is taken. */
async function linked (own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Does a living process listen there? The system answers for it, even while it is busy. */
function answers (path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => {
      if (hasCode(error, 'ECONNREFUSED', 'ENOENT', 'ENOTSOCK')) resolve(false)
      // So many others ask at once that its queue is full: then it lives.
      else if (hasCode(error, 'EAGAIN')) resolve(true)
      else reject(error)
    })
  })
}

function listen (path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.unref()
    server.once('error', reject)
    // Whoever may use the folder may ask, as another user too: else a dead lock of root would stop everyone after it.
    server.listen({ path, backlog: 64, writableAll: true }, () => resolve(server))
  })
}

function close (server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Of whatever has this name, a link that leads nowhere too; undefined where nothing has. */
async function inodeOf (path: string): Promise<number | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  // A link that leads nowhere, an empty file, or a socket that nobody listens on may be what is left of a lock; anything else is somebody's.
  const other = found?.isDirectory() === true ? 'a folder' : found?.isFile() === true && found.size > 0 ? 'a file' : undefined
  if (other !== undefined) throw new Error(`${other} has the name ${basename(path)}, which is that of the lock beside the data file; move it away`)
  return found?.ino
}

/** A socket's path holds little more than a hundred bytes; through an open folder, any is short. */
async function shortFolder (path: string): Promise<{ readonly path: string, close (): Promise<void> }> {
  const folder = dirname(path)
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH - ROOM_FOR_NAMES || process.platform !== 'linux') return { path: folder, close: async () => {} }
  const handle = await open(folder, 'r')
  return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() }
}

/** Names may be longer than a socket's path as well. */
function shortName (path: string): string {
  const name = basename(path)
  return Buffer.byteLength(name) <= LONGEST_NAME ? name : createHash('sha256').update(name).digest('hex').slice(0, LONGEST_NAME)
}

function hasCode (error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
