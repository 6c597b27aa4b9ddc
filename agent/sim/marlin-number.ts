/**
 * How the C library of a Marlin build turns the text after a letter into numbers. The text has to begin with a
 * number in Marlin's sense, `[-+]?(digit|.digit)`: `isNumber` tells.
 */

/** More digits than this do not fit a JavaScript number exactly, and are read with BigInt instead. */
const EXACT_DIGITS_MAX = 15
/** `long` was 64 bits wide in the recorded builds; a 32-bit board saturates at 2^31 - 1 and then reads -1 earlier. */
const LONG_MAX = 2n ** 63n - 1n
const LONG_MIN = -(2n ** 63n)

/** True for the text that Marlin takes as a value: a sign at most, then a digit, or a point and a digit. */
export function isNumber(text: string): boolean {
  return /^[-+]?\.?[0-9]/.test(text)
}

/**
 * Reads a float as Marlin does: up to the first space, or the first `E` or `X` of either case (so that no exponent
 * and no hexadecimal is read), and rounded to 32 bits. Forty digits are `Infinity`, as they are on the board.
 */
export function readFloat(text: string): number {
  const digits = /^[-+]?[0-9]*\.?[0-9]*/.exec(text)?.[0] ?? ''
  return Math.fround(Number(digits === '' ? '0' : digits))
}

/** Reads an integer as `strtol` does: leading blanks, a sign, digits, and whatever follows is ignored. */
function longDigits(text: string): string {
  return /^[ \t\n\v\f\r]*([-+]?[0-9]+)/.exec(text)?.[1] ?? '0'
}

/** The value of `strtol`, held within what a JavaScript number keeps exactly. Line numbers never come near that. */
export function readLong(text: string): number {
  const value = Number(longDigits(text))
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value)) + 0
}

/** The value of `(int16_t)strtol(...)`: temperatures and percentages wrap at 16 bits, `S65736` is 200. */
export function readInt16(text: string): number {
  const digits = longDigits(text)
  if (digits.length <= EXACT_DIGITS_MAX) return (Number(digits) << 16) >> 16
  const value = BigInt(digits.replace(/^\+/, ''))
  const saturated = value > LONG_MAX ? LONG_MAX : value < LONG_MIN ? LONG_MIN : value
  return Number(BigInt.asIntN(16, saturated))
}

/** The value of `constrain(strtol(...), 0, 255)`, as for fans, tools and switches. */
export function readByte(text: string): number {
  return Math.max(0, Math.min(255, readLong(text)))
}
