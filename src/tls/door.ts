import type { Duplex } from 'node:stream'

import { openCredentials, publishAuthority, readCredentials } from './credentials.ts'
import type { Credentials, CredentialsDeps } from './credentials.ts'
import { createTwin } from './twin.ts'
import type { Twin } from './twin.ts'

/** What is shown at the door, and where it comes from. */
export interface DoorWish {
  readonly names: readonly string[]
  /** Where authority and certificate are kept; null keeps them nowhere. */
  readonly folder: string | null
  /** Where a copy of the authority's certificate goes. */
  readonly authorityCopy: string | undefined
  /** A certificate of the user's own, and its key, in place of what is made. */
  readonly given: { readonly cert: string, readonly key: string } | undefined
}

export interface Door extends Twin {
  readonly credentials: Credentials
}

/** A door over TLS that does not listen yet; `take` is given each connection once it is secure. Throws where its certificate cannot be had or kept. */
export async function openDoor (deps: CredentialsDeps, { names, folder, authorityCopy, given }: DoorWish, take: (socket: Duplex) => void): Promise<Door> {
  try {
    const credentials = given === undefined ? await openCredentials(deps, names, folder) : await readCredentials(given.cert, given.key)
    if (authorityCopy !== undefined && credentials.authority !== null) await publishAuthority(authorityCopy, credentials.authority.cert)
    return { ...createTwin(credentials, take), credentials }
  } catch (error) {
    throw new Error(`TLS: ${error instanceof Error ? error.message : String(error)}; choose by --tls-dir and --tls-ca-file where it may be kept, or by --tls-cert and --tls-key files that belong together`)
  }
}
