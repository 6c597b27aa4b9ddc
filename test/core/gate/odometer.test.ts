/** The printer's own counters at the gate: read at the greeting and behind each job, heard by no host, in nobody's way. */

import { describe, expect, test } from 'vitest'
import { ODOMETER_LIMIT_MS } from '../../../agent/core/printer/odometer-query.ts'
import { jobOf } from '../canonical.ts'
import { type BenchOptions, GateBench, JOB, START_MS } from './gate-bench.ts'

const answer = (prints: number, metres: string): readonly string[] => [
  `Stats: Prints: ${prints}, Finished: ${prints}, Failed: 0`,
  `Stats: Total time: ${prints}m 0s, Longest job: 9s`,
  `Stats: Filament used: ${metres}m`,
]
const reading = (prints: number, filamentMm: number): object => ({
  prints,
  finished: prints,
  printSeconds: prints * 60,
  filamentMm,
})

/** A gate whose printer counts, with a host. */
function countingBench(options: BenchOptions = {}): GateBench {
  const bench = new GateBench(options)
  bench.odometer = answer(4, '12.00')
  bench.does((gate, nowMs) => gate.printerOpened(false, nowMs))
  bench.does((gate, nowMs) => gate.hostCame(nowMs))
  return bench
}

/** One that has printed the armed job through a host that numbers its lines. */
function printedBench(): GateBench {
  const bench = countingBench().arm().renumber()
  bench.numbered(0, ...JOB.slice(0, -1)).fresh()
  bench.odometer = answer(5, '12.00')
  return bench.numbered(JOB.length - 1, JOB.at(-1)!)
}

/** The same, with the question behind the job on the wire. */
function askedBench(job = JOB): GateBench {
  const bench = countingBench()
    .arm(jobOf(...job))
    .renumber()
  bench.numbered(0, ...job.slice(0, -1))
  bench.isAnswering = false
  bench.numbered(job.length - 1, job.at(-1)!).hear('ok')
  expect(bench.took().at(-1)).toBe('M78')
  return bench.fresh()
}

describe('the odometer', () => {
  test('is read when the printer is greeted, and the host hears nothing of it', () => {
    const bench = countingBench()
    expect(bench.latest('odometer')).toEqual({
      kind: 'odometer',
      job: null,
      printer: reading(4, 12_000),
      sent: { filamentMm: 0, commands: 0 },
    })
    expect(bench.heard()).toEqual([])
    expect(bench.took().filter((command) => command === 'M78')).toHaveLength(1)
  })

  test('is read behind a job that was armed, and names it', () => {
    const bench = printedBench()
    expect(bench.kinds()).toEqual(['job-closed', 'odometer'])
    expect(bench.latest('odometer')).toEqual({
      kind: 'odometer',
      job: 'job-1',
      printer: reading(5, 12_000),
      sent: { filamentMm: 2, commands: JOB.length },
    })
    expect(bench.took()).toEqual([JOB.at(-1), 'M78'])
    expect(bench.heard()).toEqual(['ok'])
  })

  test('is read behind a job that the host streamed', () => {
    const bench = countingBench().renumber()
    bench.numbered(0, ...JOB).fresh()
    bench.odometer = answer(5, '12.01')
    bench.renumber()
    expect(bench.took()).toEqual(['M78'])
    expect(bench.heard()).toEqual(['ok'])
    expect(bench.latest('odometer')).toMatchObject({
      job: 'stream-1',
      printer: { filamentMm: 12_010 },
      sent: { filamentMm: 2, commands: JOB.length },
    })
  })

  test('counts as well what a host sends beside all jobs', () => {
    const bench = countingBench()
    bench.host('M83', 'G1 E5 F100', 'M105', 'M114')
    bench.arm(jobOf('G28')).renumber().fresh().numbered(0, 'G28')
    expect(bench.latest('odometer')?.sent).toEqual({ filamentMm: 5, commands: 3 })
  })

  test('is read again behind a stop, when the printer has been greeted, with all that was sent', () => {
    const bench = countingBench().renumber()
    bench.numbered(0, ...JOB).fresh()
    bench.does((gate, nowMs) => gate.stop('interrupted', 'a person stopped it', nowMs))
    expect(bench.took().slice(0, 3), 'nothing of it before the machine is at rest').toEqual([
      'M410',
      'M108',
      'M108',
    ])
    bench.odometer = answer(5, '12.00')
    bench.pass(20_000)
    expect(bench.gate.printerState).toBe('ready')
    expect(bench.latest('odometer')).toMatchObject({ job: 'stream-1', sent: { filamentMm: 2, commands: 5 } })
    expect(bench.kinds().filter((kind) => kind === 'odometer')).toHaveLength(1)
  })

  test('is read behind a job that a refused line ended, which stops no machine', () => {
    const bench = countingBench({ deny: ['G1 X99'] }).renumber()
    bench.numbered(0, ...JOB, 'G1 X99')
    expect(bench.latch).toBe('line-refused')
    bench.fresh().pass(200)
    expect(bench.took()).toContain('M78')
    expect(bench.latest('odometer')).toMatchObject({ job: 'stream-1', sent: { commands: 5 } })
  })

  test('that was printed around the gate shows: the printer counted more than it was sent', () => {
    const bench = printedBench()
    bench.odometer = answer(6, '15.00')
    bench.arm(jobOf('G28', 'G1 E1')).renumber().numbered(0, 'G28', 'G1 E1')
    const records = bench.records().flatMap((record) => (record.kind === 'odometer' ? [record] : []))
    const [before, behind] = records
    const grownMm = (behind?.printer?.filamentMm ?? 0) - (before?.printer?.filamentMm ?? 0)
    expect(grownMm).toBe(3000)
    expect(behind?.sent.filamentMm).toBeLessThan(2)
  })
})

describe('a printer that does not count', () => {
  test('is asked once, and that it does not is put down once', () => {
    const bench = new GateBench()
    bench.does((gate) => gate.printerOpened(false, START_MS))
    bench.does((gate, nowMs) => gate.hostCame(nowMs))
    for (const first of [0, 10, 20])
      bench
        .arm()
        .renumber()
        .numbered(first, ...JOB)
    bench.hear('start').pass(5000)
    expect(bench.gate.printerState).toBe('ready')
    expect(bench.commands.filter((command) => command === 'M78')).toHaveLength(1)
    expect(bench.records().filter(({ kind }) => kind === 'odometer')).toEqual([
      { kind: 'odometer', job: null, printer: null, sent: { filamentMm: 0, commands: 0 } },
    ])
  })

  test('is asked again where it was plugged in anew: it may be another', () => {
    const bench = new GateBench()
    bench.does((gate) => gate.printerOpened(false, START_MS))
    bench.does((gate, nowMs) => gate.printerLost('pulled', nowMs)).fresh()
    bench.odometer = answer(1, '0.00')
    bench.does((gate, nowMs) => gate.printerOpened(false, nowMs))
    expect(bench.latest('odometer')).toMatchObject({ printer: { prints: 1 } })
  })

  test('that never answers the question is ready all the same, once a probe was answered', () => {
    const bench = new GateBench()
    bench.isAnswering = false
    bench.does((gate) => gate.printerOpened(false, START_MS))
    while (!bench.commands.includes('M78')) bench.hear('ok')
    bench.pass(7000)
    expect(bench.commands.at(-1)).toBe('M105')
    bench.hear(`ok ${bench.temperatures}`)
    expect(bench.gate.printerState).toBe('ready')
    expect(bench.latest('odometer')).toMatchObject({ printer: null })
  })

  test('that is silent behind the question is put down after a while as one that does not', () => {
    const bench = new GateBench()
    bench.isAnswering = false
    bench.does((gate) => gate.printerOpened(false, START_MS))
    while (!bench.commands.includes('M78')) bench.hear('ok')
    bench.pass(ODOMETER_LIMIT_MS)
    expect(bench.latest('odometer')).toMatchObject({ printer: null })
  })

  test('and resets without end fills no log', () => {
    const bench = countingBench().fresh()
    for (let i = 0; i < 20; i++) bench.hear('start').pass(2000)
    expect(bench.took().filter((command) => command === 'M78').length).toBeGreaterThan(10)
    expect(bench.kinds()).toEqual([])
  })
})

describe('the question', () => {
  test('goes out behind the answers to a host’s lines, and the next line behind its answer', () => {
    const bench = countingBench().arm().renumber()
    bench.numbered(0, ...JOB.slice(0, -1)).fresh()
    bench.isAnswering = false
    bench.numbered(JOB.length - 1, JOB.at(-1)!).host('G1 Z9', 'M105')
    expect(bench.took()).toEqual([JOB.at(-1)])
    bench.hear('ok')
    expect(bench.took()).toEqual(['M78'])
    expect(bench.heard()).toEqual(['ok'])
    bench.hear(...answer(5, '12.00'), 'ok')
    expect(bench.took()).toEqual(['G1 Z9'])
    expect(bench.heard(), 'its ok is no answer to a host’s line').toEqual([])
    bench.hear('ok')
    expect(bench.took()).toEqual(['M105'])
  })

  test('holds up no job: one that begins meanwhile is opened, and its first line follows the answer', () => {
    const bench = printedBench().fresh()
    bench.isAnswering = false
    bench.odometer = []
    bench.arm(jobOf('G28')).renumber().numbered(0, 'G28')
    expect(bench.latest('job-opened')).toBeDefined()
    expect(bench.took()[0]).toBe('G21')
  })

  test('is no reason for a stop where the gate ends in the middle of it', () => {
    const bench = askedBench(['G28', 'G1 X10'])
    bench.does((gate, nowMs) => gate.shutdown('the gate was ended', nowMs))
    expect(bench.took()).toEqual([])
    expect(bench.effects).toEqual([{ kind: 'finished', isAtRest: true }])
  })

  test('answered while the machine is brought to rest is no host’s, and no record', () => {
    const bench = askedBench()
    bench.does((gate, nowMs) => gate.stop('interrupted', 'a person stopped it', nowMs)).fresh()
    bench.hear(...answer(5, '12.00'))
    expect(bench.heard().join()).not.toContain('Stats')
    expect(bench.kinds()).toEqual([])
  })

  test('of a host is its own: it gets the answer, and nothing is put down', () => {
    const bench = countingBench().fresh()
    bench.isAnswering = false
    bench.host('M78')
    bench.hear(...answer(9, '99.00'), 'ok')
    expect(bench.heard().slice(-2)).toEqual(['echo:Stats - Filament used - 99.00m', 'ok'])
    expect(bench.kinds()).not.toContain('odometer')
  })

  test('does not hide what else the printer says meanwhile', () => {
    const bench = askedBench()
    bench.hear(' T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0', ...answer(5, '12.00'), 'ok')
    expect(bench.heard()).toEqual([' T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0'])
  })

  test('whose ok got lost is settled by a probe, and what was heard of it counts', () => {
    const bench = askedBench()
    bench.hear(...answer(5, '12.00')).pass(6100)
    bench.hear(`ok ${bench.temperatures}`)
    expect(bench.latest('odometer')).toMatchObject({ job: 'job-1', printer: { prints: 5 } })
  })
})
