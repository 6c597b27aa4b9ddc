/** How a TCP link is named: `tcp://host:port`, or `tcp://[::1]:2525`. */

import { AgentError } from '../errors.ts'

/** A host name, an IPv4 address, or an IPv6 address in brackets. */
const NAME = /^tcp:\/\/(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})$/

/** Host and port of a name to connect to. Throws USAGE where it is none. */
export function readTcpName(name: string): { host: string; port: number } {
  const [, ipv6, host, digits] = NAME.exec(name) ?? []
  const port = Number(digits)
  const found = ipv6 ?? host
  if (found === undefined || port < 1 || port > 65535) {
    throw new AgentError('USAGE', `\`${name}\` is not of the form \`tcp://host:port\``)
  }
  return { host: found, port }
}
