import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

import { addressSet } from './address-set.ts'
import type { AddressTest } from './address-set.ts'
import { isForbidden } from './forbidden-address.ts'

/** Whom a connection may reach (promise 9). */
export interface TargetRules {
  /** Where this emulator itself listens. Only the port counts: what it is called is decided by the address it resolves to. */
  readonly ownOrigins: () => readonly string[]
  /** Host names, IP addresses and CIDR ranges; null allows all. */
  readonly allowedTargets: readonly string[] | null
  readonly forbidden?: AddressTest
}

const isLoopback = addressSet(['127.0.0.0/8', '::1'])

/** Where a request would go, as the URL has it. */
interface Target {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
}

/** Which addresses of a target may be connected to. */
export type Judge = (target: Target) => AddressTest

export function createJudge ({ ownOrigins, allowedTargets, forbidden = isForbidden }: TargetRules): Judge {
  const isAllowed = readAllowed(allowedTargets)
  return (target) => (address) =>
    !forbidden(address) && isAllowed(target.hostname, address) && !isOwn(address, portOf(target), ownOrigins())
}

/** Is a URL forbidden by what it says, before any name is looked up? */
export function isForbiddenAsWritten (judge: Judge, url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = host === 'localhost' ? '127.0.0.1' : host
  return isIP(address) !== 0 && !judge({ protocol: url.protocol, hostname: host, port: url.port })(address)
}

/** Our own port on this machine, by whatever name. */
function isOwn (address: string, port: number, origins: readonly string[]): boolean {
  return origins.some((origin) => portOf(new URL(origin)) === port) && (isLoopback(address) || ownAddresses()(address))
}

/** Read each time: interfaces come and go, and only a target on our own port asks. */
function ownAddresses (): AddressTest {
  return addressSet(Object.values(networkInterfaces()).flatMap((interfaces = []) => interfaces.map(({ address }) => address)))
}

function portOf ({ protocol, port }: Omit<Target, 'hostname'>): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
}

/** By the target's name as the URL has it, or by an address. */
function readAllowed (targets: readonly string[] | null): (hostname: string, address: string) => boolean {
  if (targets === null) return () => true

  const isRange = (target: string): boolean => target.includes('/') || isIP(target) !== 0
  const isInRange = addressSet(targets.filter(isRange))
  const names = new Set(targets.filter((target) => !isRange(target)).map((name) => name.toLowerCase()))
  return (hostname, address) => names.has(hostname) || isInRange(address)
}
