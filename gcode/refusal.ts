import { asciiText } from './bytes.ts'
import type { Command } from './command.ts'
import { LINE_BYTES_KEPT } from './lines.ts'

/**
 * Why a line is refused. Refuse, never repair: a line that two firmwares could read in two ways cannot be judged.
 * The numbers are for the line path, the ids are stable and documented.
 */
export const PARSED = 0
export const EMPTY = 1
export const CONTROL_BYTE = 2
export const NON_ASCII = 3
export const MEATPACK_BYTE = 4
export const BACKSLASH_BYTE = 5
export const BRACKET_BYTE = 6
export const STRAY_QUOTE = 7
export const STRAY_BYTE = 8
export const NO_COMMAND = 9
export const CODE_MISSING = 10
export const CODE_TOO_BIG = 11
export const UNKNOWN_SUBCODE = 12
export const REPEATED_WORD = 13
export const SECOND_COMMAND = 14
export const SECOND_LINE_NUMBER = 15
export const MALFORMED_NUMBER = 16
export const EXPONENT = 17
export const HEX_NUMBER = 18
export const TOO_MANY_DIGITS = 19
export const VALUE_MISSING = 20
export const VALUE_OUT_OF_RANGE = 21
export const TOO_LONG = 22
export const TEXT_FORGES_REPLY = 23
export const TEXT_HIDES_WORD = 24
export const BAD_LINE_NUMBER = 25
export const CHECKSUM_MISSING = 26
export const CHECKSUM_WRONG = 27
export const CHECKSUM_MISPLACED = 28

/** Result of reading a line: `PARSED`, `EMPTY`, or the number of a refusal. */
export type ParseCode = number

interface RefusalText {
  readonly id: string
  readonly why: string
}

const TEXTS: readonly RefusalText[] = [
  { id: 'parsed', why: '' },
  { id: 'empty', why: '' },
  {
    id: 'control-byte',
    why: 'a control byte before the comment is kept by some firmware and dropped by others',
  },
  {
    id: 'non-ascii',
    why: 'a byte outside ASCII before the comment is dropped by some firmware and kept by others',
  },
  { id: 'meatpack', why: 'byte 0xFF switches the printer to packed G-code that cannot be judged' },
  {
    id: 'backslash',
    why: 'Marlin drops a backslash and takes the next byte literally, other firmware does not',
  },
  { id: 'bracket', why: 'brackets are a comment, an expression or live words, depending on the firmware' },
  { id: 'stray-quote', why: 'a quote here hides or shows what follows, depending on the firmware' },
  { id: 'stray-byte', why: 'this byte belongs to no word' },
  { id: 'no-command', why: 'a line starts with a command, `G`, `M` or `T`' },
  { id: 'code-missing', why: 'the command letter has no number' },
  { id: 'code-too-big', why: 'the command number wraps to another command in the printer' },
  { id: 'unknown-subcode', why: 'a subcode is ignored by some builds and obeyed by others' },
  { id: 'repeated-word', why: 'some builds take the first of repeated words and some the last' },
  { id: 'second-command', why: 'some firmware runs the second command on a line and some does not' },
  { id: 'second-line-number', why: 'a line number stands only at the start of a line' },
  { id: 'malformed-number', why: 'a value is digits with at most one sign before and one point inside' },
  {
    id: 'exponent',
    why: 'an E right after a digit is an exponent to some firmware and the extruder to others; put a space before it',
  },
  {
    id: 'hex-number',
    why: 'an X right after a 0 is a hexadecimal number to some firmware and a word to others; put a space before it',
  },
  { id: 'too-many-digits', why: 'a value has at most 24 digits, of them 15 before the point' },
  { id: 'value-missing', why: 'some firmware reads 0 and some ignores the word' },
  {
    id: 'value-out-of-range',
    why: 'the value is past what the printer’s integer holds and would wrap to another value',
  },
  { id: 'too-long', why: 'the printer drops what does not fit its line buffer, without saying so' },
  { id: 'text-forges-reply', why: 'the text could pass for a reply of the printer or for a line number' },
  { id: 'text-hides-word', why: 'some builds read words inside this text' },
  { id: 'bad-line-number', why: 'the line number is not a number' },
  { id: 'checksum-missing', why: 'a numbered line ends with its checksum' },
  { id: 'checksum-wrong', why: 'the checksum does not match the line' },
  { id: 'checksum-misplaced', why: 'a checksum stands once, at the end of a numbered line' },
]

/** Every refusal's stable id, for docs and tests. */
export const REFUSAL_IDS: readonly string[] = TEXTS.slice(2).map((text) => text.id)

/** A refused line, told to a person. */
export interface LineRefusal {
  /** Stable id, such as `repeated-word`. */
  readonly code: string
  /** One sentence: what stands there, and why it cannot be judged. */
  readonly message: string
}

/** Bytes of a line that a message quotes: enough to find it, too few to flood a log. */
const QUOTED_BYTES_MAX = 40

/** Says why `bytes[start, end)` was refused. Cold: the only place where a refused line becomes a string. */
export function explainRefusal(
  code: ParseCode,
  command: Command,
  bytes: Uint8Array,
  start: number,
  end: number,
): LineRefusal {
  const text = TEXTS[code] ?? { id: 'unknown', why: 'the line cannot be read' }
  return { code: text.id, message: `${subject(code, command, bytes, start, end)}: ${text.why}` }
}

function subject(code: ParseCode, command: Command, bytes: Uint8Array, start: number, end: number): string {
  switch (code) {
    case REPEATED_WORD:
      return `word \`${letterAt(command, bytes)}\` stands twice`
    case VALUE_MISSING:
      return `word \`${letterAt(command, bytes)}\` has no value`
    case VALUE_OUT_OF_RANGE:
    case TOO_MANY_DIGITS:
    case MALFORMED_NUMBER:
      return `value \`${quote(bytes, command.refusedAt, wordEnd(bytes, command.refusedAt, end))}\``
    case CONTROL_BYTE:
    case NON_ASCII:
    case MEATPACK_BYTE:
    case BACKSLASH_BYTE:
    case BRACKET_BYTE:
    case STRAY_QUOTE:
    case STRAY_BYTE:
      return `byte \`${printable(bytes[command.refusedAt] ?? 0)}\` at column ${command.refusedAt - start + 1}`
    case TOO_LONG:
      return command.refusedAt > LINE_BYTES_KEPT
        ? `command of more than ${LINE_BYTES_KEPT} bytes`
        : `command of ${command.refusedAt} bytes`
    default:
      return `\`${quote(bytes, start, end)}\``
  }
}

function letterAt(command: Command, bytes: Uint8Array): string {
  return asciiText(bytes, command.refusedAt, command.refusedAt + 1).toUpperCase()
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start
  while (i < end && bytes[i]! > 0x20 && bytes[i] !== 0x3b) i++
  return i
}

/** The bytes as a person can read them, cut at `QUOTED_BYTES_MAX`: control bytes and the like as `\x1b`. */
export function quote(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  const stop = Math.min(end, start + QUOTED_BYTES_MAX)
  for (let i = start; i < stop; i++) text += printable(bytes[i]!)
  return stop < end ? `${text}…` : text
}

function printable(byte: number): string {
  if (byte >= 0x20 && byte < 0x7f && byte !== 0x60) return String.fromCharCode(byte)
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
