import { isIP } from 'node:net'

import { addressSet } from './address-set.ts'

const isListed = addressSet([
  // unspecified, multicast, broadcast
  '0.0.0.0/8', '::', '224.0.0.0/4', 'ff00::/8', '255.255.255.255',
  // link-local, where most clouds serve an instance's credentials; also through NAT64, 6to4, SIIT and old IPv4-compatible forms
  '169.254.0.0/16', 'fe80::/10', '64:ff9b::a9fe:0/112', '64:ff9b:1::/48', '2002:a9fe::/32', '::a9fe:0/112', '::ffff:0:a9fe:0/112',
  // metadata elsewhere: AWS (instances, EKS), Google, Alibaba, Azure, Oracle Classic
  'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', '100.100.100.200', '168.63.129.16', '192.0.0.192'
])

/**
 * Never a merchant's address, whoever named it (promise 9). Private ranges and loopback are where merchants live.
 * What is no IP address at all cannot be judged and is forbidden.
 */
export function isForbidden (address: string): boolean {
  return isIP(address) === 0 || isListed(address)
}

/** Thrown into a connection before it is made. */
export class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget'
}
