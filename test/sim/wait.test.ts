import { describe, expect, test } from 'vitest'
import { PLANNER_BLOCKS_MAX, Planner } from '../../agent/sim/planner.ts'
import { type Outcome, untilPerson, untilRoom, untilStill, untilTime } from '../../agent/sim/wait.ts'

const ORIGIN = { x: 0, y: 0, z: 0, e: 0 }

function plannerWith(moves: number, durationMs = 100): Planner {
  const planner = new Planner()
  for (let i = 0; i < moves; i++) planner.add(ORIGIN, { ...ORIGIN, x: i }, durationMs, 0)
  return planner
}

describe('waits', () => {
  test('for room end with the first move, then plan', () => {
    let isPlanned = false
    const wait = untilRoom(plannerWith(PLANNER_BLOCKS_MAX), (): Outcome => {
      isPlanned = true
      return 'done'
    })
    expect(wait.isOver(99)).toBe(false)
    expect(wait.nextLookMs(0)).toBe(100)
    expect(wait.isOver(100)).toBe(true)
    expect(wait.goOn()).toBe('done')
    expect(isPlanned).toBe(true)
  })

  test('for room drop their move at a quickstop', () => {
    const wait = untilRoom(plannerWith(PLANNER_BLOCKS_MAX), () => expect.unreachable())
    wait.quickstop?.()
    expect(wait.isOver(0)).toBe(true)
    expect(wait.goOn()).toBe('done')
    expect(wait.breakOff).toBeUndefined()
  })

  test('for stillness end with the last move, also when moves are dropped', () => {
    const planner = plannerWith(3)
    const wait = untilStill(planner)
    expect([wait.isOver(299), wait.isOver(300), wait.nextLookMs(0)]).toEqual([false, true, 300])
    planner.clear(50)
    expect(wait.isOver(50)).toBe(true)
  })

  test('for a time end at it, and may lead to another wait', () => {
    const second = untilTime(200)
    const first = untilTime(100, () => second)
    expect([first.isOver(99), first.isOver(100)]).toEqual([false, true])
    expect(first.goOn()).toBe(second)
    expect(second.goOn()).toBe('done')
    expect(first.breakOff).toBeUndefined()
  })

  test('for a person end by M108 or at their time', () => {
    const wait = untilPerson(Number.POSITIVE_INFINITY)
    expect(wait.busy).toBe('paused for user')
    expect([wait.isOver(1e12), wait.nextLookMs(0)]).toEqual([false, Number.POSITIVE_INFINITY])
    wait.breakOff?.()
    expect(wait.isOver(0)).toBe(true)
    expect(untilPerson(500).isOver(500)).toBe(true)
  })
})
