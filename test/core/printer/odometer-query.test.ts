import { beforeEach, describe, expect, test } from 'vitest'
import { ODOMETER_LIMIT_MS, OdometerQuery } from '../../../agent/core/printer/odometer-query.ts'
import { PROBE_AFTER_MS } from '../../../agent/core/printer/printer-link.ts'
import type { OdometerReading } from '../../../agent/core/printer/statistics.ts'

const ANSWER = [
  'Stats: Prints: 3, Finished: 2, Failed: 1',
  'Stats: Total time: 10s, Longest job: 9s',
  'Stats: Filament used: 1.50m',
]
const READING: OdometerReading = { prints: 3, finished: 2, printSeconds: 10, filamentMm: 1500 }
const UNKNOWN = 'echo:Unknown command: "M78"'

let told: (OdometerReading | null)[] = []
let query: OdometerQuery

beforeEach(() => {
  told = []
  query = new OdometerQuery((reading) => told.push(reading))
})

/** Asks as line 7, and hears this answer and its ok. */
function ask(...answer: readonly string[]): void {
  query.want()
  query.sent(7, 0)
  for (const line of answer) query.heard(line)
  query.settled(8)
}

describe('the question for the odometer', () => {
  test('is answered when its line is settled, and not before', () => {
    query.want()
    expect(query.isWanted).toBe(true)
    query.sent(7, 0)
    expect(query.isWanted).toBe(false)
    for (const line of ANSWER) expect(query.heard(line)).toBe(true)
    query.settled(7)
    expect(told).toEqual([])
    expect(query.isOut).toBe(true)
    query.settled(8)
    expect(told).toEqual([READING])
    expect(query.isOpen).toBe(false)
  })

  test('takes nothing of what the printer says where it was not asked', () => {
    expect(query.heard(ANSWER[0]!)).toBe(false)
    expect(query.heard(UNKNOWN)).toBe(false)
    ask(...ANSWER)
    expect(query.heard(ANSWER[0]!)).toBe(false)
  })

  test('is not put again to a printer that does not know it', () => {
    ask(UNKNOWN)
    query.want()
    expect(query.isWanted).toBe(false)
    expect(told).toEqual([null])
  })

  test('is put again to the next printer', () => {
    ask(UNKNOWN)
    query.opened()
    ask(...ANSWER)
    expect(told).toEqual([null, READING])
  })

  test('is put again where only the answer was damaged, and null is told once', () => {
    ask(ANSWER[0]!)
    ask()
    ask(...ANSWER)
    ask()
    expect(told).toEqual([null, READING])
    expect(query.isOpen).toBe(false)
  })

  test('has a limit, behind which a printer counts as one that does not know it', () => {
    query.want()
    query.sent(7, 1000)
    query.tick(1000 + ODOMETER_LIMIT_MS - 1)
    expect(told).toEqual([])
    query.tick(1000 + ODOMETER_LIMIT_MS)
    expect(told).toEqual([null])
    query.want()
    expect(query.isWanted).toBe(false)
    for (const line of ANSWER) expect(query.heard(line), 'a late answer is nobody else’s').toBe(true)
    query.settled(8)
    expect(told).toEqual([null])
  })

  test('has time for a probe that finds out what became of its ok', () => {
    expect(ODOMETER_LIMIT_MS).toBeGreaterThan(PROBE_AFTER_MS)
  })

  test('dropped is answered by nobody, and an answer that comes all the same is nobody’s', () => {
    query.want()
    query.sent(7, 0)
    query.drop()
    expect(query.isOpen).toBe(false)
    expect(query.heard(ANSWER[0]!)).toBe(true)
    query.settled(8)
    query.tick(ODOMETER_LIMIT_MS * 2)
    expect(told).toEqual([])
  })

  test('dropped before it went out is as if it never was wanted', () => {
    query.want()
    query.drop()
    expect(query.isWanted).toBe(false)
    expect(query.heard(ANSWER[0]!)).toBe(false)
  })
})
