import { describe, expect, test } from 'vitest'
import { LayerTally } from '../../gcode/layers.ts'
import { factsOf } from './job.ts'

function tallyOf(heights: readonly number[]): LayerTally {
  const tally = new LayerTally()
  for (const height of heights) tally.printAt(height)
  return tally
}

describe('layers', () => {
  test('are the heights at which something is printed', () => {
    const tally = tallyOf([0.2, 0.2, 0.4, 0.4, 0.6])
    expect(tally.count).toBe(3)
    expect(tally.heightRange().minHeightMm).toBeCloseTo(0.2, 12)
    expect(tally.heightRange().maxHeightMm).toBeCloseTo(0.2, 12)
  })

  test('count once, however often the job comes back, as it does with objects one after the other', () => {
    expect(tallyOf([0.2, 0.4, 0.6, 0.2, 0.4, 0.6]).count).toBe(3)
    expect(tallyOf([0.6, 0.2, 0.4]).count).toBe(3)
  })

  test('of nearly one height are one: rounding is no layer', () => {
    expect(tallyOf([0.2, 0.2000001, 0.19999, 0.2]).count).toBe(1)
    expect(tallyOf([0.4, 0.3899999, 0.41]).count).toBe(1)
  })

  test('of a spiral are as many as can be told apart', () => {
    const spiral = Array.from({ length: 1000 }, (_, i) => i / 1000)
    const { count } = tallyOf(spiral)
    expect(count).toBeGreaterThan(40)
    expect(count).toBeLessThanOrEqual(51)
  })

  test('have the distances to the layer below, the first to the bed', () => {
    const { minHeightMm, maxHeightMm } = tallyOf([0.35, 0.55, 0.65]).heightRange()
    expect(maxHeightMm).toBeCloseTo(0.35, 12)
    expect(minHeightMm).toBeCloseTo(0.1, 12)
  })

  test('in any order have the same distances', () => {
    const heights = [0.3, 0.5, 0.7, 1.0, 1.1]
    const expected = tallyOf(heights).heightRange()
    expect(tallyOf([1.0, 0.3, 1.1, 0.7, 0.5]).heightRange()).toEqual(expected)
    expect(tallyOf(heights.toReversed()).heightRange()).toEqual(expected)
  })

  test('of nothing have none', () => {
    expect(tallyOf([]).heightRange()).toEqual({ minHeightMm: null, maxHeightMm: null })
  })

  test('are kept past the first thousand', () => {
    expect(tallyOf(Array.from({ length: 5000 }, (_, i) => i)).count).toBe(5000)
  })

  test('have an end, so that a job cannot fill the memory with them', () => {
    expect(tallyOf(Array.from({ length: 100_100 }, (_, i) => i)).count).toBe(100_000)
  })
})

describe('layers of a job', () => {
  const START = 'G28\nM83\nG1 X10 Y10 Z0.2 F3000\n'

  test('are heights of extrusion, lifts and travels apart', () => {
    const { layers } = factsOf(`${START}G1 X20 E1\nG1 Z5\nG1 X0\nG1 Z0.4\nG1 X10 E1\nG1 Z9 E1\n`)
    expect(layers.count).toBe(3)
  })

  test('do not count priming in place', () => {
    expect(factsOf(`${START}G1 Z50\nG1 E10\n`).layers).toEqual({
      count: 0,
      minHeightMm: null,
      maxHeightMm: null,
    })
  })
})
