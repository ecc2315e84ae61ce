import { test } from 'tap'

import { addressSet } from '../../src/delivery/address-set.ts'
import { isForbidden } from '../../src/delivery/forbidden-address.ts'

const rows: ReadonlyArray<readonly [address: string, forbidden: boolean]> = [
  ['127.0.0.1', false],
  ['127.8.8.8', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['10.0.0.1', false],
  ['172.17.0.1', false],
  ['192.168.1.20', false],
  ['100.64.0.1', false],
  ['fd12:3456::1', false],
  ['93.184.216.34', false],
  ['2606:2800:220:1::1', false],
  ['169.253.255.255', false],
  ['169.254.0.1', true],
  ['169.254.169.254', true],
  ['169.255.0.0', false],
  ['::ffff:169.254.169.254', true],
  ['::ffff:a9fe:a9fe', true],
  ['0:0:0:0:0:ffff:a9fe:a9fe', true],
  ['64:ff9b::169.254.169.254', true],
  ['64:ff9b::10.0.0.1', false],
  ['2002:a9fe:a9fe::1', true],
  ['fe80::1', true],
  ['fe80::1%eth0', true],
  ['febf::1', true],
  ['fec0::1', false],
  ['fd00:ec2::254', true],
  ['FD00:0EC2:0:0:0:0:0:0254', true],
  ['fd00:ec2::253', false],
  ['100.100.100.200', true],
  ['0.0.0.0', true],
  ['::', true],
  ['::ffff:0.0.0.0', true],
  ['224.0.0.1', true],
  ['239.255.255.255', true],
  ['ff02::1', true],
  ['255.255.255.255', true],
  ['localhost', true],
  ['', true]
]

for (const [address, forbidden] of rows) {
  test(`${address === '' ? 'no address' : address} is ${forbidden ? 'forbidden' : 'permitted'}`, async (t) => {
    t.equal(isForbidden(address), forbidden)
  })
}

for (const range of ['', 'localhost', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/x', '300.0.0.1', 'fd00::/129']) {
  test(`a set of addresses refuses "${range}"`, async (t) => {
    t.throws(() => addressSet([range]))
  })
}
