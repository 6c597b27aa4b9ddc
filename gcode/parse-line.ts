import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  DIGIT_0,
  DOT,
  isDigit,
  LETTER_A,
  LOWER_CASE_BIT,
  MEATPACK,
  MINUS,
  PAREN_CLOSE,
  PAREN_OPEN,
  PLUS,
  QUOTE,
  SEMICOLON,
  SPACE,
  TAB,
  TILDE,
  WORD,
} from './bytes.ts'
import { type Command, NO_SUBCODE } from './command.ts'
import { CODE_MAX, type CommandRow, type CommandTable, TOOL_MAX } from './command-table.ts'
import { DIGITS_MAX, POW10, VALUE_DIGITS_MAX, WHOLE_DIGITS_MAX } from './decimal.ts'
import { Envelope, readEnvelope } from './envelope.ts'
import {
  BACKSLASH_BYTE,
  BRACKET_BYTE,
  CODE_MISSING,
  CODE_TOO_BIG,
  CONTROL_BYTE,
  EMPTY,
  EXPONENT,
  HEX_NUMBER,
  MALFORMED_NUMBER,
  MEATPACK_BYTE,
  NO_COMMAND,
  NON_ASCII,
  PARSED,
  type ParseCode,
  REPEATED_WORD,
  SECOND_COMMAND,
  SECOND_LINE_NUMBER,
  STRAY_BYTE,
  STRAY_QUOTE,
  TEXT_HIDES_WORD,
  TOO_LONG,
  TOO_MANY_DIGITS,
  UNKNOWN_SUBCODE,
  VALUE_MISSING,
  VALUE_OUT_OF_RANGE,
} from './refusal.ts'
import { readLineText, readWordText, refuseSharedLetters } from './text-words.ts'
import { CANONICAL_BYTES_MAX, writeLine } from './write-line.ts'

const WHOLE_MAX = 10 ** WHOLE_DIGITS_MAX - 1
/** Marlin reads most whole numbers into 16 bits; past them `M104 S65736` heats to 200 °C. */
const INT16_MAX = 32_767
const INT32_MAX = 2_147_483_647

const G = 0x47
const M = 0x4d
const T = 0x54

/** Reads one line. Owns the scratch that reading needs, so that nothing is allocated a line. */
export class LineParser {
  /** The number and checksum of the last line read by `parse`. */
  readonly envelope = new Envelope()
  private readonly table: CommandTable
  private readonly scratch = new Uint8Array(CANONICAL_BYTES_MAX)

  constructor(table: CommandTable) {
    this.table = table
  }

  /**
   * Reads `bytes[start, end)`, one line without its end, into `out`. Answers `PARSED`, `EMPTY` (blank or comment
   * only) or the number of a refusal; `out` then means nothing but `refusedAt`. Never throws, never allocates.
   */
  parse(bytes: Uint8Array, start: number, end: number, out: Command): ParseCode {
    out.reset()
    out.bytes = bytes
    const scanned = this.scan(bytes, start, end, out)
    if (scanned !== PARSED) return scanned
    const envelope = this.envelope
    const enveloped = readEnvelope(bytes, start, this.bodyEnd, envelope)
    if (enveloped !== PARSED) {
      out.refusedAt = start
      return enveloped
    }
    const code = this.body(bytes, envelope.bodyStart, envelope.bodyEnd, out)
    return code === PARSED ? this.refuseLong(out) : code
  }

  /** What is read here is sent on with a number and a checksum, so the canonical form has to leave room for them. */
  private refuseLong(out: Command): ParseCode {
    const length = this.envelope.bodyEnd - this.envelope.bodyStart
    // Writing adds a space and a zero to each word at most.
    if (length + 2 * out.wordCount < this.table.commandBytesMax) return PARSED
    out.refusedAt = writeLine(out, this.scratch, 0)
    return out.refusedAt > this.table.commandBytesMax ? TOO_LONG : PARSED
  }

  private bodyEnd = 0

  /** Finds where the command ends, and refuses the bytes that no command may hold. */
  private scan(bytes: Uint8Array, start: number, end: number, out: Command): ParseCode {
    let i = start
    let last = start
    let tabAt = -1
    for (; i < end; i++) {
      const c = bytes[i]!
      if (c === SPACE) continue
      if (c === SEMICOLON) break
      if (c === TAB) {
        if (tabAt < 0) tabAt = i
        continue
      }
      out.refusedAt = i
      if (c < SPACE || c === 0x7f) return CONTROL_BYTE
      if (c > TILDE) return c === MEATPACK ? MEATPACK_BYTE : NON_ASCII
      if (c === BACKSLASH) return BACKSLASH_BYTE
      if (c === PAREN_OPEN || c === PAREN_CLOSE || c === BRACE_OPEN || c === BRACE_CLOSE) return BRACKET_BYTE
      // A tab is blank space to Klipper and part of the word to Marlin: it may only pad the end.
      if (tabAt >= 0) {
        out.refusedAt = tabAt
        return CONTROL_BYTE
      }
      last = i + 1
    }
    if (last === start) return EMPTY
    if (last - start > this.table.lineBytesMax) {
      out.refusedAt = last - start
      return TOO_LONG
    }
    this.bodyEnd = last
    return PARSED
  }

  private body(bytes: Uint8Array, start: number, end: number, out: Command): ParseCode {
    let i = start
    out.refusedAt = i
    if (i >= end) return NO_COMMAND
    const letter = bytes[i]! & ~LOWER_CASE_BIT
    if (letter !== G && letter !== M && letter !== T) return NO_COMMAND
    i = skipSpaces(bytes, i + 1, end)
    let code = 0
    const digitsStart = i
    while (i < end && isDigit(bytes[i]!)) {
      code = code * 10 + (bytes[i]! - DIGIT_0)
      if (code > CODE_MAX) return CODE_TOO_BIG
      i++
    }
    if (i === digitsStart) return CODE_MISSING
    if (letter === T && code > TOOL_MAX) return CODE_TOO_BIG
    const row = this.table.find(letter, code)
    out.letter = letter
    out.code = code
    out.row = row
    if (i < end && bytes[i] === DOT) {
      // One digit, and only where the table names it: builds without subcodes would run the plain command.
      const subcode = i + 1 < end ? bytes[i + 1]! - DIGIT_0 : NO_SUBCODE
      if (row === undefined || !row.subcodes.includes(subcode)) return UNKNOWN_SUBCODE
      out.subcode = subcode
      i += 2
      if (i < end && (isDigit(bytes[i]!) || bytes[i] === DOT)) return UNKNOWN_SUBCODE
    }
    if (row !== undefined && row.text === 'line')
      return readLineText(bytes, skipSpaces(bytes, i, end), end, out, row)
    return this.words(bytes, i, end, out, row)
  }

  private words(
    bytes: Uint8Array,
    from: number,
    end: number,
    out: Command,
    row: CommandRow | undefined,
  ): ParseCode {
    let i = skipSpaces(bytes, from, end)
    while (i < end) {
      out.refusedAt = i
      const slot = (bytes[i]! & ~LOWER_CASE_BIT) - LETTER_A
      if (slot < 0 || slot > 25 || bytes[i]! < LETTER_A) return bytes[i] === QUOTE ? STRAY_QUOTE : STRAY_BYTE
      const refused = refuseWord(slot, out, row)
      if (refused !== PARSED) return refused
      const bit = 1 << slot
      out.present |= bit
      out.order[out.wordCount++] = slot
      if (row !== undefined && row.textWord === slot) {
        const textEnd = readWordText(bytes, i + 1, end, out, row)
        if (textEnd < 0) return -textEnd
        if (textEnd > 0) {
          i = skipSpaces(bytes, textEnd, end)
          continue
        }
      }
      const code = this.value(bytes, i, end, out, row, slot)
      if (code !== PARSED) return code
      i = skipSpaces(bytes, this.next, end)
    }
    return out.textWord < 0 ? PARSED : refuseSharedLetters(out)
  }

  private next = 0

  /** Reads the value of the word whose letter stands at `at`, if it has one, and leaves `next` behind it. */
  private value(
    bytes: Uint8Array,
    at: number,
    end: number,
    out: Command,
    row: CommandRow | undefined,
    slot: number,
  ): ParseCode {
    let i = skipSpaces(bytes, at + 1, end)
    const valueStart = i
    let negative = false
    if (i < end && (bytes[i] === MINUS || bytes[i] === PLUS)) negative = bytes[i++] === MINUS
    let whole = 0
    let digits = 0
    let seen = 0
    for (; i < end && isDigit(bytes[i]!); i++) {
      whole = whole * 10 + (bytes[i]! - DIGIT_0)
      seen++
      if (whole !== 0) digits++
      if (digits > DIGITS_MAX) return this.refuseAt(out, valueStart, TOO_MANY_DIGITS)
    }
    let fraction = 0
    let places = 0
    if (i < end && bytes[i] === DOT) {
      for (i++; i < end && isDigit(bytes[i]!); i++) {
        seen++
        if (seen > VALUE_DIGITS_MAX) return this.refuseAt(out, valueStart, TOO_MANY_DIGITS)
        // What a double cannot hold is a billionth of a millimetre. Hosts that write floats write such digits (Printrun).
        if (digits + places >= DIGITS_MAX) continue
        fraction = fraction * 10 + (bytes[i]! - DIGIT_0)
        places++
      }
    }
    if (seen === 0) {
      if (i !== valueStart) return this.refuseAt(out, valueStart, MALFORMED_NUMBER)
      this.next = at + 1
      const isFlag = row === undefined || ((row.flags >>> slot) & 1) === 1
      return isFlag ? PARSED : VALUE_MISSING
    }
    const after = this.refuseAfterNumber(bytes, i, end, whole === 0 && places === 0)
    if (after !== PARSED) return this.refuseAt(out, after === MALFORMED_NUMBER ? valueStart : i, after)
    const scale = POW10[places]!
    const magnitude = places === 0 ? whole : (whole * scale + fraction) / scale
    this.next = i
    out.valued |= 1 << slot
    out.valueStart[slot] = valueStart
    out.valueEnd[slot] = i
    return this.store(out, row, slot, negative ? -magnitude : magnitude, whole)
  }

  /** What directly follows the digits must not be able to belong to them. */
  private refuseAfterNumber(bytes: Uint8Array, i: number, end: number, isZero: boolean): ParseCode {
    if (i >= end) return PARSED
    const c = bytes[i]!
    if (c === DOT || c === PLUS || c === MINUS) return MALFORMED_NUMBER
    const slot = (c & ~LOWER_CASE_BIT) - LETTER_A
    if (slot === WORD.X && isZero) return HEX_NUMBER
    if (slot !== WORD.E || i + 1 >= end) return PARSED
    const d = bytes[i + 1]!
    return isDigit(d) || d === PLUS || d === MINUS ? EXPONENT : PARSED
  }

  private store(
    out: Command,
    row: CommandRow | undefined,
    slot: number,
    value: number,
    whole: number,
  ): ParseCode {
    const bit = 1 << slot
    if (row !== undefined && (row.integers & bit) !== 0) {
      out.values[slot] = Math.trunc(value)
      return whole > INT16_MAX ? this.refuseAt(out, out.valueStart[slot]!, VALUE_OUT_OF_RANGE) : PARSED
    }
    if (row !== undefined && (row.longs & bit) !== 0) {
      out.values[slot] = Math.trunc(value)
      return whole > INT32_MAX ? this.refuseAt(out, out.valueStart[slot]!, VALUE_OUT_OF_RANGE) : PARSED
    }
    out.values[slot] = value
    return whole > WHOLE_MAX ? this.refuseAt(out, out.valueStart[slot]!, VALUE_OUT_OF_RANGE) : PARSED
  }

  private refuseAt(out: Command, at: number, code: ParseCode): ParseCode {
    out.refusedAt = at
    return code
  }
}

function skipSpaces(bytes: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] === SPACE) i++
  return i
}

/** Whether this word may stand on this line at all. */
function refuseWord(slot: number, out: Command, row: CommandRow | undefined): ParseCode {
  const bit = 1 << slot
  if ((out.present & bit) !== 0) return REPEATED_WORD
  const isKnown = row !== undefined && (row.words & bit) !== 0
  if (isKnown) return PARSED
  if (slot === WORD.G || slot === WORD.M) return SECOND_COMMAND
  if (slot === WORD.T && row !== undefined) return SECOND_COMMAND
  // Builds with macros store the line as it is written, others read it as words.
  if (row?.class === 'macros') return TEXT_HIDES_WORD
  return slot === WORD.N ? SECOND_LINE_NUMBER : PARSED
}
