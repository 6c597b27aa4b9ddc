/** Chooses the kind of link by its name. */

import type { OpenPort } from './port.ts'
import { readTcpName } from './tcp-name.ts'

/** Whether the name can be one at all: told before anything is decided or recorded. Throws USAGE. */
export function checkPortName(name: string): void {
  if (name.startsWith('tcp://')) readTcpName(name)
}

/** `tcp://host:port` is a connection, everything else the path of a serial device. Each loads only what it needs. */
export const openPort: OpenPort = async (name, listener, options) => {
  if (name.startsWith('tcp://')) {
    const { openTcpPort } = await import('./tcp-port.ts')
    return openTcpPort(name, listener, options)
  }
  const { openNodePort } = await import('./node-port.ts')
  return openNodePort(name, listener, options)
}
