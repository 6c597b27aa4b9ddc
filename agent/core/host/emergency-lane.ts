import {
  BACKSLASH,
  CARRIAGE_RETURN,
  DIGIT_0,
  isDigit,
  LOWER_CASE_BIT,
  MINUS,
  PAREN_CLOSE,
  PAREN_OPEN,
  PLUS,
  QUOTE,
  SEMICOLON,
  SPACE,
  STAR,
  TAB,
} from '../../../gcode/index.ts'

/**
 * Finds the commands that go past the queue, before anything else reads the line: a stop must work while everything
 * is blocked, and whatever it looks like. M112 counts in every disguise that some firmware would stop at, so that the
 * gate never makes a stop weaker than it was without the gate: with any line number and checksum, right or wrong, and
 * as each of these reads it.
 *
 * - Marlin: skips spaces and zeros, reads codes modulo 65536 (`M65648`), takes escapes (`M1\12`), backspaces and, in
 *   some builds, parentheses out of the line, and stops at receipt at anything that starts with `M112` (`M1120`).
 * - Klipper: any case, any blanks around it.
 * - Prusa: drops bytes of 0x80 and more, wherever they stand, and reads codes by strtol (`M+112`).
 * - RepRapFirmware: a NUL ends a line, so what stands behind it is another one.
 *
 * `M112` as text or comment, or behind another command, stops nothing. M108, M410 and M876 count in their plain forms
 * only: they are judged, and may come by the common way if they are written in another.
 */

export const EMERGENCY_NONE = 0
/** M112: the printer halts at once. */
export const EMERGENCY_STOP = 1
/** M108: ends a wait for heat. */
export const EMERGENCY_BREAK = 2
/** M410: drops the moves that are planned. */
export const EMERGENCY_QUICK_STOP = 3
/** M876: answers a question of the printer. */
export const EMERGENCY_ANSWER = 4

export type EmergencyKind = number

/** Marlin holds codes in 16 bits. */
const CODE_WRAP = 65_536
/** Bytes that Marlin stores of a line. */
const STORED_BYTES_MAX = 95

const NUL = 0x00
const BACKSPACE = 0x08
const FIRST_HIGH_BYTE = 0x80
const DIGIT_1 = 0x31
const DIGIT_2 = 0x32
const LETTER_M = 0x4d
const LETTER_N = 0x4e
const LOWER_M = LETTER_M | LOWER_CASE_BIT
const LOWER_N = LETTER_N | LOWER_CASE_BIT

/** What Marlin stores of a line. One line is looked at at a time, and the answer holds nothing of it. */
const stored = new Uint8Array(STORED_BYTES_MAX)

/** Which emergency command the line `bytes[start, end)`, without its end, is: an `EMERGENCY_` constant. */
export function emergencyOf(bytes: Uint8Array, start: number, end: number): EmergencyKind {
  const kind = readLine(bytes, start, end)
  if (kind !== EMERGENCY_NONE || !isEdited(bytes, start, end)) return kind
  return stopsWhenEdited(bytes, start, end) ? EMERGENCY_STOP : EMERGENCY_NONE
}

/** Whether a firmware may store something else than what came, or see more than one line. */
function isEdited(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start
  for (; i < end; i++) {
    const c = bytes[i]
    if (c === SEMICOLON) break
    if (c === BACKSLASH || c === BACKSPACE || c === NUL || c === PAREN_OPEN || c === QUOTE) return true
  }
  // Within a comment nothing is edited, but a NUL ends it.
  for (; i < end; i++) if (bytes[i] === NUL) return true
  return false
}

function stopsWhenEdited(bytes: Uint8Array, start: number, end: number): boolean {
  if (readLine(stored, 0, store(bytes, start, end, false)) === EMERGENCY_STOP) return true
  if (readLine(stored, 0, store(bytes, start, end, true)) === EMERGENCY_STOP) return true
  let from = start
  for (let i = start; i < end; i++) {
    if (bytes[i] !== NUL) continue
    if (readLine(bytes, from, i) === EMERGENCY_STOP) return true
    from = i + 1
  }
  return readLine(bytes, from, end) === EMERGENCY_STOP
}

/**
 * Stores the line as Marlin does (queue.cpp `process_stream_char`), in a build with or without its options
 * PAREN_COMMENTS and GCODE_QUOTED_STRINGS. Answers how many bytes are left. A NUL among them ends the text: nothing is
 * read past it.
 */
function store(bytes: Uint8Array, start: number, end: number, hasOptions: boolean): number {
  let length = 0
  let isEscaped = false
  let isQuoted = false
  let isInParens = false
  for (let i = start; i < end && length < STORED_BYTES_MAX; i++) {
    const c = bytes[i] ?? NUL
    if (isInParens) {
      isInParens = c !== PAREN_CLOSE
      continue
    }
    if (isEscaped) isEscaped = false
    else if (c === BACKSLASH) {
      isEscaped = true
      if (!isQuoted) continue
    } else if (c === QUOTE && hasOptions) isQuoted = !isQuoted
    else if (!isQuoted) {
      if (c === SEMICOLON) break
      if (c === PAREN_OPEN && hasOptions) {
        isInParens = true
        continue
      }
    }
    if (c !== BACKSPACE) stored[length++] = c
    else if (length > 0) length--
  }
  return length
}

/** Reads the line as it stands. Marlin's own limit of 95 bytes is not applied: others read on. */
function readLine(bytes: Uint8Array, start: number, end: number): EmergencyKind {
  let i = start
  while (i < end && bytes[i] === SPACE) i++
  if (startsAsStop(bytes, i, end)) return EMERGENCY_STOP
  while (i < end && isSkipped(bytes[i] ?? NUL)) i++
  const numbersStart = i
  i = skipNumbers(bytes, i, end)
  if (i >= end || (bytes[i] !== LETTER_M && bytes[i] !== LOWER_M)) return EMERGENCY_NONE
  const letter = i++
  while (i < end && isSkipped(bytes[i] ?? NUL)) i++
  const isNegative = i < end && bytes[i] === MINUS
  if (i < end && (isNegative || bytes[i] === PLUS)) i++
  const digitsStart = i
  let code = 0
  for (; i < end; i++) {
    const c = bytes[i] ?? NUL
    if (isDigit(c)) code = (code * 10 + c - DIGIT_0) % CODE_WRAP
    // Ends the code, or is dropped out of it.
    else if (c < FIRST_HIGH_BYTE || code === 112) break
  }
  if (code === (isNegative ? CODE_WRAP - 112 : 112)) return EMERGENCY_STOP
  if (bytes[letter] !== LETTER_M || digitsStart !== letter + 1 || i !== digitsStart + 3) return EMERGENCY_NONE
  if (!isPlainNumber(bytes, numbersStart, letter)) return EMERGENCY_NONE
  return plainKind(code, bytes, i, end)
}

/** Marlin compares four bytes at receipt and looks no further. */
function startsAsStop(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= 4 &&
    bytes[at] === LETTER_M &&
    bytes[at + 1] === DIGIT_1 &&
    bytes[at + 2] === DIGIT_1 &&
    bytes[at + 3] === DIGIT_2
  )
}

/** Blank for some firmware (Python's `strip` counts 0x1c to 0x1f), or dropped by one. */
function isSkipped(c: number): boolean {
  if (c >= FIRST_HIGH_BYTE) return true
  return c <= SPACE && (c >= 0x1c || (c >= TAB && c <= CARRIAGE_RETURN))
}

/** Goes past `N12 `, and past more than one of them. */
function skipNumbers(bytes: Uint8Array, from: number, end: number): number {
  let i = from
  if (i >= end || (bytes[i] !== LETTER_N && bytes[i] !== LOWER_N)) return i
  for (; i < end; i++) {
    const c = bytes[i] ?? NUL
    const isNumber = isDigit(c) || c === MINUS || c === PLUS || c === LETTER_N || c === LOWER_N
    if (!isNumber && !isSkipped(c)) break
  }
  return i
}

/** Whether nothing stands before the letter, or one number as a host writes it. */
function isPlainNumber(bytes: Uint8Array, from: number, letter: number): boolean {
  if (from === letter) return true
  let i = from
  if (bytes[i++] !== LETTER_N) return false
  if (bytes[i] === MINUS) i++
  const digitsStart = i
  while (i < letter && isDigit(bytes[i] ?? NUL)) i++
  if (i === digitsStart) return false
  while (i < letter && bytes[i] === SPACE) i++
  return i === letter
}

function plainKind(code: number, bytes: Uint8Array, after: number, end: number): EmergencyKind {
  switch (code) {
    case 108:
      return isBare(bytes, after, end) ? EMERGENCY_BREAK : EMERGENCY_NONE
    case 410:
      return isBare(bytes, after, end) ? EMERGENCY_QUICK_STOP : EMERGENCY_NONE
    case 876: {
      const c = after < end ? bytes[after] : SPACE
      return c === SPACE || c === STAR || c === SEMICOLON ? EMERGENCY_ANSWER : EMERGENCY_NONE
    }
    default:
      return EMERGENCY_NONE
  }
}

/** Whether only blanks, a checksum and a comment follow. */
function isBare(bytes: Uint8Array, from: number, end: number): boolean {
  let i = from
  while (i < end && (bytes[i] === SPACE || bytes[i] === TAB)) i++
  if (i < end && bytes[i] === STAR) {
    i++
    while (i < end && (isDigit(bytes[i] ?? NUL) || bytes[i] === SPACE)) i++
  }
  return i >= end || bytes[i] === SEMICOLON
}
