import { describe, expect, test } from 'vitest'
import { judgeGcode } from '../../policies/index.ts'
import { buildVolume } from '../../policies/rules/build-volume.ts'
import { policyOf } from './snippet.ts'

const START = 'G28\nG1 X100 Y100 Z10 F3000\n'
const policy = policyOf(buildVolume, { sizeMm: { x: 200, y: 200, z: 200 } })

function codesOf(gcode: string): readonly string[] {
  return judgeGcode(policy, gcode).reasons.map(({ code, message }) =>
    code === 'build-volume' ? message.replace(/^.* reaches (.) (\S+) mm, (\w+) .*$/, '$1 $3: $2') : code,
  )
}

describe('arcs', () => {
  test.each([
    [
      'a quarter that stays inside, though its circle does not',
      `${START}G1 X195 Y100\nG3 X185 Y110 I-10 J0`,
      [],
    ],
    ['a half that bulges out to the right', `${START}G1 X195 Y90\nG3 X195 Y110 I0 J10`, ['X above: 205']],
    ['the other half of that circle', `${START}G1 X195 Y90\nG2 X195 Y110 I0 J10`, []],
    ['a full circle without end point', `${START}G2 I40`, []],
    ['a full circle that is too wide', `${START}G2 I101`, ['X above: 302']],
    [
      'the long way round, by a negative radius',
      `${START}G1 X150 Y100\nG3 X150 Y110 R-60`,
      ['X above: 269.791'],
    ],
    ['the short way round, by a positive radius', `${START}G1 X150 Y100\nG3 X150 Y110 R60`, []],
    ['a helix that climbs out', `${START}G2 X100 Y100 Z201 I10`, ['Z above: 201']],
    ['in the plane of Z and X', `${START}G18\nG2 X100 Z10 K100`, ['Z above: 210']],
    ['in the plane of Y and Z, below the bed', `${START}G19\nG2 Y100 Z10 K-20`, ['Z below: -30']],
    ['with a centre in relative mode', `${START}G91\nG1 X95\nG3 X0 Y20 I0 J10`, ['X above: 205']],
  ])('are judged by their sweep: %s', (_what, gcode, expected) => {
    expect(codesOf(gcode)).toEqual(expected)
  })

  test.each([
    ['no centre and no radius', `${START}G2 X110`],
    ['a radius between equal points', `${START}G2 X100 Y100 R5`],
    ['a start that nobody knows', 'G28\nG2 X10 Y10 I5'],
    ['a start that a tool change made unknown', `${START}T1\nG2 X110 I5`],
  ])('are refused with %s', (_what, gcode) => {
    expect(codesOf(gcode)).toContain('build-volume.arc')
  })

  test('are let through where Z was never told, since they do not leave it', () => {
    expect(codesOf('G28\nG1 X100 Y100 F3000\nG2 X110 Y100 I5')).toEqual([])
  })

  test('are refused where they leave a Z that was never told', () => {
    expect(codesOf('G28\nG1 X100 Y100 F3000\nG91\nG2 X10 Z5 I5')).toEqual(['build-volume.unknown-position'])
  })
})

describe('positions', () => {
  test('are physical: G92 moves coordinates, not the volume', () => {
    expect(codesOf(`${START}G92 X0\nG1 X100`)).toEqual([])
    expect(codesOf(`${START}G92 X0\nG1 X101`)).toEqual(['X above: 201'])
    expect(codesOf(`${START}G92 Z0\nG1 Z-10`)).toEqual([])
    expect(codesOf(`${START}G92 Z0\nG1 Z-11`)).toEqual(['Z below: -1'])
  })

  test('of an axis that G92 named while it was unknown stay unknown', () => {
    expect(codesOf('G28\nG92 X0\nG1 X10 F3000')).toEqual(['build-volume.unknown-position'])
  })

  test('add up in relative mode', () => {
    const steps = 'G1 X10\n'.repeat(10)
    expect(codesOf(`${START}G91\n${steps}`)).toEqual([])
    expect(codesOf(`${START}G91\n${steps}G1 X0.01\n`)).toEqual(['X above: 200.01'])
  })

  test('of floating-point sums are not taken for a hair outside', () => {
    expect(codesOf(`G28\nG1 X199 Y0 Z1 F3000\nG91\n${'G1 X0.1\n'.repeat(10)}`)).toEqual([])
  })

  test('are unknown after what moves the machine by itself, until an absolute move tells them', () => {
    for (const command of ['G28', 'G29', 'G27', 'M600', 'T1', 'M701'])
      expect(codesOf(`${START}${command}\nG91\nG1 X1`), command).toEqual(['build-volume.unknown-position'])
    expect(codesOf(`${START}G29\nG1 X10 Y10\nG91\nG1 X1`)).toEqual([])
  })

  test('of filament pushed in place are judged as well', () => {
    const margin = policyOf(buildVolume, { sizeMm: { x: 200, y: 200, z: 200 }, travelMarginMm: 10 })
    expect(judgeGcode(margin, 'G28\nG1 X-5 Y10 Z1 F3000\nG1 E-1').outcome).toBe('allow')
    expect(judgeGcode(margin, 'G28\nG1 X-5 Y10 Z1 F3000\nG1 E5').reasons).toMatchObject([
      { line: 3, message: 'extruding move reaches X -5 mm, below the limit of 0 mm of the build volume' },
    ])
  })
})

describe('the lift before homing', () => {
  test.each([
    ['10 mm in one', 'G91\nG1 Z10 F600', true],
    ['10 mm in four', `G91\n${'G1 Z2.5 F600\n'.repeat(4)}`, true],
    ['more in all than 10 mm', `G91\n${'G1 Z2.5 F600\n'.repeat(5)}`, false],
    ['with X besides', 'G91\nG1 X1 Z5 F600', false],
    ['while filament is pushed', 'G91\nG1 Z5 E1 F600', false],
    ['while filament is pulled back', 'G91\nG1 Z5 E-1 F600', true],
    ['downwards', 'G91\nG1 Z-0.1 F600', false],
    ['down again after it', 'G91\nG1 Z5 F600\nG1 Z-1', false],
    ['in absolute mode', 'G1 Z5 F600', false],
    ['in inches', 'G20\nG91\nG1 Z1 F60', false],
  ])('%s', (_what, gcode, passes) => {
    expect(codesOf(gcode)).toEqual(passes ? [] : ['build-volume.unknown-position'])
  })
})
