import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MARLIN } from '../../gcode/index.ts'
import { judgeGcode } from '../../policies/index.ts'
import { bedTemperature } from '../../policies/rules/bed-temperature.ts'
import { nozzleTemperature } from '../../policies/rules/nozzle-temperature.ts'
import { policyFrom, policyOf } from './snippet.ts'

const nozzle = policyOf(nozzleTemperature, { maxCelsius: 260 })
const bed = policyOf(bedTemperature, { maxCelsius: 110 })
const bedAndChamber = policyOf(bedTemperature, { maxCelsius: 110, chamberMaxCelsius: 60 })

/** `value above limit` for each reason, in the words of the message. */
function told(policy: typeof nozzle, gcode: string): readonly string[] {
  return judgeGcode(policy, gcode).reasons.map(({ code, value, limit }) => `${code} ${value} > ${limit}`)
}

describe('the words that name a nozzle target', () => {
  test.each([
    ['M104 S', true],
    ['M109 S', true],
    ['M109 R', true],
    ['M104 F1 B', true],
    ['M109 S0 R', true],
    ['M303 E0 S', true],
    ['M303 S', true],
    ['M145 H', true],
    ['G26 H', true],
    ['M1004 H', true],
    ['M1004 B', false],
    ['M104 T', false],
    ['M140 S', false],
    ['M190 R', false],
    ['M141 S', false],
    ['M303 E-1 S', false],
    ['M303 E-2 S', false],
    ['M145 B', false],
    ['G26 B', false],
    ['M106 S', false],
    ['M900 K', false],
  ])('%s: %s', (words, isTarget) => {
    // Tools are numbered up to 127, so that a number above the limit of temperature stays a lawful tool.
    const limited = policyOf(nozzleTemperature, { maxCelsius: 100 })
    expect(told(limited, `${words}120`)).toEqual(isTarget ? ['nozzle-temperature 120 °C > 100 °C'] : [])
    expect(told(limited, `${words}100`)).toEqual([])
  })
})

describe('the words that name a bed or chamber target', () => {
  test.each([
    ['M140 S', 'bed'],
    ['M190 S', 'bed'],
    ['M190 R', 'bed'],
    ['M303 E-1 S', 'bed'],
    ['M145 B', 'bed'],
    ['G26 B', 'bed'],
    ['M1004 B', 'bed'],
    ['M141 S', 'chamber'],
    ['M191 S', 'chamber'],
    ['M191 R', 'chamber'],
    ['M303 E-2 S', 'chamber'],
    ['M104 S', 'neither'],
    ['M109 R', 'neither'],
    ['M303 E0 S', 'neither'],
    ['M145 H', 'neither'],
    ['G26 H', 'neither'],
    ['M143 S', 'neither'],
  ])('%s: %s', (words, what) => {
    const both = {
      bed: ['bed-temperature 120 °C > 110 °C'],
      chamber: ['bed-temperature.chamber 120 °C > 60 °C'],
      neither: [],
    }[what]
    expect(told(bedAndChamber, `${words}120`)).toEqual(both)
    expect(told(bed, `${words}120`)).toEqual(what === 'chamber' ? [] : both)
  })
})

describe('targets', () => {
  test('at the limit pass, and one degree above does not', () => {
    expect(told(nozzle, 'M104 S260')).toEqual([])
    expect(told(nozzle, 'M104 S261')).toEqual(['nozzle-temperature 261 °C > 260 °C'])
    expect(told(bed, 'M140 S110')).toEqual([])
    expect(told(bed, 'M140 S111')).toEqual(['bed-temperature 111 °C > 110 °C'])
  })

  test('may be limited to none at all', () => {
    const cold = policyOf(bedTemperature, { maxCelsius: 0, chamberMaxCelsius: 0 })
    expect(told(cold, 'M140 S0\nM141 S0')).toEqual([])
    expect(told(cold, 'M140 S1\nM141 S1')).toEqual([
      'bed-temperature 1 °C > 0 °C',
      'bed-temperature.chamber 1 °C > 0 °C',
    ])
  })

  test('of S and R on one line count by the higher', () => {
    expect(told(nozzle, 'M109 S300 R200')).toEqual(['nozzle-temperature 300 °C > 260 °C'])
    expect(told(nozzle, 'M109 S200 R300')).toEqual(['nozzle-temperature 300 °C > 260 °C'])
  })

  test('of several tools are told apart by value, not by tool', () => {
    expect(judgeGcode(nozzle, 'M104 T0 S300\nM104 T1 S300\nM104 T1 S280').reasons).toMatchObject([
      { line: 1, count: 2, value: '300 °C' },
      { line: 3, count: 1, value: '280 °C' },
    ])
  })

  test('that the firmware looks up by itself are refused, each by its own rule', () => {
    expect(judgeGcode(nozzle, 'M104 I0\nM109 I1').reasons).toMatchObject([
      { code: 'nozzle-temperature.preset', value: 'I0' },
      { code: 'nozzle-temperature.preset', value: 'I1' },
    ])
    expect(judgeGcode(bed, 'M140 I0\nM190 I1\nM303 E-1 I1 S60').reasons).toMatchObject([
      { code: 'bed-temperature.preset', value: 'I0' },
      { code: 'bed-temperature.preset', value: 'I1' },
    ])
    expect(judgeGcode(bed, 'M104 I0').reasons).toEqual([])
    expect(judgeGcode(nozzle, 'M140 I0').reasons).toEqual([])
  })

  test('are known for every command that sets a heater on its line', () => {
    const wide = { code: expect.stringMatching(/temperature/) }
    for (const name of ['M104', 'M109', 'M140', 'M190', 'M141', 'M191']) {
      expect(MARLIN.rows.find((row) => row.name === name)?.heats).toBe(true)
      const reasons = [
        ...judgeGcode(nozzle, `${name} S400`).reasons,
        ...judgeGcode(bedAndChamber, `${name} S400`).reasons,
      ]
      expect(reasons, name).toMatchObject([wide])
    }
  })
  const watched = new Set<string>([...nozzleTemperature.watches, ...bedTemperature.watches])
  const heating = MARLIN.rows.filter(({ heats }) => heats)
  test.each(['maker-space', 'open-bench'])(
    'are judged in %s for every command that heats, unless it is denied whatever it says',
    (name) => {
      const yaml = readFileSync(new URL(`../../policies/library/${name}.yaml`, import.meta.url), 'utf8')
      const policy = policyFrom(yaml)
      expect(heating.length).toBeGreaterThan(15)
      for (const row of heating) {
        if (watched.has(row.name)) continue
        const { reasons } = judgeGcode(policy, row.text === 'line' ? `${row.name} x` : row.name)
        expect(reasons, row.name).toMatchObject([{ rule: 'command-classes', outcome: 'deny' }])
      }
    },
  )

  test.each(['M600', 'M701', 'M702'])('of %s count in R and nowhere else', (name) => {
    expect(told(nozzle, `${name} R400`).filter((one) => one.startsWith('nozzle'))).toEqual([
      'nozzle-temperature 400 °C > 260 °C',
    ])
    expect(told(nozzle, `${name} U400 T1`).filter((one) => one.startsWith('nozzle'))).toEqual([])
  })
})
