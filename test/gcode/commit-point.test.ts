// When a copy of a licence counts for good: with which command more is laid down than the first layers.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MARLIN, Survey } from '../../gcode/index.ts'

function surveyOf(lines: readonly string[]): Survey {
  const survey = new Survey({ table: MARLIN, hasher: createHash('sha256') })
  survey.push(new Uint8Array(Buffer.from(lines.map((line) => `${line}\n`).join(''))))
  survey.end()
  return survey
}

const commitAt = (lines: readonly string[], layers = 1): number => surveyOf(lines).commitAt(layers)

const START = ['G28', 'G90', 'M83', 'G92 E0']
/** A layer at a height, of so many strokes of 1 mm filament. */
const layer = (z: number, strokes: number): readonly string[] => [
  `G1 Z${z} F600`,
  ...Array.from({ length: strokes }, (_, i) => `G1 X${10 + (i % 2) * 20} Y${10 + i} E1 F1200`),
]
const TALL = [...START, ...layer(0.2, 4), ...layer(0.4, 20), ...layer(0.6, 20), ...layer(0.8, 20)]
const FIRST_OF = [6, 11, 32, 53] as const

describe('the commit point', () => {
  test.each([
    [1, FIRST_OF[1]],
    // The second layer ends with 24 of 64 mm gone: that is too much to give away.
    [2, FIRST_OF[0]],
    [0, 1],
    [3, FIRST_OF[0]],
    [4, FIRST_OF[0]],
    [100_000, FIRST_OF[0]],
  ])('of a copy that counts after layer %i is command %i', (layers, command) => {
    expect(commitAt(TALL, layers)).toBe(command)
    expect(TALL[FIRST_OF[0] - 1]).toMatch(/E1/)
    expect(TALL[FIRST_OF[1] - 1]).toMatch(/E1/)
  })

  test('comes at a later layer where the first ones are thin', () => {
    const job = [...START, ...layer(0.2, 2), ...layer(0.4, 2), ...layer(0.6, 2), ...layer(0.8, 90)]
    expect([1, 2, 3].map((layers) => commitAt(job, layers))).toEqual([9, 12, 15])
  })

  test('is the first extrusion where a tenth of the filament and more is gone by then', () => {
    const of = (first: number) => commitAt([...START, ...layer(0.2, first), ...layer(0.4, 90)])
    expect(of(10)).toBe(17)
    expect(of(11)).toBe(6)
  })

  test('is the first extrusion where there is no layer after it, in place too', () => {
    expect(commitAt([...START, ...layer(0.2, 9)])).toBe(6)
    expect(commitAt([...START, 'G1 E5 F300', ...layer(0.2, 9)])).toBe(5)
  })

  test('is the first command of a job that lays nothing down', () => {
    expect(commitAt(['G28', 'G1 X10 F3000'])).toBe(1)
    expect(commitAt(['G28', 'G1 X10 F3000'], 0)).toBe(1)
  })

  test('counts a purge at another height as a layer: it comes sooner for it, never later', () => {
    const purged = [...START, ...layer(0.3, 1), ...layer(0.2, 4), ...layer(0.4, 60)]
    expect(commitAt(purged)).toBe(8)
  })

  test.each(['M105', 'M110 N5', 'M114', 'M31'])('is not put off by added `%s`', (line) => {
    const added = Array.from({ length: 1000 }, () => line)
    expect(commitAt([...added, ...TALL])).toBe(FIRST_OF[1])
    expect(commitAt([...TALL.slice(0, 8), ...added, ...TALL.slice(8)])).toBe(FIRST_OF[1])
  })

  test('is not put off by comments, blank lines and spaces, nor by how the file is read', () => {
    const spaced = TALL.flatMap((line) => ['; LAYER_CHANGE', '', `  ${line.replaceAll(' ', '  ')}\r`])
    expect(commitAt(spaced)).toBe(FIRST_OF[1])
    const bytes = new Uint8Array(Buffer.from(`${TALL.join('\n')}\n`))
    for (const size of [1, 7, 64]) {
      const survey = new Survey({ table: MARLIN, hasher: createHash('sha256') })
      for (let at = 0; at < bytes.length; at += size)
        survey.push(bytes, at, Math.min(bytes.length, at + size))
      survey.end()
      expect(survey.commitAt(1)).toBe(FIRST_OF[1])
    }
  })

  test('is not put off by retractions, hops and travel', () => {
    const hops = ['G1 E-2 F1800', 'G1 Z5 F600', 'G1 X0 Y0 F3000', 'G1 Z0.2 F600', 'G1 E2 F1800']
    const job = [...START, ...layer(0.2, 2), ...hops, ...layer(0.2, 2), ...layer(0.4, 60)]
    const command = job.indexOf('G1 Z0.4 F600') + 2
    expect(commitAt(job)).toBe(command)
  })

  test('is told of at most as many layers as are kept, and beyond them is the first extrusion', () => {
    const thin = Array.from({ length: 1100 }, (_, i) => layer((i + 1) / 10, 1)).flat()
    const job = [...START, ...thin, ...layer(200, 20_000)]
    expect(commitAt(job, 1023)).toBe(START.length + 2 * 1024)
    expect(commitAt(job, 1024)).toBe(6)
  })
})
