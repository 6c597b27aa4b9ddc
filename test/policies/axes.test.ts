import { describe, expect, test } from 'vitest'
import { AXES_XYZ, AXIS_X, AXIS_Y, AXIS_Z } from '../../gcode/index.ts'
import { axisNames, isSmallLift, LIFT_MAX_MM, namedAxes, otherAxes } from '../../policies/axes.ts'
import { LineReader } from './line-reader.ts'

function reading(line: string, before?: string): LineReader {
  const reader = new LineReader()
  if (before !== undefined) reader.run(before)
  reader.read(line)
  return reader
}

describe('axes', () => {
  test.each([
    ['G1 X1', AXIS_X],
    ['G1 Y1 E1 F1', AXIS_Y],
    ['G0 Z1 X1', AXIS_X | AXIS_Z],
    ['G1 E1', 0],
    ['G2 X1 I1 J1', AXIS_X],
    ['G28 X', 0],
  ])('that %s names are those with a value', (line, axes) => {
    expect(namedAxes(reading(line).command)).toBe(axes)
  })

  test('have names, and others that are missing', () => {
    expect(axisNames(0)).toEqual([])
    expect(axisNames(AXIS_X | AXIS_Z)).toEqual(['X', 'Z'])
    expect(axisNames(AXES_XYZ)).toEqual(['X', 'Y', 'Z'])
    expect(otherAxes(AXIS_Y)).toBe(AXIS_X | AXIS_Z)
    expect(otherAxes(AXES_XYZ)).toBe(0)
  })
})

describe('a small lift', () => {
  const isLift = (line: string, before?: string): boolean => {
    const { state, move } = reading(line, before)
    return isSmallLift(state, move)
  }

  test('goes up by a relative move of Z alone', () => {
    expect(isLift('G1 Z5', 'G91')).toBe(true)
    expect(isLift('G0 Z5 F600', 'G91')).toBe(true)
    expect(isLift('G1 Z5', 'G90')).toBe(false)
    expect(isLift('G1 Z-5', 'G91')).toBe(false)
    expect(isLift('G1 X1 Z5', 'G91')).toBe(false)
    expect(isLift('G1 E5', 'G91')).toBe(false)
  })

  test('lays down nothing', () => {
    expect(isLift('G1 Z5 E1', 'G91')).toBe(false)
    expect(isLift('G1 Z5 E-1', 'G91')).toBe(true)
  })

  test('is small in all, not only by itself', () => {
    expect(isLift(`G1 Z${LIFT_MAX_MM}`, 'G91')).toBe(true)
    expect(isLift(`G1 Z${LIFT_MAX_MM + 0.01}`, 'G91')).toBe(false)
    expect(isLift('G1 Z4', 'G91\nG1 Z6')).toBe(true)
    expect(isLift('G1 Z4.1', 'G91\nG1 Z6')).toBe(false)
  })

  test('is not made small again by homing or by naming the place', () => {
    expect(isLift('G1 Z6', 'G91\nG1 Z6\nG28')).toBe(false)
    expect(isLift('G1 Z6', 'G91\nG1 Z6\nG92 Z0')).toBe(false)
  })

  test('is no arc', () => {
    expect(isLift('G2 Z5 I1', 'G91')).toBe(false)
  })
})
