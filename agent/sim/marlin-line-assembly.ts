/**
 * Bytes from the host become queued command lines, one byte at a time, the way `queue.cpp` of Marlin 2.1.2 does it:
 * comments, escapes, backspace, the cut at 95 bytes, line numbers, checksums and the commands that act at receipt.
 * Text is held as Latin-1: one character is one byte.
 */

import type { MarlinBuild } from './marlin-build.ts'
import { readLong } from './marlin-number.ts'

/** MAX_CMD_SIZE is 96 with the terminator: what a line holds beyond 95 stored bytes is dropped without a word. */
export const COMMAND_BYTES_MAX = 95

const NUL = 0x00
const BACKSPACE = 0x08
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const QUOTE = 0x22
const PAREN_OPEN = 0x28
const PAREN_CLOSE = 0x29
const SEMICOLON = 0x3b
const BACKSLASH = 0x5c

/** What a line does at receipt, before it waits in the queue; only in builds without an emergency parser. */
export type EarlyAction = 'break-wait' | 'kill' | 'quickstop'

/** What became of a byte that completed a line. */
export type AssembledLine =
  /** The line goes to the queue as `text`, after it acted early where it does. */
  | { readonly kind: 'command'; readonly text: string; readonly early: EarlyAction | undefined }
  /** Nothing is queued and nothing is answered: an empty line, or a number that was just received. */
  | { readonly kind: 'ignored' }
  /** The firmware throws away what it has received and asks again, in these lines. */
  | { readonly kind: 'resend'; readonly replies: readonly string[] }

const IGNORED: AssembledLine = { kind: 'ignored' }

type Scanning = 'normal' | 'to-end-of-line' | 'quoted' | 'paren'

/** The state of one serial port of the firmware: a half line, and the number of the last line taken. */
export class MarlinLineAssembly {
  /** Set by accepted lines and by an executed `M110 N<n>`. */
  lastLineNumber = 0
  /** While a file is being written to the card, every line but M29 needs a number and a checksum. */
  isSavingToCard = false

  readonly #build: MarlinBuild
  readonly #actsEarly: boolean
  readonly #isGarbled: () => boolean
  readonly #bytes = new Uint8Array(COMMAND_BYTES_MAX)
  #length = 0
  #scanning: Scanning = 'normal'
  #isEscaped = false

  /** `isGarbled` is asked for each good numbered line: true makes it a checksum error, as a noisy wire would. */
  constructor(
    build: MarlinBuild,
    options: { readonly hasEmergencyParser?: boolean; readonly isGarbled?: () => boolean } = {},
  ) {
    this.#build = build
    this.#actsEarly = options.hasEmergencyParser !== true
    this.#isGarbled = options.isGarbled ?? (() => false)
  }

  /** Takes one byte; gives a line when this byte ended one. */
  push(byte: number): AssembledLine | undefined {
    if (byte === NEWLINE || byte === CARRIAGE_RETURN) return this.#endLine()
    this.#store(byte)
    return undefined
  }

  /** Asks for the line after the last one taken, as every line error and M999 do. */
  resendReplies(): string[] {
    return [`Resend: ${this.lastLineNumber + 1}`, 'ok']
  }

  #store(byte: number): void {
    if (this.#scanning === 'to-end-of-line') return
    if (this.#scanning === 'paren') {
      if (byte === PAREN_CLOSE) this.#scanning = 'normal'
      return
    }
    if (this.#isEscaped) this.#isEscaped = false
    else if (this.#isSyntax(byte)) return
    if (byte === BACKSPACE) {
      if (this.#length > 0) this.#length--
      return
    }
    this.#bytes[this.#length++] = byte
    if (this.#length >= COMMAND_BYTES_MAX) this.#scanning = 'to-end-of-line'
  }

  /** Follows comments, quotes and escapes; true where the byte is not to be stored. */
  #isSyntax(byte: number): boolean {
    if (byte === BACKSLASH) {
      this.#isEscaped = true
      // Within quotes the backslash is kept: the parser takes it off later.
      return this.#scanning !== 'quoted'
    }
    if (this.#build.hasQuotedStrings) {
      if (this.#scanning === 'quoted') {
        if (byte === QUOTE) this.#scanning = 'normal'
        return false
      }
      if (byte === QUOTE) {
        this.#scanning = 'quoted'
        return false
      }
    }
    if (byte === SEMICOLON) {
      this.#scanning = 'to-end-of-line'
      return true
    }
    if (byte === PAREN_OPEN && this.#build.hasParenComments) {
      this.#scanning = 'paren'
      return true
    }
    return false
  }

  #endLine(): AssembledLine {
    const length = this.#length
    this.#length = 0
    this.#scanning = 'normal'
    this.#isEscaped = false
    if (length === 0) return IGNORED
    return this.#admit(this.#textOf(length))
  }

  /** The stored bytes as C sees them: a stored NUL ends the text. */
  #textOf(length: number): string {
    const nul = this.#bytes.subarray(0, length).indexOf(NUL)
    return Buffer.from(this.#bytes.buffer, 0, nul === -1 ? length : nul).toString('latin1')
  }

  #admit(text: string): AssembledLine {
    const command = text.replace(/^ +/, '')
    if (command.startsWith('N')) {
      const refusal = this.#checkNumbered(command)
      if (refusal !== undefined) return refusal
    } else if (this.isSavingToCard && !isEndOfSaving(command)) {
      return this.#lineError('No Checksum with line number, Last Line: ')
    }
    // The ring buffer refuses a text that begins as a comment; only an escaped `;` gets this far.
    if (text.startsWith(';')) return IGNORED
    return { kind: 'command', text, early: this.#actsEarly ? earlyAction(command) : undefined }
  }

  #checkNumbered(command: string): AssembledLine | undefined {
    // A substring anywhere, not a command: `M117 see M110` passes the sequence check too.
    const setsNumber = command.includes('M110')
    const second = setsNumber ? command.indexOf('N', 4) : -1
    const number = readLong(command.slice(second === -1 ? 1 : second + 1))
    if (number !== this.lastLineNumber + 1 && !setsNumber) {
      // The line that a resend already brought: it was taken, and answers nothing.
      if (number === this.lastLineNumber || number === this.lastLineNumber - 1) return IGNORED
      return this.#lineError('Line Number is not Last Line Number+1, Last Line: ')
    }
    const star = command.lastIndexOf('*')
    if (star === -1) return this.#lineError('No Checksum with line number, Last Line: ')
    if (readLong(command.slice(star + 1)) !== checksumOf(command, star) || this.#isGarbled()) {
      return this.#lineError('checksum mismatch, Last Line: ')
    }
    this.lastLineNumber = number
    return undefined
  }

  #lineError(text: string): AssembledLine {
    return { kind: 'resend', replies: [`Error:${text}${this.lastLineNumber}`, ...this.resendReplies()] }
  }
}

function checksumOf(text: string, end: number): number {
  let sum = 0
  for (let i = 0; i < end; i++) sum ^= text.charCodeAt(i)
  return sum
}

/** `M29` anywhere in the text, unless a digit follows, as in M290. */
export function isEndOfSaving(command: string): boolean {
  const at = command.indexOf('M29')
  return at !== -1 && !/^[0-9]/.test(command.slice(at + 3))
}

/** Three digits after the M are compared and nothing else: `M1120` kills as M112 does. */
function earlyAction(command: string): EarlyAction | undefined {
  switch (command.slice(0, 4)) {
    case 'M108':
      return 'break-wait'
    case 'M112':
      return 'kill'
    case 'M410':
      return 'quickstop'
    default:
      return undefined
  }
}
