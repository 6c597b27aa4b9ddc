/**
 * Whether a name leads to this very machine. A witness here would lose its memory with the log that it vouches for: it
 * counts for nothing. Behind a translated address, or in a container, one can hide; that no program can see from here.
 */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces, hostname as ownName } from 'node:os'

/** What is asked of the machine. */
export interface HostWorld {
  /** Every address of a name. Fails where there is none. */
  lookup(hostname: string): Promise<readonly string[]>
  /** The addresses of this machine's interfaces. */
  addresses(): readonly string[]
  /** What this machine calls itself. */
  name(): string
}

const nodeWorld: HostWorld = {
  lookup: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
  addresses: () =>
    Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address)),
  name: ownName,
}

/** Addresses that lead nowhere else, the unspecified ones too: a connection to them ends here. */
const ALWAYS_HERE = new BlockList()
ALWAYS_HERE.addSubnet('127.0.0.0', 8, 'ipv4')
ALWAYS_HERE.addSubnet('0.0.0.0', 8, 'ipv4')
ALWAYS_HERE.addAddress('::1', 'ipv6')
ALWAYS_HERE.addAddress('::', 'ipv6')

/**
 * True if any address of `hostname`, as it stands in a URL, is this machine's. Fails with a system error where the name
 * cannot be looked up: then nobody knows.
 */
export async function isThisHost(hostname: string, world: HostWorld = nodeWorld): Promise<boolean> {
  const name = hostname
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
    .replace(/\.$/, '')
  if (name === 'localhost' || name.endsWith('.localhost') || name === world.name().toLowerCase()) return true
  const addresses = isIP(name) === 0 ? await world.lookup(name) : [name]
  const own = new BlockList()
  for (const address of world.addresses()) {
    const family = familyOf(withoutZone(address))
    if (family !== undefined) own.addAddress(withoutZone(address), family)
  }
  return addresses.map(withoutZone).some((address) => {
    const family = familyOf(address)
    // IPv4 addresses in the form of IPv6 are found among those of IPv4.
    return family === undefined || ALWAYS_HERE.check(address, family) || own.check(address, family)
  })
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const family = isIP(address)
  if (family === 0) return undefined
  return family === 6 ? 'ipv6' : 'ipv4'
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}
