import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, join } from 'node:path'

import type { Instant } from '../domain/instant.ts'
import type { NewKey, Pair } from './authority.ts'

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
const FOR_ALL = 0o644
const OWNER_ONLY = 0o600
/** So long before its end a certificate is made anew: an emulator may run for weeks. */
const RENEWED_MS = 30 * 86_400_000

/** The certificate and key in these files. Throws where they cannot be read, or do not belong together. */
export async function readCredentials (certPath: string, keyPath: string): Promise<Credentials> {
  const [cert, key] = await Promise.all([certPath, keyPath].map((path) => readFile(path, 'utf8')))
  if (cert === undefined || key === undefined) throw new Error('two files were read')
  const { certificate } = usablePair({ cert, key }, certPath)
  return { cert, key, names: namesOf(certificate), authority: null }
}

/**
 * Credentials for these names, vouched for by an authority of our own that may vouch for no others. What a folder keeps is
 * used again: the authority while it lives and the names are the same, the server's certificate until near its end.
 * Without a folder all of it is made anew and kept nowhere. Throws where the folder takes nothing.
 */
export async function openCredentials ({ now, newKey }: CredentialsDeps, names: readonly string[], folder: string | null): Promise<Credentials> {
  const kept = folder === null ? {} : await readKept(folder)
  const authority = await openAuthority({ now, newKey }, names, kept)
  const server = authority.isNew ? undefined : usableServer(kept.server, authority, names, now)
  const issued = server ?? await (await loadAuthority()).issueServer(authority, names, now, newKey)
  if (folder !== null) {
    if (authority.isNew) await keep(folder, AUTHORITY, authority)
    if (server === undefined) await keep(folder, SERVER, issued)
  }
  return {
    ...issued,
    names,
    authority: {
      cert: authority.cert,
      fingerprint: new X509Certificate(authority.cert).fingerprint256,
      path: folder === null ? null : join(folder, AUTHORITY.cert),
      isNewBecause: authority.isNewBecause
    }
  }
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

interface OpenedAuthority extends Pair {
  readonly isNew: boolean
  readonly isNewBecause: string | null
}

async function openAuthority ({ now, newKey }: CredentialsDeps, names: readonly string[], { authority, server }: Kept): Promise<OpenedAuthority> {
  const problem = authority === undefined ? null : await problemOf(authority, server, names, now)
  if (authority !== undefined && problem === null) return { ...authority, isNew: false, isNewBecause: null }
  return { ...await (await loadAuthority()).makeAuthority(names, now, newKey), isNew: true, isNewBecause: problem }
}

/** Why this authority is of no more use; null where it is. */
async function problemOf (authority: Pair, server: Pair | undefined, names: readonly string[], now: Instant): Promise<string | null> {
  try {
    const { certificate } = usablePair(authority, AUTHORITY.cert)
    if (endsSoon(certificate, now)) return 'it was near its end'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  // The certificate that it issued last tells its names, and costs nothing to read.
  if (usableServer(server, authority, names, -Infinity) !== undefined) return null
  return (await loadAuthority()).vouchesFor(authority.cert, names) ? null : 'the names were changed'
}

/** The server's certificate as it is kept, if it is for these names, by this authority, and not near its end. */
function usableServer (server: Pair | undefined, authority: Pair, names: readonly string[], now: Instant): Pair | undefined {
  if (server === undefined) return undefined
  try {
    const { certificate } = usablePair(server, SERVER.cert)
    const issuer = new X509Certificate(authority.cert)
    const isOurs = certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
    return isOurs && namesOf(certificate).join() === names.map(canonical).join() && !endsSoon(certificate, now) ? server : undefined
  } catch {
    return undefined
  }
}

function usablePair ({ cert, key }: Pair, name: string): { readonly certificate: X509Certificate } {
  const certificate = new X509Certificate(cert)
  if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error(`the key does not belong to ${name}`)
  return { certificate }
}

function endsSoon ({ validTo }: X509Certificate, now: Instant): boolean {
  return Date.parse(validTo) - now < RENEWED_MS
}

/** As Node writes them: `DNS:localhost, IP Address:0:0:0:0:0:0:0:1`. */
function namesOf ({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return subjectAltName.split(', ').map((entry) => canonical(entry.replace(/^(?:DNS|IP Address):/, '')))
}

/** One spelling for each address: Node writes out the zeros of IPv6. */
function canonical (name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name
}

async function readKept (folder: string): Promise<Kept> {
  return { authority: await readPair(folder, AUTHORITY), server: await readPair(folder, SERVER) }
}

/** undefined where neither file is there; a text for one that is missing fits nothing. */
async function readPair (folder: string, { cert, key }: Pair): Promise<Pair | undefined> {
  const [certText, keyText] = await Promise.all([cert, key].map(async (name) => {
    try {
      return await readFile(join(folder, name), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }))
  return certText === undefined ? undefined : { cert: certText, key: keyText ?? '' }
}

/** The key first: a certificate never stands there without its key. */
async function keep (folder: string, names: Pair, { cert, key }: Pair): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeWhole(join(folder, names.key), key, OWNER_ONLY)
  await writeWhole(join(folder, names.cert), cert, FOR_ALL)
}

async function writeWhole (path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.tmp`
  await writeFile(temporary, text, { mode })
  // The mask of the process may have taken something away, and an older file may have had another mode.
  await chmod(temporary, mode)
  await rename(temporary, path)
}

/** Only a certificate that is to be made needs the tools for it. */
async function loadAuthority (): Promise<typeof import('./authority.ts')> {
  return import('./authority.ts')
}
