/** Chooses the kind of link by its name. */

import type { OpenPort } from './port.ts'

/** `tcp://host:port` is a connection, everything else the path of a serial device. Each loads only what it needs. */
export const openPort: OpenPort = async (name, listener, options) => {
  if (name.startsWith('tcp://')) {
    const { openTcpPort } = await import('./tcp-port.ts')
    return openTcpPort(name, listener, options)
  }
  const { openNodePort } = await import('./node-port.ts')
  return openNodePort(name, listener, options)
}
