/** A printer behind TCP: a serial server such as ser2net, or the simulated printer. */

import net from 'node:net'
import { AgentError, systemErrorCode } from '../errors.ts'
import { descriptorOf } from './descriptor-of.ts'
import { tookNothing, type WriterLimits } from './descriptor-writer.ts'
import { LineReader } from './line-reader.ts'
import {
  type Port,
  type PortEnd,
  type PortListener,
  type PortOptions,
  WRITE_QUEUE_BYTES_MAX,
  WRITE_TIMEOUT_MS,
} from './port.ts'
import { readTcpName } from './tcp-name.ts'

/** A machine in the same building answers within milliseconds; longer means that nobody is there. */
const CONNECT_TIMEOUT_MS = 5000

/**
 * How long to wait for a server to say that it serves somebody else. Serial servers accept, say so and hang up; one
 * that is free says nothing, and cannot be told from a slow one in any other way.
 */
const REFUSAL_WAIT_MS = 100

/** How long `close` waits for the far end to hang up too. */
const CLOSE_WAIT_MS = 500

/** When a connection is idle, how soon the kernel asks whether the far end still lives. */
const KEEP_ALIVE_MS = 5000

const WRITER_LIMITS: WriterLimits = { queueBytesMax: WRITE_QUEUE_BYTES_MAX, stallMs: WRITE_TIMEOUT_MS }

/** Our own `IN_USE_LINE`, and what ser2net says. */
const IN_USE = /\bin use\b|\bbusy\b/i

/** Opens `tcp://host:port`; see `OpenPort`. */
export async function openTcpPort(
  name: string,
  listener: PortListener,
  _options: PortOptions,
  limits: WriterLimits = WRITER_LIMITS,
): Promise<Port> {
  const socket = await connect(name, readTcpName(name))
  const refusal = await refusalAtOnce(socket)
  if (refusal === undefined) return new TcpPort(name, socket, listener, limits)
  socket.destroy()
  if (IN_USE.test(refusal)) throw new AgentError('PORT_BUSY', `port \`${name}\` is in use by another program`)
  throw new AgentError('PORT_REFUSED', `port \`${name}\` hung up as soon as it was called`)
}

class TcpPort implements Port {
  readonly name: string
  readonly #socket: net.Socket
  readonly #listener: PortListener
  readonly #limits: WriterLimits
  readonly #reader: LineReader
  #unsent = 0
  #stall: NodeJS.Timeout | undefined
  #waiting: (() => void)[] = []
  #isEnded = false

  constructor(name: string, socket: net.Socket, listener: PortListener, limits: WriterLimits) {
    this.name = name
    this.#socket = socket
    this.#listener = listener
    this.#limits = limits
    this.#reader = new LineReader(listener)
    socket.on('data', (bytes: Buffer) => this.#reader.push(bytes))
    socket.on('end', () => this.#lose('the far end closed the connection'))
    socket.on('error', (error) =>
      this.#lose(`the connection failed (${systemErrorCode(error) ?? error.message})`),
    )
    socket.on('close', () => this.#lose('the connection is gone'))
    socket.resume()
  }

  get descriptor(): number | undefined {
    return this.#isEnded ? undefined : descriptorOf(this.#socket)
  }

  write(bytes: Uint8Array): void {
    if (this.#isEnded) return
    if (this.#socket.writableLength + bytes.length > this.#limits.queueBytesMax) {
      const reason = `more than ${this.#limits.queueBytesMax} bytes wait for the device`
      setImmediate(() => this.#lose(reason))
      return
    }
    this.#unsent += 1
    this.#stall ??= setTimeout(() => this.#lose(tookNothing(this.#limits.stallMs)), this.#limits.stallMs)
    // Not `slice`: on a Buffer that is a view of what the caller is about to reuse.
    this.#socket.write(new Uint8Array(bytes), this.#sent)
  }

  drain(): Promise<void> {
    if (this.#unsent === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async close(): Promise<void> {
    this.#end({ kind: 'closed' })
    if (this.#socket.closed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), CLOSE_WAIT_MS)
      this.#socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Called once for each write, also when it failed. */
  readonly #sent = (): void => {
    this.#unsent -= 1
    if (this.#unsent > 0) this.#stall?.refresh()
    else this.#settle()
  }

  #settle(): void {
    clearTimeout(this.#stall)
    this.#stall = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #lose(reason: string): void {
    this.#end({ kind: 'lost', reason })
  }

  #end(end: PortEnd): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#reader.stop()
    this.#settle()
    // A reset could overtake the last bytes we sent, so an asked-for end is said in order.
    if (end.kind === 'closed') this.#socket.end()
    else this.#socket.destroy()
    this.#listener.end(end)
  }
}

function connect(name: string, address: { host: string; port: number }): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    const timer = setTimeout(() => {
      socket.destroy()
      const waited = `${CONNECT_TIMEOUT_MS / 1000} s`
      reject(new AgentError('PORT_MISSING', `port \`${name}\` did not answer within ${waited}`))
    }, CONNECT_TIMEOUT_MS)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
    // Stays for the life of the socket: an error that nobody hears would end the process.
    socket.on('error', (cause) => {
      clearTimeout(timer)
      reject(connectError(name, cause))
    })
  })
}

/** What the server said before it hung up at once, or undefined when it did not and the connection stands. */
function refusalAtOnce(socket: net.Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const settle = () => {
      clearTimeout(timer)
      socket.off('data', heard).off('end', settle).off('close', settle).pause()
      const said = Buffer.concat(chunks)
      if (socket.readableEnded || socket.destroyed) return resolve(said.toString('latin1'))
      if (said.length > 0) socket.unshift(said)
      resolve(undefined)
    }
    const heard = (chunk: Buffer) => {
      chunks.push(chunk)
      // Words alone prove nothing: Marlin says `echo:busy: processing`. The hang-up that follows does.
      if (!IN_USE.test(chunk.toString('latin1'))) settle()
    }
    const timer = setTimeout(settle, REFUSAL_WAIT_MS)
    socket.on('data', heard).on('end', settle).on('close', settle)
  })
}

function connectError(name: string, cause: Error): AgentError {
  const code = systemErrorCode(cause)
  switch (code) {
    case 'ECONNREFUSED':
      return new AgentError('PORT_MISSING', `nothing listens at port \`${name}\``, { cause })
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AgentError('PORT_MISSING', `the machine of port \`${name}\` is not known here`, { cause })
    case 'EACCES':
    case 'EPERM':
      return new AgentError('PORT_REFUSED', `no permission to connect to port \`${name}\``, { cause })
    default:
      return new AgentError('PORT_MISSING', `port \`${name}\` cannot be reached (${code ?? cause.message})`, {
        cause,
      })
  }
}
