import { CARRIAGE_RETURN, DIGIT_0, DOT, LETTER_A, MINUS, NEWLINE, SEMICOLON, SPACE } from './bytes.ts'
import { type Command, NO_SUBCODE } from './command.ts'
import { CODE_MAX, type CommandTable } from './command-table.ts'
import { POW10, WHOLE_DIGITS_MAX } from './decimal.ts'

/** Digits behind the point that the quick reading takes: what 32 bits hold, and more than slicers write. */
const PLAIN_PLACES_MAX = 9

/** One word for each letter. */
const WORDS_MAX = 26

const G = 0x47
const M = 0x4d

/**
 * Reads a line as slicers write them, `G1 X1.5 Y2 E.04\n`, perhaps with a comment behind, starting at `at` and
 * ending before `limit`. Answers the index after its newline, or -1 where the line is anything else: then nothing
 * is known of it and `parse` decides. There is a newline before `limit`. `out.plainEnd` is set then, and `out.order` is not.
 */
export function parsePlain(
  table: CommandTable,
  bytes: Uint8Array,
  at: number,
  limit: number,
  out: Command,
): number {
  let i = at
  const letter = bytes[i]!
  if (letter !== G && letter !== M) return -1
  let d = bytes[++i]! - DIGIT_0
  if (!(d >= 0 && d <= 9)) return -1
  let code = d
  let c = bytes[++i]!
  d = c - DIGIT_0
  if (code === 0 && d >= 0 && d <= 9) return -1
  while (d >= 0 && d <= 9) {
    code = code * 10 + d
    if (code > CODE_MAX) return -1
    c = bytes[++i]!
    d = c - DIGIT_0
  }
  const row = table.find(letter, code)
  if (row === undefined || row.text !== 'none') return -1
  const words = row.words
  const wholeNumbers = row.integers | row.longs
  const values = out.values
  let present = 0
  let end = i
  let hasBarePoints = false
  while (c === SPACE && i + 2 < limit) {
    const slot = bytes[i + 1]! - LETTER_A
    // Blank space before a comment or the end belongs to the line, not to the command.
    if (slot < 0 || slot > 25) break
    const bit = 1 << slot
    if ((words & bit) === 0 || (present & bit) !== 0 || (wholeNumbers & bit) !== 0) return -1
    i += 2
    c = bytes[i]!
    const negative = c === MINUS
    if (negative) c = bytes[++i]!
    d = c - DIGIT_0
    const first = i
    let whole = 0
    if (d >= 0 && d <= 9) {
      whole = d
      c = bytes[++i]!
      d = c - DIGIT_0
      if (whole === 0 && d >= 0 && d <= 9) return -1
      while (d >= 0 && d <= 9) {
        whole = (Math.imul(whole, 10) + d) | 0
        c = bytes[++i]!
        d = c - DIGIT_0
      }
      if (i - first > WHOLE_DIGITS_MAX) return -1
    } else if (c === DOT) hasBarePoints = true
    else return -1
    let value = whole
    if (c === DOT) {
      const point = i
      let fraction = 0
      c = bytes[++i]!
      d = c - DIGIT_0
      // Most slicers write three places; together they cost one guess of the branch predictor in place of four.
      if (i + 3 < limit) {
        const second = bytes[i + 1]! - DIGIT_0
        const third = bytes[i + 2]! - DIGIT_0
        if (d >>> 0 < 10 && second >>> 0 < 10 && third >>> 0 < 10) {
          fraction = d * 100 + second * 10 + third
          i += 3
          c = bytes[i]!
          d = c - DIGIT_0
        }
      }
      while (d >= 0 && d <= 9) {
        fraction = (Math.imul(fraction, 10) + d) | 0
        c = bytes[++i]!
        d = c - DIGIT_0
      }
      const places = i - point - 1
      if (places === 0 || places > PLAIN_PLACES_MAX) return -1
      const scale = POW10[places]!
      value = (whole * scale + fraction) / scale
    }
    values[slot] = negative ? -value : value
    present |= bit
    end = i
  }
  let next = i
  if (c !== NEWLINE) {
    while (c === SPACE && next < limit) c = bytes[++next]!
    if (c === SEMICOLON) {
      // A lone carriage return ends a comment for the firmware, and what follows it is a command.
      while (c !== NEWLINE && c !== CARRIAGE_RETURN && next < limit) c = bytes[++next]!
    }
    if (c !== NEWLINE) return -1
  }
  // A zero before each bare point makes the line longer, which `parse` counts.
  if (next >= limit || end - at + (hasBarePoints ? WORDS_MAX : 0) > table.commandBytesMax) return -1
  out.letter = letter
  out.code = code
  out.subcode = NO_SUBCODE
  // Storing a reference costs more than comparing it, and both are nearly always those of the last line.
  if (out.row !== row) out.row = row
  if (out.bytes !== bytes) out.bytes = bytes
  out.present = present
  out.valued = present
  out.plainStart = at
  out.plainEnd = end
  out.hasBarePoints = hasBarePoints
  return next + 1
}
