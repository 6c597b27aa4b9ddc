import { describe, expect, test } from 'vitest'
import { fixtureJob, JOB_HEADS, surveyJob, WHOLE_JOBS } from './job.ts'
import { linesOf } from './lines-of.ts'

const surveyed = new Map(
  [...WHOLE_JOBS, ...JOB_HEADS].map((name) => [name, surveyJob(fixtureJob(name))] as const),
)

describe('every slicer file', () => {
  test.each([...surveyed])('%s is surveyed without a refused line or an unknown command', (_name, job) => {
    expect(job.refusedLines).toEqual([])
    expect(job.refusedCount).toBe(0)
    expect(job.facts.unknownCommands).toEqual([])
    expect(job.facts.commands).toBeGreaterThan(500)
  })

  test.each([...surveyed])('%s prints on the bed of an ordinary printer', (_name, { facts }) => {
    const { min, max } = facts.extrusionBoundsMm!
    for (const axis of ['x', 'y', 'z'] as const) {
      expect(min[axis]).toBeGreaterThan(0)
      expect(max[axis]).toBeLessThan(220)
    }
    expect(facts.nozzleMaxCelsius).toBeGreaterThanOrEqual(200)
    expect(facts.nozzleMaxCelsius).toBeLessThanOrEqual(215)
    expect(facts.flowMaxMm3PerS).toBeLessThan(15)
  })

  test.each([...surveyed.keys()])('%s has canonical commands that are surveyed alike', (name) => {
    const bytes = fixtureJob(name)
    const canonical = linesOf(bytes).map((line) => line.canonical!)
    const again = surveyJob(canonical.join('\n'))
    const { lines: _, ...facts } = surveyed.get(name)!.facts
    expect(again.facts).toMatchObject(facts)
    expect(again.digest).toBe(surveyed.get(name)!.digest)
  })
})

describe('what the slicer says of its own file agrees with what is measured', () => {
  test.each([
    ['prusa-cube.gcode.br', 1552.05],
    ['prusa-cube-arcs.gcode.br', 1552.05],
    ['../demo/cube.gcode', 426.99],
  ] as const)('%s: %f mm of filament, to the hundredth that is written', (name, filamentMm) => {
    const { claims, facts } = surveyed.get(name)!
    expect(claims.filamentMm).toBe(filamentMm)
    expect(Math.abs(facts.filamentMm - filamentMm)).toBeLessThan(0.01)
    expect(Math.abs(facts.filamentMm3 / claims.filamentMm3! - 1)).toBeLessThan(0.005)
  })

  test('slic3r-1.3-cube.gcode: 150.2 mm of filament, to the tenth that is written', () => {
    const { claims, facts } = surveyed.get('slic3r-1.3-cube.gcode')!
    expect(claims.filamentMm).toBe(150.2)
    expect(Math.abs(facts.filamentMm - 150.2)).toBeLessThan(0.05)
  })

  test.each([
    ['prusa-cube.gcode.br', 99, 0.35, 0.2],
    ['prusa-cube-arcs.gcode.br', 99, 0.35, 0.2],
    ['../demo/cube.gcode', 33, 0.35, 0.3],
    ['slic3r-1.3-cube.gcode', 33, 0.35, 0.3],
    ['curaengine-4.13-cube.gcode', 98, 0.3, 0.1],
  ] as const)('%s: %d layers of %f and %f mm', (name, count, firstMm, othersMm) => {
    const { layers } = surveyed.get(name)!.facts
    expect(layers.count).toBe(count)
    expect(layers.maxHeightMm).toBeCloseTo(firstMm, 6)
    expect(layers.minHeightMm).toBeCloseTo(othersMm, 6)
    expect(surveyed.get(name)!.claims.layerHeightMm).toBe(othersMm)
  })

  test('as many layers as the file marks', () => {
    const count = (name: string, mark: string): number =>
      Buffer.from(fixtureJob(name)).toString('latin1').split(mark).length - 1
    expect(count('prusa-cube.gcode.br', ';LAYER_CHANGE')).toBe(
      surveyed.get('prusa-cube.gcode.br')!.facts.layers.count,
    )
    expect(surveyed.get('curaengine-4.13-cube.gcode')!.claims.layerCount).toBe(98)
  })

  test('CuraEngine run alone claims nonsense, and the facts do not care', () => {
    const { claims, facts } = surveyed.get('curaengine-4.13-cube.gcode')!
    expect(claims).toMatchObject({ filamentMm: 0, estimatedSeconds: 6666 })
    expect(facts.filamentMm).toBeCloseTo(129.46, 2)
    expect(facts.estimatedSeconds).toBeLessThan(1000)
  })
})

describe('what the parts are', () => {
  test.each([
    // A cube of 20 mm with 6.6 mm of skirt around it, at the middle of the bed.
    ['prusa-cube.gcode.br', [108.375, 88.375, 0.35], [141.625, 121.625, 19.95]],
    ['../demo/cube.gcode', [88.375, 88.375, 0.35], [111.625, 111.625, 9.95]],
    ['slic3r-1.3-cube.gcode', [88.375, 88.375, 0.35], [111.625, 111.625, 9.95]],
    ['curaengine-4.13-cube.gcode', [42.2, 42.2, 0.3], [67.8, 67.8, 10]],
  ] as const)('%s lies between %j and %j', (name, min, max) => {
    const bounds = surveyed.get(name)!.facts.extrusionBoundsMm!
    expect([bounds.min.x, bounds.min.y, bounds.min.z]).toEqual(min)
    expect([bounds.max.x, bounds.max.y, bounds.max.z]).toEqual(max)
  })

  test('the twin with arcs is the same part: filament to rounding, bounds to the tolerance of its maker', () => {
    const straight = surveyed.get('prusa-cube.gcode.br')!.facts
    const arcs = surveyed.get('prusa-cube-arcs.gcode.br')!.facts
    expect(arcs.filamentMm).toBeCloseTo(straight.filamentMm, 6)
    for (const side of ['min', 'max'] as const)
      for (const axis of ['x', 'y', 'z'] as const)
        expect(
          Math.abs(arcs.extrusionBoundsMm![side][axis] - straight.extrusionBoundsMm![side][axis]),
        ).toBeLessThan(0.05)
    expect(arcs.layers.count).toBe(straight.layers.count)
    expect(arcs.nozzleMaxCelsius).toBe(straight.nozzleMaxCelsius)
    expect(arcs.commands).toBeLessThan(straight.commands)
  })
})
