// Loaded before each test file (.taprc): a test that reaches for another machine, or asks a name server, ends with an error.
// What tests spawn it does not see; .ci/run therefore runs all of them where there is no other machine.
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { BlockList, isIP, Socket } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Names that stand for nobody, anywhere (RFC 2606 and 6761): answered here as a name server would. */
const NOBODY = /\.(test|invalid|example)$/

const { connect } = Socket.prototype
Socket.prototype.connect = function (...args) {
  this.prependListener('connectionAttempt', (address) => {
    // What is no address is the path of a socket on this machine.
    if (isIP(address) !== 0 && !LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) throw new Error(`a test reaches for ${address}`)
  })
  return connect.apply(this, args)
}

const { lookup } = dns
const { lookup: lookupLater } = dns.promises

dns.lookup = Object.assign((name, ...rest) => {
  const refusal = refusalOf(name)
  if (refusal === undefined) return lookup(name, ...rest)
  process.nextTick(rest.at(-1), refusal)
}, lookup)
dns.promises.lookup = async (name, options) => {
  const refusal = refusalOf(name)
  if (refusal !== undefined) throw refusal
  return lookupLater(name, options)
}
// No test has a use for these: they ask name servers by themselves, or send without connecting.
for (const module of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
  for (const name of Object.keys(Object.getOwnPropertyDescriptors(module)).filter((each) => /^(resolve|reverse)/.test(each))) module[name] = forbidden(`dns.${name}`)
}
dgram.createSocket = forbidden('dgram.createSocket')
syncBuiltinESMExports()

function forbidden (what) {
  return () => { throw flaw(`a test uses ${what}`) }
}

function refusalOf (name) {
  if (isIP(name) !== 0 || name === 'localhost') return undefined
  if (NOBODY.test(name)) return Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name, syscall: 'getaddrinfo' })
  return flaw(`a test asks a name server for ${name}`)
}

/** However it is handled, it ends the test. */
function flaw (message) {
  const error = new Error(message)
  process.nextTick(() => { throw error })
  return error
}
