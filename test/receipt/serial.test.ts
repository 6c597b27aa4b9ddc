// Serial numbers, against the derivation written out by hand and the vectors in FORMAT.md.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSerialNumber, serialNumber } from '../../agent/receipt/serial.ts'

const ORIGIN = 'portcullis/m-0011223344556677/l-8899aabbccddeeff'
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const format = readFileSync(new URL('../../agent/receipt/FORMAT.md', import.meta.url), 'utf8')

/** By hand: digits of the hash in binary, in groups of five. */
function byHand(origin: string, index: number): string {
  for (let attempt = 0; attempt < 100; attempt++) {
    const hex = createHash('sha256')
      .update(`portcullis-serial-v1\n${origin}\n${index}\n${attempt}\n`)
      .digest('hex')
    const bits = [...hex.slice(0, 15)]
      .map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
      .join('')
    const symbols = bits.match(/.{5}/g)!.map((five) => ALPHABET[Number.parseInt(five, 2)]!)
    // The remainder by long division, digit by digit.
    const check = [...bits].reduce((rest, bit) => (rest * 2 + Number(bit)) % 37, 0)
    if (check > 31) continue
    const text = symbols.join('')
    return `PC-${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}-${ALPHABET[check]}`
  }
  throw new Error('no attempt fits')
}

describe('a serial number', () => {
  test('is what the format says, computed by hand', () => {
    for (let index = 0; index < 300; index++) {
      expect(serialNumber(ORIGIN, index)).toBe(byHand(ORIGIN, index))
    }
  })

  test('is that of the vectors in the format', () => {
    const vectors = [...format.matchAll(/^\| (\d+) \| (\d+) \| `(PC-[0-9A-Z-]+)` \|$/gm)]
    expect(vectors).toHaveLength(3)
    for (const [, index, , serial] of vectors) expect(serialNumber(ORIGIN, Number(index))).toBe(serial)
    // One of them is a number whose first attempt has a check symbol that no part should bear.
    expect(vectors.some(([, , attempt]) => attempt !== '0')).toBe(true)
  })

  test('differs by log and by record, and has no letter that looks like another', () => {
    const numbers = Array.from({ length: 1000 }, (_, index) => serialNumber(ORIGIN, index))
    expect(new Set(numbers).size).toBe(1000)
    expect(numbers).not.toContain(serialNumber(`${ORIGIN}0`, 0))
    for (const number of numbers) {
      expect(number).toMatch(
        /^PC-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]$/,
      )
    }
  })
})

describe('a serial number that somebody typed', () => {
  const number = serialNumber(ORIGIN, 5)

  test.each([
    ['as it stands', number],
    ['in small letters', number.toLowerCase()],
    ['without hyphens', number.replaceAll('-', '')],
    ['with spaces', ` ${number.replaceAll('-', ' ')} `],
  ])('%s, is read', (_, typed) => {
    expect(readSerialNumber(typed)).toBe(number)
  })

  test('with letters for the numerals that they look like, is read', () => {
    const withBoth = Array.from({ length: 500 }, (_, i) => serialNumber(ORIGIN, i)).find((text) =>
      /0.*1|1.*0/.test(text),
    )!
    expect(readSerialNumber(withBoth.replaceAll('0', 'o').replaceAll('1', 'l'))).toBe(withBoth)
    expect(readSerialNumber(withBoth.replaceAll('0', 'O').replaceAll('1', 'I'))).toBe(withBoth)
  })

  test('with any one symbol wrong, or two neighbours swapped, is refused', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(12), fc.integer({ min: 1, max: 31 }), (index, place, step) => {
        const symbols = [...serialNumber(ORIGIN, index).slice(3).replaceAll('-', '')]
        const wrong = [...symbols]
        wrong[place] = ALPHABET[(ALPHABET.indexOf(symbols[place]!) + step) % 32]!
        expect(readSerialNumber(`PC${wrong.join('')}`)).toHaveProperty('problem')
        const swapped = [...symbols]
        ;[swapped[place], swapped[place + 1]] = [symbols[place + 1] ?? '', symbols[place]!]
        if (swapped.join('') === symbols.join('') || place === 12) return
        expect(readSerialNumber(`PC${swapped.join('')}`)).toHaveProperty('problem')
      }),
    )
  })

  test.each([
    '',
    'PC',
    'PC-',
    number.slice(3),
    `${number}0`,
    number.slice(0, -1),
    'PC-UUUU-UUUU-UUUU-U',
    'x'.repeat(100_000),
    '\0',
  ])('that is none, is refused: case %#', (typed) => {
    expect(readSerialNumber(typed)).toHaveProperty('problem')
  })
})
