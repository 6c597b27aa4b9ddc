import {
  asciiBytes,
  DOT,
  isDigit,
  LETTER_A,
  LETTER_Z,
  LOWER_CASE_BIT,
  MINUS,
  PLUS,
  QUOTE,
  SPACE,
} from './bytes.ts'
import type { Command } from './command.ts'
import type { CommandRow } from './command-table.ts'
import {
  PARSED,
  type ParseCode,
  STRAY_QUOTE,
  TEXT_FORGES_REPLY,
  TEXT_HIDES_WORD,
  VALUE_MISSING,
} from './refusal.ts'

/**
 * Text in commands: `M117 Hello`, `M486 A<name>`, `M862.3 P "MK4S"`, `M115 U6.1.3`. The bytes are printable
 * ASCII without `\ ( ) { } ; *` by the time this is asked; what remains is what text could do to a host or
 * to a build that reads words in it.
 */

/**
 * What a host takes for a reply when a line starts with it (OctoPrint serial_comm.py, Printrun printcore.py,
 * Cura USBPrinterOutputDevice.py). `M118` prints its text as a line of its own, others may be echoed by a display.
 */
const REPLY_STARTS = [
  'ok',
  'rs',
  'resend',
  'error',
  'fatal',
  'start',
  'grbl',
  'wait',
  '!!',
  '//',
  'echo:',
  'busy:',
  'action:',
  'cap:',
  'done',
].map(asciiBytes)
/** Reported values, which hosts find anywhere in a line: `T:200`, `B:60`, `X:1`. */
const REPORTED_LETTERS = asciiBytes('tbcxyze@')
/** Marlin looks for M110 anywhere in a line, text included, and renumbers the link (queue.cpp). */
const RENUMBER = asciiBytes('m110')

const LETTER_COLON = 0x3a
const EXCLAMATION = 0x21

/** Reads the rest of the line, from `start` on, as the command's text. */
export function readLineText(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Command,
  row: CommandRow,
): ParseCode {
  for (let i = start; i < end; i++) {
    if (bytes[i] !== QUOTE) continue
    out.refusedAt = i
    return STRAY_QUOTE
  }
  out.refusedAt = start
  if (row.isTextSearched && mayHoldWord(bytes, start, end)) return TEXT_HIDES_WORD
  if (forgesReply(bytes, start, end)) return TEXT_FORGES_REPLY
  out.textStart = start
  out.textEnd = end
  return PARSED
}

/**
 * Where Marlin searches words first, its text begins at the first letter without a value, and one byte late where a
 * space follows that letter; M32 takes what stands behind a `!` instead (parser.cpp `parse`).
 */
function mayHoldWord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === EXCLAMATION) return true
  if (start + 1 >= end || !isLetter(bytes[start]!)) return false
  const c = bytes[start + 1]!
  return c === SPACE || isDigit(c) || c === MINUS || c === PLUS || c === DOT
}

/**
 * Reads the text of a word whose value starts at `start`. Answers the index after it, 0 where the word holds
 * an ordinary number after all (`M862.1 P0.4`), or the negated number of a refusal.
 */
export function readWordText(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Command,
  row: CommandRow,
): number {
  let i = start
  while (i < end && bytes[i] === SPACE) i++
  switch (row.text) {
    case 'quoted':
      return bytes[i] === QUOTE && i < end ? readQuoted(bytes, i + 1, end, out, row) : 0
    case 'version':
      return readVersion(bytes, i, end, out, row)
    default:
      return readName(bytes, i, end, out, row)
  }
}

/**
 * Refuses a text with a letter that is a word of the same line: a build that takes no text there finds that word
 * twice, as in `M486 S0 AShape`.
 */
export function refuseSharedLetters(out: Command): ParseCode {
  // Named first: esbuild reads `1 << out.` as the start of a type parameter list.
  const { textWord } = out
  const others = out.present & ~(1 << textWord)
  for (let i = out.textStart; i < out.textEnd; i++) {
    const slot = (out.bytes[i]! & ~LOWER_CASE_BIT) - LETTER_A
    if (slot < 0 || slot > 25 || ((others >>> slot) & 1) === 0) continue
    out.refusedAt = i
    return TEXT_HIDES_WORD
  }
  return PARSED
}

function readQuoted(bytes: Uint8Array, start: number, end: number, out: Command, row: CommandRow): number {
  let i = start
  while (i < end && bytes[i] !== QUOTE) i++
  out.refusedAt = start - 1
  // An empty or an open string, or one with more behind it than blank space, is read in as many ways as there are builds.
  if (i === end || i === start || (i + 1 < end && bytes[i + 1] !== SPACE)) return -STRAY_QUOTE
  if (forgesReply(bytes, start, i)) return -TEXT_FORGES_REPLY
  keepText(out, row, start, i)
  return i + 1
}

function readVersion(bytes: Uint8Array, start: number, end: number, out: Command, row: CommandRow): number {
  let i = start
  while (i < end && (isDigit(bytes[i]!) || (bytes[i] === DOT && i > start && isDigit(bytes[i - 1]!)))) i++
  out.refusedAt = start
  if (i === start || bytes[i - 1] === DOT || (i < end && bytes[i] !== SPACE)) return -VALUE_MISSING
  keepText(out, row, start, i)
  return i
}

function readName(bytes: Uint8Array, start: number, end: number, out: Command, row: CommandRow): number {
  if (start === end) return -VALUE_MISSING
  for (let i = start; i < end; i++) {
    out.refusedAt = i
    if (bytes[i] === QUOTE) return -STRAY_QUOTE
    if (startsWord(bytes, i, end, row.words)) return -TEXT_HIDES_WORD
  }
  if (forgesReply(bytes, start, end)) return -TEXT_FORGES_REPLY
  keepText(out, row, start, end)
  return end
}

function keepText(out: Command, row: CommandRow, start: number, end: number): void {
  out.textWord = row.textWord
  out.textStart = start
  out.textEnd = end
}

/**
 * Whether a letter of the command with a value behind it stands here: a build that does not take the name as
 * text would obey it, as in `M486 A S5`, which cancels nothing for one and starts object 5 for another.
 */
function startsWord(bytes: Uint8Array, i: number, end: number, words: number): boolean {
  const slot = (bytes[i]! & ~LOWER_CASE_BIT) - 0x41
  if (slot < 0 || slot > 25 || bytes[i]! < 0x41 || ((words >>> slot) & 1) === 0) return false
  let j = i + 1
  while (j < end && bytes[j] === SPACE) j++
  if (j === end) return false
  const c = bytes[j]!
  return isDigit(c) || c === MINUS || c === PLUS || c === DOT
}

function forgesReply(bytes: Uint8Array, start: number, end: number): boolean {
  if (contains(bytes, start, end, RENUMBER)) return true
  for (let i = start; i + 1 < end; i++)
    if (bytes[i + 1] === LETTER_COLON && isReportedLetter(lower(bytes[i]!))) return true
  return startsReply(bytes, start, end) || startsReply(bytes, skipEchoFlags(bytes, start, end), end)
}

/** `M118 A1 action:cancel`: A1, E1 and P<n> choose where the text goes and are not part of it (M118.cpp). */
function skipEchoFlags(bytes: Uint8Array, start: number, end: number): number {
  let i = start
  while (i + 1 < end) {
    const c = bytes[i]! & ~LOWER_CASE_BIT
    if ((c !== 0x41 && c !== 0x45 && c !== 0x50) || !isDigit(bytes[i + 1]!)) break
    i += 2
    while (i < end && (bytes[i] === SPACE || isDigit(bytes[i]!))) i++
  }
  return i
}

function startsReply(bytes: Uint8Array, start: number, end: number): boolean {
  for (let k = 0; k < REPLY_STARTS.length; k++) if (matches(bytes, start, end, REPLY_STARTS[k]!)) return true
  return false
}

function contains(bytes: Uint8Array, start: number, end: number, needle: Uint8Array): boolean {
  for (let i = start; i < end; i++) if (matches(bytes, i, end, needle)) return true
  return false
}

function matches(bytes: Uint8Array, at: number, end: number, needle: Uint8Array): boolean {
  if (at + needle.length > end) return false
  for (let i = 0; i < needle.length; i++) if (lower(bytes[at + i]!) !== needle[i]) return false
  return true
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | LOWER_CASE_BIT : c
}

function isReportedLetter(c: number): boolean {
  for (let i = 0; i < REPORTED_LETTERS.length; i++) if (REPORTED_LETTERS[i] === c) return true
  return false
}

function isLetter(c: number): boolean {
  const upper = c & ~LOWER_CASE_BIT
  return upper >= LETTER_A && upper <= LETTER_Z
}
