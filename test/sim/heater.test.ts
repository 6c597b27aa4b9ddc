import { describe, expect, test } from 'vitest'
import { AMBIENT_CELSIUS, BED, CHAMBER, Heater, NOZZLE } from '../../agent/sim/heater.ts'

describe('a heater', () => {
  test('is as warm as the room, and stays so', () => {
    const heater = new Heater(NOZZLE)
    expect(heater.celsius(3_600_000)).toBe(AMBIENT_CELSIUS)
    expect(heater.power(3_600_000)).toBe(0)
  })

  test.each([
    [NOZZLE, 210, 50_000, 80_000],
    [BED, 60, 60_000, 100_000],
    [CHAMBER, 45, 200_000, 300_000],
  ])('%o comes to %i degrees in a time that a real one takes', (model, target, afterMs, beforeMs) => {
    const heater = new Heater(model)
    heater.setTarget(target, 0)
    expect(heater.celsius(afterMs)).toBeLessThan(target)
    expect(heater.celsius(beforeMs)).toBe(target)
    expect(heater.celsius(beforeMs + 3_600_000)).toBe(target)
  })

  test('comes to the same temperature however often it is asked', () => {
    const [asked, left] = [new Heater(NOZZLE), new Heater(NOZZLE)]
    for (const heater of [asked, left]) heater.setTarget(200, 0)
    for (let ms = 0; ms < 30_000; ms += 37) asked.celsius(ms)
    expect(asked.celsius(30_000)).toBeCloseTo(left.celsius(30_000), 9)
  })

  test('is at full power while it warms, holds with some, and cools with none', () => {
    const heater = new Heater(NOZZLE)
    heater.setTarget(200, 0)
    expect(heater.power(1000)).toBe(127)
    const holding = heater.power(200_000)
    expect(holding).toBeGreaterThan(0)
    expect(holding).toBeLessThan(127)
    heater.setTarget(0, 200_000)
    expect(heater.power(201_000)).toBe(0)
  })

  test('cools to a lower target and holds it, and to the room and no further', () => {
    const heater = new Heater(NOZZLE)
    heater.setTarget(200, 0)
    heater.celsius(200_000)
    heater.setTarget(150, 200_000)
    expect(heater.celsius(210_000)).toBeGreaterThan(150)
    expect(heater.celsius(400_000)).toBe(150)
    heater.setTarget(-10, 400_000)
    expect(heater.celsius(4_000_000)).toBeCloseTo(AMBIENT_CELSIUS, 3)
  })

  test('cuts a target above what the firmware allows, and takes a negative one', () => {
    expect(new Heater(NOZZLE).setTarget(400, 0)).toBe(300)
    expect(new Heater(BED).setTarget(400, 0)).toBe(140)
    expect(new Heater(NOZZLE).setTarget(-10, 0)).toBe(-10)
  })

  test('reaches every target that is allowed', () => {
    for (const model of [NOZZLE, BED, CHAMBER]) {
      const heater = new Heater(model)
      heater.setTarget(1000, 0)
      expect(heater.celsius(86_400_000)).toBe(model.targetCelsiusMax)
    }
  })

  test('does not lose time when it is asked for the past', () => {
    const heater = new Heater(NOZZLE)
    heater.setTarget(200, 0)
    const warm = heater.celsius(10_000)
    expect(heater.celsius(5000)).toBe(warm)
    expect(heater.celsius(10_000)).toBe(warm)
  })
})
