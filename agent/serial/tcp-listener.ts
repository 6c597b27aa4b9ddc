/** The device's side of a link over TCP: the same as a virtual serial port, for clients on other machines. */

import net from 'node:net'
import { AgentError, systemErrorCode } from '../errors.ts'
import { descriptorOf } from './descriptor-of.ts'
import { giveUpAfter } from './give-up-time.ts'
import { HANG_UP_LOOK_MS, hasHungUp } from './hang-up.ts'
import { DEVICE_QUEUE_BYTES_MAX, type DeviceSide, IN_USE_LINE } from './listener.ts'
import { askForSecret, SecretKeeper, type SecretVerdict } from './tcp-secret.ts'

/** How long `close` waits for a client to take what is left and hang up. */
const CLOSE_WAIT_MS = 200

/** When a connection is idle, how soon the kernel asks whether the client's machine still lives. */
const KEEP_ALIVE_MS = 10_000

/** A client that acknowledges nothing for so long is gone: its machine was switched off, or its cable pulled. */
const UNACKNOWLEDGED_MS = 30_000

/** How long a connection may say nothing at all, where no secret is asked for. */
const FIRST_BYTE_WAIT_MS = 10_000

/**
 * Connections that have said nothing or not shown their secret yet. One more sends the oldest away, of the address that
 * most of them come from: a client speaks at once, and its first bytes must be read before so many others connect.
 */
const STRANGERS_MAX = 64

/** Connections that are being told why they are sent away; more are without a word. */
const SENT_AWAY_MAX = 16

export interface TcpOptions {
  /** A client's first line must be `Bearer <secret>`; before that it is nobody, and takes nobody's place. */
  readonly secret?: string
  /** What a client that comes second is told before it is sent away. */
  readonly inUseLine?: string
}

/**
 * Listens for one client at a time; port 0 takes any free one, which `path` then names.
 * Throws `AgentError` PORT_BUSY, PORT_MISSING (no such address here) or PORT_REFUSED.
 */
export async function listenOnTcp(host: string, port: number, options: TcpOptions = {}): Promise<DeviceSide> {
  const server = net.createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    // Nothing is read ahead: a paused client is left to the kernel, and what it sent cannot be lost with its connection.
    highWaterMark: 0,
  })
  const name = tcpName(host, port)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(name, cause)))
    server.listen({ host, port, exclusive: true }, resolve)
  })
  server.removeAllListeners('error')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return new TcpDevice(server, tcpName(host, bound), options)
}

class TcpDevice implements DeviceSide {
  readonly path: string
  readonly #server: net.Server
  readonly #inUseLine: string
  readonly #keeper: SecretKeeper | undefined
  /** Who has yet to say something or to show the secret, the oldest first, and how to give each up. */
  readonly #strangers = new Map<net.Socket, () => void>()
  readonly #sentAway = new Set<net.Socket>()
  #socket: net.Socket | undefined
  #isPaused = false
  /** Looks for the client's hang-up during a pause, in which nothing else would tell it. */
  #looking: NodeJS.Timeout | undefined
  #isClosed = false
  #bytes: (bytes: Uint8Array) => void = () => {}
  #client: (connected: boolean) => void = () => {}

  constructor(server: net.Server, path: string, options: TcpOptions) {
    this.path = path
    this.#server = server
    this.#inUseLine = options.inUseLine ?? IN_USE_LINE
    this.#keeper = options.secret === undefined ? undefined : new SecretKeeper(options.secret)
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

  dismiss(): boolean {
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) this.#sendAway(socket, this.#inUseLine)
    return true
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

  pause(): void {
    this.#isPaused = true
    this.#socket?.pause()
    this.#looking ??= setInterval(this.#look, HANG_UP_LOOK_MS).unref()
  }

  resume(): void {
    // Pauses may be shorter than the time between two looks.
    this.#look()
    this.#isPaused = false
    this.#stopLooking()
    this.#socket?.resume()
  }

  readonly #look = (): void => {
    if (this.#isPaused && this.#socket !== undefined && isGone(this.#socket)) this.#socket.destroy()
  }

  #stopLooking(): void {
    clearInterval(this.#looking)
    this.#looking = undefined
  }

  /** Resolves when the last client is gone too. */
  #stopListening(): Promise<void> {
    this.#isClosed = true
    this.#stopLooking()
    for (const giveUp of this.#strangers.values()) giveUp()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: net.Socket): void {
    socket.on('error', () => {})
    giveUpAfter(socket, UNACKNOWLEDGED_MS)
    if (this.#isClosed) {
      socket.destroy()
      return
    }
    const keeper = this.#keeper
    // Who need not show anything is told at once: it may be waiting for a greeting.
    if (keeper === undefined && this.#socket !== undefined && !isGone(this.#socket)) {
      this.#sendAway(socket, this.#inUseLine)
      return
    }
    this.#makeRoom()
    const giveUp =
      keeper === undefined
        ? awaitFirstBytes(socket, () => this.#admit(socket))
        : askForSecret(socket, keeper, (verdict) => this.#judged(socket, verdict))
    this.#strangers.set(socket, giveUp)
    socket.on('close', () => this.#strangers.delete(socket))
  }

  #judged(socket: net.Socket, verdict: SecretVerdict): void {
    if (!verdict.ok) {
      this.#sendAway(socket, verdict.line)
      return
    }
    if (verdict.rest.length > 0) socket.unshift(verdict.rest)
    this.#admit(socket)
  }

  #makeRoom(): void {
    if (this.#strangers.size < STRANGERS_MAX) return
    const counts = new Map<string | undefined, number>()
    for (const { remoteAddress: from } of this.#strangers.keys())
      counts.set(from, (counts.get(from) ?? 0) + 1)
    const most = Math.max(...counts.values())
    for (const [socket, giveUp] of this.#strangers) {
      if (counts.get(socket.remoteAddress) !== most) continue
      this.#strangers.delete(socket)
      giveUp()
      return
    }
  }

  #sendAway(socket: net.Socket, line: string): void {
    this.#strangers.delete(socket)
    if (this.#sentAway.size >= SENT_AWAY_MAX) {
      socket.destroy()
      return
    }
    this.#sentAway.add(socket)
    socket.on('close', () => this.#sentAway.delete(socket))
    sendAway(socket, line)
  }

  /** The client has spoken, and what it said waits in the paused socket. */
  #admit(socket: net.Socket): void {
    const last = this.#socket
    if (last !== undefined && isGone(last)) {
      // The next client was quicker than the news that the last one left.
      last.once('close', () => this.#admit(socket))
      last.destroy()
      return
    }
    if (last !== undefined) {
      this.#sendAway(socket, this.#inUseLine)
      return
    }
    this.#strangers.delete(socket)
    if (this.#isClosed || socket.destroyed) return
    this.#socket = socket
    socket.on('close', () => {
      if (this.#isClosed || this.#socket !== socket) return
      this.#socket = undefined
      this.#client(false)
    })
    // Paused before it is listened to, or listening would start it.
    socket.pause()
    socket.on('data', (bytes: Buffer) => {
      if (!this.#isClosed && this.#socket === socket) this.#bytes(bytes)
    })
    this.#client(true)
    if (!this.#isPaused) socket.resume()
  }
}

function isGone(socket: net.Socket): boolean {
  const fd = descriptorOf(socket)
  return fd === undefined || hasHungUp(fd)
}

/**
 * Waits for the first bytes of a connection and puts them back: until then it is nobody, as on a virtual port, and takes
 * nobody's place. One that stays silent is closed. Tells once, with the socket paused; returns what gives it up.
 */
function awaitFirstBytes(socket: net.Socket, told: () => void): () => void {
  const giveUp = () => {
    stop()
    socket.destroy()
  }
  const hear = (bytes: Buffer) => {
    stop()
    socket.pause()
    socket.unshift(bytes)
    told()
  }
  const stop = () => {
    clearTimeout(timer)
    socket.off('data', hear).off('close', stop)
  }
  const timer = setTimeout(giveUp, FIRST_BYTE_WAIT_MS)
  socket.on('data', hear).on('close', stop)
  return giveUp
}

function sendAway(socket: net.Socket, line: string): void {
  socket.end(`${line}\n`)
  // What it sends is not for us, but it must be read for the far end's close to be seen.
  socket.resume()
  // Not the socket's own timeout, which a client that goes on sending would put off for ever.
  const timer = setTimeout(() => socket.destroy(), CLOSE_WAIT_MS)
  socket.on('close', () => clearTimeout(timer))
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
