/** The device's side of a link over TCP: the same as a virtual serial port, for clients on other machines. */

import net from 'node:net'
import { AgentError, systemErrorCode } from '../errors.ts'
import { DEVICE_QUEUE_BYTES_MAX, type DeviceSide, IN_USE_LINE } from './listener.ts'

/** How long `close` waits for a client to take what is left and hang up. */
const CLOSE_WAIT_MS = 200

/**
 * Listens for one client at a time; port 0 takes any free one, which `path` then names.
 * Throws `AgentError` PORT_BUSY, PORT_MISSING (no such address here) or PORT_REFUSED.
 */
export async function listenOnTcp(host: string, port: number): Promise<DeviceSide> {
  const server = net.createServer({ noDelay: true })
  const name = tcpName(host, port)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(name, cause)))
    server.listen({ host, port, exclusive: true }, resolve)
  })
  server.removeAllListeners('error')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return new TcpDevice(server, tcpName(host, bound))
}

class TcpDevice implements DeviceSide {
  readonly path: string
  readonly #server: net.Server
  #socket: net.Socket | undefined
  #isClosed = false
  #bytes: (bytes: Uint8Array) => void = () => {}
  #client: (connected: boolean) => void = () => {}

  constructor(server: net.Server, path: string) {
    this.path = path
    this.#server = server
    // Accepting can fail for want of descriptors; the client sees that by itself and the next may fare better.
    server.on('error', () => {})
    server.on('connection', (socket) => this.#accept(socket))
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket
    if (socket === undefined || this.#isClosed || socket.writableEnded) return
    if (socket.writableLength + bytes.length > DEVICE_QUEUE_BYTES_MAX) return
    // Not `slice`: on a Buffer that is a view of what the caller is about to reuse.
    socket.write(new Uint8Array(bytes))
  }

  onBytes(callback: (bytes: Uint8Array) => void): void {
    this.#bytes = callback
  }

  onClient(callback: (connected: boolean) => void): void {
    this.#client = callback
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    const stopped = this.#stopListening()
    const socket = this.#socket
    if (socket !== undefined) await sendRest(socket)
    await stopped
  }

  async unplug(): Promise<void> {
    if (this.#isClosed) return
    const stopped = this.#stopListening()
    this.#socket?.resetAndDestroy()
    await stopped
  }

  /** Resolves when the last client is gone too. */
  #stopListening(): Promise<void> {
    this.#isClosed = true
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: net.Socket): void {
    socket.on('error', () => {})
    if (this.#socket !== undefined || this.#isClosed) {
      socket.end(`${IN_USE_LINE}\n`)
      // What it sends is not for us, but it must be read for the far end's close to be seen.
      socket.resume()
      socket.setTimeout(CLOSE_WAIT_MS, () => socket.destroy())
      return
    }
    this.#socket = socket
    this.#client(true)
    socket.on('data', (bytes: Buffer) => {
      if (!this.#isClosed) this.#bytes(bytes)
    })
    socket.on('close', () => {
      if (this.#isClosed || this.#socket !== socket) return
      this.#socket = undefined
      this.#client(false)
    })
  }
}

/** Hands everything to the kernel, which sends it by itself, and then hangs up without a reset that could overtake it. */
function sendRest(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve()
    }
    const timer = setTimeout(finish, CLOSE_WAIT_MS)
    socket.end(finish)
  })
}

function tcpName(host: string, port: number): string {
  return host.includes(':') ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`
}

function listenError(name: string, cause: Error): AgentError {
  switch (systemErrorCode(cause)) {
    case 'EADDRINUSE':
      return new AgentError('PORT_BUSY', `port \`${name}\` is in use by another program`, { cause })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AgentError('PORT_MISSING', `this machine has no address \`${name}\``, { cause })
    case 'EACCES':
      return new AgentError(
        'PORT_REFUSED',
        `no permission to listen at \`${name}\`; ports below 1024 need it`,
        {
          cause,
        },
      )
    default:
      return new AgentError('PORT_REFUSED', `cannot listen at \`${name}\`: ${cause.message}`, { cause })
  }
}
