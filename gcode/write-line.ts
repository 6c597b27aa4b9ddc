import { DIGIT_0, DOT, isDigit, LETTER_A, MINUS, PLUS, QUOTE, SPACE } from './bytes.ts'
import { type Command, NO_SUBCODE } from './command.ts'
import { writeInteger } from './envelope.ts'

/**
 * The canonical form, the one way that every recorded firmware reads as we do: letter and code without leading
 * zeros, then one space, a letter and a value for each word, the value with the digits that the host sent.
 */

/**
 * Bytes that a canonical command needs at most. A space before each of 26 words and a `0` before each bare point
 * is all that writing adds to a line, which has its own limit.
 */
export const CANONICAL_BYTES_MAX = 192

/** Writes the command just parsed to `out` from `at` on, without line end. Answers the index after it. */
export function writeLine(command: Command, out: Uint8Array, at: number): number {
  const bytes = command.bytes
  let i = at
  if (command.plainEnd > 0) return writePlain(command, out, i)
  out[i++] = command.letter
  i = writeInteger(command.code, out, i)
  if (command.subcode !== NO_SUBCODE) {
    out[i++] = DOT
    i = writeInteger(command.subcode, out, i)
  }
  for (let n = 0; n < command.wordCount; n++) {
    const slot = command.order[n]!
    out[i++] = SPACE
    out[i++] = LETTER_A + slot
    if (slot === command.textWord) i = writeWordText(command, out, i)
    else if (command.hasValue(slot))
      i = writeValue(bytes, command.valueStart[slot]!, command.valueEnd[slot]!, out, i)
  }
  if (command.textWord < 0 && command.textEnd > command.textStart) {
    out[i++] = SPACE
    i = copy(bytes, command.textStart, command.textEnd, out, i)
  }
  return i
}

/** A plain line is its own canonical form, once a zero stands before each bare point. */
function writePlain(command: Command, out: Uint8Array, at: number): number {
  const bytes = command.bytes
  const end = command.plainEnd
  let i = at
  if (!command.hasBarePoints) {
    for (let j = command.plainStart; j < end; j++) out[i++] = bytes[j]!
    return i
  }
  let last = 0
  for (let j = command.plainStart; j < end; j++) {
    const c = bytes[j]!
    if (c === DOT && !isDigit(last)) out[i++] = DIGIT_0
    out[i++] = c
    last = c
  }
  return i
}

function writeWordText(command: Command, out: Uint8Array, at: number): number {
  if (command.row?.text !== 'quoted') return copy(command.bytes, command.textStart, command.textEnd, out, at)
  let i = at
  out[i++] = SPACE
  out[i++] = QUOTE
  i = copy(command.bytes, command.textStart, command.textEnd, out, i)
  out[i++] = QUOTE
  return i
}

/** `+5` becomes `5`, `.5` becomes `0.5`, `5.` becomes `5`, `007` becomes `7`; every other digit stays. */
function writeValue(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let i = at
  let from = start
  let to = end
  if (bytes[from] === MINUS) out[i++] = MINUS
  if (bytes[from] === MINUS || bytes[from] === PLUS) from++
  if (bytes[to - 1] === DOT) to--
  while (from + 1 < to && bytes[from] === DIGIT_0 && isDigit(bytes[from + 1]!)) from++
  if (from === to || bytes[from] === DOT) out[i++] = DIGIT_0
  return copy(bytes, from, to, out, i)
}

function copy(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let i = at
  for (let j = start; j < end; j++) out[i++] = bytes[j]!
  return i
}
