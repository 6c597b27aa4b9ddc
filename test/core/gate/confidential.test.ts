import { describe, expect, test } from 'vitest'
import { jobOf } from '../canonical.ts'
import { type GateBench, JOB, readyBench } from './gate-bench.ts'

/** A command that the judge of the bench refuses, and quotes. */
const DENIED = 'M104 S207'
const SEALED = { isConfidential: true }

/** All that the gate told anybody but the printer: the host, the log, whoever asks. */
const told = (bench: GateBench): string => JSON.stringify([bench.heard(), bench.effects, bench.gate.latch])

describe('an armed job that is confidential', () => {
  test('is printed like any other', () => {
    const bench = readyBench({ jobs: 'armed' })
      .arm(jobOf(...JOB), SEALED)
      .renumber()
      .fresh()
    bench.numbered(0, ...JOB)
    expect(bench.latest('job-closed')).toMatchObject({ outcome: 'printed', sha256: jobOf(...JOB).sha256 })
  })

  test('is not quoted where a line of its host is refused', () => {
    for (const line of [DENIED, 'G1 X(7', 'M117 \\secret']) {
      const open = readyBench({ deny: [DENIED] })
        .arm(jobOf(...JOB))
        .renumber()
        .numbered(0, 'G28')
      const bench = readyBench({ deny: [DENIED] })
        .arm(jobOf(...JOB), SEALED)
        .renumber()
        .numbered(0, 'G28')
      for (const one of [open, bench]) one.numbered(1, line)
      // It would be told of a job that is not.
      if (line !== DENIED) expect(told(open)).toMatch(/X\(7|secret|bracket|backslash/i)
      expect(told(bench)).not.toMatch(/S207|X\(7|secret/)
    }
  })

  test('is not quoted where its own lines are refused in print, though the survey let them pass', () => {
    const job = jobOf('G28', DENIED, 'G1 X1 E1')
    const open = readyBench({ deny: [DENIED] })
      .arm(job)
      .renumber()
      .numbered(0, 'G28', DENIED)
      .pass(30_000)
    expect(told(open)).toContain('S207')
    const bench = readyBench({ deny: [DENIED] })
      .arm(job, SEALED)
      .renumber()
      .numbered(0, 'G28', DENIED)
      .pass(30_000)
    expect(bench.latch).not.toBeNull()
    expect(told(bench)).not.toContain('S207')
    expect(told(bench)).toContain('what is not told, for the job is sealed')
  })

  test('is not quoted by what its printer says', () => {
    for (const reply of ['Error:Unknown secret X7', 'Error:Printer halted. kill() called! secret X7']) {
      const bench = readyBench()
        .arm(jobOf(...JOB), SEALED)
        .renumber()
        .numbered(0, 'G28')
      bench.does((gate, nowMs) => gate.printerLine(reply, nowMs)).pass(30_000)
      expect(bench.latch).toMatch(/printer-(error|halted)/)
      expect(JSON.stringify([bench.effects, bench.gate.latch])).not.toMatch(/secret|X7/)
    }
  })
})
