/** What the properties of the gcode room are tried on: canonical lines, ways to write them otherwise, and junk. */

import fc from 'fast-check'
import { asciiBytes, Command, type CommandRow, MARLIN } from '../../gcode/index.ts'

/** Bytes that G-code is made of, and those that firmware trips over. */
const TRICKY = 'GMTNXYZEFSPRIJKgmtnxyzefs0123456789.+-  ;*"\\(){}%:,!/#\t\r\n\0\x08\x1b\x7f\x80\xa0\xff'

/** Lines of any bytes, most of them bytes that matter. */
export const junk: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...TRICKY), maxLength: 60 }).map(latin1) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom(...TRICKY), minLength: 80, maxLength: 130 }).map(latin1),
  },
)

/** The bytes of text in Latin-1. */
export function latin1(text: string): Uint8Array {
  return asciiBytes(text)
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max })

const whole = fc.nat({ max: 999_999 }).map(String)
const small = fc.nat({ max: 32_767 }).map(String)
const sign = fc.constantFrom('', '', '-')

/** A value in canonical digits, such as `-12.050`. */
const real = fc.tuple(sign, whole, fc.option(digits(1, 9), { nil: undefined })).map(join)
/** What fits 16 bits, now and then with a fraction that the printer cuts off. */
const integer = fc.tuple(sign, small, fc.option(digits(1, 3), { nil: undefined, freq: 8 })).map(join)

function join([minus, before, behind]: [string, string, string | undefined]): string {
  return `${minus}${before}${behind === undefined ? '' : `.${behind}`}`
}

function wordOf(row: CommandRow, letter: string): fc.Arbitrary<string> {
  const bit = 1 << (letter.charCodeAt(0) - 0x41)
  const value = ((row.integers | row.longs) & bit) !== 0 ? integer : real
  const valued = value.map((written) => `${letter}${written}`)
  if ((row.flags & bit) === 0) return valued
  return fc.oneof(valued, fc.constant(letter))
}

/** Texts that forge nothing, with letters in front that start no reply and no word. */
const text = fc
  .string({ unit: fc.constantFrom(...'Vxilkow 0.-_/'), minLength: 1, maxLength: 20 })
  .map((rest) => `Vx${rest}`.trimEnd())

function nameOf(row: CommandRow): fc.Arbitrary<string> {
  const name = row.letter === 0x54 ? fc.nat({ max: 127 }).map((tool) => `T${tool}`) : fc.constant(row.name)
  if (row.subcodes.length === 0) return name
  return fc
    .tuple(name, fc.constantFrom('', ...row.subcodes.map((code) => `.${code}`)))
    .map((parts) => parts.join(''))
}

function lineOf(row: CommandRow): fc.Arbitrary<string> {
  if (row.text === 'line')
    return fc
      .tuple(nameOf(row), fc.option(text, { nil: '' }))
      .map(([name, rest]) => `${name} ${rest}`.trimEnd())
  const textLetter = row.textWord < 0 ? '' : String.fromCharCode(0x41 + row.textWord)
  const letters = Command.letters(row.words).replace(textLetter, '').split('').filter(Boolean)
  const words =
    letters.length === 0
      ? fc.constant<string[]>([])
      : fc
          .shuffledSubarray(letters, { maxLength: Math.min(7, letters.length) })
          .chain((chosen) => fc.tuple(...chosen.map((letter) => wordOf(row, letter))))
  return fc
    .tuple(
      nameOf(row),
      words,
      fc.option(strangeWord(row), { nil: undefined, freq: 3 }),
      fc.option(textWordOf(row, textLetter), { nil: undefined }),
    )
    .map(([name, ...parts]) => [name, ...parts.flat().filter((part) => part !== undefined)].join(' '))
}

/** A word that the command does not read. Macros are stored as they are written, so they have none. */
function strangeWord(row: CommandRow): fc.Arbitrary<string | undefined> {
  const strange = 'ABCDEFHIJKLOPQRSUVWXYZ'
    .split('')
    .filter((letter) => ((row.words >>> (letter.charCodeAt(0) - 0x41)) & 1) === 0)
  if (strange.length === 0 || row.class === 'macros') return fc.constant(undefined)
  return fc.tuple(fc.constantFrom(...strange), real).map((parts) => parts.join(''))
}

function textWordOf(row: CommandRow, letter: string): fc.Arbitrary<string | undefined> {
  switch (row.text) {
    case 'quoted':
      return text.map((written) => `${letter} "${written}"`)
    case 'version':
      return fc
        .tuple(fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 99 }))
        .map((parts) => `${letter}${parts.join('.')}`)
    case 'word':
      return text.map((written) => `${letter}${written}`)
    default:
      return fc.constant(undefined)
  }
}

/** A command that no Marlin knows: any words, each with a value or without. */
const unknownLine = fc
  .tuple(
    fc.constantFrom('G', 'M'),
    fc.integer({ min: 1100, max: 6999 }),
    fc.shuffledSubarray('ABCDEFHIJKLOPQRSUVWXYZ'.split(''), { maxLength: 4 }),
    fc.array(fc.option(real, { nil: '' }), { minLength: 4, maxLength: 4 }),
  )
  .map(([letter, code, words, values]) =>
    [`${letter}${code}`, ...words.map((word, i) => `${word}${values[i]}`)].join(' '),
  )

/** Canonical lines of every command in the table, moves more often than others, each short enough to be sent. */
export const canonicalLine: fc.Arbitrary<string> = fc
  .oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(...MARLIN.rows.filter((row) => row.class === 'motion')).chain(lineOf),
    },
    { weight: 6, arbitrary: fc.constantFrom(...MARLIN.rows).chain(lineOf) },
    { weight: 1, arbitrary: unknownLine },
  )
  .filter((line) => line.length <= MARLIN.commandBytesMax && !hasLetterTwice(line))

/** Whether the text of a word has a letter that is a word of the line as well. */
function hasLetterTwice(line: string): boolean {
  const text = /^M(?:486 (.*)A(Vx.*)|862\S* (.*)P "(Vx.*)")$/.exec(line)
  if (text === null) return false
  const words = (text[1] ?? text[3] ?? '').match(/[A-Z]/g) ?? []
  return words.some((letter) => (text[2] ?? text[4] ?? '').toUpperCase().includes(letter))
}

/** Whether the line has text in it, which is sent as it was written. */
function hasText(line: string): boolean {
  const command = /^([GMT])(\d+)/.exec(line)!
  return MARLIN.find(command[1]!.charCodeAt(0), Number(command[2]))?.text !== 'none' && command[1] !== 'T'
}

/** Other ways to write a canonical line that mean the same, the line among them. */
export function otherwise(line: string): fc.Arbitrary<string> {
  if (hasText(line))
    return fc.tuple(fc.constantFrom('', ' ', '   '), fc.constant(line)).map((parts) => parts.join(''))
  const words = line.split(' ').map((word, i) => (i === 0 ? otherName(word) : otherWord(word)))
  const gap = fc.constantFrom(' ', ' ', '  ')
  return fc
    .tuple(
      fc.constantFrom('', ' '),
      fc.tuple(...words),
      gap,
      fc.constantFrom('', ' ', ';c', ' ; G28 *5'),
      fc.boolean(),
    )
    .map(([before, written, between, behind, isLower]) => {
      const all = `${before}${written.join(between)}`
      return `${isLower ? all.toLowerCase() : all}${behind}`
    })
}

function otherName(name: string): fc.Arbitrary<string> {
  return fc.constantFrom('', '0', '00', ' ').map((pad) => `${name[0]}${pad}${name.slice(1)}`)
}

function otherWord(word: string): fc.Arbitrary<string> {
  const value = /^([A-Z])(-?)(\d+)(\.\d+)?$/.exec(word)
  if (value === null) return fc.constant(word)
  const [, letter, minus, before, behind = ''] = value
  const sign = minus === '' ? fc.constantFrom('', '+') : fc.constant('-')
  const front =
    before === '0' && behind !== ''
      ? fc.constantFrom('0', '', '00')
      : fc.constantFrom(before!, `0${before}`, `000${before}`)
  const end = behind === '' ? fc.constantFrom('', '.') : fc.constant(behind)
  return fc
    .tuple(fc.constantFrom('', ' '), sign, front, end)
    .map(([gap, written, whole, rest]) => `${letter}${gap}${written}${whole}${rest}`)
}
