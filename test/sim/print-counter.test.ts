import { describe, expect, test } from 'vitest'
import { parseFaults } from '../../agent/sim/index.ts'
import { PrintCounter, StoredStatistics } from '../../agent/sim/print-counter.ts'
import { type BenchPrinter, benchPrinter, numbered } from './bench-printer.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A board that was built to count. */
function counting(options: Parameters<typeof benchPrinter>[0] = {}): BenchPrinter {
  return benchPrinter({ hasPrintCounter: true, jumps: true, ...options })
}

function statistics(bench: BenchPrinter): string[] {
  bench.heard()
  bench.send('M78')
  return bench.heard()
}

function upload(bench: BenchPrinter, name: string, ...lines: string[]): void {
  bench.send('M110 N0', `M28 ${name}`, ...lines.map((line, i) => numbered(i + 1, line)), 'M29')
}

describe('the counters of a board', () => {
  test('are told as Marlin tells them', () => {
    const counter = new PrintCounter(new StoredStatistics())
    counter.start(0)
    counter.moved(628_094, 0)
    counter.stop(90_061_000)
    counter.start(90_061_000)
    counter.stop(90_070_500)
    counter.start(90_100_000)
    counter.stop(90_101_000, false)
    counter.start(90_200_000)
    expect(counter.lines(90_205_000)).toEqual([
      'Stats: Prints: 4, Finished: 2, Failed: 1',
      'Stats: Total time: 1d 1h 1m 16s, Longest job: 1d 1h 1m 1s',
      'Stats: Filament used: 628.09m',
    ])
  })

  test.each([
    [0, '0s'],
    [59_999, '59s'],
    [MINUTE_MS, '1m 0s'],
    [366 * 24 * HOUR_MS, '1y 1d 0h 0m 0s'],
  ])('after %i ms say %s', (ms, time) => {
    const counter = new PrintCounter(new StoredStatistics())
    counter.start(1000)
    expect(counter.lines(1000 + ms)[1]).toBe(`Stats: Total time: ${time}, Longest job: 0s`)
  })

  test('leave out the time of a pause, and go on with the same print', () => {
    const counter = new PrintCounter(new StoredStatistics())
    counter.start(0)
    counter.pause(10_000)
    counter.start(70_000)
    counter.stop(75_000)
    expect(counter.lines(99_000).slice(0, 2)).toEqual([
      'Stats: Prints: 1, Finished: 1, Failed: 0',
      'Stats: Total time: 15s, Longest job: 15s',
    ])
  })

  test('count nothing that is begun twice or ended twice', () => {
    const counter = new PrintCounter(new StoredStatistics())
    counter.stop(0)
    counter.start(0)
    counter.start(5000)
    counter.stop(9000)
    counter.stop(20_000)
    expect(counter.lines(30_000)[0]).toBe('Stats: Prints: 1, Finished: 1, Failed: 0')
    expect(counter.lines(30_000)[1]).toContain('Total time: 9s')
  })

  test('are kept over a reset as they were saved: at the end of a print, and each hour', () => {
    const stored = new StoredStatistics()
    const counter = new PrintCounter(stored)
    counter.start(0)
    counter.moved(1000, 1000)
    expect(new PrintCounter(stored).lines(0)[0]).toContain('Prints: 0')
    counter.moved(1000, HOUR_MS + 1000)
    expect(new PrintCounter(stored).lines(0)).toEqual([
      'Stats: Prints: 1, Finished: 0, Failed: 1',
      'Stats: Total time: 1h 0m 1s, Longest job: 0s',
      'Stats: Filament used: 2.00m',
    ])
    counter.moved(500, HOUR_MS + 2000)
    counter.stop(HOUR_MS + 3000)
    expect(new PrintCounter(stored).lines(0)[2]).toBe('Stats: Filament used: 2.50m')
  })
})

describe('M78', () => {
  test('is unknown to a build that was not told to count, as most are', () => {
    for (const build of ['default', 'slow-parser'] as const) {
      const bench = benchPrinter({ build })
      bench.send('M78', 'M75')
      expect(bench.heard()).toEqual(['echo:Unknown command: "M78"', 'ok', 'ok'])
    }
    const bench = benchPrinter({ build: 'all-options' })
    bench.send('M78')
    expect(bench.heard()[0]).toBe('Stats: Prints: 0, Finished: 0, Failed: 0')
  })

  test('reports, and with S78 sets back', () => {
    const bench = counting()
    bench.send('M75', 'M77', 'M78 S1', 'M78 R1')
    expect(bench.heard().filter((line) => line.includes('Prints: 1, Finished: 1'))).toHaveLength(2)
    bench.send('M78 S78')
    expect(bench.heard()).toEqual(['ok'])
    expect(statistics(bench)[0]).toBe('Stats: Prints: 0, Finished: 0, Failed: 0')
  })

  test('counts filament as the coordinate goes, whether it was warm enough or not', () => {
    const bench = counting()
    bench.send(
      'M83',
      'G1 E100 F6000',
      'G1 X5 E50 F6000',
      'G1 E-20',
      'G92 E500',
      'M82',
      'G1 E510',
      'M221 S50',
      'G1 E520',
    )
    bench.clock.advance(MINUTE_MS)
    expect(statistics(bench)[2]).toBe('Stats: Filament used: 0.15m')
    bench.send('M111 S8', 'G1 E900')
    bench.clock.advance(MINUTE_MS)
    expect(statistics(bench)[2], 'a dry run uses none').toBe('Stats: Filament used: 0.15m')
  })

  test('counts a print from its wait for heat until all of it is off', () => {
    const bench = counting()
    bench.send('M104 S200', 'M140 S60')
    expect(statistics(bench)[0], 'a target alone begins none').toContain('Prints: 0')
    bench.send('M109 S200', 'M104 S0')
    bench.clock.advance(20 * MINUTE_MS)
    expect(statistics(bench)[0], 'the bed is warm yet').toContain('Prints: 1, Finished: 0, Failed: 0')
    bench.send('M140 S0')
    expect(statistics(bench)[0]).toContain('Prints: 1, Finished: 1')
  })

  test('counts a print from the card, and one from the card that was aborted', () => {
    const bench = counting({ jumps: false })
    upload(bench, 'a.gco', 'M83', 'G1 E50 F6000')
    bench.send('M23 a.gco', 'M24')
    bench.clock.advance(MINUTE_MS)
    expect(statistics(bench).slice(0, 3)).toEqual([
      'Stats: Prints: 1, Finished: 1, Failed: 0',
      expect.stringMatching(/^Stats: Total time: \d+s, Longest job: \d+s$/),
      'Stats: Filament used: 0.05m',
    ])
    upload(bench, 'b.gco', ...Array.from({ length: 30 }, () => 'G4 S10'))
    bench.send('M23 b.gco', 'M24')
    bench.clock.advance(5000)
    bench.send('M524')
    bench.clock.advance(2 * MINUTE_MS)
    expect(statistics(bench)[0]).toBe('Stats: Prints: 2, Finished: 1, Failed: 1')
  })

  test('knows after a reset what was saved, and not the print that it ended', () => {
    const bench = counting()
    bench.send('M75', 'M77', 'M75', 'M83', 'G1 E100 F6000')
    bench.clock.advance(MINUTE_MS)
    bench.printer.reset()
    expect(statistics(bench).slice(0, 3)).toEqual([
      'Stats: Prints: 1, Finished: 1, Failed: 0',
      'Stats: Total time: 0s, Longest job: 0s',
      'Stats: Filament used: 0.00m',
    ])
  })
})

describe('the fault `odometer`', () => {
  test('makes one print past the wire, once the counters were told', () => {
    const bench = benchPrinter({ faults: parseFaults(['odometer=12']) })
    expect(statistics(bench)[2]).toBe('Stats: Filament used: 0.00m')
    const after = [
      'Stats: Prints: 1, Finished: 1, Failed: 0',
      'Stats: Total time: 1h 6m 40s, Longest job: 1h 6m 40s',
      'Stats: Filament used: 12.00m',
      'ok',
    ]
    expect(statistics(bench)).toEqual(after)
    expect(statistics(bench)).toEqual(after)
    expect(bench.events('fault')).toEqual([expect.objectContaining({ fault: 'odometer', metres: 12 })])
  })

  test('is kept over a reset: it is in the chip', () => {
    const bench = benchPrinter({ faults: parseFaults(['odometer=12']) })
    statistics(bench)
    bench.printer.reset()
    expect(statistics(bench)[2]).toBe('Stats: Filament used: 12.00m')
  })
})
