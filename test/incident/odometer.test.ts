// The printer's own counters against what was sent to it.
import { describe, expect, test } from 'vitest'
import {
  agentStarted,
  findings,
  HOUR,
  jobClosed,
  jobOpened,
  LogBuilder,
  MINUTE,
  SECOND,
} from './log-builder.ts'

interface Counted {
  readonly prints?: number
  readonly seconds?: number
  readonly filamentMm?: number
  readonly sentMm?: number
}

function read(log: LogBuilder, counted: Counted | null, sentMm = 0): number {
  const { prints = 0, seconds = 0, filamentMm = 0 } = counted ?? {}
  const printer = counted === null ? null : { prints, finished: prints, printSeconds: seconds, filamentMm }
  return log.add({
    kind: 'odometer',
    job: null,
    printer,
    sent: { filamentMm: counted?.sentMm ?? sentMm, commands: 1 },
  })
}

/** A job that takes an hour. */
function print(log: LogBuilder): void {
  log.add(jobOpened())
  log.add(jobClosed(), HOUR)
}

describe('counters that fit', () => {
  test('the first reading is compared with nothing', () => {
    const log = new LogBuilder()
    read(log, { prints: 900, seconds: 9_000_000, filamentMm: 5_000_000 })
    expect(findings(log)).toEqual([])
  })

  test('a printer that counts what was sent, rounded, and runs on a little, has no finding', () => {
    const log = new LogBuilder()
    let [filamentMm, seconds, prints] = [5_000_000, 9_000_000, 900]
    read(log, { prints, seconds, filamentMm })
    for (let i = 0; i < 20; i++) {
      print(log)
      filamentMm += 3020
      seconds += 3600 + 10 * 60
      prints += 1
      read(log, { prints, seconds, filamentMm, sentMm: 3000 })
    }
    expect(findings(log)).toEqual([])
  })

  test('what was sent while the printer told nothing counts for the next reading', () => {
    const log = new LogBuilder()
    read(log, { prints: 1, seconds: 1, filamentMm: 1 })
    print(log)
    read(log, null, 3000)
    print(log)
    read(log, { prints: 3, seconds: 7201, filamentMm: 6001, sentMm: 3000 })
    expect(findings(log)).toEqual([])
  })

  test('a reading in mid-job splits it', () => {
    const log = new LogBuilder()
    read(log, { prints: 1, seconds: 1, filamentMm: 1 })
    log.add(jobOpened())
    log.ms += HOUR
    read(log, { prints: 2, seconds: 3601, filamentMm: 3001, sentMm: 3000 })
    log.add(jobClosed(), HOUR)
    read(log, { prints: 2, seconds: 7201, filamentMm: 6001, sentMm: 3000 })
    expect(findings(log)).toEqual([])
  })

  test('a reading in mid-job does not make the rest of the job a print without one', () => {
    const log = new LogBuilder()
    log.add(jobOpened())
    read(log, { prints: 1 })
    log.ms += HOUR
    read(log, { prints: 2, seconds: 3600 })
    read(log, { prints: 3, seconds: 3600 })
    expect(findings(log)).toEqual([])
  })

  test('a job that cools and heats again may count as several prints', () => {
    const log = new LogBuilder()
    read(log, { prints: 1 })
    print(log)
    read(log, { prints: 5, seconds: 3600 })
    expect(findings(log)).toEqual([])
  })
})

describe('counters that do not', () => {
  test('filament that was never sent is told, with how much and since when', () => {
    const log = new LogBuilder()
    const first = read(log, { prints: 1, seconds: 10, filamentMm: 1000 })
    print(log)
    const last = read(log, { prints: 2, seconds: 3610, filamentMm: 9000, sentMm: 3000 })
    expect(findings(log)).toMatchObject([
      { uid: `odometer-excess-${first}`, severity: 'high', first, last, measured: { filamentMm: 5000 } },
    ])
  })

  test('filament at the limit of the slack is not, and beyond it is', () => {
    for (const [mm, many] of [
      [100, 0],
      [101, 1],
    ] as const) {
      const log = new LogBuilder()
      read(log, { filamentMm: 0 })
      read(log, { filamentMm: mm })
      expect(findings(log), `${mm} mm`).toHaveLength(many)
    }
  })

  test('a print without a job is told though its filament does not show', () => {
    const log = new LogBuilder()
    read(log, { prints: 7 })
    read(log, { prints: 8 })
    expect(findings(log)).toMatchObject([{ severity: 'high', measured: { prints: 1 } }])
  })

  test('time that no job took is told, less gravely', () => {
    const log = new LogBuilder()
    read(log, { prints: 1, seconds: 0 })
    print(log)
    read(log, { prints: 2, seconds: 7200 })
    expect(findings(log)).toMatchObject([{ severity: 'low', measured: { printSeconds: 3600 } }])
  })

  test('a clock that was set back says nothing of time, but of filament all the same', () => {
    const log = new LogBuilder()
    read(log, { prints: 1, seconds: 0 })
    log.add(jobOpened())
    log.add(jobClosed(), -HOUR)
    read(log, { prints: 2, seconds: 7200 })
    expect(findings(log).filter(({ rule }) => rule === 'odometer')).toEqual([])
    read(log, { prints: 2, seconds: 7200, filamentMm: 500 })
    expect(findings(log).filter(({ rule }) => rule === 'odometer')).toHaveLength(1)
  })

  test('a print around the gate that comes back in the printer’s own time is caught by the next reading', () => {
    const log = new LogBuilder()
    read(log, { prints: 1, filamentMm: 100 })
    log.add({ kind: 'agent-ended' })
    log.add(agentStarted(), 10 * HOUR)
    read(log, { prints: 2, seconds: 3600, filamentMm: 4100 })
    expect(findings(log)).toMatchObject([{ measured: { prints: 1, printSeconds: 3600, filamentMm: 4000 } }])
  })

  test('a job that a killed agent left open took no longer than to its last record', () => {
    const log = new LogBuilder()
    read(log, { prints: 1, seconds: 0 })
    log.add(jobOpened())
    log.add(agentStarted(), 10 * HOUR)
    log.add(jobClosed('uncertain', 'agent-ended'))
    read(log, { prints: 2, seconds: 9 * 3600 })
    expect(findings(log).filter(({ rule }) => rule === 'odometer')).toMatchObject([
      { measured: { printSeconds: 9 * 3600 } },
    ])
  })
})

describe('counters that went back', () => {
  test('they were reset: that is told, nothing is compared, and the next reading counts from there', () => {
    const log = new LogBuilder()
    const first = read(log, { prints: 9, seconds: 900, filamentMm: 90_000 })
    read(log, { prints: 0, seconds: 0, filamentMm: 0 })
    expect(findings(log)).toMatchObject([{ uid: `odometer-reset-${first}`, severity: 'low', measured: {} }])
    print(log)
    read(log, { prints: 1, seconds: 3600, filamentMm: 3000, sentMm: 3000 })
    expect(findings(log)).toHaveLength(1)
  })

  test('filament that was drawn back is no reset', () => {
    const log = new LogBuilder()
    read(log, { filamentMm: 1000 })
    log.ms += MINUTE + SECOND
    read(log, { filamentMm: 950 })
    expect(findings(log)).toEqual([])
  })
})
