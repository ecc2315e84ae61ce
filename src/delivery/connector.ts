import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'

import { buildConnector } from 'undici'

import { addressSet } from './address-set.ts'
import type { AddressTest } from './address-set.ts'
import { ForbiddenTarget, isForbidden } from './forbidden-address.ts'

/** Whom a connection may reach (promise 9). */
export interface TargetRules {
  /** Where this emulator itself listens. Only the port counts: what it is called is decided by the address it resolves to. */
  readonly ownOrigins: () => readonly string[]
  /** Host names, IP addresses and CIDR ranges; null allows all. */
  readonly allowedTargets: readonly string[] | null
  readonly forbidden?: AddressTest
}

export type Connect = buildConnector.connector

const isLoopback = addressSet(['127.0.0.0/8', '::1'])

/**
 * Makes connections to permitted addresses only. A name is judged by what it resolves to, and the very addresses that were
 * judged are connected to, so no second answer of a name server can slip in between. The signal ends a connection at any
 * stage; undici's own timer is off, since it is late by up to half a second.
 */
export function createConnector ({ ownOrigins, allowedTargets, forbidden = isForbidden }: TargetRules): (signal: AbortSignal) => Connect {
  const isAllowed = readAllowed(allowedTargets)

  return (signal) => (options, callback) => {
    const port = portOf(options)
    const isPermitted = (address: string): boolean =>
      !forbidden(address) && isAllowed(options.hostname, address) && !isOwn(address, port, ownOrigins())

    // An IP literal is never looked up.
    if (isIP(options.hostname) !== 0 && !isPermitted(options.hostname)) {
      callback(new ForbiddenTarget(options.hostname), null)
      return
    }
    buildConnector({ timeout: 0, maxCachedSessions: 0, signal, lookup: judged(isPermitted) })(options, callback)
  }
}

/** A name's permitted addresses: one that also has a link-local address is still reached by its others. */
function judged (isPermitted: AddressTest): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])

      const permitted: readonly LookupAddress[] = addresses.filter(({ address }) => isPermitted(address))
      const [first] = permitted
      if (first === undefined) callback(new ForbiddenTarget(hostname), [])
      else if (options.all === true) callback(null, [...permitted])
      else callback(null, first.address, first.family)
    })
  }
}

/** Our own port on this machine, by whatever name. */
function isOwn (address: string, port: number, origins: readonly string[]): boolean {
  return origins.some((origin) => portOf(new URL(origin)) === port) && (isLoopback(address) || ownAddresses()(address))
}

/** Read each time: interfaces come and go, and only a target on our own port asks. */
function ownAddresses (): AddressTest {
  return addressSet(Object.values(networkInterfaces()).flatMap((interfaces = []) => interfaces.map(({ address }) => address)))
}

function portOf ({ protocol, port }: { readonly protocol: string, readonly port: string }): number {
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
