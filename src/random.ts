import { createHash, generateKeyPair, randomInt, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'

import { customAlphabet, customRandom, nanoid } from 'nanoid'

import type { Draw, Random } from './ports.ts'

const DIGITS = '0123456789'
const NAME_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'
const NAME_LENGTH = 20
const PASSWORD_LENGTH = 16
const FRACTION_STEPS = 2 ** 32

const digits = customAlphabet(DIGITS)
const name = customAlphabet(NAME_ALPHABET, NAME_LENGTH)

const TRUE_CHANCE: Draw = {
  uuid: () => randomUUID(),
  digits: (count) => digits(count),
  name: () => name(),
  fraction: () => randomInt(FRACTION_STEPS) / FRACTION_STEPS
}

/** Chance for real use; every draw is new. */
export const trueRandom: Random = { draw: () => TRUE_CHANCE }

/** What nobody guesses, for a password that is made up. */
export function freshPassword (): string {
  return nanoid(PASSWORD_LENGTH)
}

/** A private key of P-256, as PEM. Never seeded: who knows the seed would know the key. */
export async function freshKey (): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
  return privateKey
}

/** Chance that repeats itself: a draw depends on the seed, the merchant and the occasion alone. */
export function seededRandom (seed: string): Random {
  return { draw: (merchantId, occasion) => drawFrom(byteStream([seed, merchantId, occasion])) }
}

function drawFrom (bytes: (count: number) => Uint8Array): Draw {
  return {
    uuid: () => uuidOf(bytes(16)),
    digits: (count) => customRandom(DIGITS, count, bytes)(),
    name: () => customRandom(NAME_ALPHABET, NAME_LENGTH, bytes)(),
    fraction: () => Buffer.from(bytes(4)).readUInt32BE() / FRACTION_STEPS
  }
}

/** Endless bytes: SHA-256 of the parts and a running number, one block after the other. */
function byteStream (parts: readonly string[]): (count: number) => Uint8Array {
  let block = 0
  let rest = Buffer.alloc(0)
  return (count) => {
    while (rest.length < count) {
      rest = Buffer.concat([rest, createHash('sha256').update(JSON.stringify([...parts, block++])).digest()])
    }
    const bytes = rest.subarray(0, count)
    rest = rest.subarray(count)
    return bytes
  }
}

/** Sixteen bytes as a UUID of version 4. */
function uuidOf (bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
