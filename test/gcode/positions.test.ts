import { describe, expect, test } from 'vitest'
import { MARLIN } from '../../gcode/index.ts'
import { axesOf, Machine, machineAt } from './machine.ts'

describe('homing', () => {
  test('ties the coordinates to the machine, and leaves the place to the printer', () => {
    const machine = new Machine('G28')
    expect(machine.position()).toEqual([null, null, null])
    expect(axesOf(machine.state.homed)).toBe('XYZ')
    machine.run('G1 X10 Y20')
    expect(machine.position()).toEqual([10, 20, null])
  })

  test('before it no coordinate tells where the toolhead is', () => {
    expect(new Machine('G1 X10 Y20 Z3').position()).toEqual([null, null, null])
    expect(new Machine('G92 X10 Y20 Z3 | G1 X5 Y5 Z5').position()).toEqual([null, null, null])
  })

  test.each([
    ['G28 X', 'X'],
    ['G28 X0 Y0', 'XY'],
    ['G28 Z', 'Z'],
    ['G28 X | G28 Y', 'XY'],
    ['G28 W', 'XYZ'],
    ['G28 R5', 'XYZ'],
  ])('after `%s` the homed axes are %s', (program, homed) => {
    expect(axesOf(new Machine(program).state.homed)).toBe(homed)
  })

  test('of one axis leaves the place of every axis in doubt until it is told again', () => {
    expect(machineAt(1, 2, 3, 'G28 X').position()).toEqual([null, null, null])
    expect(machineAt(1, 2, 3, 'G28 X | G1 X5 Y6').position()).toEqual([5, 6, null])
  })

  test('takes back what G92 shifted, on the axes that it homes', () => {
    const shifted = machineAt(10, 10, 10, 'G92 X0 Y0')
    expect(shifted.state).toMatchObject({ shiftX: 10, shiftY: 10 })
    shifted.run('G28 X')
    expect(shifted.state).toMatchObject({ shiftX: 0, shiftY: 10 })
    expect(shifted.run('G1 X1 Y1').at(-1)).toMatchObject({ max: { x: 1, y: 11 } })
  })

  test.each([
    ['G28 O', ''],
    ['G28 O X', ''],
    ['G28 X | G28 O', 'X'],
    ['G28 | G28 O', 'XYZ'],
    ['G28 | G28 O Z', 'XYZ'],
    ['G28 | M84 Z | G28 O', 'XY'],
    ['G28 | G1 X10 | G92 X0 | G28 O', ''],
    ['G28 X | G1 X10 | G92 X0 | G28 O', ''],
    ['G28 | G18 | G28 O', ''],
    ['G28 O | G28', 'XYZ'],
  ])('only where it is needed may do nothing: after `%s` the homed axes are %j', (program, homed) => {
    const machine = new Machine(program)
    expect(axesOf(machine.state.homed)).toBe(homed)
    expect(machine.position()).toEqual([null, null, null])
  })

  test('that may do nothing leaves coordinates as they were, and the place to the printer', () => {
    expect(machineAt(1, 2, 3, 'G28 O | G1 X5 Y6').position()).toEqual([5, 6, null])
    const shifted = machineAt(10, 10, 10, 'G92 X0 | G28 O')
    expect(shifted.run('G1 X5 Y5 Z5').at(-1)).toMatchObject({ known: '' })
    expect(shifted.run('G28 | G1 X5').at(-1)).toMatchObject({ known: 'X', max: { x: 5 } })
  })
})

describe('G92', () => {
  test('renames the place and leaves the toolhead where it is', () => {
    const machine = machineAt(100, 100, 10, 'G92 X0 Y50 Z10')
    expect(machine.position()).toEqual([100, 100, 10])
    expect(machine.last('G1 X1 Y50 Z0')).toMatchObject({
      min: { x: 100, y: 100, z: 0 },
      max: { x: 101, y: 100, z: 10 },
    })
  })

  test('adds up', () => {
    const machine = machineAt(100, 0, 0, 'G92 X0 | G1 X10 | G92 X0 | G1 X10')
    expect(machine.position()).toEqual([120, 0, 0])
  })

  test('is counted in the units of the moment', () => {
    expect(machineAt(100, 0, 0, 'G20 | G92 X1 | G21').last('G1 X0').max.x).toBe(100)
    expect(machineAt(100, 0, 0, 'G20 | G92 X1 | G21 | G1 X0').position()[0]).toBeCloseTo(74.6, 9)
  })

  test('in an unknown place unties the axis from the machine', () => {
    const machine = new Machine('G28 | G92 X0 | G1 X10 Y10')
    expect(machine.position()).toEqual([null, 10, null])
    expect(axesOf(machine.state.homed)).toBe('YZ')
    machine.run('G28 | G1 X10')
    expect(machine.position()).toEqual([10, null, null])
  })

  test('of the extruder changes what E means and pushes nothing', () => {
    const machine = machineAt(0, 0, 0, 'G1 X10 E5 | G92 E0')
    expect(machine.state.filamentMm).toBe(5)
    expect(machine.last('G1 X20 E5')).toMatchObject({ filamentMm: 5, depositedMm: 5 })
    expect(machine.state.filamentMm).toBe(10)
  })

  test('in relative mode takes its words as they are', () => {
    expect(machineAt(5, 0, 0, 'G91 | G92 X0 | G90').last('G1 X1').max.x).toBe(6)
  })

  test('without words changes nothing here', () => {
    const machine = machineAt(1, 2, 3, 'G92 X0')
    const shift = machine.state.shiftX
    machine.run('G92')
    expect(machine.state.shiftX).toBe(shift)
  })
})

describe('filament', () => {
  test('that was pulled back is not laid down again by its recovery', () => {
    const machine = machineAt(0, 0, 0, 'M83')
    const deposited = machine
      .run('G1 X10 E2 | G1 E-5 | G1 E3 | G1 E2 | G1 X20 E1')
      .map((move) => move.depositedMm)
    expect(deposited).toEqual([2, 0, 0, 0, 1])
    expect(machine.state.filamentMm).toBe(3)
  })

  test('that is recovered by more than was pulled back counts for the rest', () => {
    expect(machineAt(0, 0, 0, 'M83 | G1 E10 | G1 E-2').last('G1 E2.5').depositedMm).toBeCloseTo(0.5, 12)
  })

  test('counts the same in absolute and relative coordinates', () => {
    const absolute = machineAt(0, 0, 0, 'M82 | G1 X1 E2 | G1 E1 | G92 E0 | G1 E1 | G1 X2 E4')
    const relative = machineAt(0, 0, 0, 'M83 | G1 X1 E2 | G1 E-1 | G1 E1 | G1 X2 E3')
    expect(absolute.state.filamentMm).toBe(relative.state.filamentMm)
    expect(absolute.state.filamentMm).toBe(5)
  })

  test('of another tool is not behind because the last tool was', () => {
    const machine = machineAt(0, 0, 0, 'M83 | G1 E10 | G1 E-100 | T1')
    expect(machine.last('G1 X10 E100').depositedMm).toBe(100)
  })

  test('of the same tool is behind still where the tool is named again', () => {
    const machine = machineAt(0, 0, 0, 'M83 | G1 E10 | G1 E-100 | T0')
    expect(machine.last('G1 E100').depositedMm).toBe(0)
  })

  test.each([
    ['along one axis', 'G1 X10 E3'],
    ['up', 'G1 Z5 E3'],
    ['along an axis that it names and does not leave', 'G1 X0 E3'],
    ['round an arc', 'G2 X10 Y0 I5 J0 E3'],
    ['round a circle that names no axis', 'G3 I5 J0 E3'],
  ])('that is pushed %s is laid down, however much was pulled back before', (_what, line) => {
    const machine = machineAt(0, 0, 0, 'M83 | G1 E10 | G1 E-5')
    expect(machine.last(line)).toMatchObject({ filamentMm: 3, depositedMm: 3 })
    expect(machine.state).toMatchObject({ filamentMm: 13, retractedMm: 2 })
    expect(machine.last('G1 E3').depositedMm).toBe(1)
  })

  test('of a pull that the firmware may never have made is not there to be pushed', () => {
    expect(machineAt(0, 0, 0, 'M83 | G1 E-200').last('G1 E200').depositedMm).toBe(0)
    expect(machineAt(0, 0, 0, 'M83 | G1 E-5 | G1 E-200.1').last('G1 E200').depositedMm).toBe(195)
    expect(machineAt(0, 0, 0, 'G1 E-9000').last('G1 E-8000').depositedMm).toBe(1000)
  })

  test('of many pulls is no more than reaches from the spool to the nozzle', () => {
    const pulls = ' | G1 E-150'.repeat(10)
    expect(machineAt(0, 0, 0, `M83${pulls}`).last('G1 E1000').depositedMm).toBe(800)
  })

  test('that was pulled back in fractions is recovered without a remainder', () => {
    const machine = machineAt(0, 0, 0, 'M83 | G1 X1 E1 | G1 X0 E-0.1 | G1 E-0.7')
    expect(machine.state.retractedMm).not.toBe(0.8)
    expect(machine.last('G1 E0.8').depositedMm).toBe(0)
  })
})

describe('what moves the machine without saying where', () => {
  test('a tool change: the tool sits elsewhere than the last one', () => {
    const machine = machineAt(1, 2, 3, 'T1')
    expect(machine.position()).toEqual([null, null, null])
    expect(axesOf(machine.state.homed)).toBe('XYZ')
    expect(machineAt(1, 2, 3, 'T0').position()).toEqual([1, 2, 3])
  })

  test.each(['M84', 'M18', 'M84 X Y Z', 'M410', 'G4321', 'M4321'])(
    '`%s` cuts the tie of coordinates and machine',
    (line) => {
      const machine = machineAt(1, 2, 3, line)
      expect(machine.position()).toEqual([null, null, null])
      machine.run('G1 X5 Y5 Z5')
      expect(machine.position()).toEqual([null, null, null])
    },
  )

  test('a stepper released by name lets go of its own axis only', () => {
    const machine = machineAt(1, 2, 3, 'M84 X')
    expect(machine.position()).toEqual([null, 2, 3])
    expect(axesOf(machine.state.homed)).toBe('YZ')
  })

  test.each(['M84 E', 'M18 S60', 'M84 S0'])('`%s` frees no axis', (line) => {
    const machine = machineAt(1, 2, 3, line)
    expect(machine.position()).toEqual([1, 2, 3])
    expect(axesOf(machine.state.homed)).toBe('XYZ')
  })

  test.each(['G29', 'G30 X10 Y10', 'M600', 'M125', 'G12', 'G27', 'M24', 'G5 X1 Y1 I0 J0 P0 Q0'])(
    '`%s`',
    (line) => {
      const machine = machineAt(1, 2, 3, line)
      expect(machine.position()).toEqual([null, null, null])
      machine.run('G1 X5 Y5 Z5')
      expect(machine.position()).toEqual([5, 5, 5])
    },
  )

  test.each([
    'M105',
    'M117 hi',
    'M104 S200',
    'M106 S255',
    'G4 P10',
    'M400',
    'M204 P500',
    'M17',
    'G10',
    'G11',
  ])('but not `%s`', (line) => {
    expect(machineAt(1, 2, 3, line).position()).toEqual([1, 2, 3])
  })

  test('every row that moves and is no plain move loses a position, firmware retraction and tools apart', () => {
    const others = MARLIN.rows.filter((row) => row.moves && row.losesAxes === 0).map((row) => row.name)
    expect(others).toEqual(['G0', 'G1', 'G2', 'G3', 'G10', 'G11', 'M290', 'M293', 'M294', 'T'])
  })
})

describe('a straight move', () => {
  test('has the whole path in its bounds where both ends are known', () => {
    expect(machineAt(10, 0, 5).last('G1 X0 Y7')).toMatchObject({
      kind: 'line',
      axes: 'XY',
      startKnown: 'XYZ',
      min: { x: 0, y: 0, z: 5 },
      max: { x: 10, y: 7, z: 5 },
      lengthMm: Math.hypot(10, 7),
    })
  })

  test('has its end in its bounds where only that is known', () => {
    const move = new Machine('G28').last('G1 X10')
    expect(move).toMatchObject({ known: 'X', startKnown: '', lengthMm: 0, min: { x: 10 }, max: { x: 10 } })
  })

  test('without words goes nowhere', () => {
    expect(machineAt(1, 2, 3).last('G1')).toMatchObject({ axes: '', lengthMm: 0, filamentMm: 0 })
  })
})
