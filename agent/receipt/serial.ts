/**
 * The serial number of a printed part: what a person can put on it, and what leads from it to the record of its print.
 * It is derived and nobody hands it out, so that whoever has the receipt computes it again.
 */
import { createHash } from 'node:crypto'
import { type Problem, problem } from './problem.ts'

/** Crockford's base 32: no I, L, O and U, which look like other things or spell them. */
const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What Crockford's check symbol is the remainder of. Five of the 37 values have symbols that no part should bear. */
const CHECK_MODULUS = 37n

const PREFIX = 'PC'
const SYMBOLS_COUNT = 12
const BITS_A_SYMBOL = 5n
/** A number with all the spaces and hyphens that somebody may type. */
const TYPED_CHARS_MAX = 64

/** The number of the part whose job was opened by the record at `index` of the log `origin`: `PC-XXXX-XXXX-XXXX-C`. */
export function serialNumber(origin: string, index: number): string {
  for (let attempt = 0; ; attempt++) {
    const hash = createHash('sha256')
      .update(`portcullis-serial-v1\n${origin}\n${index}\n${attempt}\n`)
      .digest()
    // The first 60 of 64 bits.
    const text = withCheckSymbol(hash.readBigUInt64BE(0) >> 4n)
    if (text !== null) return text
  }
}

/** What somebody read off a part, as `serialNumber` writes it, or why it is no such number. */
export function readSerialNumber(typed: string): string | Problem {
  const notOne = problem('a serial number is `PC-`, three groups of four letters or digits, and one more')
  if (typed.length > TYPED_CHARS_MAX) return notOne
  const plain = typed.toUpperCase().replace(/[\s-]/g, '')
  if (!plain.startsWith(PREFIX)) return notOne
  const symbols = plain.slice(PREFIX.length).replace(/O/g, '0').replace(/[IL]/g, '1')
  if (symbols.length !== SYMBOLS_COUNT + 1 || [...symbols].some((symbol) => !SYMBOLS.includes(symbol))) {
    return notOne
  }
  const value = [...symbols.slice(0, SYMBOLS_COUNT)].reduce(
    (sum, symbol) => (sum << BITS_A_SYMBOL) + BigInt(SYMBOLS.indexOf(symbol)),
    0n,
  )
  const text = withCheckSymbol(value)
  if (text === null || text.at(-1) !== symbols.at(-1)) {
    return problem('the serial number is misread: its last symbol does not fit')
  }
  return text
}

/** Null where the check symbol would be none of the 32. */
function withCheckSymbol(value: bigint): string | null {
  const check = SYMBOLS[Number(value % CHECK_MODULUS)]
  if (check === undefined) return null
  let symbols = ''
  for (let rest = value, i = 0; i < SYMBOLS_COUNT; i++, rest >>= BITS_A_SYMBOL) {
    symbols = `${SYMBOLS[Number(rest & 31n)]}${symbols}`
  }
  return [PREFIX, symbols.slice(0, 4), symbols.slice(4, 8), symbols.slice(8), check].join('-')
}
