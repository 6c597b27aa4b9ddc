/**
 * What has to be said to a terminal device and Node has no words for: a few libc calls through koffi, on Linux.
 * Settings go through the kernel's own `termios2`, which unlike libc's form also holds odd speeds such as 250000.
 */

import fs from 'node:fs'
import type net from 'node:net'
import tty from 'node:tty'
import { getSystemErrorMap } from 'node:util'
import koffi from 'koffi'
import { AgentError } from '../errors.ts'
import { descriptorOf } from './descriptor-of.ts'

// Request numbers and layout of the `asm-generic` architectures: x86, ARM and RISC-V, all that our binaries cover.
const TCGETS2 = 0x802c542a
const TCSETS2 = 0x402c542b
const TCFLSH = 0x540b
const TIOCEXCL = 0x540c
const TIOCNXCL = 0x540d
const TIOCGPTN = 0x80045430
const TIOCSPTLCK = 0x40045431
const TIOCGPTPEER = 0x5441
const F_DUPFD_CLOEXEC = 1030

const TERMIOS2_BYTES = 44
const INPUT_FLAGS_AT = 0
const OUTPUT_FLAGS_AT = 4
/** Read and written as signed, as JavaScript's bit operations give them: hardware flow control is bit 31. */
const CONTROL_FLAGS_AT = 8
const LOCAL_FLAGS_AT = 12
const VTIME_AT = 22
const VMIN_AT = 23

const ECHO = 0o10
const ECHONL = 0o100
const HUPCL = 0o2000
const CSIZE = 0o60
const CS8 = 0o60
const PARENB = 0o400

/** Most bytes of one read: a terminal in the kernel holds about so many for a reader. */
const READ_BYTES = 4096

/** More reads than the kernel holds bytes for between two ends. */
const WAITING_READS_MAX = 64

/** A duplicate never takes the place of standard input, output or error. */
const DUPLICATE_FROM = 3

// A null name means the process itself, which has its libc loaded whatever that is called on this system.
const libc = koffi.load(null)
const ioctl: (fd: number, request: number, argument: Uint8Array | null) => number = libc.func(
  'int ioctl(int fd, unsigned long request, void *argument)',
)
const ioctlOfNumber: (fd: number, request: number, argument: number) => number = libc.func(
  'int ioctl(int fd, unsigned long request, int argument)',
)
const fcntl: (fd: number, command: number, argument: number) => number = libc.func(
  'int fcntl(int fd, int command, int argument)',
)

/** Non-blocking, because a blocked write would stop the whole process; and never this process's controlling terminal. */
const OPEN_FLAGS = fs.constants.O_RDWR | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK

/** Makes a pty: its master descriptor, and the path of the terminal that a client opens. */
export function openMaster(): { readonly master: number; readonly path: string } {
  const master = fs.openSync('/dev/ptmx', OPEN_FLAGS)
  try {
    check(ioctl(master, TIOCSPTLCK, Buffer.alloc(4)), 'cannot unlock a virtual port')
    const number = Buffer.alloc(4)
    check(ioctl(master, TIOCGPTN, number), 'cannot name a virtual port')
    return { master, path: `/dev/pts/${number.readUInt32LE()}` }
  } catch (error) {
    fs.closeSync(master)
    throw error
  }
}

/**
 * Opens the terminal of a master, without waiting for anything. Not by its path: that would fail where the terminal
 * belongs to another user, and could be a name in another place.
 */
export function openPeer(master: number): number {
  return check(ioctlOfNumber(master, TIOCGPTPEER, OPEN_FLAGS), 'cannot open a virtual port')
}

/** Opens a terminal by its path, without waiting for anything. */
export function openTerminal(path: string): number {
  return fs.openSync(path, OPEN_FLAGS)
}

/** Eight bits, no echo, no line editing, no characters with a meaning: bytes in, the same bytes out. */
export function makeRaw(fd: number): void {
  const settings = readSettings(fd)
  settings.writeUInt32LE(0, INPUT_FLAGS_AT)
  settings.writeUInt32LE(0, OUTPUT_FLAGS_AT)
  settings.writeUInt32LE(0, LOCAL_FLAGS_AT)
  const control = settings.readInt32LE(CONTROL_FLAGS_AT)
  settings.writeInt32LE((control & ~(CSIZE | PARENB)) | CS8, CONTROL_FLAGS_AT)
  settings.writeUInt8(0, VTIME_AT)
  settings.writeUInt8(1, VMIN_AT)
  writeSettings(fd, settings)
}

/** Ends echo, and changes nothing else that a program on this terminal has chosen. */
export function stopEcho(fd: number): void {
  const settings = readSettings(fd)
  const local = settings.readUInt32LE(LOCAL_FLAGS_AT)
  if ((local & (ECHO | ECHONL)) === 0) return
  settings.writeInt32LE(local & ~(ECHO | ECHONL), LOCAL_FLAGS_AT)
  writeSettings(fd, settings)
}

/** Makes the last close leave DTR as it is. Dropping it resets most printer boards. */
export function keepLinesOnClose(fd: number): void {
  const settings = readSettings(fd)
  settings.writeInt32LE(settings.readInt32LE(CONTROL_FLAGS_AT) & ~HUPCL, CONTROL_FLAGS_AT)
  writeSettings(fd, settings)
}

/** Says whether the last close of this terminal drops DTR. */
export function dropsLinesOnClose(fd: number): boolean {
  return (readSettings(fd).readInt32LE(CONTROL_FLAGS_AT) & HUPCL) !== 0
}

/** Makes every later open fail, for all but root, until `unclaim` or the last close of this device by anybody. */
export function claim(fd: number): void {
  check(ioctl(fd, TIOCEXCL, null), 'cannot claim the port')
}

/** Ends a claim. It would outlive us if some other program held the device open; a device that is gone has none. */
export function unclaim(fd: number): void {
  ioctl(fd, TIOCNXCL, null)
}

/** Throws away what has arrived at this terminal and was not read. */
export function dropUnread(fd: number): void {
  // The argument is the number TCIFLUSH, which is 0.
  check(ioctl(fd, TCFLSH, null), 'cannot empty the port')
}

/**
 * Reads what waits at a non-blocking descriptor and gives it to `hear`, until nothing waits, `hear` answers false, or
 * more came than the kernel holds between two ends: then another program goes on writing.
 */
export function readWaiting(fd: number, hear: (bytes: Uint8Array) => boolean): void {
  for (let round = 0; round < WAITING_READS_MAX; round++) {
    const into = new Uint8Array(READ_BYTES)
    const count = readSome(fd, into)
    if (count === 0 || !hear(into.subarray(0, count))) return
  }
}

/** What a descriptor gives now: nothing too where it never will again. */
function readSome(fd: number, into: Uint8Array): number {
  try {
    return fs.readSync(fd, into)
  } catch {
    return 0
  }
}

/**
 * Reads a terminal as a stream that has a descriptor of its own: Node closes what it reads when the far end hangs
 * up, and the owner of `fd` decides for himself. Only for reading; see `descriptor-writer.ts` for the other way.
 * Reading begins with `resume`; while paused nothing is read at all, not even that the far end has hung up. `hear` gets
 * the bytes in a buffer that the next ones overwrite. A stream with listeners makes one of 64 KiB for each reply of three
 * bytes: that costs 5 µs of processor time a round trip, and the collector runs three times as often.
 */
export function readTerminal(fd: number, hear: (bytes: Buffer) => void): tty.ReadStream {
  const copy = check(fcntl(fd, F_DUPFD_CLOEXEC, DUPLICATE_FROM), 'cannot duplicate a descriptor')
  const buffer = Buffer.alloc(READ_BYTES)
  const options: net.SocketConstructorOpts & { readonly onread: net.OnReadOpts } = {
    onread: {
      buffer,
      callback: (count) => {
        hear(buffer.subarray(0, count))
        return true
      },
    },
  }
  const stream = new tty.ReadStream(copy, options)
  // Where it can, Node opens the device once more and puts that in the place of our copy, which it then never
  // closes. (On `fd` itself this would lose the lock that serialport holds.)
  const used = descriptorOf(stream)
  if (used !== undefined && used !== copy) fs.closeSync(copy)
  return stream
}

function readSettings(fd: number): Buffer {
  const settings = Buffer.alloc(TERMIOS2_BYTES)
  check(ioctl(fd, TCGETS2, settings), 'cannot read the settings of the port')
  return settings
}

function writeSettings(fd: number, settings: Buffer): void {
  check(ioctl(fd, TCSETS2, settings), 'cannot change the settings of the port')
}

function check(result: number, what: string): number {
  if (result >= 0) return result
  const [name, text] = getSystemErrorMap().get(-koffi.errno()) ?? ['unknown', 'unknown error']
  throw new AgentError('PORT_REFUSED', `${what}: ${text} (${name})`)
}
