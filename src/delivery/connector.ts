import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

import { buildConnector } from 'undici'

import type { AddressTest } from './address-set.ts'
import { ForbiddenTarget } from './forbidden-address.ts'
import type { Judge } from './judge.ts'

export type Connect = buildConnector.connector

/**
 * Makes connections to permitted addresses only. A name is judged by what it resolves to, and the very addresses that were
 * judged are connected to, so no second answer of a name server can slip in between. The signal ends a connection at any
 * stage; undici's own timer is off, since it is late by up to half a second.
 */
export function createConnector (judge: Judge, signal: AbortSignal): Connect {
  return (options, callback) => {
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
