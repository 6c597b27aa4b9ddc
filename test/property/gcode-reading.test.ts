import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asciiBytes,
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  EMPTY,
  explainRefusal,
  LineParser,
  MARLIN,
  PARSED,
  REFUSAL_IDS,
  writeLine,
  writeNumbered,
} from '../../gcode/index.ts'
import { lineOf, snapshot } from '../gcode/lines-of.ts'
import { canonicalLine, junk, latin1, otherwise } from './gcode-lines.ts'

/** Bytes around a line that belong to its neighbours: reading them would change what is found. */
const FENCE = asciiBytes('1234 X9 *')

/** Reads a line that stands in the middle of other bytes, as it does in a chunk. */
function readFenced(line: Uint8Array): { code: number; command: Command; bytes: Uint8Array } {
  const bytes = new Uint8Array(line.length + 2 * FENCE.length)
  bytes.set(FENCE, 0)
  bytes.set(line, FENCE.length)
  bytes.set(FENCE, FENCE.length + line.length)
  const command = new Command()
  const code = new LineParser(MARLIN).parse(bytes, FENCE.length, FENCE.length + line.length, command)
  return { code, command, bytes }
}

function written(command: Command): string {
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  return asciiText(out, 0, writeLine(command, out, 0))
}

describe('any bytes', () => {
  test('are read, blank, or refused with a reason from the list, and never more is read than the line', () => {
    fc.assert(
      fc.property(junk, (line) => {
        const { code, command, bytes } = readFenced(line)
        if (code === PARSED || code === EMPTY) return
        const { code: id, message } = explainRefusal(
          code,
          command,
          bytes,
          FENCE.length,
          FENCE.length + line.length,
        )
        expect(REFUSAL_IDS).toContain(id)
        expect(message).toMatch(/^[\x20-\x7e‘’…]+$/)
        expect(lineOf(line).code).toBe(id)
      }),
      { numRuns: 3000 },
    )
  })

  test('that are read are written in a form that reads the same, and writes the same', () => {
    fc.assert(
      fc.property(fc.oneof(junk, canonicalLine.chain(otherwise).map(latin1)), (line) => {
        const { code, command } = readFenced(line)
        if (code !== PARSED) return
        const canonical = written(command)
        const again = lineOf(canonical)
        expect(canonical).toMatch(/^[GMT]\d+(\.\d)?( |$)[\x20-\x7e]*$/)
        expect(canonical.length).toBeLessThanOrEqual(MARLIN.commandBytesMax)
        expect(again.canonical).toBe(canonical)
        expect(again.command).toEqual(snapshot(command))
      }),
      { numRuns: 3000 },
    )
  })

  test('leave nothing behind that the next line could inherit', () => {
    fc.assert(
      fc.property(fc.array(junk, { maxLength: 4 }), canonicalLine, (before, line) => {
        const parser = new LineParser(MARLIN)
        const command = new Command()
        for (const bytes of before) parser.parse(bytes, 0, bytes.length, command)
        const bytes = latin1(line)
        expect(parser.parse(bytes, 0, bytes.length, command)).toBe(PARSED)
        expect(snapshot(command)).toEqual(lineOf(line).command)
        expect(written(command)).toBe(line)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a canonical line', () => {
  test('is written as it was read', () => {
    fc.assert(
      fc.property(canonicalLine, (line) => {
        expect(lineOf(line).canonical).toBe(line)
      }),
      { numRuns: 3000 },
    )
  })

  test('is what every other way to write it becomes', () => {
    fc.assert(
      fc.property(
        canonicalLine.chain((line) => fc.tuple(fc.constant(line), otherwise(line))),
        ([line, other]) => {
          // Padding may make the line itself too long, which is another matter.
          fc.pre(other.length <= MARLIN.lineBytesMax)
          expect(lineOf(other).canonical).toBe(line)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('has in its words the numbers that its digits say, whole ones where the printer keeps whole ones', () => {
    fc.assert(
      fc.property(canonicalLine, (line) => {
        const { command } = lineOf(line)
        const row = MARLIN.find(line.charCodeAt(0), Number(/\d+/.exec(line)![0]))
        if (row !== undefined && row.text !== 'none') return
        for (const word of line.split(' ').slice(1)) {
          const bit = 1 << (word.charCodeAt(0) - 0x41)
          const isWhole = row !== undefined && ((row.integers | row.longs) & bit) !== 0
          const digits = word.slice(1)
          const value = isWhole ? Math.trunc(Number(digits)) : Number(digits)
          expect(command!.words[word[0]!]).toBe(digits === '' ? null : value)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('comes out of its number and checksum as it went in', () => {
    fc.assert(
      fc.property(canonicalLine, fc.integer({ min: -1, max: 999_999_999 }), (line, number) => {
        const out = new Uint8Array(200)
        const end = writeNumbered(number, latin1(line), 0, line.length, out, 0)
        expect(end - 1).toBeLessThanOrEqual(MARLIN.lineBytesMax)
        const parser = new LineParser(MARLIN)
        const command = new Command()
        expect(parser.parse(out, 0, end - 1, command)).toBe(PARSED)
        expect(parser.envelope.lineNumber).toBe(number)
        expect(written(command)).toBe(line)
      }),
      { numRuns: 1000 },
    )
  })
})
