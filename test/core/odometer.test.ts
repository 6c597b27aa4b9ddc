import { beforeEach, describe, expect, test } from 'vitest'
import { LinePath } from '../../agent/core/gate/line-path.ts'
import { Odometer, type OdometerEntry, SentTally } from '../../agent/core/odometer.ts'
import type { OdometerReading } from '../../agent/core/printer/statistics.ts'
import { MARLIN } from '../../gcode/index.ts'
import { ALLOW } from '../../policies/index.ts'

const ONE: OdometerReading = { prints: 1, finished: 1, printSeconds: 60, filamentMm: 1000 }
const TWO: OdometerReading = { prints: 2, finished: 1, printSeconds: 90, filamentMm: 2000 }

/** What these commands come to, sent one after the other. */
function tallied(...commands: readonly string[]): SentTally {
  const path = new LinePath(MARLIN, { judge: () => ALLOW })
  for (const command of commands) {
    const bytes = Buffer.from(command)
    path.read(bytes, 0, bytes.length)
    path.judge()
    path.take()
  }
  return path.sent
}

describe('what was sent', () => {
  test.each([
    [['G1 E5'], 5],
    [['G1 X1 E5', 'G1 X2 E4', 'G1 X3 E8'], 8],
    [['M83', 'G1 E5', 'G1 E-2', 'G1 E2'], 5],
    [['G1 E5', 'G92 E0', 'G1 E5'], 10],
    [['G1 E5', 'G92 E100'], 5],
    [['G28', 'G1 X10 Y10', 'G2 X20 Y10 I5 E3'], 3],
    [['M104 S200', 'M106 S255', 'G28'], 0],
  ])('%j is as much filament as the firmware counts', (commands, filamentMm) => {
    expect(tallied(...commands).take().filamentMm).toBe(filamentMm)
  })

  test('is counted as the coordinate goes, whatever flow and diameter make of it', () => {
    expect(tallied('M221 S200', 'G1 E5').take().filamentMm).toBe(5)
    expect(tallied('M200 D1.75', 'G1 E5').take().filamentMm).toBe(5)
    expect(tallied('G20', 'G1 E1').take().filamentMm).toBe(25.4)
  })

  test('counts the commands that do something', () => {
    expect(tallied('G28', 'M105', 'M114', 'G1 E1', 'M117 hello').take().commands).toBe(2)
  })

  test('loses nothing in ten thousand small moves', () => {
    const path = Array.from({ length: 10_000 }, () => 'G1 E0.03334')
    expect(tallied('M83', ...path).take().filamentMm).toBeCloseTo(333.4, 2)
  })

  test('begins anew with each time that it is taken', () => {
    const tally = new SentTally()
    tally.add(2500, true)
    expect(tally.take()).toEqual({ filamentMm: 2.5, commands: 1 })
    expect(tally.take()).toEqual({ filamentMm: 0, commands: 0 })
  })

  test('is never less than nothing, and what was pulled back is missing from the next', () => {
    const tally = new SentTally()
    tally.add(-2000, true)
    expect(tally.take()).toEqual({ filamentMm: 0, commands: 1 })
    tally.add(5000, true)
    expect(tally.take()).toEqual({ filamentMm: 3, commands: 1 })
  })

  test('ends at a kilometre, in either direction: no spool is that long', () => {
    const far = Array.from({ length: 2000 }, () => 'G1 E999999')
    const { filamentMm } = tallied('M83', ...far, 'G92 E0', 'G1 E1').take()
    expect(filamentMm).toBe(1_000_001)
    expect(tallied('G1 E-999999', 'G1 E999999').take().filamentMm).toBe(999_999)
  })
})

describe('a reading', () => {
  let records: (OdometerEntry & { readonly job: string | null })[] = []
  let odometer: Odometer
  let sent: SentTally

  beforeEach(() => {
    records = []
    odometer = new Odometer((entry, job) => records.push({ ...entry, job }))
    sent = new SentTally()
  })

  test('is put down with what was sent since the one before', () => {
    odometer.read(ONE, sent)
    sent.add(990_000, true)
    odometer.closed('job-1')
    odometer.read(TWO, sent)
    expect(records).toEqual([
      { printer: ONE, sent: { filamentMm: 0, commands: 0 }, job: null },
      { printer: TWO, sent: { filamentMm: 990, commands: 1 }, job: 'job-1' },
    ])
  })

  test('names a job once', () => {
    odometer.closed('job-1')
    odometer.read(ONE, sent)
    odometer.read(TWO, sent)
    expect(records.map(({ job }) => job)).toEqual(['job-1', null])
  })

  test('that says the same again, with nothing sent, is not put down: a printer may be greeted without end', () => {
    odometer.read(ONE, sent)
    odometer.read({ ...ONE }, sent)
    expect(records).toHaveLength(1)
    for (const [name, value] of Object.entries(ONE)) odometer.read({ ...ONE, [name]: value + 1 }, sent)
    expect(records).toHaveLength(5)
  })

  test('that says the same is put down where something was sent, or a job was closed', () => {
    odometer.read(ONE, sent)
    sent.add(0, true)
    odometer.read(ONE, sent)
    odometer.closed('job-1')
    odometer.read(ONE, sent)
    expect(records).toHaveLength(3)
  })

  test('that cannot be had says what was sent, and whether the printer was known to count', () => {
    expect(odometer.isKnown).toBe(false)
    sent.add(1000, true)
    odometer.read(null, sent)
    expect(records).toEqual([{ printer: null, sent: { filamentMm: 1, commands: 1 }, job: null }])
    expect(odometer.isKnown).toBe(false)
    odometer.read(ONE, sent)
    expect(odometer.isKnown).toBe(true)
  })
})
