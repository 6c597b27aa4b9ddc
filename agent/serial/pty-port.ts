/**
 * A virtual serial port: a pty whose master is ours and whose terminal any program opens like `/dev/ttyUSB0`.
 * It outlives its clients: they open and close it as often as they like, and none sees what was meant for the last.
 *
 * Two programs can have one terminal open, and nobody could tell their bytes apart. Programs that lock a port (all
 * that use pyserial's `exclusive` or node-serialport) keep each other out. For the others: the kernel's own lock,
 * TIOCEXCL, outlives the last close of a pty's terminal and shuts us out as well, so that no client could come again.
 * Hence a port that must have one client gives each a pty of its own: at a client's first byte the link moves on to
 * a spare one and the client's is locked for good. Who opens the link then reaches the spare; what it says is a
 * second client's if the first still has its terminal open, and the next client's if not, however quickly one
 * followed the other. What this cannot part are two programs that both opened the port before either wrote a byte.
 */

import { assert } from '../errors.ts'
import type { DeviceSide } from './listener.ts'
import { Pty } from './pty.ts'
import { PortLink } from './pty-link.ts'
import { readTerminalAccess, type TerminalAccess, type TerminalAccessOptions } from './terminal-access.ts'

/** How long `close` waits for a client to read what is left. A client that reads at all does so at once. */
const CLOSE_WAIT_MS = 200

/** How long a second client has to read why it is sent away. */
const REFUSED_WAIT_MS = 200

/** Second clients that are being told, at most; more are sent away without a word. */
const REFUSED_MAX = 8

export interface PtyOptions extends TerminalAccessOptions {
  /**
   * A symbolic link there leads to the terminal until the port closes; one that an earlier run left behind is
   * replaced, anything else at that place is refused with `AgentError` USAGE: the link of a virtual port that still
   * lives too.
   */
  readonly link?: string
  /**
   * What a client that comes second is told before it is sent away. Needs a link. Without it the port behaves as a
   * real one does: programs that do not lock it share it.
   */
  readonly inUseLine?: string
}

/** Makes a virtual serial port. Throws `AgentError` USAGE for a link, owner or group that cannot be. */
export async function listenOnPty(options: PtyOptions = {}): Promise<DeviceSide> {
  return new PtyDevice(options, readTerminalAccess(options))
}

class PtyDevice implements DeviceSide {
  readonly path: string
  readonly #access: TerminalAccess
  readonly #link: PortLink | undefined
  readonly #inUseLine: Uint8Array | undefined
  /** The client's, or before it has come, the one it will find. */
  #current: Pty
  /** The one that the link leads to while the client has its own. */
  #spare: Pty | undefined
  readonly #refused = new Set<Pty>()
  #hasClient = false
  #isPaused = false
  #isClosed = false
  #bytes: (bytes: Uint8Array) => void = () => {}
  #client: (connected: boolean) => void = () => {}

  constructor(options: PtyOptions, access: TerminalAccess) {
    const { link, inUseLine } = options
    assert(inUseLine === undefined || link !== undefined, 'a port with one client at a time needs a link')
    this.#access = access
    this.#inUseLine = inUseLine === undefined ? undefined : Buffer.from(`${inUseLine}\n`)
    const pty = this.#makePty()
    try {
      this.#link = link === undefined ? undefined : new PortLink(link, pty.path)
    } catch (error) {
      pty.end()
      throw error
    }
    this.path = link ?? pty.path
    this.#current = pty
  }

  write(bytes: Uint8Array): void {
    if (this.#hasClient && !this.#isClosed) this.#current.write(bytes)
  }

  onBytes(callback: (bytes: Uint8Array) => void): void {
    this.#bytes = callback
  }

  onClient(callback: (connected: boolean) => void): void {
    this.#client = callback
  }

  pause(): void {
    this.#isPaused = true
    this.#current.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (!this.#isClosed) this.#current.resume()
  }

  dismiss(): boolean {
    const pty = this.#current
    if (!this.#hasClient || this.#inUseLine === undefined || this.#spare === undefined) return false
    pty.write(this.#inUseLine)
    this.#hasClient = false
    this.#takeSpare(this.#spare)
    this.#endSoon(pty)
    return true
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    let timer: NodeJS.Timeout | undefined
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS)
    })
    await Promise.race([this.#current.drain(), waited])
    clearTimeout(timer)
    await this.unplug()
  }

  async unplug(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#link?.remove()
    for (const pty of [this.#current, this.#spare, ...this.#refused]) pty?.end()
  }

  #makePty(): Pty {
    return new Pty(this.#access, {
      bytes: (pty, bytes) => this.#take(pty, bytes),
      left: (pty) => this.#leave(pty),
    })
  }

  #take(pty: Pty, bytes: Uint8Array): void {
    if (pty === this.#current) {
      if (!this.#hasClient) this.#clientCame(pty)
      if (!this.#isClosed && this.#hasClient) this.#bytes(bytes)
    } else if (pty === this.#spare) {
      // The next client was quicker than the news that the last one left, which is on its way.
      if (this.#current.isHungUp) pty.putBack(bytes)
      else this.#refuse(pty)
    }
  }

  #clientCame(pty: Pty): void {
    this.#hasClient = true
    if (this.#inUseLine !== undefined) {
      this.#spare = this.#tryMakeNext()
      // Without a spare the link still leads to this one, and the next client must be able to open it.
      if (this.#spare !== undefined) pty.claim()
    }
    pty.release()
    this.#client(true)
  }

  /** Makes a pty and lets the link lead to it, or returns undefined where that is impossible now. */
  #tryMakeNext(): Pty | undefined {
    let pty: Pty | undefined
    try {
      pty = this.#makePty()
      this.#link?.move(pty.path)
      return pty
    } catch {
      pty?.end()
      return undefined
    }
  }

  /** With no pty to put in its place it stays, unheard, and is told again when it speaks again. */
  #refuse(pty: Pty): void {
    assert(this.#inUseLine !== undefined, 'only a port with one client at a time has a spare')
    pty.write(this.#inUseLine)
    const next = this.#tryMakeNext()
    if (next === undefined) return
    this.#spare = next
    this.#endSoon(pty)
    if (this.#refused.has(pty)) pty.release()
  }

  /** Leaves a refused client the time to read why. */
  #endSoon(pty: Pty): void {
    if (this.#refused.size >= REFUSED_MAX) {
      pty.end()
      return
    }
    this.#refused.add(pty)
    setTimeout(() => this.#endRefused(pty), REFUSED_WAIT_MS).unref()
  }

  #endRefused(pty: Pty): void {
    pty.end()
    this.#refused.delete(pty)
  }

  #leave(pty: Pty): void {
    if (this.#refused.has(pty)) this.#endRefused(pty)
    if (pty !== this.#current) return
    const hadClient = this.#hasClient
    this.#hasClient = false
    if (this.#spare === undefined) {
      pty.renew()
    } else {
      pty.end()
      this.#takeSpare(this.#spare)
    }
    if (hadClient) this.#client(false)
  }

  #takeSpare(spare: Pty): void {
    this.#current = spare
    this.#spare = undefined
    if (this.#isPaused) spare.pause()
    else spare.resume()
  }
}
