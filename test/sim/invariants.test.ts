import { describe, expect, test } from 'vitest'
import { parseFaults } from '../../agent/sim/index.ts'
import { Invariants } from '../../agent/sim/invariants.ts'
import { benchPrinter } from './bench-printer.ts'

const box = (min: number, max: number) => ({
  min: { x: min, y: min, z: min },
  max: { x: max, y: max, z: max },
})

describe('invariants', () => {
  test('begin with nothing', () => {
    expect(new Invariants().report()).toEqual({
      askedMaxCelsius: { nozzle: 0, bed: 0, chamber: 0 },
      targetMaxCelsius: { nozzle: 0, bed: 0, chamber: 0 },
      askedBoundsMm: undefined,
      sweptBoundsMm: undefined,
      extrudedBoundsMm: undefined,
      unhomedMoves: 0,
      coldExtrusionsPrevented: 0,
      commandsWhileHalted: 0,
    })
  })

  test('keep the worst, whatever comes after', () => {
    const invariants = new Invariants()
    invariants.targetSet('bed', 200, 140)
    invariants.targetSet('bed', 0, 0)
    invariants.moved(box(-5, 10), box(0, 10))
    invariants.moved(box(3, 4), box(3, 4))
    invariants.extruded(box(1, 2))
    expect(invariants.report()).toMatchObject({
      askedMaxCelsius: { bed: 200 },
      targetMaxCelsius: { bed: 140 },
      askedBoundsMm: box(-5, 10),
      sweptBoundsMm: box(0, 10),
      extrudedBoundsMm: box(1, 2),
    })
  })

  test('give a report that later events do not change', () => {
    const invariants = new Invariants()
    const before = invariants.report()
    invariants.targetSet('nozzle', 250, 250)
    expect(before.targetMaxCelsius.nozzle).toBe(0)
  })

  test('outlive a reset of the printer', () => {
    const bench = benchPrinter({ faults: parseFaults(['reset-after=2']) })
    bench.send('M104 S250', 'G1 X10 F60000')
    expect(bench.printer.state().nozzleTargetCelsius).toBe(0)
    expect(bench.printer.state().invariants).toMatchObject({
      targetMaxCelsius: { nozzle: 250 },
      sweptBoundsMm: { max: { x: 10 } },
      unhomedMoves: 1,
    })
  })
})
