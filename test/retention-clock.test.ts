import { describe, expect, test } from 'vitest'
import type { StoredRecord } from '../agent/log-format/index.ts'
import { LEAP_MAX_MS, RETENTION_CLOCK, retentionMs } from '../agent/retention-clock.ts'

const DAY_MS = 86_400_000
const START = Date.UTC(2026, 10, 23)
const FAR = Date.UTC(2093, 0)

const at = (ms: number): StoredRecord => ({ kind: 'agent-ended', seq: 0, at: new Date(ms).toISOString() })
const witnessed = (...times: readonly number[]): StoredRecord => ({
  kind: 'witnessed',
  size: 1,
  root: 'ab'.repeat(32),
  cosigners: times.map((ms, i) => ({ name: `w${i}`, keyId: '00', time: ms / 1000 })),
  seq: 0,
  at: new Date(START).toISOString(),
})

/** What is believed at the end of these records, where the clock shows this. */
function believed(nowMs: number, ...records: readonly StoredRecord[]): number {
  const state = records.reduce(
    (clock, record, index) => RETENTION_CLOCK.take(clock, record, index),
    RETENTION_CLOCK.empty,
  )
  expect(RETENTION_CLOCK.read(JSON.parse(JSON.stringify(state)))).toEqual(state)
  return retentionMs(state, nowMs)
}

describe('the clock that retention goes by', () => {
  test('is the one of the machine, as long as that goes on from the records', () => {
    expect(believed(START + 39 * DAY_MS, at(START))).toBe(START + 39 * DAY_MS)
    expect(believed(START - DAY_MS, at(START))).toBe(START - DAY_MS)
  })

  test('is never far ahead of the records, whatever the machine shows', () => {
    expect(believed(FAR, at(START))).toBe(START + LEAP_MAX_MS)
  })

  test('does not follow a jump, however often a gate starts and records under it', () => {
    const starts = Array.from({ length: 50 }, (_, i) => at(FAR + i * 1000))
    expect(believed(FAR, at(START), ...starts)).toBe(START + LEAP_MAX_MS)
  })

  test('has forgotten the jump when the clock is back', () => {
    const back = START + DAY_MS
    expect(believed(FAR, at(START), at(FAR), at(back), at(FAR + 39 * DAY_MS), at(FAR))).toBe(
      back + LEAP_MAX_MS,
    )
  })

  test('follows a jump after as many days under it as a jump may be long: a machine that was off for a summer', () => {
    const days = (count: number) => Array.from({ length: count }, (_, i) => at(START + (100 + i) * DAY_MS))
    const nowMs = START + 141 * DAY_MS
    expect(believed(nowMs, at(START), ...days(40))).toBe(START + LEAP_MAX_MS)
    expect(believed(nowMs, at(START), ...days(41))).toBe(nowMs)
  })

  test('does not take two jumps for time that has gone by', () => {
    expect(believed(FAR, at(START), at(START + 100 * DAY_MS), at(START + 200 * DAY_MS))).toBe(
      START + LEAP_MAX_MS,
    )
  })

  test('follows witnesses at once, the one that is behind the others', () => {
    const far = START + 300 * DAY_MS
    expect(believed(far, at(START), witnessed(far, FAR))).toBe(far)
    expect(believed(FAR, at(START), witnessed(far, FAR))).toBe(far + LEAP_MAX_MS)
  })

  test('learns nothing from a clock that was not set', () => {
    expect(believed(START, at(0), at(START), at(5))).toBe(START)
  })

  test('is no snapshot of another form', () => {
    for (const odd of [{}, { believedMs: -1, leap: null }, { believedMs: 1, leap: 3 }])
      expect(RETENTION_CLOCK.read(odd)).toBeUndefined()
  })
})
