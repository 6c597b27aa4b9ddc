import { DIGIT_0, MINUS, NEWLINE, SPACE, STAR } from './bytes.ts'
import {
  BAD_LINE_NUMBER,
  CHECKSUM_MISPLACED,
  CHECKSUM_MISSING,
  CHECKSUM_WRONG,
  PARSED,
  type ParseCode,
} from './refusal.ts'

/**
 * The link's wrapping around a command: `N<number> <command>*<checksum>`. It belongs to one link and ends there;
 * the printer sees only numbers of our own.
 */

/** The line carries no number. */
export const UNNUMBERED = Number.NEGATIVE_INFINITY

/** Digits of a line number: a print has fewer lines than this, and 32 bits hold it. */
const LINE_NUMBER_DIGITS_MAX = 9
/** A checksum is one byte in decimal. */
const CHECKSUM_MAX = 255

const LETTER_N = 0x4e

export class Envelope {
  /** The host's number for the line, -1 and up, or `UNNUMBERED`. */
  lineNumber = UNNUMBERED
  /** The command inside: `bytes[bodyStart, bodyEnd)`, without blanks around it. */
  bodyStart = 0
  bodyEnd = 0
}

/**
 * Reads the wrapping of `bytes[start, end)`, a line without comment and without blanks at its end. Only an
 * upper-case N in first place numbers a line (queue.cpp `process_line_done`). The checksum is the XOR of all
 * bytes from that N up to the `*`, in decimal, and nothing follows it: firmware takes `*80abc`, `*080` and a
 * second `*` in different ways.
 */
export function readEnvelope(bytes: Uint8Array, start: number, end: number, out: Envelope): ParseCode {
  let i = start
  while (i < end && bytes[i] === SPACE) i++
  out.lineNumber = UNNUMBERED
  out.bodyStart = i
  out.bodyEnd = end
  const star = indexOfStar(bytes, i, end)
  if (i >= end || bytes[i] !== LETTER_N) return star < 0 ? PARSED : CHECKSUM_MISPLACED
  if (star < 0) return CHECKSUM_MISSING
  const checksum = readChecksum(bytes, star + 1, end)
  if (checksum < 0) return CHECKSUM_MISPLACED
  if (checksum !== xor(bytes, i, star)) return CHECKSUM_WRONG
  return readNumber(bytes, i + 1, star, out)
}

function readNumber(bytes: Uint8Array, from: number, star: number, out: Envelope): ParseCode {
  let i = from
  const negative = bytes[i] === MINUS
  if (negative) i++
  const digitsStart = i
  let value = 0
  for (; i < star; i++) {
    const d = bytes[i]! - DIGIT_0
    if (d < 0 || d > 9) break
    value = value * 10 + d
    if (i - digitsStart >= LINE_NUMBER_DIGITS_MAX) return BAD_LINE_NUMBER
  }
  // Printrun starts a print with `N-1 M110 N-1`, so -1 is a number; no host uses a smaller one.
  if (i === digitsStart || (negative && value !== 1)) return BAD_LINE_NUMBER
  let bodyEnd = star
  while (i < bodyEnd && bytes[i] === SPACE) i++
  while (bodyEnd > i && bytes[bodyEnd - 1] === SPACE) bodyEnd--
  out.lineNumber = negative ? -value : value
  out.bodyStart = i
  out.bodyEnd = bodyEnd
  return PARSED
}

function indexOfStar(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === STAR) return i
  return -1
}

function readChecksum(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 3) return -1
  if (bytes[start] === DIGIT_0 && end - start > 1) return -1
  let value = 0
  for (let i = start; i < end; i++) {
    const d = bytes[i]! - DIGIT_0
    if (d < 0 || d > 9) return -1
    value = value * 10 + d
  }
  return value <= CHECKSUM_MAX ? value : -1
}

function xor(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0
  for (let i = start; i < end; i++) sum ^= bytes[i]!
  return sum
}

/** Bytes that the wrapping adds at most: `N`, 9 digits and a sign, a space, `*`, 3 digits, the newline. */
export const ENVELOPE_BYTES_MAX = 17

/**
 * Writes `N<number> ` and the canonical command `command[start, end)`, its checksum and a newline to `out` from
 * `at` on. Answers the index after the newline. `out` has `ENVELOPE_BYTES_MAX` bytes more than the command.
 */
export function writeNumbered(
  lineNumber: number,
  command: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  let i = at
  out[i++] = LETTER_N
  i = writeInteger(lineNumber, out, i)
  out[i++] = SPACE
  for (let j = start; j < end; j++) out[i++] = command[j]!
  const checksum = xor(out, at, i)
  out[i++] = STAR
  i = writeInteger(checksum, out, i)
  out[i++] = NEWLINE
  return i
}

/** Writes a whole number in decimal. Answers the index after it. */
export function writeInteger(value: number, out: Uint8Array, at: number): number {
  let i = at
  let rest = value
  if (rest < 0) {
    out[i++] = MINUS
    rest = -rest
  }
  let divisor = 1
  while (divisor * 10 <= rest) divisor *= 10
  for (; divisor >= 1; divisor = Math.floor(divisor / 10)) {
    const digit = Math.floor(rest / divisor)
    out[i++] = DIGIT_0 + digit
    rest -= digit * divisor
    if (divisor === 1) break
  }
  return i
}
