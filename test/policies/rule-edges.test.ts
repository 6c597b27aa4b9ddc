import { describe, expect, test } from 'vitest'
import { COMMAND_CLASSES, MARLIN } from '../../gcode/index.ts'
import { judgeGcode, RULES } from '../../policies/index.ts'
import { GUARDED_CLASSES } from '../../policies/rules/command-classes.ts'
import { EMPTY_JOB, objectionsTo, policyOf } from './snippet.ts'

function rule(id: string) {
  const found = RULES.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no rule ${id}`)
  return found
}

function codes(id: string, options: unknown, gcode: string): readonly string[] {
  return judgeGcode(policyOf(rule(id), options), gcode).reasons.map(({ code }) => code)
}

describe('nozzle-temperature', () => {
  const limit = { maxCelsius: 260 }

  test('reads the number as the firmware does, without its fraction', () => {
    expect(codes('nozzle-temperature', limit, 'M104 S260.9')).toEqual([])
    expect(codes('nozzle-temperature', limit, 'M104 S261.0')).toEqual(['nozzle-temperature'])
  })

  test('is not fooled by how the number is written', () => {
    for (const line of ['m104s300', 'M104 S+300', 'M0104 S0300', 'M104 S 300', 'N1 M104 S300*103'])
      expect(codes('nozzle-temperature', limit, line), line).toEqual(['nozzle-temperature'])
  })

  test('leaves it to the reader to refuse what would wrap in the printer', () => {
    for (const line of ['M104 S65796', 'M109 R-65276', 'M104 S2e3'])
      expect(codes('nozzle-temperature', limit, line)[0], line).toMatch(/^grammar\./)
  })

  test('says nothing of targets below zero, which heat nothing', () => {
    expect(codes('nozzle-temperature', limit, 'M104 S-5')).toEqual([])
  })

  test('holds for every command that heats a nozzle by a target on its line', () => {
    const heating = MARLIN.rows.filter((row) => row.heats && row.class === 'heating').map(({ name }) => name)
    expect(heating).toEqual(['M104', 'M109', 'M140', 'M141', 'M143', 'M190', 'M191', 'M192', 'M193'])
  })
})

describe('feedrate', () => {
  test('is judged on the move that uses it, in the unit that holds there', () => {
    const limit = { maxMmPerMin: 6000 }
    expect(codes('feedrate', limit, 'G28\nG1 F9000\nG1 F3000\nG1 X10')).toEqual([])
    expect(codes('feedrate', limit, 'G28\nG1 F9000\nG1 X10')).toEqual(['feedrate'])
    expect(codes('feedrate', limit, 'G28\nG20\nG1 F240\nG21\nG1 X10')).toEqual(['feedrate'])
  })

  test('of nothing and less leaves the one before, as in the firmware', () => {
    expect(codes('feedrate', { maxMmPerMin: 6000 }, 'G28\nG1 X10 F9000\nG1 X20 F0\nG1 X30 F-5')).toEqual([
      'feedrate',
    ])
    expect(
      judgeGcode(policyOf(rule('feedrate'), { maxMmPerMin: 6000 }), 'G28\nG1 X10 F9000\nG1 X20 F0').reasons,
    ).toMatchObject([{ count: 2 }])
  })

  test('of Z counts only its share of a slanted move', () => {
    const limit = { maxMmPerMin: 12000, zMaxMmPerMin: 600 }
    const start = 'G28\nG1 X10 Y10 Z1 F600\n'
    expect(codes('feedrate', limit, `${start}G1 X110 Z1.3 F6000`)).toEqual([])
    expect(codes('feedrate', limit, `${start}G1 X11 Z2 F6000`)).toEqual(['feedrate.z'])
    expect(codes('feedrate', limit, `${start}G2 X20 Y10 I5 F6000`)).toEqual([])
    expect(codes('feedrate', limit, `${start}G2 X20 Y10 Z9 I5 F6000`)).toEqual(['feedrate.z'])
  })

  test('of an XY arc is not taken for one along a Z that nobody knows', () => {
    const limit = { maxMmPerMin: 12000, zMaxMmPerMin: 600 }
    expect(codes('feedrate', limit, 'G28\nG1 X10 Y10 F6000\nG2 X20 Y10 I5')).toEqual([])
  })
})

describe('volumetric-flow', () => {
  const limit = { maxMm3PerS: 10 }
  const start = 'M83\nG28\nG1 X10 Y10 Z0.2 F1200\n'

  test('spreads filament along the path, arcs included', () => {
    // 1 mm of filament is 2.405 mm³; over 10 mm at 20 mm/s that is 4.81 mm³/s.
    expect(codes('volumetric-flow', limit, `${start}G1 X20 E1`)).toEqual([])
    expect(codes('volumetric-flow', limit, `${start}G1 X20 E2.1`)).toEqual(['volumetric-flow'])
    expect(codes('volumetric-flow', limit, `${start}G2 X20 Y10 I5 E2.1`)).toEqual([])
  })

  test('tells the flow that was asked for', () => {
    expect(judgeGcode(policyOf(rule('volumetric-flow'), limit), `${start}G1 X20 E4`).reasons).toMatchObject([
      { line: 4, value: '19.242 mm³/s', limit: '10 mm³/s' },
    ])
  })

  test('counts no filament that only makes up for a retraction', () => {
    expect(codes('volumetric-flow', limit, `${start}G1 E-5 F6000\nG1 E5`)).toEqual([])
    expect(codes('volumetric-flow', limit, `${start}G1 E-5 F6000\nG1 E9`)).toEqual(['volumetric-flow'])
  })

  test('lets the rounding of a slicer pass, and not many times as much', () => {
    expect(codes('volumetric-flow', limit, `${start}G1 X10.005 E.001`)).toEqual([])
    expect(codes('volumetric-flow', limit, `${start}G1 X10.005 E.01`)).toEqual(['volumetric-flow'])
  })

  test('cannot be escaped by a move that names an axis and goes nowhere', () => {
    expect(codes('volumetric-flow', limit, `${start}G1 X10 E5 F6000`)).toEqual(['volumetric-flow'])
  })

  test('counts millimetres of filament under volumetric extrusion', () => {
    expect(codes('volumetric-flow', limit, `${start}M200 D1.75\nG1 X20 E4`)).toEqual([])
    expect(codes('volumetric-flow', limit, `${start}M200 D1.75\nG1 X20 E6`)).toEqual(['volumetric-flow'])
  })
})

describe('command-classes', () => {
  test.each(GUARDED_CLASSES.map((name) => [name]))('denies %s until it is allowed by name', (name) => {
    const row = MARLIN.rows.find((one) => one.class === name && one.subcodes.length === 0)
    const line = row?.text === 'line' ? `${row.name} x` : (row?.name ?? '')
    expect(codes('command-classes', {}, line)).toEqual([`command-classes.${name}`])
    expect(codes('command-classes', { allow: [name] }, line)).toEqual([])
    expect(codes('command-classes', { allowCommands: [row?.name] }, line)).toEqual([])
  })

  test('lets the other classes through until they are denied by name', () => {
    const others = Object.keys(COMMAND_CLASSES).filter((name) => !GUARDED_CLASSES.some((one) => one === name))
    expect(others).toEqual([
      'motion',
      'homing',
      'retraction',
      'heating',
      'fans',
      'tools',
      'modes',
      'position',
      'waiting',
      'status',
      'progress',
      'objects',
      'factors',
      'dynamics',
      'motors',
      'pauses',
      'lights',
      'checks',
    ])
    expect(codes('command-classes', {}, 'M18')).toEqual([])
    expect(codes('command-classes', { deny: ['motors'] }, 'M18')).toEqual(['command-classes.motors'])
  })

  test('guards every command that stores or scales, but for what slicers need and what does no harm', () => {
    const unguarded = MARLIN.rows
      .filter((row) => (row.stores || row.scales) && !GUARDED_CLASSES.includes(row.class))
      .map(({ name }) => name)
    expect(unguarded.join(' ')).toBe('G29 M78 M164 M207 M208 M209 M217 M221 M414 M605')
  })

  test('prefers a command that is denied to a class that is allowed', () => {
    expect(codes('command-classes', { allow: ['messages'], denyCommands: ['M118'] }, 'M118 x')).toEqual([
      'command-classes.command',
    ])
  })
})

describe('homing-first', () => {
  test('forgets homing where steppers are released', () => {
    for (const command of ['M84', 'M18', 'M410'])
      expect(codes('homing-first', {}, `G28\n${command}\nG1 X1 F600`), command).toEqual(['homing-first'])
  })

  test('does not take `G28 O` for a homing that happened, and takes a plain one', () => {
    expect(codes('homing-first', {}, 'G28 O\nG1 Z5 F600')).toEqual(['homing-first'])
    expect(codes('homing-first', {}, 'G28 X Y\nG28 O\nG1 Z5 F600')).toEqual(['homing-first'])
    expect(codes('homing-first', {}, 'G28\nG28 O\nG1 Z5 F600')).toEqual([])
    expect(codes('homing-first', {}, 'G28 Z\nG1 Z5 F600')).toEqual([])
    expect(codes('homing-first', {}, 'G28 Z\nG1 X5 F600')).toEqual(['homing-first'])
  })
})

describe('material', () => {
  const temperatures = (filamentType: string, celsius: number) =>
    objectionsTo(policyOf(rule('material'), {}), {
      title: '',
      job: { claims: { filamentType }, facts: { ...EMPTY_JOB.facts, nozzlePrintingMaxCelsius: celsius } },
    })

  test.each([
    ['PLA', 170, 250],
    ['pla+', 170, 250],
    ['PLA Silk', 170, 250],
    ['"PLA"', 170, 250],
    ['PLA-CF', 170, 250],
    ['Nylon', 210, 330],
    ['PAHT-CF', 210, 330],
    ['PA6-GF', 210, 330],
    ['PET(G)', 205, 280],
    ['PEEK', 340, 480],
  ])('knows what %s is printed at', (type, min, max) => {
    expect(temperatures(type, min)).toEqual([])
    expect(temperatures(type, max)).toEqual([])
    expect(temperatures(type, min - 1)).toHaveLength(1)
    expect(temperatures(type, max + 1)).toHaveLength(1)
  })

  test('with several materials takes the highest temperature for that of the hottest', () => {
    expect(temperatures('PLA;PC', 280)).toEqual([])
    expect(temperatures('PLA;PC', 210)).toHaveLength(1)
  })

  test('says nothing of materials that it does not know, alone or among others', () => {
    expect(temperatures('WOOD', 500)).toEqual([])
    expect(temperatures('PLA;WOOD', 500)).toEqual([])
  })

  test('quotes the claim in printable characters', () => {
    const [objection] = objectionsTo(policyOf(rule('material'), { allow: ['PLA'] }), {
      title: '',
      job: { claims: { filamentType: '\x1b[31m`evil`' } },
    })
    expect(objection).toContain('material `?[31M?EVIL?` is not one of those allowed here')
  })

  test.each(['warn', 'hold', 'deny'] as const)('meets a job that claims nothing with %s', (unclaimed) => {
    expect(judgeGcode(policyOf(rule('material'), { unclaimed }), 'G28').outcome).toBe(unclaimed)
  })
})
