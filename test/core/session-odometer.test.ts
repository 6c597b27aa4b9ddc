/** The printer's counters around a job that is printed from a file: asked for twice, and never in the job's way. */

import { describe, expect, test } from 'vitest'
import { closingLines, preambleLines } from '../../agent/core/printer/marlin-lines.ts'
import { ODOMETER_LIMIT_MS } from '../../agent/core/printer/odometer-query.ts'
import { SILENT_AFTER_MS } from '../../agent/core/printer/printer-link.ts'
import { jobOf } from './canonical.ts'
import { COLD, JOB, NO_ODOMETER, type SessionBench, sessionBench } from './session-bench.ts'

const counters = (prints: number, seconds: number, metres: string): readonly string[] => [
  `Stats: Prints: ${prints}, Finished: ${prints}, Failed: 0`,
  `Stats: Total time: ${seconds}s, Longest job: 9s`,
  `Stats: Filament used: ${metres}m`,
]
const BEFORE = counters(4, 40, '12.00')
const BEHIND = counters(5, 50, '12.01')
const LINES_MAX = 200

/** Answers each line with its ok, the question with these lines before it, until the session wants something else. */
function answer(bench: SessionBench, ...answers: readonly (readonly string[])[]): string[] {
  const rest = [...answers]
  const all: string[] = []
  for (let i = 0; i < LINES_MAX; i++) {
    const [command] = bench.commands()
    if (command === undefined) return all
    all.push(command)
    if (command === 'M78') bench.hear(...(rest.shift() ?? [NO_ODOMETER]))
    bench.hear(command === 'M105' ? COLD : 'ok')
  }
  return all
}

/** A session whose job is on record, with its first own line on the wire and the job at hand. */
function begun(job = jobOf(...JOB)): SessionBench {
  const bench = sessionBench({ job })
  bench.session.start(bench.nowMs)
  bench.commands()
  bench.hear('ok')
  bench.record('job-opened')
  bench.giveJob()
  return bench
}

const odometers = (bench: SessionBench): unknown[] =>
  bench.records().filter(({ kind }) => kind === 'odometer')

const before = {
  kind: 'odometer',
  isAfterJob: false,
  printer: { prints: 4, finished: 4, printSeconds: 40, filamentMm: 12_000 },
  sent: { filamentMm: 0, commands: 0 },
}

describe('the odometer of a job', () => {
  test('is read before its first command and behind its last, beside what was sent', () => {
    const bench = begun()
    const sent = answer(bench, BEFORE, BEHIND)
    expect(sent.indexOf('M78')).toBeLessThan(sent.indexOf(JOB[0]!))
    expect(sent.at(-1)).toBe('M78')
    expect(sent.filter((command) => command === 'M78')).toHaveLength(2)
    expect(odometers(bench)).toEqual([
      before,
      {
        kind: 'odometer',
        isAfterJob: true,
        printer: { prints: 5, finished: 5, printSeconds: 50, filamentMm: 12_010 },
        sent: { filamentMm: 1, commands: JOB.length },
      },
    ])
    expect(bench.records().at(-1)).toMatchObject({ kind: 'job-closed', outcome: 'printed' })
  })

  test('is not asked for before the job is on record', () => {
    const bench = sessionBench()
    bench.goTo('recording')
    bench.hear('ok', 'ok')
    bench.pass(10_000)
    expect(bench.commands()).toEqual(['M110 N0'])
  })

  test('is asked for once of a printer that was not built to count', () => {
    const bench = begun()
    const sent = answer(bench)
    expect(sent.filter((command) => command === 'M78')).toHaveLength(1)
    expect(odometers(bench)).toEqual([{ ...before, printer: null }])
    expect(bench.session.phase).toBe('ending')
  })

  test('keeps the job waiting for no longer than its ok', () => {
    const bench = begun()
    while (bench.commands().at(-1) !== 'M78') bench.hear('ok')
    bench.pass(3000)
    expect(bench.commands()).toEqual([])
    bench.hear('ok')
    expect(bench.commands()).toEqual([JOB[0]])
  })

  test('says what was sent of a job that was stopped, though the printer is not asked again', () => {
    const bench = begun(jobOf('M83', 'G1 E5', 'G1 E7', 'G1 E11'))
    while (bench.commands().at(-1) !== 'M78') bench.hear('ok')
    bench.hear(...BEFORE, 'ok', 'ok', 'ok')
    bench.session.stop('interrupted', 'the test stops it', bench.nowMs)
    bench.hear(COLD, COLD, COLD, COLD)
    expect(bench.session.phase).toBe('ending')
    expect(odometers(bench)).toEqual([
      before,
      { kind: 'odometer', isAfterJob: true, printer: null, sent: { filamentMm: 12, commands: 3 } },
    ])
    expect(bench.records().at(-1)).toMatchObject({ kind: 'job-closed', outcome: 'stopped', commands: 3 })
  })
})

describe('a job that has run', () => {
  /** It is cold, and the question behind it is on the wire. */
  function run(): SessionBench {
    const bench = begun()
    let questions = 0
    for (let i = 0; i < LINES_MAX && questions < 2; i++) {
      const [command] = bench.commands()
      if (command === 'M78' && ++questions === 1) bench.hear(...BEFORE)
      if (questions < 2) bench.hear(command === 'M105' ? COLD : 'ok')
    }
    expect(bench.session.phase).toBe('reading')
    return bench
  }

  test.each<[string, (bench: SessionBench) => void]>([
    ['says nothing more', (bench) => bench.pass(ODOMETER_LIMIT_MS)],
    ['is unplugged', (bench) => bench.session.portEnded('pulled', bench.nowMs)],
    ['restarts', (bench) => bench.hear('start')],
    ['halts', (bench) => bench.hear('Error:Printer halted. kill() called!')],
    ['reports an error', (bench) => bench.hear('Error:MINTEMP')],
    ['answers with half of it', (bench) => bench.hear(BEHIND[0]!, 'ok')],
    ['knows it no more', (bench) => bench.hear(NO_ODOMETER, 'ok')],
    ['asks for lines that never were', (bench) => bench.hear('Resend: 900', 'ok', 'Resend: 900')],
    ['is stopped by a person', (bench) => bench.session.stop('interrupted', 'too late', bench.nowMs)],
  ])('is printed whatever becomes of the question: the printer %s', (_what, happens) => {
    const bench = run()
    happens(bench)
    expect(bench.session.phase).toBe('ending')
    const { length } = JOB
    expect(odometers(bench).at(-1)).toEqual({
      kind: 'odometer',
      isAfterJob: true,
      printer: null,
      sent: { filamentMm: 1, commands: length },
    })
    bench.record('job-closed')
    expect(bench.finished()).toMatchObject({ outcome: 'printed', reason: null, coldConfirmed: true })
    expect(bench.records().filter(({ kind }) => kind === 'job-closed')).toHaveLength(1)
    // After six seconds of silence a probe asks what became of it.
    expect(bench.commands().filter((command) => command !== 'M78' && command !== 'M105')).toEqual([])
  })

  test('is asked once more by a resend, and read', () => {
    const bench = run()
    const number = preambleLines([]).length + 1 + JOB.length + closingLines([]).length + 1
    bench.hear(`Error:checksum mismatch, Last Line: ${number - 1}`, `Resend: ${number}`, 'ok')
    expect(bench.commands()).toEqual(['M78'])
    bench.hear(...BEHIND, 'ok')
    expect(odometers(bench).at(-1)).toMatchObject({ printer: { filamentMm: 12_010 } })
  })

  test('has stopped where the log cannot be written', () => {
    const bench = run()
    bench.record('odometer', 'no space is left')
    expect(bench.session.phase).toBe('stopping')
  })

  test('does not count the time of the question as the silence of a printer', () => {
    expect(ODOMETER_LIMIT_MS).toBeLessThan(SILENT_AFTER_MS)
  })
})
