/** Where the gate listens for hosts over TCP, as the configuration writes it. */

import { BlockList, isIP } from 'node:net'

const TCP_SCHEME = 'tcp://'

export interface TcpAddress {
  readonly host: string
  readonly port: number
}

/** A host name, an IPv4 address, or an IPv6 address in brackets; longer names are none (RFC 1035). */
const ADDRESS = /^(?:\[([0-9a-fA-F:.]{2,45}(?:%[\w.-]{1,16})?)\]|([\w.-]{1,253})):(\d{1,5})$/

/** Reads `127.0.0.1:2525`, `[::1]:2525` or `print-host:2525`; undefined for anything else. Port 0 takes any free one. */
export function readTcpAddress(text: string): TcpAddress | undefined {
  const [, ipv6, name, digits] = ADDRESS.exec(text) ?? []
  if (ipv6 !== undefined && isIP(ipv6) !== 6) return undefined
  const host = ipv6 ?? name
  const port = Number(digits)
  // `1.2.3` and `127.1` are addresses to some resolvers and names to others.
  if (host === undefined || port > 65_535) return undefined
  return ipv6 === undefined && isIP(host) === 0 && /^[\d.]+$/.test(host) ? undefined : { host, port }
}

/** Reads `tcp://HOST:PORT`, the name of a printer to connect to; undefined for anything else. */
export function readTcpName(text: string): TcpAddress | undefined {
  const address = text.startsWith(TCP_SCHEME) ? readTcpAddress(text.slice(TCP_SCHEME.length)) : undefined
  return address?.port === 0 ? undefined : address
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/**
 * Whether only programs on this machine can reach the address. A name other than `localhost` may lead anywhere, and
 * tomorrow somewhere else.
 */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
