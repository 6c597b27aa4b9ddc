import { describe, expect, test } from 'vitest'
import { centreOfRadius, RadiusCentre, Sweep, sweepArc } from '../../gcode/arcs.ts'
import { Machine, machineAt, type PlannedMove } from './machine.ts'

/** Places on the arc by walking it in small steps: the oracle that knows nothing of quadrants. */
interface Walk {
  readonly minA: number
  readonly maxA: number
  readonly minB: number
  readonly maxB: number
  readonly length: number
}

const STEPS = 20_000

/** Walks from (a0, b0) about the centre to the direction of (a1, b1), and there to the end itself. */
function walk(
  [a0, b0]: readonly [number, number],
  [a1, b1]: readonly [number, number],
  [centreA, centreB]: readonly [number, number],
  isClockwise: boolean,
  turns = 0,
): Walk {
  const radius = Math.hypot(a0 - centreA, b0 - centreB)
  const start = Math.atan2(b0 - centreB, a0 - centreA)
  let travel = Math.atan2(b1 - centreB, a1 - centreA) - start
  const isSamePoint = a0 === a1 && b0 === b1
  if (isClockwise) travel = -travel
  while (travel <= 1e-9) travel += 2 * Math.PI
  while (travel > 2 * Math.PI + 1e-9) travel -= 2 * Math.PI
  if (isSamePoint) travel = 2 * Math.PI
  travel += turns * 2 * Math.PI
  const places = Array.from({ length: STEPS + 1 }, (_, i) => {
    const angle = start + ((isClockwise ? -1 : 1) * travel * i) / STEPS
    return [centreA + radius * Math.cos(angle), centreB + radius * Math.sin(angle)] as const
  })
  places.push([a1, b1])
  return {
    minA: Math.min(...places.map(([a]) => a)),
    maxA: Math.max(...places.map(([a]) => a)),
    minB: Math.min(...places.map(([, b]) => b)),
    maxB: Math.max(...places.map(([, b]) => b)),
    length: radius * travel,
  }
}

/** What walking in steps may miss of an extent: the sagitta of one step. */
const WALK_ERROR_MM = 1e-4

function expectWalk(
  move: PlannedMove,
  expected: Walk,
  axes: readonly ['x' | 'y' | 'z', 'x' | 'y' | 'z'],
): void {
  const [a, b] = axes
  expect(move.kind).toBe('arc')
  for (const [found, walked] of [
    [move.min[a], expected.minA],
    [move.max[a], expected.maxA],
    [move.min[b], expected.minB],
    [move.max[b], expected.maxB],
  ] as const)
    expect(Math.abs(found - walked)).toBeLessThan(WALK_ERROR_MM)
}

/** Directions that start, end and quadrant boundaries are tried in, in degrees. */
const DIRECTIONS = [0, 30, 90, 135, 180, 200, 270, 359]
const at = (degrees: number, radius = 10): readonly [number, number] => [
  rounded(100 + radius * Math.cos((degrees * Math.PI) / 180)),
  rounded(100 + radius * Math.sin((degrees * Math.PI) / 180)),
]

/** No more digits than a line may have. */
function rounded(value: number): number {
  return Number(value.toFixed(9))
}

describe('an arc by its centre', () => {
  const cases = DIRECTIONS.flatMap((from) =>
    DIRECTIONS.filter((to) => to !== from).flatMap((to) => [
      [from, to, true] as const,
      [from, to, false] as const,
    ]),
  )

  test.each(cases)('from %d° to %d°, clockwise %s, sweeps what it passes', (from, to, isClockwise) => {
    const start = at(from)
    const end = at(to)
    const machine = machineAt(start[0], start[1], 5)
    const move = machine.last(
      `${isClockwise ? 'G2' : 'G3'} X${end[0].toFixed(9)} Y${end[1].toFixed(9)} I${(100 - start[0]).toFixed(9)} J${(100 - start[1]).toFixed(9)}`,
    )
    const walked = walk(start, end, [100, 100], isClockwise)
    expectWalk(move, walked, ['x', 'y'])
    expect(move.lengthMm).toBeCloseTo(walked.length, 6)
    expect(machine.position()).toEqual([expect.closeTo(end[0], 8), expect.closeTo(end[1], 8), 5])
  })

  test('without a word for one offset has 0 for it', () => {
    expectWalk(machineAt(10, 0, 0).last('G3 X20 Y10 J10'), walk([10, 0], [20, 10], [10, 10], false), [
      'x',
      'y',
    ])
    expectWalk(machineAt(10, 0, 0).last('G2 X20 Y-10 I10'), walk([10, 0], [20, -10], [20, 0], true), [
      'x',
      'y',
    ])
  })

  test('has its offsets from the start in every mode', () => {
    const relative = machineAt(10, 10, 0, 'G91').last('G3 X10 Y10 J10')
    const absolute = machineAt(10, 10, 0).last('G3 X20 Y20 J10')
    expect(relative).toEqual(absolute)
    const shifted = machineAt(10, 10, 0, 'G92 X0 Y0').last('G3 X10 Y10 J10')
    expect(shifted.max).toEqual(absolute.max)
  })

  test.each([
    ['G3 X-20 Y1 I-10', [-20, 1], false],
    ['G3 X0.1 Y1 I-10', [0.1, 1], false],
    ['G3 X1 Y0.5 I-10', [1, 0.5], false],
    ['G2 X1 Y20 I-10', [1, 20], true],
    ['G2 X-0.5 Y0.1 I-10', [-0.5, 0.1], true],
  ] as const)(
    'that does not end on its circle follows it to the end’s direction, then goes straight: `%s`',
    (line, end, isClockwise) => {
      expectWalk(machineAt(10, 0, 0).last(line), walk([10, 0], end, [0, 0], isClockwise), ['x', 'y'])
    },
  )

  test('where no axis is named is a full circle', () => {
    const move = machineAt(50, 50, 1).last('G2 I10')
    expect(move).toMatchObject({ kind: 'arc', lengthMm: expect.closeTo(20 * Math.PI, 9) })
    expect(move.min.x).toBeCloseTo(50, 9)
    expect(move.max.x).toBeCloseTo(70, 9)
    expect(move.min.y).toBeCloseTo(40, 9)
    expect(move.max.y).toBeCloseTo(60, 9)
  })

  test.each(['G2 X50 Y50 I10', 'G3 X50 Y50 I10', 'G3 I0 J-7', 'G2 X50 J3'])(
    'that ends where it starts is a full circle: `%s`',
    (line) => {
      const move = machineAt(50, 50, 1).last(line)
      expect(move.lengthMm).toBeCloseTo(
        2 * Math.PI * (line.includes('7') ? 7 : line.includes('J3') ? 3 : 10),
        6,
      )
    },
  )

  test('with a helix climbs over the whole of it', () => {
    const move = machineAt(50, 50, 1).last('G2 I10 Z4')
    expect(move.min.z).toBe(1)
    expect(move.max.z).toBe(4)
    expect(move.lengthMm).toBeCloseTo(Math.hypot(20 * Math.PI, 3), 9)
  })

  test('with turns goes around so many times more, and is as wide as a circle', () => {
    const quarter = machineAt(10, 0, 0).last('G3 X0 Y10 I-10')
    const turns = machineAt(10, 0, 0).last('G3 X0 Y10 I-10 P2')
    expect(turns.lengthMm).toBeCloseTo(quarter.lengthMm + 2 * 20 * Math.PI, 9)
    expect(turns.min).toEqual({ x: expect.closeTo(-10, 9), y: expect.closeTo(-10, 9), z: 0 })
    expect(quarter.min).toEqual({ x: expect.closeTo(0, 9), y: 0, z: 0 })
  })

  test('carries its extruder and its feedrate as a straight move does', () => {
    const move = machineAt(10, 0, 0, 'M83').last('G3 X0 Y10 I-10 E2 F1200')
    expect(move).toMatchObject({ filamentMm: 2, depositedMm: 2, feedrateMmPerMin: 1200 })
  })
})

describe('an arc by its radius', () => {
  test.each([
    [10, 30, 15, true],
    [10, 30, 15, false],
    [10, 30, -15, true],
    [10, 30, -15, false],
    [350, 200, 12, true],
    [200, 350, -40, false],
  ])(
    'from %d° to %d° with R%d, clockwise %s, is the shorter way, or the longer where R is negative',
    (from, to, radius, isClockwise) => {
      const start = at(from, 8)
      const end = at(to, 8)
      const chord = Math.hypot(end[0] - start[0], end[1] - start[1])
      const move = machineAt(start[0], start[1], 0).last(
        `${isClockwise ? 'G2' : 'G3'} X${end[0].toFixed(9)} Y${end[1].toFixed(9)} R${radius}`,
      )
      const half = 2 * Math.asin(chord / 2 / Math.abs(radius)) * Math.abs(radius)
      expect(move.lengthMm).toBeCloseTo(radius > 0 ? half : 2 * Math.PI * Math.abs(radius) - half, 5)
    },
  )

  test('bulges to the side that its direction says', () => {
    // Northward: clockwise passes on the left, counter-clockwise on the right.
    expect(machineAt(0, 0, 0).last('G2 X0 Y10 R6').max.x).toBeCloseTo(0, 9)
    expect(machineAt(0, 0, 0).last('G2 X0 Y10 R6').min.x).toBeLessThan(-2)
    expect(machineAt(0, 0, 0).last('G3 X0 Y10 R6').max.x).toBeGreaterThan(2)
    // The long way goes all around on the other side of the centre.
    expect(machineAt(0, 0, 0).last('G2 X0 Y10 R-6').min.x).toBeLessThan(-9)
    expect(machineAt(0, 0, 0).last('G3 X0 Y10 R-6').max.x).toBeGreaterThan(9)
  })

  test('of half the chord is a half circle', () => {
    expect(machineAt(0, 0, 0).last('G2 X10 Y0 R5').lengthMm).toBeCloseTo(5 * Math.PI, 9)
  })

  test('too short for its chord is stretched to a half circle, as Marlin does', () => {
    const move = machineAt(0, 0, 0).last('G2 X10 Y0 R3')
    expect(move).toMatchObject({ kind: 'arc', lengthMm: expect.closeTo(5 * Math.PI, 9) })
    expect(move.max.y).toBeCloseTo(5, 9)
  })

  test('goes before offsets on the same line', () => {
    expect(machineAt(0, 0, 0).last('G2 X10 Y0 R5 I99 J99').max.x).toBeCloseTo(10, 9)
  })

  test('has a centre that both ends are as far from as the radius says', () => {
    const centre = new RadiusCentre()
    expect(centreOfRadius(1, 2, 7, -3, 11, true, centre)).toBe(true)
    expect(Math.hypot(centre.offsetA, centre.offsetB)).toBeCloseTo(11, 9)
    expect(Math.hypot(7 - 1 - centre.offsetA, -3 - 2 - centre.offsetB)).toBeCloseTo(11, 9)
  })
})

describe('an arc in another plane', () => {
  test('G18 turns from Z to X, with K and I', () => {
    const machine = machineAt(20, 7, 10, 'G18')
    expectWalk(machine.last('G3 X20 Z30 K10'), walk([10, 20], [30, 20], [20, 20], false), ['z', 'x'])
    expectWalk(machineAt(20, 7, 10, 'G18').last('G2 X25 Z15 I5'), walk([10, 20], [15, 25], [10, 25], true), [
      'z',
      'x',
    ])
    expect(machineAt(20, 7, 10, 'G18').last('G2 X25 Z15 I5 Y9')).toMatchObject({
      min: { y: 7 },
      max: { y: 9 },
    })
  })

  test('G19 turns from Y to Z, with J and K', () => {
    expectWalk(
      machineAt(7, 20, 10, 'G19').last('G3 Y20 Z30 K10'),
      walk([20, 10], [20, 30], [20, 20], false),
      ['y', 'z'],
    )
    expectWalk(machineAt(7, 20, 10, 'G19').last('G2 Y25 Z15 J5'), walk([20, 10], [25, 15], [25, 10], true), [
      'y',
      'z',
    ])
  })

  test('does not look at the offset across it', () => {
    expect(machineAt(20, 7, 10, 'G18').last('G2 X25 Z15 I5 J99')).toEqual(
      machineAt(20, 7, 10, 'G18').last('G2 X25 Z15 I5'),
    )
  })

  test('has no radius form: Marlin works the centre out of X and Y all the same', () => {
    expect(machineAt(20, 7, 10, 'G18').last('G2 X25 Z15 R5').kind).toBe('unknown-arc')
    expect(machineAt(20, 7, 10, 'G19').last('G2 Y25 Z15 R5').kind).toBe('unknown-arc')
  })
})

describe('an arc whose path cannot be told', () => {
  test.each([
    ['without a centre', 'G2 X10 Y10'],
    ['with a centre at its start', 'G2 X10 Y10 I0 J0'],
    ['with no radius', 'G2 X10 Y10 R0'],
    ['by radius from a place to itself', 'G2 R5'],
    ['by radius to the place where it starts', 'G2 X50 Y50 R5'],
    ['with more turns than the printer can count', 'G2 X10 Y10 I5 P256'],
    ['with turns backwards', 'G2 X10 Y10 I5 P-1'],
    ['that ends in the direction it starts in, further out', 'G2 X70 Y50 I-10'],
    ['that ends in the direction it starts in, further in', 'G3 X45 Y50 I-10'],
    ['that all but ends where it starts', 'G2 X50.001 Y50 I0 J10'],
    ['that all but ends where it starts, the other way', 'G3 X50.001 Y50 I0 J10'],
  ])('%s leaves nothing known behind', (_what, line) => {
    const machine = machineAt(50, 50, 5)
    expect(machine.last(line).kind).toBe('unknown-arc')
    expect(machine.position()).toEqual([null, null, null])
    machine.run('G1 X1 Y1 Z1')
    expect(machine.position()).toEqual([1, 1, 1])
  })

  test('because the start is not known', () => {
    expect(new Machine('G28').last('G2 X10 Y10 I5').kind).toBe('unknown-arc')
    expect(new Machine('G28 | G1 X5 Z5').last('G2 X10 Y10 I5').kind).toBe('unknown-arc')
    expect(machineAt(5, 5, 5, 'G28 Z | G1 X5 Y5').last('G2 X10 Y10 I5').kind).toBe('arc')
  })

  test('is not one that ends a hundredth of a millimetre on', () => {
    expect(machineAt(50, 50, 5).last('G2 X50.01 Y50 I0 J10').kind).toBe('arc')
  })
})

test('a sweep says whether there is one, and is filled in when there is', () => {
  const sweep = new Sweep()
  expect(sweepArc(0, 0, 10, 10, 10, 0, false, 0, sweep)).toBe(true)
  expect(sweep.radiusMm).toBe(10)
  expect(sweep.angleRad).toBeCloseTo(1.5 * Math.PI, 9)
  expect(sweepArc(0, 0, 10, 10, 0, 0, false, 0, sweep)).toBe(false)
  expect(sweepArc(0, 0, 10, 10, Number.NaN, 0, false, 0, sweep)).toBe(false)
})
