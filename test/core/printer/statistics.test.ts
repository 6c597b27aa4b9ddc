import { describe, expect, test } from 'vitest'
import { StatisticsReader } from '../../../agent/core/printer/statistics.ts'

/** As a Marlin with PRINTCOUNTER gave it. */
const MARLIN = [
  'Stats: Prints: 28, Finished: 26, Failed: 2',
  'Stats: Total time: 11d 21h 42m 59s, Longest job: 5d 12h 41m 17s',
  'Stats: Filament used: 628.09m',
]

function read(lines: readonly string[]): StatisticsReader {
  const reader = new StatisticsReader()
  reader.restart()
  for (const line of lines) reader.take(line)
  return reader
}

describe('the answer to M78', () => {
  test('tells prints, time and filament', () => {
    const reader = read(MARLIN)
    expect(reader.reading).toEqual({
      prints: 28,
      finished: 26,
      printSeconds: ((11 * 24 + 21) * 60 + 42) * 60 + 59,
      filamentMm: 628_090,
    })
    expect(reader.isUnknown).toBe(false)
  })

  test.each([
    ['59s', 59],
    ['1m 0s', 60],
    ['1h 0m 0s', 3_600],
    ['135y 364d 23h 59m 59s', (135 * 365 + 364) * 86_400 + 86_399],
  ])('takes a time of %s', (time, seconds) => {
    const lines = [MARLIN[0]!, `Stats: Total time: ${time}, Longest job: 1s`, MARLIN[2]!]
    expect(read(lines).reading?.printSeconds).toBe(seconds)
  })

  test.each([
    ['the echo of older builds', MARLIN.map((line) => `echo:${line}`)],
    ['a carriage return', MARLIN.map((line) => `${line}\r`)],
    [
      'the seconds of a build that is being debugged',
      [
        MARLIN[0]!,
        'Stats: Total time: 11d 21h 42m 59s (1028579), Longest job: 5d 12h 41m 17s (477677)',
        MARLIN[2]!,
      ],
    ],
    ['hours until service', [...MARLIN, 'Stats: Total print hours in 100h 0m 0s']],
    ['temperatures between', [MARLIN[0]!, ' T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0', ...MARLIN.slice(1)]],
    ['failures that ran over', [MARLIN[0]!.replace('Failed: 2', 'Failed: -1'), ...MARLIN.slice(1)]],
  ])('is read with %s', (_what, lines) => {
    expect(read(lines).reading).toMatchObject({ prints: 28, printSeconds: 1_028_579, filamentMm: 628_090 })
  })

  test('never is less than nothing, though more was pulled back than pushed', () => {
    expect(read([...MARLIN.slice(0, 2), 'Stats: Filament used: -0.01m']).reading?.filamentMm).toBe(0)
  })

  test.each([
    ['nothing', []],
    ['a line missing', MARLIN.slice(1)],
    ['a digit lost to noise', [MARLIN[0]!.replace('28', '2~8'), ...MARLIN.slice(1)]],
    ['a number that no printer counts to', [MARLIN[0]!.replace('28', '9'.repeat(300)), ...MARLIN.slice(1)]],
    ['a time of nothing', [MARLIN[0]!, 'Stats: Total time: , Longest job: 1s', MARLIN[2]!]],
    ['something behind it', [...MARLIN.slice(0, 2), `${MARLIN[2]} and 9m`]],
    ['an exponent', [...MARLIN.slice(0, 2), 'Stats: Filament used: 1e9m']],
    ['not a number', [...MARLIN.slice(0, 2), 'Stats: Filament used: nanm']],
    ['what Prusa says', ['STATS 1234 min 5678 cm.']],
  ])('is none with %s', (_what, lines) => {
    expect(read(lines).reading).toBeNull()
  })

  test('of a build that does not count is that it knows no M78', () => {
    for (const line of ['echo:Unknown command: "M78"', '// Unknown command:"M78"']) {
      const reader = read([line])
      expect(reader.isUnknown, line).toBe(true)
      expect(reader.reading).toBeNull()
    }
    expect(read(['echo:Unknown command: "M780"']).isUnknown).toBe(false)
    expect(read(['echo:Unknown command: "M141 S0"']).isUnknown).toBe(false)
  })

  test('is told from whatever else a printer says', () => {
    const reader = new StatisticsReader()
    for (const line of [...MARLIN, 'echo:Unknown command: "M78"', 'STATS 1 min 2 cm.', 'Stats: anything'])
      expect(reader.take(line), line).toBe(true)
    for (const line of ['Statistics', 'echo:busy: processing', ' T:1 /0', 'the Stats: Prints: 1', ''])
      expect(reader.take(line), line).toBe(false)
  })

  test('of before is forgotten when the next one begins', () => {
    const reader = read(MARLIN)
    reader.restart()
    expect(reader.reading).toBeNull()
    const unknown = read(['echo:Unknown command: "M78"'])
    unknown.restart()
    expect(unknown.isUnknown).toBe(false)
  })

  test('of a megabyte is none, and is looked at no further', () => {
    const reader = new StatisticsReader()
    expect(reader.take(`Stats: Total time: ${'1d '.repeat(300_000)}`)).toBe(false)
    expect(reader.take(`Stats: ${'9'.repeat(1_000_000)}`)).toBe(false)
  })
})
