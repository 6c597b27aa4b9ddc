import { describe, expect, test } from 'vitest'
import { factsOf, surveyJob } from './job.ts'

const START = 'G28\nG1 X10 Y10 Z0.2 F3000\nM83\n'
const AREA_MM2 = (Math.PI * 1.75 * 1.75) / 4

describe('counts', () => {
  test('lines count all of them, commands those that hold one and are read', () => {
    const job = surveyJob('G28\n\n; c\nM105\nX1\nG4321\n  \n')
    expect(job.facts).toMatchObject({ lines: 7, commands: 3 })
    expect(job).toMatchObject({ lineCount: 7, refusedCount: 1 })
  })

  test('a last line without its end counts, an end without a line does not', () => {
    expect(factsOf('G28\nG28').lines).toBe(2)
    expect(factsOf('G28\nG28\n').lines).toBe(2)
    expect(factsOf('').lines).toBe(0)
  })

  test('line ends of every kind count alike', () => {
    const expected = factsOf(`${START}G1 X20 E1\n`)
    expect(factsOf(`${START}G1 X20 E1\n`.replaceAll('\n', '\r\n'))).toEqual(expected)
    expect(factsOf(`${START}G1 X20 E1\n`.replaceAll('\n', '\r'))).toEqual(expected)
  })

  test('classes are counted by name, those that do not occur are left out', () => {
    expect(factsOf('G28\nG1 X1\nG1 X2\nM104 S200\nM106 S255\nM117 hi\nM9999').classes).toEqual({
      homing: 1,
      motion: 2,
      heating: 1,
      fans: 1,
      messages: 1,
    })
  })

  test('unknown commands are told by name with the line where each first stands, twenty of them', () => {
    const { unknownCommands } = factsOf('G28\nM9998\nG4321 X1\nM9998\n')
    expect(unknownCommands).toEqual([
      { name: 'M9998', line: 2 },
      { name: 'G4321', line: 3 },
    ])
    const many = Array.from({ length: 50 }, (_, i) => `M${2000 + i}`).join('\n')
    expect(factsOf(many).unknownCommands).toHaveLength(20)
    expect(factsOf(many).commands).toBe(50)
  })

  test('refused lines keep their number, their reason and their count, and the first twenty are told', () => {
    const { refusedCount, refusedLines } = surveyJob(`G28\n${'G1 X\n'.repeat(50)}`)
    expect(refusedCount).toBe(50)
    expect(refusedLines).toHaveLength(20)
    expect(refusedLines[0]).toMatchObject({ line: 2, code: 'value-missing' })
    expect(refusedLines.at(-1)).toMatchObject({ line: 21 })
  })

  test('tools are told in order, each once', () => {
    expect(factsOf('T3\nT0\nT3\nT12').tools).toEqual([0, 3, 12])
    expect(factsOf('M104 T1 S200').tools).toEqual([1])
    expect(factsOf('M104 T-1 S200\nM104 T200 S200').tools).toEqual([])
  })
})

describe('bounds', () => {
  test('of extrusion hold only what is laid down, those of travel every place', () => {
    const facts = factsOf(`${START}G1 X20 Y30 E1\nG1 X200 Y5 Z50\n`)
    expect(facts.extrusionBoundsMm).toEqual({ min: { x: 10, y: 10, z: 0.2 }, max: { x: 20, y: 30, z: 0.2 } })
    expect(facts.travelBoundsMm).toEqual({ min: { x: 10, y: 5, z: 0.2 }, max: { x: 200, y: 30, z: 50 } })
    expect(facts.sizeMm).toEqual({ x: 10, y: 20, z: 0.2 })
  })

  test('are none where nothing is laid down, or where nobody knows where', () => {
    expect(factsOf('G28\nG1 X10 Y10 Z1').extrusionBoundsMm).toBeNull()
    expect(factsOf('G28\nG1 X10 Y10 Z1').sizeMm).toBeNull()
    expect(factsOf('G28\nM83\nG1 X10 Y10 E5').extrusionBoundsMm).toBeNull()
    expect(factsOf('M104 S200').travelBoundsMm).toBeNull()
  })

  test('do not grow by priming in place, or by recovering what was pulled back', () => {
    const facts = factsOf(`${START}G1 X20 E1\nG1 X100 E-1\nG1 E5\nG1 E-5\nG1 X150\nG1 E2\n`)
    expect(facts.extrusionBoundsMm!.max.x).toBe(20)
  })

  test.each([-5, -9000])('hold what is pushed on the way, though %d mm were pulled back before', (pulled) => {
    const facts = factsOf(`${START}G1 E${pulled}\nG1 X150 E2\nG1 Z0.9\nG1 Y150 E2\n`)
    expect(facts.extrusionBoundsMm!.max).toEqual({ x: 150, y: 150, z: 0.9 })
    expect(facts.layers.count).toBe(2)
    expect(facts.filamentMm).toBe(4)
  })

  test('hold an arc by its sweep', () => {
    const facts = factsOf('G28\nG1 X100 Y100 Z1 F3000\nM83\nG3 X100 Y120 I0 J10 E1\n')
    expect(facts.extrusionBoundsMm!.max.x).toBeCloseTo(110, 5)
    expect(facts.extrusionBoundsMm!.min.x).toBeCloseTo(100, 5)
  })

  test('are those of the machine, whatever G92 calls the place', () => {
    const facts = factsOf(`${START}G92 X0 Y0\nG1 X5 Y5 E1\n`)
    expect(facts.extrusionBoundsMm!.max).toEqual({ x: 15, y: 15, z: 0.2 })
  })

  test('are millimetres in inch jobs too', () => {
    const facts = factsOf('G20\nG28\nG1 X1 Y1 Z0.01 F100\nM83\nG1 X2 E0.1\n')
    expect(facts.extrusionBoundsMm!.max.x).toBeCloseTo(50.8, 5)
    expect(facts.filamentMm).toBeCloseTo(2.54, 5)
    expect(facts.feedrateMaxMmPerMin).toBeCloseTo(2540, 5)
  })
})

describe('filament', () => {
  test('is what is laid down or purged, in mm and mm³', () => {
    const facts = factsOf(`${START}G1 E3\nG1 E-2\nG1 E2\nG1 X20 E1\n`)
    expect(facts.filamentMm).toBe(4)
    expect(facts.filamentMm3).toBeCloseTo(4 * AREA_MM2, 5)
  })

  test('is measured the same whoever pulls back and recovers in place', () => {
    const retraction = 'G1 X21 E-0.1\nG1 E-0.7 F2100\nG1 E0.8 F2100\nG1 X20 F1200\n'
    const plain = factsOf(`${START}G1 X20 E1 F1200\n`)
    const retracted = factsOf(`${START}G1 X20 E1 F1200\n${retraction.repeat(9)}`)
    expect(retracted.filamentMm).toBe(plain.filamentMm)
    expect(retracted.flowMaxMm3PerS).toBe(plain.flowMaxMm3PerS)
  })

  test('counts flow and volume', () => {
    expect(factsOf(`${START}M221 S50\nG1 X20 E1\n`).filamentMm).toBe(0.5)
    expect(factsOf(`${START}M200 D1.75\nG1 X20 E1\n`).filamentMm3).toBeCloseTo(1, 5)
  })

  test('is none in a job that only pulls back', () => {
    expect(factsOf('M83\nG1 E-5 F300').filamentMm).toBe(0)
  })
})

describe('speed and flow', () => {
  test('the fastest feedrate that is used, with its factor', () => {
    expect(factsOf(`${START}G1 X20 F6000\nG1 F9000\n`).feedrateMaxMmPerMin).toBe(9000)
    expect(factsOf(`${START}M220 S200\nG1 X20 F6000\n`).feedrateMaxMmPerMin).toBe(12_000)
    expect(factsOf('G28\nG1 X1').feedrateMaxMmPerMin).toBeNull()
  })

  test('the flow is what is laid down in the time that its path takes', () => {
    // 1 mm of filament over 10 mm of path at 50 mm/s: a fifth of a second.
    expect(factsOf(`${START}G1 X20 E1 F3000\n`).flowMaxMm3PerS).toBeCloseTo(5 * AREA_MM2, 5)
    // In place the feedrate is the filament's own.
    expect(factsOf('M83\nG1 E10 F300').flowMaxMm3PerS).toBeCloseTo(5 * AREA_MM2, 5)
    expect(factsOf('M83\nG1 E-10 F6000').flowMaxMm3PerS).toBeNull()
  })
})

describe('temperatures', () => {
  test.each([
    ['M104 S210', 210],
    ['M109 R220', 220],
    ['M109 S0 R300', 300],
    ['M104 S200\nM104 S0', 200],
    ['M104 T1 S240', 240],
    ['M104 S0', 0],
    ['M104 S200.9', 200],
    // AUTOTEMP raises the target with the flow, up to B.
    ['M104 S200 B300 F1', 300],
    ['M109 B280', 280],
    ['M303 E0 S250 C5', 250],
    ['G26 H240 B70', 240],
    ['M104', null],
    ['M140 S60', null],
    ['M303 E-1 S60', null],
  ])('`%s` makes the hottest nozzle %s', (job, celsius) => {
    expect(factsOf(job).nozzleMaxCelsius).toBe(celsius)
  })

  test.each([
    ['M140 S60', 60, null],
    ['M190 R100', 100, null],
    ['M141 S40', null, 40],
    ['M191 S50', null, 50],
    ['M303 E-1 S60', 60, null],
    ['G26 H240 B70', 70, null],
    ['M104 S200', null, null],
  ])('`%s` makes the bed %s and the chamber %s', (job, bed, chamber) => {
    expect(factsOf(job)).toMatchObject({ bedMaxCelsius: bed, chamberMaxCelsius: chamber })
  })

  test('what the material meets is the target that stood while it was laid down', () => {
    const job = (...lines: string[]): number | null =>
      factsOf(START + lines.join('\n')).nozzlePrintingMaxCelsius
    expect(job('M104 S210', 'G1 X20 E1', 'M104 S0')).toBe(210)
    expect(job('M104 S280', 'M104 S210', 'G1 X20 E1')).toBe(210)
    expect(job('M104 S210', 'G1 X20 E1', 'M104 S230', 'G1 X30 E1', 'M104 S100')).toBe(230)
    expect(job('M104 S210', 'G1 X20')).toBeNull()
    expect(job('G1 X20 E1')).toBeNull()
  })
})
