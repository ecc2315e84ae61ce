import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
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

/**
 * Makes connections to permitted addresses only. A name is judged by what it resolves to, and the very addresses that were
 * judged are connected to, so no second answer of a name server can slip in between. The signal ends a connection at any
 * stage; undici's own timer is off, since it is late by up to half a second.
 */
export function createConnector (judge: Judge): (signal: AbortSignal) => Connect {
  return (signal) => (options, callback) => {
    const isPermitted = judge(options)

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
    addressesOf(hostname).then((addresses) => {
      const permitted: readonly LookupAddress[] = addresses.filter(({ address }) => isPermitted(address))
      const [first] = permitted
      if (first === undefined) callback(new ForbiddenTarget(hostname), [])
      else if (options.all === true) callback(null, [...permitted])
      else callback(null, first.address, first.family)
    }, (error: NodeJS.ErrnoException) => callback(error, []))
  }
}

const LOCALHOST: readonly LookupAddress[] = [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }]
const lookups = new Map<string, Promise<readonly LookupAddress[]>>()

/**
 * One question at a time for each name: few can be under way in a process, and a dead name server leaves each open for long.
 * localhost, where most merchants of a sandbox live, asks nobody.
 */
function addressesOf (hostname: string): Promise<readonly LookupAddress[]> {
  if (hostname === 'localhost') return Promise.resolve(LOCALHOST)
  const underWay = lookups.get(hostname)
  if (underWay !== undefined) return underWay
  const asked = lookup(hostname, { all: true }).finally(() => lookups.delete(hostname))
  lookups.set(hostname, asked)
  return asked
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
