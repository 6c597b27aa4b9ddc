import { describe, expect, test } from 'vitest'
import { LICENCE_PART } from '../../../gcode/index.ts'
import { jobOf } from '../canonical.ts'
import { numbered } from '../numbered.ts'
import { GREETING_LINES, JOB, lockstepBench, PREAMBLE, readyBench } from './gate-bench.ts'

const PART = `${LICENCE_PART} L1/2 MRSXEYLTMVRWGZLTOQ`
const LAST = `${LICENCE_PART} L2/2 ORSXG5A`

describe('a piece of a licence in the lines of a host', () => {
  test('is acknowledged, and the printer never hears of it', () => {
    const bench = readyBench().renumber().fresh()
    bench.numbered(0, PART, LAST, ...JOB)
    expect(bench.heard()).toEqual([PART, LAST, ...JOB].map(() => 'ok'))
    expect(bench.took()).toEqual(JOB)
    expect(bench.latch).toBeNull()
  })

  test('takes no number of the printer’s link, and keeps its turn', () => {
    const bench = readyBench().renumber().fresh()
    bench.isAnswering = false
    bench.numbered(0, 'G28', PART, 'G1 X1')
    expect(bench.heard()).toEqual([])
    bench.answer()
    expect(bench.heard()).toEqual(['ok', 'ok'])
    expect(bench.sent()).toBe(numbered(GREETING_LINES + 1, 'G28') + numbered(GREETING_LINES + 2, 'G1 X1'))
  })

  test.each([
    'M5790',
    'M5790 L1/2',
    'M5790 nonsense',
    'm5790 l1/2 abc',
    'M5790L1/2MRSXEYLT',
    'M5790 G1 X9',
    'M 5790 1/2 A',
  ])('is kept back whatever it says: `%s`', (line) => {
    const bench = readyBench().fresh()
    bench.host(line, 'G28')
    expect(bench.took()).toEqual(['G28'])
    expect(bench.oks()).toBe(2)
  })

  test.each(['M5790 1/2 (G1 X9)', 'M5790 1/2 "A"', 'M5790 M110 N5', 'M5790.1 1/2 A', 'M5790 \\M104 S250'])(
    'is refused where it cannot be read, and kept back like all that is refused: `%s`',
    (line) => {
      const bench = readyBench().fresh()
      bench.host(line)
      expect(bench.took()).toEqual([])
      expect(bench.latest('line-refused')).toBeDefined()
    },
  )

  test('opens no job: it is said before a stream begins, and in front of an armed job', () => {
    const bench = readyBench({ jobs: 'armed' }).arm().renumber().fresh()
    bench.numbered(0, PART, LAST)
    expect(bench.gate.openJob).toBeNull()
    expect(bench.took()).toEqual([])
    bench.numbered(2, ...JOB)
    expect(bench.took()).toEqual([...PREAMBLE, ...JOB])
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed', sha256: jobOf(...JOB).sha256 })
  })

  test('is no line of a job in lockstep: whether it is in the file, in the stream or in both', () => {
    for (const inFile of [true, false]) {
      const job = inFile ? jobOf(PART, ...JOB, LAST) : jobOf(...JOB)
      const bench = readyBench({ jobs: 'armed' }).arm(job).renumber().fresh()
      bench.numbered(0, PART, ...JOB.slice(0, 3), LAST, PART, ...JOB.slice(3))
      expect(bench.took()).toEqual([...PREAMBLE, ...JOB])
      expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed', sha256: jobOf(...JOB).sha256 })
    }
  })

  test('counts as no miss of the armed job, however often it comes', () => {
    const bench = lockstepBench(2)
    bench.host(...Array.from({ length: 100 }, () => PART))
    expect(bench.latch).toBeNull()
    expect(bench.took()).toEqual([])
  })

  test('is kept back and acknowledged where the gate is blocked', () => {
    const bench = readyBench({ deny: ['G1 X99'] })
      .renumber()
      .fresh()
    bench.numbered(0, ...JOB, 'G1 X99')
    expect(bench.latch).toBe('line-refused')
    bench.fresh()
    bench.host(PART)
    expect(bench.oks()).toBe(1)
    expect(bench.took()).toEqual([])
  })
})
