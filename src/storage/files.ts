import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises'

/** What we use of an open file. */
export interface OpenFile {
  read (into: Buffer, offset: number, length: number, position: null): Promise<{ readonly bytesRead: number }>
  write (from: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>
  truncate (length: number): Promise<void>
  sync (): Promise<void>
  close (): Promise<void>
}

/** What we use of the file system, so that a test can hand in one that fails. */
export interface Files {
  open (path: string, flags: string, mode?: number): Promise<OpenFile>
  rename (from: string, to: string): Promise<void>
  unlink (path: string): Promise<void>
  readdir (path: string): Promise<string[]>
  mkdir (path: string, options: { readonly recursive: true }): Promise<unknown>
}

/** The data holds server keys. */
const OWNER_ONLY = 0o600

export const nodeFiles: Files = { open, rename, unlink, readdir, mkdir }

/** A write may take fewer bytes than it is given: on a nearly full disk, for instance. */
export async function writeFully (file: OpenFile, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written)
    if (bytesWritten === 0) throw new Error('the file takes no more bytes')
    written += bytesWritten
  }
}

/** Makes a whole new file and then gives it its name: under that name it never exists in parts. Returns it open. */
export async function createWhole (files: Files, path: string, write: (file: OpenFile) => Promise<void>): Promise<OpenFile> {
  const temporary = temporaryOf(path)
  const file = await files.open(temporary, 'w', OWNER_ONLY)
  try {
    await write(file)
    await file.sync()
    await files.rename(temporary, path)
    return file
  } catch (error) {
    await file.close()
    // On a full disk the half-made file would hold the room that is missing; when it cannot go, the next start deletes it.
    await deleteIfThere(files, temporary).catch(() => {})
    throw error
  }
}

export function temporaryOf (path: string): string {
  return `${path}.tmp`
}

export async function deleteIfThere (files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** Is this the error of a file that does not exist? */
export function isMissing (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
