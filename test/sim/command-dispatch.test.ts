import { describe, expect, test } from 'vitest'
import type { MarlinBuildName } from '../../agent/sim/index.ts'
import { benchPrinter } from './bench-printer.ts'

function isKnown(line: string, options: Parameters<typeof benchPrinter>[0] = {}): boolean {
  const bench = benchPrinter({ ...options, jumps: true })
  bench.send(line)
  return !bench.heard().some((reply) => reply.startsWith('echo:Unknown command'))
}

describe('commands of a default build', () => {
  test.each([
    'G0 X1',
    'G1 X1',
    'G2 I1',
    'G3 I1',
    'G4 P1',
    'G21',
    'G28',
    'G90',
    'G91',
    'G92 E0',
    'M17',
    'M18',
    'M20',
    'M21',
    'M22',
    'M23 a',
    'M24',
    'M25',
    'M26 S0',
    'M27',
    'M30 a',
    'M31',
    'M42 P1 S0',
    'M73 P5',
    'M75',
    'M76',
    'M77',
    'M81',
    'M82',
    'M83',
    'M84',
    'M85',
    'M92',
    'M104 S0',
    'M105',
    'M106',
    'M107',
    'M108',
    'M109 S0',
    'M110',
    'M111',
    'M113',
    'M114',
    'M115',
    'M117 x',
    'M118 x',
    'M119',
    'M120',
    'M121',
    'M140 S0',
    'M155 S0',
    'M190 S0',
    'M200',
    'M201',
    'M203',
    'M204',
    'M205',
    'M206',
    'M211',
    'M220',
    'M221',
    'M301',
    'M302',
    'M304',
    'M400',
    'M410',
    'M500',
    'M501',
    'M502',
    'M503',
    'M999',
    'T0',
  ])('%s is known', (line) => {
    expect(isKnown(line)).toBe(true)
  })

  test.each([
    'G5',
    'G10',
    'G11',
    'G17',
    'G20',
    'G29',
    'G30',
    'G53',
    'G80',
    'M3',
    'M80',
    'M141 S30',
    'M149 C',
    'M218',
    'M280',
    'M420 S1',
    'M486 S0',
    'M600',
    'M810 G1',
    'M862.3 P "MK4S"',
    'M900 K0',
    'M906',
    'M997',
    'g28',
    'FIRMWARE_RESTART',
  ])('%s is unknown, as on the board', (line) => {
    expect(isKnown(line)).toBe(false)
  })
})

describe('commands of other builds', () => {
  test.each([
    ['G17', 'all-options', true],
    ['G20', 'all-options', true],
    ['G80', 'all-options', true],
    ['g28', 'all-options', true],
    ['G28.1', 'default', true],
    ['G17', 'slow-parser', false],
    ['M104 S 200', 'slow-parser', true],
  ] as const)('%s in %s: known %s', (line, build: MarlinBuildName, known) => {
    expect(isKnown(line, { build })).toBe(known)
  })

  test('a chamber brings its own', () => {
    expect(isKnown('M141 S30', { hasChamber: true })).toBe(true)
    expect(isKnown('M191 S30', { hasChamber: true })).toBe(true)
  })

  test('the same line heats one build and not the other', () => {
    const targets = (['default', 'slow-parser'] as const).map((build) => {
      const bench = benchPrinter({ build })
      bench.send('M104 S 200')
      return bench.printer.state().nozzleTargetCelsius
    })
    expect(targets).toEqual([200, 0])
  })

  test('the same line heats one build more than the other', () => {
    const targets = (['default', 'slow-parser'] as const).map((build) => {
      const bench = benchPrinter({ build })
      bench.send('M104 S100 S250')
      return bench.printer.state().nozzleTargetCelsius
    })
    expect(targets).toEqual([250, 100])
  })
})
