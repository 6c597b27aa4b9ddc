/** Bytes and letters that the line path compares with. Top-level numbers, so that V8 folds them into the code. */

export const TAB = 0x09
export const NEWLINE = 0x0a
export const CARRIAGE_RETURN = 0x0d
export const SPACE = 0x20
export const QUOTE = 0x22
export const PAREN_OPEN = 0x28
export const PAREN_CLOSE = 0x29
export const STAR = 0x2a
export const PLUS = 0x2b
export const MINUS = 0x2d
export const DOT = 0x2e
export const DIGIT_0 = 0x30
export const DIGIT_9 = 0x39
export const SEMICOLON = 0x3b
export const BACKSLASH = 0x5c
export const BRACE_OPEN = 0x7b
export const BRACE_CLOSE = 0x7d
export const TILDE = 0x7e
export const MEATPACK = 0xff

export const LETTER_A = 0x41
export const LETTER_Z = 0x5a
/** Set in every lower-case ASCII letter and in no upper-case one. */
export const LOWER_CASE_BIT = 0x20

/** Slots of the words of a command: `A` is 0, `Z` is 25. */
export const WORD = {
  A: 0,
  B: 1,
  C: 2,
  D: 3,
  E: 4,
  F: 5,
  G: 6,
  H: 7,
  I: 8,
  J: 9,
  K: 10,
  L: 11,
  M: 12,
  N: 13,
  O: 14,
  P: 15,
  Q: 16,
  R: 17,
  S: 18,
  T: 19,
  U: 20,
  V: 21,
  W: 22,
  X: 23,
  Y: 24,
  Z: 25,
} as const

/** Whether the byte is one of `0` to `9`. */
export function isDigit(c: number): boolean {
  return c >= DIGIT_0 && c <= DIGIT_9
}

/** Bit mask of a string of letters, `'XYZ'`: bit n stands for the letter `A + n`. */
export function wordMask(letters: string): number {
  let mask = 0
  for (let i = 0; i < letters.length; i++) mask |= 1 << (letters.charCodeAt(i) - LETTER_A)
  return mask
}

/** Bytes of a string of ASCII. Cold: for tables and tests, never on the line path. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Text of `bytes[start, end)`, one character a byte. Cold: for refusals, claims and tests. */
export function asciiText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!)
  return text
}
