import { describe, expect, test } from 'vitest'
import { HeatWait } from '../../agent/sim/heat-wait.ts'
import { Heater, NOZZLE } from '../../agent/sim/heater.ts'

/** Looks at the wait whenever it wants to be looked at; gives when it was over and what it reported. */
function follow(wait: HeatWait, fromMs: number, untilMs = fromMs + 3_600_000) {
  let nowMs = fromMs
  while (!wait.isOver(nowMs)) {
    nowMs = wait.nextLookMs()
    if (nowMs > untilMs) return undefined
  }
  return nowMs - fromMs
}

function heaterAt(celsius: number): Heater {
  const heater = new Heater(NOZZLE)
  heater.setTarget(celsius, 0)
  heater.celsius(1_000_000)
  return heater
}

describe('a wait for heat', () => {
  test('lasts ten seconds beyond the moment at which the target is near', () => {
    const heater = new Heater(NOZZLE)
    heater.setTarget(100, 0)
    let nearMs = 0
    while (heater.celsius(nearMs) <= 99) nearMs += 1000
    const fresh = new Heater(NOZZLE)
    fresh.setTarget(100, 0)
    expect(follow(new HeatWait(fresh, false, () => {}), 0)).toBe(nearMs + 10_000)
  })

  test('of a heater that is warm already is the ten seconds alone', () => {
    const heater = heaterAt(200)
    expect(follow(new HeatWait(heater, false, () => {}), 1_000_000)).toBe(10_000)
  })

  test('reports at once, then each second, and how long it still takes', () => {
    const reports: string[] = []
    follow(new HeatWait(heaterAt(200), false, (remaining) => reports.push(remaining)), 1_000_000)
    expect(reports).toEqual(['?', '9', '8', '7', '6', '5', '4', '3', '2', '1', '0'])
  })

  test('starts its ten seconds again when the heater drifts off', () => {
    const heater = heaterAt(200)
    const wait = new HeatWait(heater, true, () => {})
    expect(wait.isOver(1_000_000)).toBe(false)
    expect(wait.isOver(1_005_000)).toBe(false)
    heater.setTarget(150, 1_005_000)
    expect(wait.isOver(1_008_000)).toBe(false)
    heater.setTarget(200, 1_008_000)
    expect(wait.isOver(1_012_000)).toBe(false)
  })

  test('for a cooler target is no wait with S, and one with R', () => {
    const heater = heaterAt(200)
    heater.setTarget(100, 1_000_000)
    expect(follow(new HeatWait(heater, false, () => {}), 1_000_000)).toBe(0)
    expect(follow(new HeatWait(heater, true, () => {}), 1_000_000)).toBeGreaterThan(60_000)
  })

  test('for a target below the room gives up when a minute brings too little', () => {
    const heater = heaterAt(60)
    heater.setTarget(0, 1_000_000)
    const lastedMs = follow(new HeatWait(heater, true, () => {}), 1_000_000)!
    expect(lastedMs % 60_000).toBe(0)
    expect(lastedMs).toBeGreaterThan(120_000)
  })

  test('ends when it is broken off, and the command is done', () => {
    const heater = new Heater(NOZZLE)
    heater.setTarget(200, 0)
    const wait = new HeatWait(heater, false, () => {})
    expect(wait.isOver(1000)).toBe(false)
    wait.breakOff()
    expect(wait.isOver(1001)).toBe(true)
    expect(wait.goOn()).toBe('done')
  })
})
