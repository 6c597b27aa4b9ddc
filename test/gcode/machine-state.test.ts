import { describe, expect, test } from 'vitest'
import { MachineState, PLANE_XY, PLANE_YZ, PLANE_ZX } from '../../gcode/index.ts'
import { axesOf, Machine, machineAt } from './machine.ts'

describe('the state as a value', () => {
  test('a copy has every field, and resetting it is the declared start', () => {
    const machine = machineAt(
      1,
      2,
      3,
      'G91\nG20\nM220 S50\nM220 B\nM221 S150\nM221 T3 S200\nM200 D1 T2\nG18\nG92 X5\nT1',
    )
    const copy = new MachineState()
    copy.copyFrom(machine.state)
    expect(copy).toEqual(machine.state)
    expect(copy).not.toEqual(new MachineState())
    copy.reset()
    expect(copy).toEqual(new MachineState())
  })

  test('the declared start is millimetres, absolute, 100 %, tool 0, nothing known and nothing homed', () => {
    expect(new MachineState()).toMatchObject({
      unitMm: 1,
      isRelative: 0,
      isExtruderRelative: 0,
      speedFactor: 1,
      flowFactor: 1,
      volumetricAreaMm2: 0,
      tool: 0,
      known: 0,
      homed: 0,
      plane: PLANE_XY,
    })
  })

  test('planning a move leaves the state alone until it is advanced', () => {
    const machine = machineAt(10, 10, 10)
    const before = new MachineState()
    before.copyFrom(machine.state)
    const planned = machine.last('G1 X20 E5 F600')
    expect(planned).toMatchObject({ kind: 'line', min: { x: 10 }, max: { x: 20 } })
    expect(before).toMatchObject({ x: 10, e: 0, feedrateMmPerMin: 0 })
    expect(machine.state).toMatchObject({ x: 20, e: 5, feedrateMmPerMin: 600 })
  })
})

describe('absolute and relative', () => {
  // Marlin 2.1: the last of G90, G91, M82 and M83 decides how E is read (gcode.h `set_relative_mode`).
  test.each([
    ['', 0],
    ['M83', 1],
    ['M83 | M82', 0],
    ['G91', 1],
    ['G91 | G90', 0],
    ['M83 | G90', 0],
    ['G91 | M82', 0],
    ['G91 | M82 | G91', 1],
    ['G90 | M83', 1],
    ['M82 | G91', 1],
  ])('after `%s` the extruder is relative: %d', (program, isRelative) => {
    expect(new Machine(program).state.isExtruderRelative).toBe(isRelative)
  })

  test.each([
    ['M83', 0],
    ['G91', 1],
    ['G91 | M82', 1],
    ['G91 | G90', 0],
  ])('after `%s` the axes are relative: %d', (program, isRelative) => {
    expect(new Machine(program).state.isRelative).toBe(isRelative)
  })

  test('relative moves add up, absolute ones do not', () => {
    expect(machineAt(10, 20, 1, 'G91 | G1 X5 Y-5 | G1 X5 Z0.2').position()).toEqual([20, 15, 1.2])
    expect(machineAt(10, 20, 1, 'G1 X5 | G1 X6').position()).toEqual([6, 20, 1])
  })

  test('a relative move from an unknown place stays unknown', () => {
    expect(new Machine('G28 | G91 | G1 X5').position()).toEqual([null, null, null])
    expect(new Machine('G28 | G91 | G1 X5 | G90 | G1 X7').position()).toEqual([7, null, null])
  })

  test('an axis without a value is not moved', () => {
    const [move] = machineAt(1, 2, 3).run('G1 Y9')
    expect(move).toMatchObject({ axes: 'Y', known: 'XYZ', lengthMm: 7 })
  })
})

describe('units', () => {
  test('inches hold for axes, extruder, feedrate and arcs', () => {
    const machine = machineAt(0, 0, 0, 'G20')
    const move = machine.last('G1 X1 E0.1 F10')
    expect(move).toMatchObject({ lengthMm: 25.4, filamentMm: 2.54, feedrateMmPerMin: 254 })
    expect(machine.last('G2 X2 I0.5').lengthMm).toBeCloseTo(Math.PI * 12.7, 9)
    expect(machine.last('G21 | G1 X0').lengthMm).toBeCloseTo(50.8, 9)
  })

  test('volumetric E counts in cubic millimetres, and in cubic inches under G20', () => {
    const area = (Math.PI * 1.75 * 1.75) / 4
    expect(machineAt(0, 0, 0, 'M200 D1.75').last('G1 X1 E1').filamentMm).toBeCloseTo(1 / area, 12)
    expect(machineAt(0, 0, 0, 'M200 D1.75 | G20').last('G1 X1 E1').filamentMm).toBeCloseTo(
      25.4 ** 3 / area,
      9,
    )
    expect(machineAt(0, 0, 0, 'M200 D1.75 | G20 | G92 E1').last('G1 X1 E2').filamentMm).toBeCloseTo(
      25.4 ** 3 / area,
      9,
    )
  })
})

describe('M200', () => {
  const area = (diameter: number): number => (Math.PI * diameter * diameter) / 4

  test.each([
    ['M200 D1.75', 1.75],
    ['M200 D3', 3],
    ['M200 D0', 0],
    ['M200 D3 | M200 D0', 0],
    ['M200 D3 S0', 0],
    ['M200 D3 | M200 S0', 0],
    ['M200 D3 | M200 S0 | M200 S1', 3],
    ['M200 D3 S0 | M200 S1', 3],
    ['M200 S1', 1.75],
    ['M200 D0 S1', 0],
    ['M200 D3 | M200', 3],
    ['M200 D3 | M200 L5', 3],
    ['M200', 0],
    ['M200 D-0.1', 0.1],
    ['G20 | M200 D0.1', 2.54],
  ])('`%s` makes E the volume of filament of %f mm', (program, diameter) => {
    expect(new Machine(program).state.volumetricAreaMm2).toBeCloseTo(area(diameter), 12)
  })

  test('a thinner filament of another tool is reckoned with, a thicker one is not', () => {
    expect(new Machine('M200 D1 | M200 T1 D3').state.volumetricAreaMm2).toBeCloseTo(area(1), 12)
    expect(new Machine('M200 D3 | M200 T1 D1').state.volumetricAreaMm2).toBeCloseTo(area(1), 12)
    expect(new Machine('M200 T1 D1 | M200 D3 | T1').state.volumetricAreaMm2).toBeCloseTo(area(1), 12)
    expect(new Machine('M200 T0 D3').state.volumetricAreaMm2).toBeCloseTo(area(3), 12)
  })
})

describe('M220 and M221', () => {
  test.each([
    ['M220 S50', 0.5],
    ['M220', 1],
    ['M220 S0', 0],
    ['M220 S300 | M220 B | M220 S100 | M220 R', 3],
    ['M220 B | M220 S80 | M220 R', 1],
    ['M220 S50 | M220 B | M220 S400 | M220 R', 4],
    ['M220 S50.9', 0.5],
  ])('after `%s` the speed factor is %f', (program, factor) => {
    expect(new Machine(program).state.speedFactor).toBe(factor)
  })

  test.each([
    ['M221 S95', 0.95],
    ['M221', 1],
    ['M221 T0 S95', 0.95],
    ['M221 S-50', -0.5],
    ['M221 S500 | M221 T1 S100', 5],
    ['M221 T1 S500', 5],
    ['M221 S500 | T1 | M221 T1 S100', 5],
    ['M221 S500 | T1 | M221 S100', 1],
    ['M221 S500 | T1 | M221 S100 | T0', 5],
    ['T1 | M221 S500 | T0', 5],
    ['T1 | M221 S500 | T0 | M221 S100', 1],
    ['T1 | M221 S500 | T0 | M221 S100 | T1', 5],
  ])('after `%s` the flow factor is %f', (program, factor) => {
    expect(new Machine(program).state.flowFactor).toBe(factor)
  })

  test('the flow factor scales what is laid down, in either direction', () => {
    expect(machineAt(0, 0, 0, 'M83 | M221 S200').last('G1 X10 E1').filamentMm).toBe(2)
    expect(machineAt(0, 0, 0, 'M83 | M221 S-50').last('G1 X10 E-1').depositedMm).toBe(0.5)
  })
})

describe('the arc plane', () => {
  test.each([
    ['G18', PLANE_ZX],
    ['G19', PLANE_YZ],
    ['G19 | G17', PLANE_XY],
    // These three set it back, whatever it was (G28.cpp, G34.cpp, G35.cpp).
    ['G18 | G28', PLANE_XY],
    ['G18 | G28 X', PLANE_XY],
    ['G18 | G34', PLANE_XY],
    ['G19 | G35', PLANE_XY],
    ['G18 | G91 | M83 | G92 X0', PLANE_ZX],
  ])('after `%s` is G%d', (program, plane) => {
    expect(new Machine(program).state.plane).toBe(plane)
  })
})

describe('the feedrate', () => {
  test.each([
    ['G1 F1200', 1200],
    ['G1 F1200 | G1 X1', 1200],
    ['G1 F1200 | G0 F600', 600],
    ['G1 F1200 | G1 F0', 1200],
    ['G1 F1200 | G1 F-5', 1200],
    ['G28 | G1 X1', 0],
    ['G1 F1200 | G28', 1200],
  ])('after `%s` is %f mm/min', (program, feedrate) => {
    expect(new Machine(program).state.feedrateMmPerMin).toBe(feedrate)
  })

  test('of a move is its own', () => {
    expect(machineAt(0, 0, 0, 'G1 F1200').last('G1 X1 F300').feedrateMmPerMin).toBe(300)
  })
})

test('axes are told by their letters', () => {
  expect([0, 1, 2, 4, 5, 7].map(axesOf)).toEqual(['', 'X', 'Y', 'Z', 'XZ', 'XYZ'])
})
