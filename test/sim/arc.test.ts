import { describe, expect, test } from 'vitest'
import { centreFromRadius, sweepArc } from '../../agent/sim/arc.ts'

const point = (a: number, b: number) => ({ a, b })
const clockwise = { isClockwise: true, circles: 0, liftMm: 0 }
const counter = { isClockwise: false, circles: 0, liftMm: 0 }

describe('the sweep of an arc', () => {
  test('of a quarter counter-clockwise stays within its corner', () => {
    const arc = sweepArc(point(10, 0), point(0, 10), point(-10, 0), counter)!
    expect(arc.lengthMm).toBeCloseTo(5 * Math.PI)
    expect([arc.min.a, arc.min.b, arc.max.a, arc.max.b].map((value) => value.toFixed(6))).toEqual([
      '0.000000',
      '0.000000',
      '10.000000',
      '10.000000',
    ])
  })

  test('of the same points clockwise goes the long way round', () => {
    const arc = sweepArc(point(10, 0), point(0, 10), point(-10, 0), clockwise)!
    expect(arc.lengthMm).toBeCloseTo(15 * Math.PI)
    expect(arc.min.a).toBeCloseTo(-10)
    expect(arc.min.b).toBeCloseTo(-10)
  })

  test('of a full circle reaches every side', () => {
    for (const turn of [clockwise, counter]) {
      const arc = sweepArc(point(10, 0), point(10, 0), point(-10, 0), turn)!
      expect(arc.lengthMm).toBeCloseTo(20 * Math.PI)
      expect([arc.min.a, arc.min.b, arc.max.a, arc.max.b].map(Math.round)).toEqual([-10, -10, 10, 10])
    }
  })

  test('with further circles is that much longer', () => {
    const arc = sweepArc(point(10, 0), point(0, 10), point(-10, 0), { ...counter, circles: 2 })!
    expect(arc.lengthMm).toBeCloseTo(45 * Math.PI)
  })

  test('of a helix counts the rise', () => {
    const arc = sweepArc(point(10, 0), point(10, 0), point(-10, 0), { ...counter, liftMm: 5 })!
    expect(arc.lengthMm).toBeCloseTo(Math.hypot(20 * Math.PI, 5))
  })

  test('goes straight to an end that is not on the circle', () => {
    const arc = sweepArc(point(10, 0), point(0, 30), point(-10, 0), counter)!
    expect(arc.lengthMm).toBeCloseTo(5 * Math.PI + 20)
    expect(arc.max.b).toBeCloseTo(30)
  })

  test('that is nearly nothing is not made', () => {
    expect(sweepArc(point(0, 0), point(0.0001, 0), point(0.00005, 0), clockwise)).toBeUndefined()
  })
})

describe('the centre for a radius', () => {
  test.each([
    [5, true, 0],
    [5, false, 0],
    [Math.sqrt(50), false, 5],
    [Math.sqrt(50), true, -5],
    [-Math.sqrt(50), false, -5],
    [-Math.sqrt(50), true, 5],
  ])('%f clockwise %s lies %f beside the chord', (radius, isClockwise, beside) => {
    const centre = centreFromRadius(point(0, 0), point(10, 0), radius, isClockwise)!
    expect(centre.a).toBeCloseTo(5)
    expect(centre.b).toBeCloseTo(beside)
  })

  test('too short for the chord is the middle of it', () => {
    expect(centreFromRadius(point(0, 0), point(10, 0), 1, true)).toEqual(point(5, 0))
  })

  test('does not exist for no radius or no way', () => {
    expect(centreFromRadius(point(0, 0), point(10, 0), 0, true)).toBeUndefined()
    expect(centreFromRadius(point(3, 3), point(3, 3), 5, true)).toBeUndefined()
  })
})
