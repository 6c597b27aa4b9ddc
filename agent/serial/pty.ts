/**
 * One pty: the master is ours, the terminal is for a program to open. Tells what the program sends and when it is
 * gone, and writes to it without ever waiting.
 */

import fs from 'node:fs'
import type tty from 'node:tty'
import { assert } from '../errors.ts'
import { DescriptorWriter } from './descriptor-writer.ts'
import { HANG_UP_LOOK_MS, hasHungUp } from './hang-up.ts'
import { DEVICE_QUEUE_BYTES_MAX } from './listener.ts'
import {
  claim,
  dropUnread,
  makeRaw,
  openMaster,
  openPeer,
  readTerminal,
  readWaiting,
  stopEcho,
} from './terminal.ts'
import { giveTerminal, type TerminalAccess } from './terminal-access.ts'

/** When the terminal cannot be opened again after a client left (no descriptors, say), how soon to try once more. */
const REOPEN_RETRY_MS = 100

/** Who is told of what happens on a pty. */
export interface PtyListener {
  /** The bytes are the listener's to keep. */
  bytes(pty: Pty, bytes: Uint8Array): void
  /**
   * Nobody has the terminal open any more. All that was sent has been told, except what nobody had read when it was seen in
   * a pause. Comes only after `release`.
   */
  left(pty: Pty): void
}

/** A pty, open from the start and held until `release`. After `end` nothing is told any more. */
export class Pty {
  /** Where the terminal is: `/dev/pts/7`. */
  readonly path: string
  readonly #listener: PtyListener
  readonly #master: number
  #writer: DescriptorWriter
  /**
   * While no client is there we hold the terminal open ourselves: with nobody at all on it, reading the master
   * fails at once. With a client we let go of it, so that the same failure tells us that the client has left.
   */
  #heldTerminal: number | undefined
  #stream: tty.ReadStream | undefined
  #reopening: NodeJS.Timeout | undefined
  /** Looks for the hang-up during a pause, in which nothing else would tell it. */
  #looking: NodeJS.Timeout | undefined
  /** Was told once and is to be told again. */
  #putBack: Uint8Array[] = []
  #isPaused = false
  #isEnded = false

  /** Throws `AgentError`: USAGE where the terminal cannot be given to whom `access` names. */
  constructor(access: TerminalAccess, listener: PtyListener) {
    const { master, path } = openMaster()
    this.#master = master
    this.path = path
    this.#listener = listener
    this.#writer = this.#makeWriter()
    try {
      giveTerminal(this.#hold(), access)
      this.#listen()
    } catch (error) {
      this.end()
      throw error
    }
  }

  /** Takes a copy. What a client does not read in time is lost, as on a real UART. */
  write(bytes: Uint8Array): void {
    this.#writer.write(bytes)
  }

  /** Resolves when the kernel has everything that was written, or the client is gone. */
  drain(): Promise<void> {
    return this.#writer.drain()
  }

  /** Whether the client has left, perhaps with bytes of its own still to be told. */
  get isHungUp(): boolean {
    return this.#heldTerminal === undefined && hasHungUp(this.#master)
  }

  /**
   * Lets go of the terminal: it is the client's now, with the settings it made. Only echo it cannot have meant, and
   * another program may have left it on: what we say would come back as if the client had sent it.
   */
  release(): void {
    if (this.#heldTerminal !== undefined) stopEcho(this.#heldTerminal)
    this.#letGo()
  }

  /** Makes every later open of the terminal fail, for all but root. For ever, so never before a `renew`. */
  claim(): void {
    assert(this.#heldTerminal !== undefined, 'only who holds the terminal can claim it')
    claim(this.#heldTerminal)
  }

  /** Makes the pty as new once its client has left, for the next one at the same place. */
  renew(): void {
    this.#writer.stop()
    this.#writer = this.#makeWriter()
    try {
      // What the last client did not read would be the first thing the next one reads. Only this direction:
      // the other may already hold the first bytes of a client that was quick.
      dropUnread(this.#hold())
      this.#listen()
    } catch {
      this.#reopening = setTimeout(() => this.renew(), REOPEN_RETRY_MS)
    }
  }

  /** See `DeviceSide`. */
  pause(): void {
    this.#isPaused = true
    this.#stream?.pause()
    this.#looking ??= setInterval(this.#look, HANG_UP_LOOK_MS).unref()
  }

  resume(): void {
    // Pauses may be shorter than the time between two looks.
    this.#look()
    this.#isPaused = false
    this.#stopLooking()
    if (this.#putBack.length > 0) setImmediate(this.#tellAgain)
    else this.#stream?.resume()
  }

  /** Pauses, and tells these bytes again after `resume`, before any others. */
  putBack(bytes: Uint8Array): void {
    this.pause()
    this.#putBack.push(bytes)
  }

  /** Ends the pty at once: a client that is still there sees a hang-up. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearTimeout(this.#reopening)
    this.#stopLooking()
    this.#writer.stop()
    this.#stream?.destroy()
    this.#letGo()
    fs.closeSync(this.#master)
  }

  /** A write fails only because a client left in that moment: its bytes are lost, the next one's must not be. */
  #makeWriter(): DescriptorWriter {
    const limits = { queueBytesMax: DEVICE_QUEUE_BYTES_MAX, stallMs: Number.POSITIVE_INFINITY }
    return new DescriptorWriter(this.#master, limits, () => {
      if (!this.#isEnded) this.#writer = this.#makeWriter()
    })
  }

  #letGo(): void {
    if (this.#heldTerminal !== undefined) fs.closeSync(this.#heldTerminal)
    this.#heldTerminal = undefined
  }

  /** What a client that has left meanwhile sent, and nobody read, goes with it: the next one must not find it. */
  readonly #look = (): void => {
    const stream = this.#stream
    if (!this.#isPaused || this.#isEnded || stream?.destroyed !== false || !this.isHungUp) return
    this.#putBack = []
    readWaiting(this.#master, () => true)
    this.#stream = undefined
    stream.destroy()
  }

  #stopLooking(): void {
    clearInterval(this.#looking)
    this.#looking = undefined
  }

  readonly #tellAgain = (): void => {
    while (!this.#isPaused && !this.#isEnded) {
      const bytes = this.#putBack.shift()
      if (bytes === undefined) {
        this.#stream?.resume()
        return
      }
      this.#listener.bytes(this, bytes)
    }
  }

  #listen(): void {
    const stream = readTerminal(this.#master, (bytes) => {
      if (!this.#isEnded) this.#listener.bytes(this, Buffer.from(bytes))
    })
    this.#stream = stream
    // A client that leaves is EIO here; it is told by `close`, which follows every error.
    stream.on('error', () => {})
    stream.on('close', () => {
      // Where a look has ended it, nothing of this client's is left.
      if (this.#stream === stream) this.#tellRest()
      if (!this.#isEnded) this.#listener.left(this)
    })
    if (!this.#isPaused) stream.resume()
  }

  /** Node takes a hang-up for the end also where the kernel still has bytes on their way to us. */
  #tellRest(): void {
    if (this.#isEnded) return
    readWaiting(this.#master, (bytes) => {
      // Who pauses in between loses the rest, as in any pause.
      if (!this.#isPaused) this.#listener.bytes(this, bytes)
      return !this.#isEnded
    })
  }

  /** Raw before any client can see it: a terminal that echoes would send a printer's replies back as commands. */
  #hold(): number {
    this.#heldTerminal ??= openPeer(this.#master)
    makeRaw(this.#heldTerminal)
    return this.#heldTerminal
  }
}
