import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

import type { Instant } from '../domain/instant.ts'

// What a certificate says, as far as Node reads it by itself.

/** So long before its end a certificate is made anew: an emulator may run for weeks. */
const RENEWED_MS = 30 * 86_400_000

/** undefined where it is none. */
export function readCertificate (pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** Does this private key belong to it? */
export function fits (certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** Neither too new at this instant, nor near its end. */
export function isFresh ({ validFrom, validTo }: X509Certificate, now: Instant): boolean {
  return Date.parse(validFrom) <= now && Date.parse(validTo) - now >= RENEWED_MS
}

/** As Node writes them: `DNS:localhost, IP Address:0:0:0:0:0:0:0:1`. */
export function namesOf ({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return subjectAltName.split(', ').flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []).map(canonical)
}

/** One spelling for each address: Node writes out the zeros of IPv6. */
export function canonical (name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name
}
