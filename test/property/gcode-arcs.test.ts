import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sweepArc as sweepInPrinter } from '../../agent/sim/arc.ts'
import { Sweep, sweepArc } from '../../gcode/arcs.ts'

const coordinate = fc.integer({ min: -300_000, max: 300_000 }).map((value) => value / 1000)
const offset = fc.oneof(
  coordinate,
  fc.integer({ min: -2000, max: 2000 }).map((value) => value / 1000),
)

/** What 64-bit arithmetic may differ by between two ways to reckon the same place, at these sizes. */
const ROUNDING_MM = 1e-6

test('no arc of the printer leaves the extent that we reckon with, nor is it longer', () => {
  let told = 0
  fc.assert(
    fc.property(
      fc.tuple(coordinate, coordinate, coordinate, coordinate, offset, offset),
      fc.boolean(),
      fc.nat({ max: 2 }),
      ([a0, b0, a1, b1, offsetA, offsetB], isClockwise, circles) => {
        const sweep = new Sweep()
        if (!sweepArc(a0, b0, a1, b1, offsetA, offsetB, isClockwise, circles, sweep)) return
        const arc = sweepInPrinter(
          { a: a0, b: b0 },
          { a: a1, b: b1 },
          { a: offsetA, b: offsetB },
          { isClockwise, circles, liftMm: 0 },
        )
        if (arc === undefined) return
        told++
        expect(arc.min.a).toBeGreaterThan(sweep.minA - ROUNDING_MM)
        expect(arc.min.b).toBeGreaterThan(sweep.minB - ROUNDING_MM)
        expect(arc.max.a).toBeLessThan(sweep.maxA + ROUNDING_MM)
        expect(arc.max.b).toBeLessThan(sweep.maxB + ROUNDING_MM)
        // And the extent is no wider than it has to be.
        expect(sweep.minA).toBeGreaterThan(arc.min.a - ROUNDING_MM)
        expect(sweep.maxB).toBeLessThan(arc.max.b + ROUNDING_MM)
        // The printer adds the way from the circle to an end that is not on it.
        const leg = Math.abs(Math.hypot(a1 - a0 - offsetA, b1 - b0 - offsetB) - sweep.radiusMm)
        expect(sweep.radiusMm * sweep.angleRad + leg).toBeCloseTo(arc.lengthMm, 5)
      },
    ),
    { numRuns: 5000 },
  )
  expect(told).toBeGreaterThan(4000)
})
