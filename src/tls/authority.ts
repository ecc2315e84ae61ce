import 'reflect-metadata'

import { createHash, createPublicKey } from 'node:crypto'
import type { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

import { AsnConvert } from '@peculiar/asn1-schema'
import { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints } from '@peculiar/asn1-x509'
import { AuthorityKeyIdentifierExtension, BasicConstraintsExtension, cryptoProvider, ExtendedKeyUsage, ExtendedKeyUsageExtension, Extension, KeyUsageFlags, KeyUsagesExtension, PemConverter, SubjectAlternativeNameExtension, SubjectKeyIdentifierExtension, X509Certificate, X509CertificateGenerator } from '@peculiar/x509'

import type { Instant } from '../domain/instant.ts'

/** A certificate and its private key, both as PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

/** Makes a private key of P-256, as PEM. */
export type NewKey = () => Promise<string>

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const NAME_CONSTRAINTS = '2.5.29.30'
/** Clocks of containers and virtual machines may be a little behind. */
const BACKDATED_MS = 60 * 60_000
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 730
const SERVER_DAYS = 90

/** A certificate authority that can vouch for these names and addresses, and for nothing else, for two years. */
export async function makeAuthority (names: readonly string[], now: Instant, newKey: NewKey): Promise<Pair> {
  const key = await newKey()
  const keys = await readKeys(key)
  const cert = await X509CertificateGenerator.createSelfSigned({
    // Those who have trusted several can tell them apart. So must OpenSSL, which asks for an authority by its name.
    name: `O=Warung, CN=Warung local CA ${new Date(now).toISOString().slice(0, 19)}Z ${fingerprintOf(key)}`,
    ...lifeOf(now, AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      new Extension(NAME_CONSTRAINTS, true, constraintsOf(names))
    ]
  })
  return { cert: `${cert.toString('pem')}\n`, key }
}

/** A server's certificate for these names, vouched for by the authority. */
export async function issueServer (authority: Pair, names: readonly string[], now: Instant, newKey: NewKey): Promise<Pair> {
  const issuer = new X509Certificate(authority.cert)
  const key = await newKey()
  const { publicKey } = await readKeys(key)
  const life = lifeOf(now, SERVER_DAYS)
  const cert = await X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: issuer.subject,
    ...life,
    // It never outlives who vouches for it.
    notAfter: new Date(Math.min(life.notAfter.getTime(), issuer.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey: (await readKeys(authority.key)).privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }))),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer)
    ]
  })
  return { cert: `${cert.toString('pem')}\n`, key }
}

/** May this authority vouch for exactly these names? */
export function vouchesFor (authority: string, names: readonly string[]): boolean {
  const constraints = new X509Certificate(authority).getExtension(NAME_CONSTRAINTS)
  return constraints !== null && Buffer.from(constraints.value).equals(Buffer.from(constraintsOf(names)))
}

/** The same in whatever order the names come. A kind of name for which nothing is permitted would be unconstrained: both kinds stand here always. */
function constraintsOf (names: readonly string[]): ArrayBuffer {
  const sorted = [...names].sort((a, b) => Math.sign(isIP(a)) - Math.sign(isIP(b)) || (a < b ? -1 : 1))
  const bases = sorted.map((name) => isIP(name) === 0 ? new GeneralName({ dNSName: name }) : new GeneralName({ iPAddress: `${name}/${isIP(name) === 4 ? 32 : 128}` }))
  return AsnConvert.serialize(new NameConstraints({ permittedSubtrees: new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base }))) }))
}

function lifeOf (now: Instant, days: number): { readonly notBefore: Date, readonly notAfter: Date } {
  return { notBefore: new Date(now - BACKDATED_MS), notAfter: new Date(now + days * DAY_MS) }
}

/** Enough of it to tell keys apart. */
function fingerprintOf (privatePem: string): string {
  return createHash('sha256').update(publicDerOf(privatePem)).digest('hex').slice(0, 8)
}

function publicDerOf (privatePem: string): Buffer {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'der' })
}

async function readKeys (privatePem: string): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = cryptoProvider.get()
  const publicDer = publicDerOf(privatePem)
  return {
    privateKey: await subtle.importKey('pkcs8', PemConverter.decodeFirst(privatePem), ALGORITHM, false, ['sign']),
    publicKey: await subtle.importKey('spki', publicDer, ALGORITHM, true, ['verify'])
  }
}
