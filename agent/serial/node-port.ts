/**
 * A serial device. `serialport` opens, configures and locks it; reading and writing go to the descriptor itself,
 * because its stream hangs in a busy loop when a device vanishes just after it has sent something, swallows writes
 * after an unplug, and costs a quarter of a millisecond a round trip.
 */

import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import type tty from 'node:tty'
import { SerialPort } from 'serialport'
import { AgentError, assert, systemErrorCode } from '../errors.ts'
import { DescriptorWriter, type WriterLimits } from './descriptor-writer.ts'
import { LineReader } from './line-reader.ts'
import {
  type Port,
  type PortEnd,
  type PortListener,
  type PortOptions,
  WRITE_QUEUE_BYTES_MAX,
  WRITE_TIMEOUT_MS,
} from './port.ts'
import { claim, keepLinesOnClose, readTerminal, unclaim } from './terminal.ts'

const WRITER_LIMITS: WriterLimits = { queueBytesMax: WRITE_QUEUE_BYTES_MAX, stallMs: WRITE_TIMEOUT_MS }

type Device = Awaited<ReturnType<typeof SerialPort.binding.open>>

/** Opens a serial device by its path; see `OpenPort`. */
export async function openNodePort(
  name: string,
  listener: PortListener,
  options: PortOptions,
  limits: WriterLimits = WRITER_LIMITS,
): Promise<Port> {
  await checkDevice(name)
  const device = await openDevice(name, options.baud)
  try {
    return new NodePort(name, device, await isVirtual(name), listener, limits)
  } catch (error) {
    await device.close()
    throw error
  }
}

class NodePort implements Port {
  readonly name: string
  readonly #device: Device
  readonly #listener: PortListener
  readonly #fd: number
  readonly #stream: tty.ReadStream
  readonly #reader: LineReader
  readonly #writer: DescriptorWriter
  readonly #limits: WriterLimits
  #released: Promise<void> | undefined

  constructor(name: string, device: Device, isPty: boolean, listener: PortListener, limits: WriterLimits) {
    assert(typeof device.fd === 'number', 'an open device has a descriptor')
    this.name = name
    this.#device = device
    this.#listener = listener
    this.#limits = limits
    this.#fd = device.fd
    // serialport's `hupcl: false` only omits to switch the flag on; a device has it on from the start.
    keepLinesOnClose(this.#fd)
    this.#reader = new LineReader(listener)
    this.#stream = readTerminal(this.#fd, (bytes) => this.#reader.push(bytes))
    this.#writer = new DescriptorWriter(this.#fd, limits, (reason) => this.#end({ kind: 'lost', reason }))
    // The lock is one that only programs which ask for it see; this one the kernel enforces on all but root. Not on
    // a pty: there it would outlive us. After the stream, which opens the device a second time.
    if (!isPty) claim(this.#fd)
    const gone = () => this.#end({ kind: 'lost', reason: 'the device is gone, unplugged or switched off' })
    this.#stream.on('end', gone)
    this.#stream.on('error', gone)
    this.#stream.on('close', gone)
    this.#stream.resume()
  }

  /**
   * The descriptor that holds the lock. A guard that inherits it keeps the port locked until it has done its work,
   * so that no other program can come between a dead agent and its safe stop.
   */
  get descriptor(): number | undefined {
    return this.#released === undefined ? this.#fd : undefined
  }

  write(bytes: Uint8Array): void {
    if (this.#writer.write(bytes)) return
    this.#writer.stop()
    const reason = `more than ${this.#limits.queueBytesMax} bytes wait for the device`
    setImmediate(() => this.#end({ kind: 'lost', reason }))
  }

  drain(): Promise<void> {
    return this.#writer.drain()
  }

  async close(): Promise<void> {
    this.#end({ kind: 'closed' })
    await this.#released
  }

  #end(end: PortEnd): void {
    if (this.#released !== undefined) return
    this.#reader.stop()
    this.#writer.stop()
    this.#stream.destroy()
    unclaim(this.#fd)
    // The device closes apart from us, even when it is no longer there to be closed.
    this.#released = this.#device.close().catch(() => {})
    this.#listener.end(end)
  }
}

/** Finds what is wrong with the name before anything is opened, so that it can be said in words. */
async function checkDevice(name: string): Promise<void> {
  const found = await fs.stat(name).catch(async (cause) => {
    if (systemErrorCode(cause) === 'EACCES') throw noPermission(name, cause)
    const target = await fs.readlink(name).catch(() => undefined)
    const place =
      target === undefined ? `port \`${name}\`` : `port \`${name}\` is a link to \`${target}\`, which`
    throw new AgentError('PORT_MISSING', `${place} does not exist`, { cause })
  })
  if (!found.isCharacterDevice()) {
    const kind = found.isDirectory() ? 'a directory' : found.isFile() ? 'a regular file' : 'something else'
    throw new AgentError('PORT_REFUSED', `port \`${name}\` is ${kind}, not a serial device`)
  }
  await fs.access(name, constants.R_OK | constants.W_OK).catch((cause) => {
    throw noPermission(name, cause)
  })
}

async function isVirtual(name: string): Promise<boolean> {
  return (await fs.realpath(name)).startsWith('/dev/pts/')
}

async function openDevice(path: string, baudRate: number): Promise<Device> {
  assert(Number.isSafeInteger(baudRate) && baudRate > 0, 'a line speed is a positive whole number')
  try {
    return await SerialPort.binding.open({ path, baudRate, lock: true, hupcl: false })
  } catch (cause) {
    throw openError(path, baudRate, cause)
  }
}

/** serialport gives no codes, only the C library's sentences, which Node never translates. */
function openError(name: string, baudRate: number, cause: unknown): AgentError {
  const text = cause instanceof Error ? cause.message.replace(/^Error:? /, '') : String(cause)
  if (/Cannot lock port|Device or resource busy/.test(text)) {
    return new AgentError('PORT_BUSY', `port \`${name}\` is in use by another program`, { cause })
  }
  if (/No such (file|device)/.test(text)) {
    return new AgentError('PORT_MISSING', `port \`${name}\` does not exist`, { cause })
  }
  if (/Permission denied/.test(text)) return noPermission(name, cause)
  if (/Inappropriate ioctl/.test(text)) {
    return new AgentError('PORT_REFUSED', `port \`${name}\` is not a serial device`, { cause })
  }
  if (/custom baud rate/.test(text)) {
    return new AgentError('PORT_REFUSED', `port \`${name}\` does not take ${baudRate} baud`, { cause })
  }
  return new AgentError('PORT_REFUSED', `cannot open port \`${name}\`: ${text}`, { cause })
}

function noPermission(name: string, cause: unknown): AgentError {
  const remedy = 'add your user to the group that owns it (often `dialout`) and log in again'
  return new AgentError('PORT_REFUSED', `no permission to open port \`${name}\`; ${remedy}`, { cause })
}
