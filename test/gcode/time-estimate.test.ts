import { describe, expect, test } from 'vitest'
import { type DynamicsProfile, ORDINARY_PRINTER } from '../../gcode/time-estimate.ts'
import { claimsOf, factsOf, fixtureJob } from './job.ts'

const START = 'G28\nG1 X0 Y0 Z1\nM83\n'
const PRINTER: DynamicsProfile = ORDINARY_PRINTER
const A = PRINTER.printAccelerationMmPerS2

/** Seconds of commands that start at rest in a known place. */
function seconds(...lines: string[]): number {
  return factsOf(START + lines.join('\n')).estimatedSeconds
}

/** A trapezoid of speed from `entry` over `nominal` to `exit`, in mm and seconds; no cruise where there is no room for it. */
function trapezoid(lengthMm: number, nominal: number, acceleration: number, entry = 0, exit = 0): number {
  const ramps = (2 * nominal ** 2 - entry ** 2 - exit ** 2) / (2 * acceleration)
  if (ramps <= lengthMm) return (2 * nominal - entry - exit) / acceleration + (lengthMm - ramps) / nominal
  const peak = Math.sqrt(acceleration * lengthMm + (entry ** 2 + exit ** 2) / 2)
  return (2 * peak - entry - exit) / acceleration
}

describe('a single move', () => {
  test('speeds up, cruises and slows down', () => {
    expect(trapezoid(100, 100, 1500)).toBeCloseTo(100 / 100 + 100 / 1500, 5)
    expect(seconds('G1 X100 F6000')).toBeCloseTo(trapezoid(100, 100, A), 5)
    expect(seconds('G1 X60 Y80 F6000')).toBeCloseTo(trapezoid(100, 100, A), 5)
  })

  test('too short for its speed never gets to it', () => {
    expect(trapezoid(1, 100, 1500)).toBeCloseTo(2 * Math.sqrt(1 / 1500), 5)
    expect(seconds('G1 X1 F6000')).toBeCloseTo(2 * Math.sqrt(1 / A), 5)
  })

  test('goes at the speed of the axis that may go least', () => {
    const [, , maxZ] = PRINTER.feedrateMaxMmPerS
    const [, , accelerationZ] = PRINTER.accelerationMaxMmPerS2
    expect(seconds('G1 Z11 F6000')).toBeCloseTo(trapezoid(10, maxZ, accelerationZ), 5)
  })

  test('of the extruder alone has the retraction’s acceleration', () => {
    expect(seconds('G1 E-5 F2400')).toBeCloseTo(trapezoid(5, 40, PRINTER.retractAccelerationMmPerS2), 5)
  })

  test('goes at Marlin’s own speed until an F is given', () => {
    expect(seconds('G1 X100')).toBeCloseTo(trapezoid(100, 25, A), 5)
  })

  test('takes the speed factor in', () => {
    expect(seconds('M220 S50', 'G1 X100 F6000')).toBeCloseTo(trapezoid(100, 50, A), 5)
  })

  test('along an arc is as long as the arc', () => {
    expect(seconds('G1 F3000', 'G2 X40 Y0 I20 J0')).toBeCloseTo(trapezoid(20 * Math.PI, 50, A), 5)
  })

  test('that goes nowhere takes no time', () => {
    expect(seconds('G1 X0 Y0 Z1 F6000', 'G1 E0', 'G1')).toBe(0)
  })

  test('from an unknown place takes none that could be told', () => {
    expect(factsOf('G28\nG1 X100 F6000').estimatedSeconds).toBe(0)
  })
})

describe('moves one after the other', () => {
  test('in one line are one long move', () => {
    const steps = Array.from({ length: 100 }, (_, i) => `G1 X${i + 1} F6000`)
    expect(seconds(...steps)).toBeCloseTo(seconds('G1 X100 F6000'), 5)
    const many = Array.from({ length: 3000 }, (_, i) => `G1 X${((i + 1) / 10).toFixed(1)} F6000`)
    expect(seconds(...many)).toBeCloseTo(seconds('G1 X300 F6000'), 4)
  })

  test('there and back stop in between', () => {
    expect(seconds('G1 X50 F6000', 'G1 X0')).toBeCloseTo(2 * trapezoid(50, 100, A), 5)
  })

  test('around a corner slow down to what the junction deviation lets through', () => {
    const corner = Math.sqrt((A * PRINTER.junctionDeviationMm * Math.SQRT1_2) / (1 - Math.SQRT1_2))
    expect(corner).toBeGreaterThan(5)
    expect(seconds('G1 X50 F6000', 'G1 Y50')).toBeCloseTo(
      trapezoid(50, 100, A, 0, corner) + trapezoid(50, 100, A, corner, 0),
      5,
    )
  })

  test('of different speeds meet at the slower one', () => {
    expect(seconds('G1 X50 F6000', 'G1 X100 F1200')).toBeCloseTo(
      trapezoid(50, 100, A, 0, 20) + trapezoid(50, 20, A, 20, 0),
      5,
    )
  })

  test('no move begins faster than it can slow down for what follows', () => {
    // The last of these is a reversal: the short move before it cannot be taken at speed.
    const together = seconds('G1 X50 F6000', 'G1 X50.1', 'G1 X0')
    expect(together).toBeCloseTo(trapezoid(50.1, 100, A) + trapezoid(50.1, 100, A), 5)
  })

  test('come to rest where a command waits for them', () => {
    for (const wait of ['M400', 'G4 P0', 'M109 S200', 'M190 S60', 'M600'])
      expect(seconds('G1 X50 F6000', wait, 'G1 X100')).toBeCloseTo(
        wait === 'M600' ? trapezoid(50, 100, A) : 2 * trapezoid(50, 100, A),
        5,
      )
    expect(seconds('G1 X50 F6000', 'M105', 'M106 S255', 'G1 X100')).toBeCloseTo(trapezoid(100, 100, A), 5)
  })
})

describe('what a job says of its machine', () => {
  test.each([
    ['M204 P500 T500', 500],
    ['M204 S500', 500],
    ['M204 P500', A],
    ['M204 T800', 800],
    ['M204 R100', A],
    ['M204 P0 T-5', A],
    ['M201 X300', 300],
    ['M201 Y300', A],
  ])('`%s` makes a travel speed up by %f mm/s²', (line, acceleration) => {
    expect(seconds(line, 'G1 X100 F6000')).toBeCloseTo(trapezoid(100, 100, acceleration), 5)
  })

  test('a move that lays filament down has an acceleration of its own', () => {
    expect(seconds('M204 P500 T3000', 'G1 X100 E5 F6000')).toBeCloseTo(trapezoid(100, 100, 500), 5)
    expect(seconds('M204 P500 T3000', 'G1 X100 F6000')).toBeCloseTo(trapezoid(100, 100, 3000), 5)
  })

  test('`M203` limits the speed, and no later move gets around it', () => {
    expect(seconds('M203 X50', 'G1 X100 F6000')).toBeCloseTo(trapezoid(100, 50, A), 5)
    expect(seconds('M203 X50', 'G1 X100 Y100 F6000')).toBeCloseTo(
      trapezoid(Math.hypot(100, 100), 50 * Math.SQRT2, A),
      5,
    )
  })
})

describe('waiting', () => {
  test.each([
    ['G4 P500', 0.5],
    ['G4 S2', 2],
    ['G4 S2 P500', 2],
    ['G4', 0],
    ['G4 P-5', 0],
  ])('`%s` takes %f s', (line, expected) => {
    expect(seconds(line)).toBeCloseTo(expected, 5)
  })

  test('is not heating, homing or a person: what the printer takes nobody knows', () => {
    expect(seconds('M109 S200', 'M190 S60', 'G28', 'M0', 'G29')).toBe(0)
  })
})

describe('against the slicer’s own estimate', () => {
  test.each([
    ['prusa-cube.gcode.br', 0.08],
    ['../demo/cube.gcode', 0.01],
  ])('%s comes within %f', (name, share) => {
    const job = fixtureJob(name)
    const claimed = claimsOf(job).estimatedSeconds!
    expect(Math.abs(factsOf(job).estimatedSeconds / claimed - 1)).toBeLessThan(share)
  })

  test('the twin with arcs comes within 5 % of the file without', () => {
    const straight = factsOf(fixtureJob('prusa-cube.gcode.br')).estimatedSeconds
    const arcs = factsOf(fixtureJob('prusa-cube-arcs.gcode.br')).estimatedSeconds
    expect(Math.abs(arcs / straight - 1)).toBeLessThan(0.05)
  })
})
