/**
 * A virtual serial port: a pty whose master is ours and whose terminal any program opens like `/dev/ttyUSB0`.
 * It outlives its clients: they open and close it as often as they like, and none sees what was meant for the last.
 */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type tty from 'node:tty'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { DescriptorWriter } from './descriptor-writer.ts'
import { DEVICE_QUEUE_BYTES_MAX, type DeviceSide } from './listener.ts'
import { dropUnread, makeRaw, openMaster, openTerminal, readTerminal } from './terminal.ts'

/** How long `close` waits for a client to read what is left. A client that reads at all does so at once. */
const CLOSE_WAIT_MS = 200

/** When the terminal cannot be opened again after a client left (no descriptors, say), how soon to try once more. */
const REOPEN_RETRY_MS = 100

/** Only its owner may open the terminal: devpts would let the group `tty` write G-code into it. */
const TERMINAL_MODE = 0o600

/**
 * Makes a virtual serial port. With `link`, a symbolic link there leads to it until it closes; a link that an
 * earlier run left behind is replaced, anything else at that place is refused with `AgentError` USAGE: the link of a
 * virtual port that still lives too.
 */
export async function listenOnPty(link?: string): Promise<DeviceSide> {
  return new PtyDevice(link)
}

class PtyDevice implements DeviceSide {
  readonly path: string
  readonly #terminalPath: string
  readonly #link: string | undefined
  readonly #master: number
  #writer: DescriptorWriter
  /**
   * While no client is there we hold the terminal open ourselves: with nobody at all on it, reading the master
   * fails at once. With a client we let go of it, so that the same failure tells us that the client has left.
   */
  #heldTerminal: number | undefined
  #stream: tty.ReadStream | undefined
  #reopening: NodeJS.Timeout | undefined
  #hasClient = false
  #isClosed = false
  #bytes: (bytes: Uint8Array) => void = () => {}
  #client: (connected: boolean) => void = () => {}

  constructor(link: string | undefined) {
    const { master, path: terminalPath } = openMaster()
    this.#master = master
    this.#terminalPath = terminalPath
    this.#link = link === undefined ? undefined : path.resolve(link)
    this.path = link ?? terminalPath
    this.#writer = this.#makeWriter()
    try {
      this.#holdTerminal()
      fs.chmodSync(terminalPath, TERMINAL_MODE)
      if (link !== undefined) placeLink(link, terminalPath)
    } catch (error) {
      this.#closeDescriptors()
      throw error
    }
    process.once('exit', this.#removeLink)
    this.#listen()
  }

  write(bytes: Uint8Array): void {
    if (this.#hasClient && !this.#isClosed) this.#writer.write(bytes)
  }

  onBytes(callback: (bytes: Uint8Array) => void): void {
    this.#bytes = callback
  }

  onClient(callback: (connected: boolean) => void): void {
    this.#client = callback
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    let timer: NodeJS.Timeout | undefined
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS)
    })
    await Promise.race([this.#writer.drain(), waited])
    clearTimeout(timer)
    await this.unplug()
  }

  async unplug(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    process.off('exit', this.#removeLink)
    this.#removeLink()
    clearTimeout(this.#reopening)
    this.#closeDescriptors()
  }

  /** A write fails only because a client left in that moment: its bytes are lost, the next one's must not be. */
  #makeWriter(): DescriptorWriter {
    const limits = { queueBytesMax: DEVICE_QUEUE_BYTES_MAX, stallMs: Number.POSITIVE_INFINITY }
    return new DescriptorWriter(this.#master, limits, () => {
      if (!this.#isClosed) this.#writer = this.#makeWriter()
    })
  }

  #listen(): void {
    const stream = readTerminal(this.#master)
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => {
      if (this.#isClosed) return
      if (!this.#hasClient) this.#clientCame()
      this.#bytes(bytes)
    })
    // A client that leaves is EIO here; it is told by `close`, which follows every error.
    stream.on('error', () => {})
    stream.on('close', () => this.#clientLeft())
  }

  #clientCame(): void {
    this.#hasClient = true
    if (this.#heldTerminal !== undefined) fs.closeSync(this.#heldTerminal)
    this.#heldTerminal = undefined
    this.#client(true)
  }

  #clientLeft(): void {
    if (this.#isClosed) return
    const hadClient = this.#hasClient
    this.#hasClient = false
    this.#writer.stop()
    this.#writer = this.#makeWriter()
    this.#recover()
    if (hadClient) this.#client(false)
  }

  #recover(): void {
    try {
      this.#holdTerminal()
      // What the last client did not read would be the first thing the next one reads. Only this direction:
      // the other may already hold the first bytes of a client that was quick.
      if (this.#heldTerminal !== undefined) dropUnread(this.#heldTerminal)
      this.#listen()
    } catch {
      this.#reopening = setTimeout(() => this.#recover(), REOPEN_RETRY_MS)
    }
  }

  /** Raw before any client can see it: a terminal that echoes would send a printer's replies back as commands. */
  #holdTerminal(): void {
    this.#heldTerminal ??= openTerminal(this.#terminalPath)
    makeRaw(this.#heldTerminal)
  }

  readonly #removeLink = (): void => {
    if (this.#link === undefined) return
    try {
      if (fs.readlinkSync(this.#link) === this.#terminalPath) fs.unlinkSync(this.#link)
    } catch {
      // Somebody else has removed or replaced it: then it is not ours to remove.
    }
  }

  #closeDescriptors(): void {
    this.#writer.stop()
    this.#stream?.destroy()
    if (this.#heldTerminal !== undefined) fs.closeSync(this.#heldTerminal)
    this.#heldTerminal = undefined
    fs.closeSync(this.#master)
  }
}

/** Puts the link in its place in one step, so that nobody ever finds it missing or half made. */
function placeLink(link: string, target: string): void {
  const temporary = path.join(path.dirname(link), `.${path.basename(link)}.${randomBytes(6).toString('hex')}`)
  requireFree(link)
  try {
    fs.symlinkSync(target, temporary)
    fs.renameSync(temporary, link)
  } catch (cause) {
    fs.rmSync(temporary, { force: true })
    const reason = systemReason(cause, { ENOENT: 'its folder does not exist' })
    throw new AgentError('USAGE', `cannot make the link \`${link}\`: ${reason}`, { cause })
  }
}

function requireFree(link: string): void {
  const target = linkTarget(link)
  if (target === undefined) return
  // Only links into devpts are taken for ours: another link may be the one name by which somebody finds a file.
  if (!target.startsWith('/dev/pts/')) {
    const message = `\`${link}\` exists and is not a link to a virtual port; choose another name`
    throw new AgentError('USAGE', message)
  }
  if (isAlive(link, target)) {
    const message = `\`${link}\` leads to \`${target}\`, which is in use; choose another name`
    throw new AgentError('USAGE', message)
  }
}

/** Where the link leads, empty for what is no link, or undefined where there is nothing. */
function linkTarget(link: string): string | undefined {
  try {
    return fs.readlinkSync(link)
  } catch (error) {
    // Whatever else is wrong, making the link will say better.
    return systemErrorCode(error) === 'EINVAL' ? '' : undefined
  }
}

/**
 * Whether the terminal that the link was made for is still there: it goes with the process that holds its master. One of
 * the same number that is younger than the link is another program's, and the link a killed run's.
 */
function isAlive(link: string, target: string): boolean {
  const terminal = fs.statSync(target, { throwIfNoEntry: false })
  const made = fs.lstatSync(link, { throwIfNoEntry: false })
  return terminal !== undefined && made !== undefined && terminal.ctimeMs <= made.ctimeMs
}
