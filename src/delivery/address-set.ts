import { BlockList, isIP } from 'node:net'

export type AddressTest = (address: string) => boolean

/**
 * Is an address one of these addresses and CIDR ranges? An IPv4 range also holds the IPv4-mapped form of its addresses.
 * Throws on what is neither.
 */
export function addressSet (ranges: readonly string[]): AddressTest {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    if (prefix === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, readPrefix(prefix), familyOf(address))
  }
  return (address) => list.check(address, familyOf(address))
}

/** Anything that is no IPv4 address is taken for IPv6: `BlockList` throws where it is none either. */
function familyOf (address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

/** `BlockList` refuses NaN, but would take an empty prefix for 0: the whole world. */
function readPrefix (text: string): number {
  return /^\d+$/.test(text) ? Number(text) : NaN
}
