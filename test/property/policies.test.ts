import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MARLIN } from '../../gcode/index.ts'
import { judgeGcode, Policy, RULES, readPolicy } from '../../policies/index.ts'

const LIMITS = { x: 100, y: 100, z: 50 }
const NOZZLE_MAX = 250
/** Each run surveys a growing job some twenty times. */
const RUNS_OF_SURVEYS = 300

const policy = new Policy({
  name: 'property',
  version: 1,
  description: undefined,
  appeal: 'ask the test',
  dialect: MARLIN,
  rules: RULES.map((rule) => ({
    rule,
    options: rule.options.parse(optionsOf(rule.id)),
    mode: 'enforce',
    isImplied: false,
  })),
  cases: [],
})

function optionsOf(id: string): unknown {
  const options: Readonly<Record<string, unknown>> = {
    'nozzle-temperature': { maxCelsius: NOZZLE_MAX },
    'bed-temperature': { maxCelsius: 100 },
    'build-volume': { sizeMm: LIMITS },
    feedrate: { maxMmPerMin: 12_000 },
    'volumetric-flow': { maxMm3PerS: 30 },
    'layer-height': { maxMm: 1 },
    'part-size': { maxMm: { z: 40 } },
  }
  return options[id] ?? {}
}

const number = fc.oneof(
  fc.integer({ min: -5, max: 120 }),
  fc.double({ min: -5, max: 120, noNaN: true }).map((value) => Number(value.toFixed(3))),
)
const word = (letters: string) =>
  fc.tuple(fc.constantFrom(...letters), number).map(([letter, value]) => `${letter}${value}`)
const words = (letters: string, max: number) =>
  fc.uniqueArray(word(letters), { maxLength: max, selector: (text) => text[0] }).map((list) => list.join(' '))

/** Lines that a job could hold, near the limits on both sides. */
const line = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('G0', 'G1'), words('XYZE', 4)).map(([g, w]) => `${g} ${w} F3000`),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom('G2', 'G3'), words('XYZEIJ', 5)).map(([g, w]) => `${g} ${w}`),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'G28',
      'G28 X',
      'G90',
      'G91',
      'M82',
      'M83',
      'G18',
      'G17',
      'G92 X0',
      'G92 Z5 E0',
      'T1',
      'M84',
    ),
  },
  { weight: 2, arbitrary: fc.integer({ min: 240, max: 260 }).map((celsius) => `M104 S${celsius}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('G', 'M'), fc.nat(1100), words('ABXYZSPR', 3))
      .map(([l, n, w]) => `${l}${n} ${w}`),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
)
const job = fc
  .array(line, { maxLength: 40 })
  .map((lines) => `G28\nG1 X10 Y10 Z1 F3000\n${lines.join('\n')}\n`)

describe('whatever a job holds', () => {
  test('a decision is made, and every reason says what, why and what to do', () => {
    fc.assert(
      fc.property(job, (gcode) => {
        const { outcome, reasons } = judgeGcode(policy, gcode)
        expect(outcome === 'allow').toBe(reasons.length === 0)
        for (const { code, rule, message, remedy } of reasons) {
          expect(code.startsWith(rule)).toBe(true)
          expect(code).not.toContain('.failed')
          expect(message.length * remedy.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 1500 },
    )
  })

  test('what is let through line by line stays within the limits by what the survey measured', () => {
    const slackMm = 0.0011
    let kept = 0
    fc.assert(
      fc.property(fc.array(line, { minLength: 10, maxLength: 25 }), (lines) => {
        let gcode = 'G28\nG1 X10 Y10 Z1 F3000\n'
        for (const next of lines) {
          const longer = `${gcode}${next}\n`
          if (judgeGcode(policy, longer).outcome === 'deny') continue
          gcode = longer
          kept++
        }
        const { facts } = judgeGcode(policy, gcode)
        expect(facts.nozzleMaxCelsius ?? 0).toBeLessThanOrEqual(NOZZLE_MAX)
        for (const axis of ['x', 'y', 'z'] as const) {
          expect(facts.travelBoundsMm?.min[axis] ?? 0).toBeGreaterThanOrEqual(-slackMm)
          expect(facts.travelBoundsMm?.max[axis] ?? 0).toBeLessThanOrEqual(LIMITS[axis] + slackMm)
        }
      }),
      { numRuns: RUNS_OF_SURVEYS },
    )
    // The lines are near the limits on both sides, so that neither verdict is a rarity.
    expect(kept / RUNS_OF_SURVEYS).toBeGreaterThan(3)
  })
})

describe('whatever a policy file holds', () => {
  const key = fc.constantFrom(
    'portcullis',
    'name',
    'rules',
    'build-volume',
    'sizeMm',
    'mode',
    '<<',
    '__proto__',
    '? x',
    '&a',
  )
  const value = fc.oneof(
    fc.constantFrom(
      '1',
      '{}',
      '[]',
      '*a',
      '&a x',
      '!!int x',
      '|',
      '"',
      '.inf',
      '~',
      '{ x: 1',
      '- 1',
      '2026-11-22',
    ),
    fc.string({ maxLength: 8 }),
  )
  const yaml = fc
    .array(fc.tuple(fc.nat(3), key, value), { maxLength: 12 })
    .map((entries) => entries.map(([depth, k, v]) => `${'  '.repeat(depth)}${k}: ${v}`).join('\n'))

  test.each([
    ['nearly a policy', yaml],
    ['any text', fc.string({ maxLength: 200 })],
    ['any characters', fc.string({ unit: 'binary', maxLength: 200 })],
  ])('reading it does not throw, and every problem has a place: %s', (_what, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (text) => {
        const result = readPolicy(text)
        if (result.ok) return
        expect(result.problems.length).toBeGreaterThan(0)
        const lines = text.split(/\r?\n/).length
        for (const { line: at, column, message } of result.problems) {
          expect(at).toBeGreaterThanOrEqual(1)
          expect(at).toBeLessThanOrEqual(lines + 1)
          expect(column).toBeGreaterThanOrEqual(1)
          expect(message).not.toMatch(/\n|\.$/)
        }
      }),
      { numRuns: 1500 },
    )
  })
})
