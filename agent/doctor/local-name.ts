/** Whether a host name or address, as it stands in a URL, is this machine's by its text alone. */
import { BlockList, isIP } from 'node:net'

/** Addresses that lead nowhere else; a connection to the unspecified ones ends here too. */
const ALWAYS_HERE = new BlockList()
ALWAYS_HERE.addSubnet('127.0.0.0', 8, 'ipv4')
ALWAYS_HERE.addSubnet('0.0.0.0', 8, 'ipv4')
ALWAYS_HERE.addAddress('::1', 'ipv6')
ALWAYS_HERE.addAddress('::', 'ipv6')

/** `own`: what this machine is called, and the addresses of its interfaces. */
export function isLocalName(hostname: string, own: readonly string[]): boolean {
  const name = plain(hostname)
  const family = isIP(name)
  if (family !== 0 && ALWAYS_HERE.check(name, family === 6 ? 'ipv6' : 'ipv4')) return true
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  return own.some((one) => plain(one) === name || `${plain(one)}.local` === name)
}

/** Without brackets, zone and a point at the end, in small letters. */
function plain(name: string): string {
  return name
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
    .replace(/\.$/, '')
    .toLowerCase()
}
