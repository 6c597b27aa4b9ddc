// gcode/FORMAT.md is what others build on: what it says must be what the code does.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  asciiBytes,
  asciiText,
  CANONICAL_BYTES_MAX,
  Command,
  LineParser,
  MARLIN,
  PARSED,
  Survey,
  writeLine,
} from '../../gcode/index.ts'
import { REFUSAL_IDS } from '../../gcode/refusal.ts'

const format = readFileSync(join(import.meta.dirname, '../../gcode/FORMAT.md'), 'utf8')

function canonicalOf(line: string): string {
  const bytes = asciiBytes(line)
  const command = new Command()
  expect(new LineParser(MARLIN).parse(bytes, 0, bytes.length, command), line).toBe(PARSED)
  const out = new Uint8Array(CANONICAL_BYTES_MAX)
  return asciiText(out, 0, writeLine(command, out, 0))
}

describe('gcode/FORMAT.md', () => {
  test('lists every refusal code, and no other', () => {
    const refusals = format.slice(format.indexOf('## Refusals'), format.indexOf('## Job digest'))
    const listed = [...refusals.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code)
    expect(listed).toEqual([...REFUSAL_IDS])
  })

  test('names exactly the commands that observe', () => {
    const digest = format.slice(format.indexOf('## Job digest'), format.indexOf('Test vector'))
    const listed = [...digest.matchAll(/\b[GM]\d+\b/g)].map(([name]) => name)
    expect(listed.sort()).toEqual(
      MARLIN.rows
        .filter((row) => row.observes)
        .map((row) => row.name)
        .sort(),
    )
  })

  test('shows readings that come out so', () => {
    const rows = [...format.matchAll(/^\| (`.*`) \| (`.*`) \|$/gm)]
    expect(rows.length).toBeGreaterThanOrEqual(4)
    for (const [, written, read] of rows) {
      const inputs = [...written!.matchAll(/`([^`]+)`/g)].map(([, line]) => line!)
      const outputs = [...read!.matchAll(/`([^`]+)`/g)].map(([, line]) => line!)
      inputs.forEach((input, i) => {
        // A word alone stands for a move with it.
        const whole = (text: string): string => (text.startsWith('X') ? `G1 ${text}` : text)
        expect(canonicalOf(whole(input))).toBe(whole(outputs[i] ?? outputs[0]!))
      })
    }
  })

  test('holds a test vector that the survey agrees with', () => {
    const vector = format.slice(format.indexOf('Test vector'))
    const job = /```\n([\s\S]*?)```/.exec(vector)![1]!
    const digest = /digest `([0-9a-f]{64})`/.exec(vector)![1]!
    const hasher = createHash('sha256')
    const survey = new Survey({ table: MARLIN, hasher })
    survey.push(asciiBytes(job))
    survey.end()
    expect(survey.refusedLines).toEqual([])
    expect(hasher.digest('hex')).toBe(digest)
  })
})
