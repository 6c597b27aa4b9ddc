import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { linesOf, type ReadLine } from '../gcode/lines-of.ts'
import { recordedReadings } from '../sim/recorded-readings.ts'

/**
 * How each recorded input is read. `UPDATE=1` writes the file anew; its diff is reviewed by hand against the rule that
 * case, spacing, plus signs and zero padding are normalised and everything else that builds differ on is refused.
 */
const EXPECTED = new URL('../../fixtures/golden/firmware-readings.expected.jsonl', import.meta.url)

/** A line in the form of `portcullis read --json`. */
function asJson({ line, canonical, code, message }: ReadLine): object {
  return canonical === null ? { line, canonical, code, message } : { line, canonical }
}

function readAll(): string[] {
  return recordedReadings('marlin-2.1.2-default.tsv').map(({ escaped, input }) =>
    JSON.stringify({ input: escaped, lines: linesOf(input).map(asJson) }),
  )
}

test('each of the 363 recorded inputs is read as the golden file says', () => {
  const rows = readAll()
  if (process.env['UPDATE'] === '1') writeFileSync(EXPECTED, `${rows.join('\n')}\n`)
  const expected = readFileSync(EXPECTED, 'utf8').trimEnd().split('\n')
  expect(rows).toHaveLength(363)
  expect(rows).toEqual(expected)
})

test('every refusal in the golden file names its reason in one sentence', () => {
  for (const { escaped, input } of recordedReadings('marlin-2.1.2-default.tsv')) {
    for (const { canonical, code, message } of linesOf(input)) {
      if (canonical !== null) continue
      expect(code, escaped).toMatch(/^[a-z-]+$/)
      // Printable, lower case where it is not the user's own input, and no full stop.
      expect(message, escaped).toMatch(/^[\x20-\x7e‘’…]+: [^A-Z]?.*[^.]$/)
      expect(message!.length, escaped).toBeLessThan(240)
    }
  }
})
