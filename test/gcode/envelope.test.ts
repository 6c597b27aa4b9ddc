import { describe, expect, test } from 'vitest'
import {
  asciiText,
  Command,
  ENVELOPE_BYTES_MAX,
  Envelope,
  LineParser,
  MARLIN,
  readEnvelope,
  UNNUMBERED,
  writeInteger,
  writeNumbered,
} from '../../gcode/index.ts'
import { bytesOf, idOf, readingOf } from './lines-of.ts'

/** The line with the checksum that belongs to it. */
function summed(line: string): string {
  let sum = 0
  for (const byte of bytesOf(line)) sum ^= byte
  return `${line}*${sum}`
}

function numberOf(line: string): number | string {
  const parser = new LineParser(MARLIN)
  const bytes = bytesOf(line)
  const code = parser.parse(bytes, 0, bytes.length, new Command())
  return code === 0 ? parser.envelope.lineNumber : `<${idOf(code)}>`
}

describe('a numbered line', () => {
  test.each([
    ['N1 G1 X10*80', 'G1 X10'],
    ['N1G1X10*80', 'G1 X10'],
    [' N1 G1 X10*80', 'G1 X10'],
    ['N1 G1 X10 *112', 'G1 X10'],
    ['N1 G1 X10*80 ', 'G1 X10'],
    ['N1 G1 X10*80 ; comment', 'G1 X10'],
    [summed('N7 G28'), 'G28'],
    [summed('N007 G28'), 'G28'],
    [summed('N7   G28   '), 'G28'],
    [summed('N7 g28 x'), 'G28 X'],
    [summed('N7 M117 Hello'), 'M117 Hello'],
    [summed('N7 M110 N5'), 'M110 N5'],
  ])('`%s` holds `%s`', (line, canonical) => {
    expect(readingOf(line)).toBe(canonical)
  })

  test.each([
    [summed('N0 G28'), 0],
    [summed('N-1 M110 N-1'), -1],
    [summed('N123456789 G28'), 123_456_789],
    [summed('N0012 G28'), 12],
    ['G28', UNNUMBERED],
  ])('`%s` has the number %d', (line, number) => {
    expect(numberOf(line)).toBe(number)
  })

  test.each([
    ['N1 G1 X10', 'checksum-missing'],
    ['N1', 'checksum-missing'],
    ['N', 'checksum-missing'],
    ['N1 G1 X10 ;c*40', 'checksum-missing'],
    ['N1 G1 X10*81', 'checksum-wrong'],
    ['N1 G1 X10 *80', 'checksum-wrong'],
    ['N1 G1 X10*', 'checksum-misplaced'],
    ['N1 G1 X10* 80', 'checksum-misplaced'],
    ['N1 G1 X10*080', 'checksum-misplaced'],
    ['N1 G1 X10*+80', 'checksum-misplaced'],
    ['N1 G1 X10*80abc', 'checksum-misplaced'],
    ['N1 G1 X10*80*114', 'checksum-misplaced'],
    ['N1 G1 X10*336', 'checksum-misplaced'],
    ['N1 G1 X10*-176', 'checksum-misplaced'],
    ['N1 G1 X10*0x50', 'checksum-misplaced'],
    ['G1 X10*80', 'checksum-misplaced'],
    ['M105*', 'checksum-misplaced'],
    ['*', 'checksum-misplaced'],
    ['n1 G1 X10*112', 'checksum-misplaced'],
    [summed('N-2 G28'), 'bad-line-number'],
    [summed('N- G28'), 'bad-line-number'],
    [summed('N+1 G28'), 'bad-line-number'],
    [summed('N 1 G28'), 'bad-line-number'],
    [summed('NG28'), 'bad-line-number'],
    [summed('N1234567890 G28'), 'bad-line-number'],
    [summed('N1'), 'no-command'],
    [summed('N1 ;G28').replace(';', ''), 'checksum-wrong'],
    [summed('N1 N2 G28'), 'no-command'],
    [summed('N1.5 G28'), 'no-command'],
    [summed('N1 X10'), 'no-command'],
  ])('`%s` is refused: %s', (line, id) => {
    expect(readingOf(line)).toBe(`<${id}>`)
  })

  test('whose body is refused is refused for its body', () => {
    expect(readingOf(summed('N1 G1 X1 X2'))).toBe('<repeated-word>')
  })

  test('leaves no number behind for the next line', () => {
    const parser = new LineParser(MARLIN)
    for (const line of [summed('N5 G28'), 'G28']) parser.parse(bytesOf(line), 0, line.length, new Command())
    expect(parser.envelope.lineNumber).toBe(UNNUMBERED)
  })

  test('is not read past its end', () => {
    const line = bytesOf('N1 G1 X10*80 12')
    const envelope = new Envelope()
    expect(idOf(readEnvelope(line, 0, 'N1 G1 X10*80'.length, envelope))).toBe('parsed')
    expect(asciiText(line, envelope.bodyStart, envelope.bodyEnd)).toBe('G1 X10')
  })
})

describe('a line that we number', () => {
  function numbered(number: number, command: string): string {
    const out = new Uint8Array(command.length + ENVELOPE_BYTES_MAX)
    return asciiText(out, 0, writeNumbered(number, bytesOf(command), 0, command.length, out, 0))
  }

  test.each([
    [0, 'M110 N0', 'N0 M110 N0*125\n'],
    [-1, 'M110 N-1', 'N-1 M110 N-1*125\n'],
    [1, 'G1 X10', 'N1 G1 X10*80\n'],
    [7, 'G28', `${summed('N7 G28')}\n`],
    [999_999_999, 'G28', `${summed('N999999999 G28')}\n`],
  ])('as %d is %j with `N`, checksum and newline', (number, command, line) => {
    expect(numbered(number, command)).toBe(line)
  })

  test('fits in the bytes that the envelope says it adds at most', () => {
    expect(numbered(-99_999_999, 'G28').length).toBeLessThanOrEqual(3 + ENVELOPE_BYTES_MAX)
    expect(numbered(999_999_999, 'G28').length).toBeLessThanOrEqual(3 + ENVELOPE_BYTES_MAX)
  })

  test('may be written behind other bytes, out of the middle of some', () => {
    const out = new Uint8Array(40).fill(0x2e)
    const source = bytesOf('xxG28xx')
    const end = writeNumbered(3, source, 2, 5, out, 4)
    expect(asciiText(out, 0, end + 1)).toBe(`....${summed('N3 G28')}\n.`)
  })
})

test.each([0, 1, 9, 10, 99, 100, 101, 1000, 65_535, 999_999_999, 2_147_483_647, -1, -10, -2_147_483_648])(
  'the whole number %d is written in decimal',
  (value) => {
    const out = new Uint8Array(16)
    expect(asciiText(out, 0, writeInteger(value, out, 0))).toBe(String(value))
  },
)
