import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Instant } from '../domain/instant.ts'
import type { NewKey, Pair } from './authority.ts'
import { canonical, fits, isFresh, namesOf, readCertificate } from './certificates.ts'
import { withLock } from './folder-lock.ts'

/** What a server shows, and what its clients are to trust. */
export interface Credentials extends Pair {
  /** The names and addresses that the certificate is for. */
  readonly names: readonly string[]
  /** null where a certificate was given whose authority we do not know. */
  readonly authority: Authority | null
}

export interface Authority {
  readonly cert: string
  /** SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` writes it. */
  readonly fingerprint: string
  /** Where it is kept; null where it is not. */
  readonly path: string | null
  /** Why it is another than before; null where it is the same, or the first. */
  readonly isNewBecause: string | null
}

export interface CredentialsDeps {
  /** Certificates live in real time, whatever a merchant's clock shows. */
  readonly now: Instant
  readonly newKey: NewKey
}

const AUTHORITY = { cert: 'ca.pem', key: 'ca-key.pem' }
const SERVER = { cert: 'server.pem', key: 'server-key.pem' }
/** As Node shows it, in the subject of each that we make. */
const OURS = 'O=Warung'
const FOR_ALL = 0o644
const OWNER_ONLY = 0o600

/** The certificate and key in these files. Throws where they cannot be read, or do not belong together. */
export async function readCredentials (certPath: string, keyPath: string): Promise<Credentials> {
  const [cert, key] = await Promise.all([certPath, keyPath].map((path) => readFile(path, 'utf8')))
  if (cert === undefined || key === undefined) throw new Error('two files were read')
  const certificate = readCertificate(cert)
  if (certificate === undefined) throw new Error(`${certPath} holds no certificate`)
  if (!fits(certificate, key)) throw new Error(`the key does not belong to ${certPath}`)
  return { cert, key, names: namesOf(certificate), authority: null }
}

/**
 * Credentials for these names, vouched for by an authority of our own that may vouch for no others. What a folder keeps is
 * used again: the authority while it lives and the names are the same, the server's certificate until near its end.
 * Without a folder all of it is made anew and kept nowhere. Throws where the folder takes nothing, or holds an authority that is not ours.
 */
export async function openCredentials (deps: CredentialsDeps, names: readonly string[], folder: string | null): Promise<Credentials> {
  const wanted = [...new Set(names.map(canonical))]
  if (folder === null) return (await makeMissing(deps, wanted, {})).credentials
  const kept = await makeMissing(deps, wanted, await readKept(folder), { isWillingToMake: false })
  if (kept !== undefined) return inFolder(kept.credentials, folder)
  return withLock(folder, deps.now, async () => {
    // Someone else may have made it meanwhile.
    const { credentials, made } = await makeMissing(deps, wanted, await readKept(folder))
    if (made.authority !== undefined) await keep(folder, AUTHORITY, made.authority)
    if (made.server !== undefined) await keep(folder, SERVER, made.server)
    return inFolder(credentials, folder)
  })
}

interface Made {
  readonly credentials: Credentials
  readonly made: Kept
}

async function makeMissing (deps: CredentialsDeps, names: readonly string[], kept: Kept): Promise<Made>
/** undefined where something would have to be made. */
async function makeMissing (deps: CredentialsDeps, names: readonly string[], kept: Kept, how: { readonly isWillingToMake: false }): Promise<Made | undefined>
async function makeMissing ({ now, newKey }: CredentialsDeps, names: readonly string[], { authority: found, server: foundServer }: Kept, { isWillingToMake = true }: { readonly isWillingToMake?: boolean } = {}): Promise<Made | undefined> {
  const problem = found === undefined ? null : await problemOf(found, foundServer, names, now)
  const known = problem === null ? found : undefined
  const usable = known === undefined ? undefined : usableServer(foundServer, known, names, now)
  if (!isWillingToMake && usable === undefined) return undefined

  const authority = known ?? await (await loadAuthority()).makeAuthority(names, now, newKey)
  const server = usable ?? await (await loadAuthority()).issueServer(authority, names, now, newKey)
  return {
    credentials: { ...server, names, authority: { cert: authority.cert, fingerprint: new X509Certificate(authority.cert).fingerprint256, path: null, isNewBecause: problem } },
    made: { authority: known === undefined ? authority : undefined, server: usable === undefined ? server : undefined }
  }
}

function inFolder (credentials: Credentials, folder: string): Credentials {
  const { authority } = credentials
  return { ...credentials, authority: authority === null ? null : { ...authority, path: join(folder, AUTHORITY.cert) } }
}

/** Puts a copy of an authority's certificate where others find it, and nothing else. */
export async function publishAuthority (path: string, cert: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeWhole(path, cert, FOR_ALL)
}

interface Kept {
  readonly authority?: Pair | undefined
  readonly server?: Pair | undefined
}

/** Why this authority is of no more use; null where it is. Throws for one that is not ours: nobody's files are overwritten. */
async function problemOf (authority: Pair, server: Pair | undefined, names: readonly string[], now: Instant): Promise<string | null> {
  const certificate = readCertificate(authority.cert)
  if (certificate === undefined || !certificate.subject.split('\n').includes(OURS)) {
    throw new Error(`${AUTHORITY.cert} there was not made by Warung`)
  }
  if (authority.key === '') return 'its key was gone'
  if (!fits(certificate, authority.key)) return 'its key was another\'s'
  if (!isFresh(certificate, now)) return 'it was near its end'
  // The certificate that it issued last tells its names, and costs nothing to read.
  if (usableServer(server, authority, names, null) !== undefined) return null
  return (await loadAuthority()).vouchesFor(authority.cert, names) ? null : 'the names were changed'
}

/** The server's certificate as it is kept, if it is for these names, by this authority, and, at an instant, neither too new nor near its end. */
function usableServer (server: Pair | undefined, authority: Pair, names: readonly string[], now: Instant | null): Pair | undefined {
  const [certificate, issuer] = [readCertificate(server?.cert), readCertificate(authority.cert)]
  if (server === undefined || certificate === undefined || issuer === undefined || !fits(certificate, server.key)) return undefined
  const isOurs = certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  const isForThem = [...namesOf(certificate)].sort().join() === [...names].sort().join()
  return isOurs && isForThem && (now === null || isFresh(certificate, now)) ? server : undefined
}

async function readKept (folder: string): Promise<Kept> {
  return { authority: await readPair(folder, AUTHORITY), server: await readPair(folder, SERVER) }
}

/** undefined where there is no certificate, or only an empty one; an empty text stands for a key that is missing. */
async function readPair (folder: string, { cert, key }: Pair): Promise<Pair | undefined> {
  const [certText, keyText] = await Promise.all([cert, key].map(async (name) => {
    try {
      return await readFile(join(folder, name), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }))
  if (certText === undefined || certText === '') return undefined
  if (keyText !== undefined) await closeToOthers(join(folder, key))
  return { cert: certText, key: keyText ?? '' }
}

/** Whoever opened it to others, by hand or by a copy: a key is for its owner. */
async function closeToOthers (path: string): Promise<void> {
  const { mode } = await stat(path)
  if ((mode & ~OWNER_ONLY & 0o777) !== 0) await chmod(path, OWNER_ONLY)
}

/** The key first: a certificate never stands there without its key. */
async function keep (folder: string, names: Pair, { cert, key }: Pair): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeWhole(join(folder, names.key), key, OWNER_ONLY)
  await writeWhole(join(folder, names.cert), cert, FOR_ALL)
}

async function writeWhole (path: string, text: string, mode: number): Promise<void> {
  // Another process may write there as well.
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, text, { mode })
  // The mask of the process may have taken something away, and an older file may have had another mode.
  await chmod(temporary, mode)
  await rename(temporary, path)
}

/** Only a certificate that is to be made needs the tools for it. */
async function loadAuthority (): Promise<typeof import('./authority.ts')> {
  return import('./authority.ts')
}
