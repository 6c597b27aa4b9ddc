import { describe, expect, test } from 'vitest'
import { PLANNER_BLOCKS_MAX, Planner } from '../../agent/sim/planner.ts'

const at = (x: number) => ({ x, y: 0, z: 0, e: 0 })

describe('the planner', () => {
  test('runs moves one after the other', () => {
    const planner = new Planner()
    planner.add(at(0), at(10), 1000, 0)
    planner.add(at(10), at(20), 500, 0)
    expect([planner.blocks(0), planner.blocks(999), planner.blocks(1000), planner.blocks(1500)]).toEqual([
      2, 2, 1, 0,
    ])
    expect(planner.endMs).toBe(1500)
  })

  test('starts a move when it is added, if nothing moves', () => {
    const planner = new Planner()
    planner.add(at(0), at(10), 1000, 0)
    planner.add(at(10), at(20), 1000, 5000)
    expect(planner.endMs).toBe(6000)
  })

  test('is full with sixteen moves, and has room when the first one ends', () => {
    const planner = new Planner()
    for (let i = 0; i < PLANNER_BLOCKS_MAX; i++) planner.add(at(i), at(i + 1), 100, 0)
    expect(planner.hasRoom(99)).toBe(false)
    expect(planner.roomAtMs).toBe(100)
    expect(planner.hasRoom(100)).toBe(true)
  })

  test('knows where the nozzle is on its way', () => {
    const planner = new Planner()
    planner.add(at(0), at(10), 1000, 0)
    planner.add(at(10), at(30), 1000, 0)
    expect(planner.positionAt(250)?.x).toBeCloseTo(2.5)
    expect(planner.positionAt(1500)?.x).toBeCloseTo(20)
    expect(planner.positionAt(2000)).toBeUndefined()
  })

  test('forgets everything when it is cleared', () => {
    const planner = new Planner()
    planner.add(at(0), at(10), 1000, 0)
    planner.clear(300)
    expect([planner.blocks(300), planner.endMs]).toEqual([0, 300])
  })

  test('does not take one move for longer than ten minutes', () => {
    const planner = new Planner()
    planner.add(at(0), at(1e6), 1e12, 0)
    expect(planner.endMs).toBe(600_000)
  })
})
