import { isDigit } from '../../../gcode/index.ts'

/**
 * What a line from the printer means to the link. Told apart without making strings, since one comes back for
 * every line sent. Texts are those of Marlin (queue.cpp, M105.cpp, gcode.cpp `host_keepalive`, kill in MarlinCore.cpp).
 */

export const REPLY_OTHER = 0
/** `ok`, alone or with something behind. */
export const REPLY_OK = 1
/** `Resend: 12` or `rs 12`. */
export const REPLY_RESEND = 2
/** `echo:busy: processing`: the printer lives and works on it. */
export const REPLY_BUSY = 3
/** `start`: the printer has just booted, and has forgotten everything. */
export const REPLY_START = 4
/** `Error:` about numbers and checksums; its `Resend` follows. */
export const REPLY_LINK_ERROR = 5
/** `Error:` or `!!` about anything else. */
export const REPLY_ERROR = 6
/** The printer has stopped for good and answers no more. */
export const REPLY_HALTED = 7
/** `//action:cancel`: someone cancelled at the printer. */
export const REPLY_CANCEL = 8

export type ReplyKind = number

const LINK_ERROR = /checksum|line number/i
const HALTED = /halted|kill\(\)|stopped due to errors/i

/** Which kind of reply this line is. */
export function replyKind(line: string): ReplyKind {
  switch (line.charCodeAt(0) | 0x20) {
    case 0x6f:
      return isOk(line) ? REPLY_OK : REPLY_OTHER
    case 0x72:
      return startsWith(line, 'resend') || startsWith(line, 'rs ') ? REPLY_RESEND : REPLY_OTHER
    case 0x65:
      if (startsWith(line, 'echo:busy:')) return REPLY_BUSY
      return startsWith(line, 'error:') ? errorKind(line) : REPLY_OTHER
    case 0x62:
      return startsWith(line, 'busy:') ? REPLY_BUSY : REPLY_OTHER
    case 0x73:
      return line === 'start' ? REPLY_START : REPLY_OTHER
    case 0x21:
      return startsWith(line, '!!') ? errorKind(line) : REPLY_OTHER
    case 0x2f:
      return /^\/\/ ?action:cancel\s*$/.test(line) ? REPLY_CANCEL : REPLY_OTHER
    default:
      return REPLY_OTHER
  }
}

function errorKind(line: string): ReplyKind {
  if (HALTED.test(line)) return REPLY_HALTED
  return LINK_ERROR.test(line) ? REPLY_LINK_ERROR : REPLY_ERROR
}

/** `ok` as a word of its own: `okay` is none. */
function isOk(line: string): boolean {
  if (!startsWith(line, 'ok')) return false
  const after = line.length === 2 ? 0x20 : line.charCodeAt(2)
  return after === 0x20 || after === 0x0d
}

function startsWith(line: string, lower: string): boolean {
  if (line.length < lower.length) return false
  for (let i = 0; i < lower.length; i++) {
    const c = line.charCodeAt(i)
    const folded = c >= 0x41 && c <= 0x5a ? c | 0x20 : c
    if (folded !== lower.charCodeAt(i)) return false
  }
  return true
}

/** The first whole number in the line, or -1: the number that a `Resend` asks for. */
export function firstNumber(line: string): number {
  for (let i = 0; i < line.length; i++) {
    if (!isDigit(line.charCodeAt(i))) continue
    return numberAt(line, i)
  }
  return -1
}

/** The number behind ` <letter>` in an advanced ok, `ok N12 P15 B3`, or -1. */
export function advancedField(line: string, letter: string): number {
  for (let i = 2; i + 2 < line.length; i++)
    if (line[i] === ' ' && line[i + 1] === letter && isDigit(line.charCodeAt(i + 2)))
      return numberAt(line, i + 2)
  return -1
}

function numberAt(line: string, at: number): number {
  let value = 0
  for (let i = at; i < line.length && isDigit(line.charCodeAt(i)); i++)
    value = value * 10 + line.charCodeAt(i) - 0x30
  return value
}

/** Whether the line reports temperatures: the answer to M105, or an automatic report. */
export function reportsTemperatures(line: string): boolean {
  return /(^|\s)(T\d?|B|C):\s*-?[\d.]+\s*\/\s*-?[\d.]+/.test(line)
}

/** A heater of a report, with its target where one can be read. */
const HEATER = /(?:^|\s)(?:T\d*|B|C):(?:\s*-?[\d.]+\s*\/\s*(\S+))?/g

/** Whether the line reports temperatures and every target in it is 0. A target that cannot be read is not 0. */
export function reportsCold(line: string): boolean {
  if (!reportsTemperatures(line)) return false
  for (const match of line.matchAll(HEATER)) if (Number(match[1]) !== 0) return false
  return true
}

/** Longest piece of a reply that a message quotes. */
const QUOTED_CHARS_MAX = 80

/** The printer's words as a message quotes them. While a job is confidential they may be its text, and are not told. */
export function quoted(line: string, isConfidential = false): string {
  return isConfidential ? UNTOLD : `\`${printable(line)}\``
}

/** In the place of what may quote a job that must not be quoted. */
export const UNTOLD = 'what is not told, for the job is sealed'

/** The printer's words for a message: cut, and nothing that could break a line or colour a terminal. */
export function printable(line: string): string {
  return line.slice(0, QUOTED_CHARS_MAX).replace(/[^\x20-\x7e]/g, '?')
}
