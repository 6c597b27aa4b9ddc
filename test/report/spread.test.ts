import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Spread } from '../../agent/report/spread.ts'

function spreadOf(values: readonly number[]): Spread {
  const spread = new Spread()
  for (const value of values) spread.add(value)
  return spread
}

/** The nearest rank by its definition: the value at place `ceil(percent / 100 * count)` of all, in order. */
function byDefinition(values: readonly number[], percent: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil((percent * values.length) / 100 - 1e-9) - 1] ?? Number.NaN
}

describe('the spread of a measure', () => {
  test('has no ranks where there is nothing', () => {
    expect(new Spread().nearestRank(50)).toBeNull()
    expect(new Spread().between([1, 2])).toEqual([0, 0, 0])
  })

  test('is that of the only value where there is one', () => {
    expect([1, 50, 90, 100].map((percent) => spreadOf([777]).nearestRank(percent))).toEqual([
      777, 777, 777, 777,
    ])
  })

  test('is exact for values below 2,048, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2047), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          expect(spreadOf(values).nearestRank(percent)).toBe(byDefinition(values, percent))
        },
      ),
    )
  })

  test('is never below the true value and less than a 1,024th above it, up to the largest numbers', () => {
    const value = fc.oneof(
      fc.nat(5000),
      fc.maxSafeNat(),
      fc.nat(52).map((power) => 2 ** power),
      fc.nat(51).map((power) => 2 ** (power + 1) - 1),
    )
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const truth = byDefinition(values, percent)
          const told = spreadOf(values).nearestRank(percent) ?? -1
          expect(told).toBeGreaterThanOrEqual(truth)
          expect(told).toBeLessThanOrEqual(truth + truth / 1024)
        },
      ),
    )
  })

  test('never tells more than the largest value', () => {
    expect(spreadOf([5000]).nearestRank(50)).toBe(5000)
    expect(spreadOf([1, 1, 1_000_003]).nearestRank(100)).toBe(1_000_003)
  })

  test('takes a clock that stepped back for no time at all', () => {
    expect(spreadOf([-5, -1]).nearestRank(90)).toBe(0)
  })

  test('counts by steps, each up to and with its bound, and the rest', () => {
    expect(spreadOf([0, 100, 101, 1000, 1001, 90_000]).between([100, 1000])).toEqual([2, 2, 2])
  })
})
