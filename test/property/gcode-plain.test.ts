import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  LineParser,
  MARLIN,
  PARSED,
  writeLine,
} from '../../gcode/index.ts'
import { parsePlain } from '../../gcode/parse-plain.ts'

import { canonicalLine, junk, latin1, otherwise } from './gcode-lines.ts'

/**
 * The quick reading of plain lines is a second reader of the same language, so it is held against the careful one on
 * every line that it takes. What it does not take it leaves alone.
 */

const names = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('G0', 'G1', 'G1', 'G1', 'G2', 'G3', 'G92', 'M104', 'M204', 'G4', 'M83', 'G28'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'G01',
      'g1',
      'G 1',
      'G1.',
      'G1.1',
      'T0',
      'M117',
      'M999',
      'G4321',
      'G10000',
      'N1 G1',
      ' G1',
      'G',
      'M486',
      'G38.2',
      'M00',
    ),
  },
)
const gaps = fc.oneof(
  { weight: 12, arbitrary: fc.constant(' ') },
  { weight: 1, arbitrary: fc.constantFrom('', '  ', '\t', ' \t') },
)
const letters = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('X', 'Y', 'Z', 'E', 'F', 'I', 'J', 'R', 'S', 'P') },
  { weight: 1, arbitrary: fc.constantFrom('x', 'G', 'M', 'N', 'T', '*', '(', '"', '[', '@', '`', 'Q') },
)
const digits = fc.oneof(
  fc.nat({ max: 999 }).map(String),
  fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 10 }),
  fc.constantFrom('0', '00', '007', '999999', '1000000', '123456', '2147483648', '4294967296'),
)
const values = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('', '', '-') },
      { weight: 1, arbitrary: fc.constantFrom('+', '--', '-+', ' ') },
    ),
    digits,
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('') },
      { weight: 4, arbitrary: digits.map((part) => `.${part}`) },
      { weight: 1, arbitrary: fc.constantFrom('.', '..', '.1.2', 'e5', 'E5', 'x1') },
    ),
  )
  .map((parts) => parts.join(''))
const words = fc.array(fc.tuple(gaps, letters, values), { maxLength: 7 }).map((all) => all.flat().join(''))
const tails = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', '', ' ', '   ', ';', '; comment', ' ; G28') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '\r',
      ';a\rG28',
      ' \r',
      '\t',
      '\t;',
      ' \t',
      '*5',
      '*',
      ' ;\xff\0',
      '\0',
      '\x80',
      '"',
      '\\',
      '\\;',
      ' (',
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 30, max: 100 }).map((length) => ' '.repeat(length)) },
)
/** Lines near every edge of the quick reading. */
const edgy = fc.tuple(names, words, tails).map((parts) => latin1(parts.join('')))
const anyLine = fc.oneof(
  { weight: 6, arbitrary: edgy },
  { weight: 2, arbitrary: canonicalLine.map(latin1) },
  { weight: 2, arbitrary: canonicalLine.chain(otherwise).map(latin1) },
  { weight: 1, arbitrary: junk },
)

interface Reading {
  readonly name: string
  readonly title: string | undefined
  readonly present: number
  readonly valued: number
  readonly values: readonly number[]
  readonly canonical: string
}

function readingOf(command: Command): Reading {
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  return {
    name: command.name(),
    title: command.row?.title,
    present: command.present,
    valued: command.valued,
    values: [...command.values].filter((_, slot) => command.hasValue(slot)),
    canonical: asciiText(out, 0, writeLine(command, out, 0)),
  }
}

/** Puts the line between two others, as in a chunk, and reads it quickly. Answers -1 where it is left alone. */
function readPlain(
  line: Uint8Array,
  command: Command,
): { readonly next: number; readonly bytes: Uint8Array; readonly at: number } {
  const before = latin1('G1 X1 Y2\n')
  const behind = latin1('\n9.5 G1 X7\n')
  const bytes = new Uint8Array(before.length + line.length + behind.length)
  bytes.set(before, 0)
  bytes.set(line, before.length)
  bytes.set(behind, before.length + line.length)
  const at = before.length
  return { next: parsePlain(MARLIN, bytes, at, bytes.length, command), bytes, at }
}

describe('a line that is read quickly', () => {
  test('is read as the careful reader reads it, to the last bit', () => {
    let taken = 0
    fc.assert(
      fc.property(anyLine, junk, (line, last) => {
        const quick = new Command()
        const careful = new Command()
        const parser = new LineParser(MARLIN)
        // What the last line left behind must not show.
        parser.parse(last, 0, last.length, quick)
        const { next, bytes, at } = readPlain(line, quick)
        if (next < 0) return
        taken++
        expect(bytes[next - 1]).toBe(0x0a)
        expect(parser.parse(bytes, at, next - 1, careful)).toBe(PARSED)
        expect(readingOf(quick)).toEqual(readingOf(careful))
        // It ends where the splitter would end it: at the first line end of either kind.
        expect(bytes.subarray(at, next - 1).some((c) => c === 0x0a || c === 0x0d)).toBe(false)
      }),
      { numRuns: 8000 },
    )
    // Not so many are left alone that the comparison means nothing.
    expect(taken).toBeGreaterThan(600)
  })

  test('is any that slicers write most of', () => {
    const coordinate = fc.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.nat({ max: 5 }))
    const written = coordinate.map(([value, places]) =>
      (value / 1000).toFixed(places).replace(/^(-?)0\./, '$1.'),
    )
    fc.assert(
      fc.property(written, written, written, fc.constantFrom('', ' ; perimeter', ';'), (x, y, e, comment) => {
        const { next } = readPlain(latin1(`G1 X${x} Y${y} E${e} F7800${comment}`), new Command())
        expect(next).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
  })

  test('lies wholly before the limit', () => {
    fc.assert(
      fc.property(edgy, fc.nat({ max: 40 }), (line, cut) => {
        const text = new Uint8Array([...line, 0x0a, ...latin1('G1 X1\n')])
        const limit = Math.min(cut, text.length)
        const next = parsePlain(MARLIN, text, 0, limit, new Command())
        expect(next).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a line that only the careful reader reads', () => {
  test.each([
    'T0',
    'G01 X1',
    'g1 X1',
    'G1  X1',
    'G1 X 1',
    'G1 X+1',
    'G1 X01',
    'G1 X1.',
    'G1 X1000000',
    'G1 X1.1234567890',
    'G1X1',
    'G28 X',
    'M104 S200',
    'M117 hi',
    'G4321',
    'G38.2 Z1',
    'N1 G1 X10*80',
    'G1 X1 H2',
    'G1 X1\r',
    'G1 X1 ;c\rG28',
    'G1 X1\t',
    '',
    ';c',
  ])('%j', (line) => {
    expect(readPlain(latin1(line), new Command()).next).toBe(-1)
  })
})
