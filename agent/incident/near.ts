/** Which addresses are near: this machine's own, and those of private networks, where plain text goes no further. */
import { type LookupAddress, lookup as lookupName } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'
import { Undeliverable } from './undeliverable.ts'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** RFC 1918, RFC 3927, RFC 4193 and RFC 4291: not carried beyond a site. */
const PRIVATE = new BlockList()
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4')
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4')
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

/** An IP address of this machine. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** An IP address of this machine or of a private network. */
export function isNear(address: string): boolean {
  return (
    isLoopback(address) || (isIP(address) !== 0 && PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'))
  )
}

/** A look-up of names for a connection that takes no address but those that `isAllowed`. */
export function lookupOnly(isAllowed: (address: string) => boolean, why: string): LookupFunction {
  return (name, options, done) => {
    lookupName(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '')
      const addresses = found.filter(({ address }) => isAllowed(address))
      const [first] = addresses
      if (first === undefined) return done(new Undeliverable(why), '')
      if (options.all === true) return done(null, addresses)
      return done(null, first.address, first.family)
    })
  }
}

/** The first address of a name that `isAllowed`; an address is its own. */
export async function addressOf(
  host: string,
  isAllowed: (address: string) => boolean,
  why: string,
): Promise<LookupAddress> {
  const found = await lookup(host, { all: true })
  const address = found.find((one) => isAllowed(one.address))
  if (address === undefined) throw new Undeliverable(why)
  return address
}
