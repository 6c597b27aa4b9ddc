import { expect, test } from 'vitest'
import { DEFERRALS, dueErasures, hasRoomFor, putOffUntil } from '../agent/deferrals.ts'
import type { AuditRecord } from '../agent/log-format/index.ts'

const DAY_MS = 86_400_000
const subjectOf = (i: number): string => `s-${i.toString(16).padStart(16, '0')}`
const erasure = (
  i: number,
  untilMs: number | null,
  cause: 'request' | 'retention' = 'request',
): AuditRecord => ({
  kind: 'erasure',
  subject: subjectOf(i),
  cause,
  rows: 0,
  deferredRows: untilMs === null ? 0 : 1,
  deferredUntil: untilMs === null ? null : new Date(untilMs).toISOString(),
  by: null,
})
const after = (...records: readonly AuditRecord[]) =>
  records.reduce((state, record, index) => DEFERRALS.take(state, record, index), DEFERRALS.empty)

test('an erasure that is put off is due when its time has come, and until it is done', () => {
  const state = after(erasure(1, 5 * DAY_MS), erasure(2, 9 * DAY_MS))
  expect(dueErasures(state, 6 * DAY_MS)).toEqual([subjectOf(1)])
  expect(putOffUntil(state, subjectOf(2))).toBe(9 * DAY_MS)
  expect(dueErasures(after(erasure(1, 5 * DAY_MS), erasure(1, null)), 6 * DAY_MS)).toEqual([])
})

test('what goes by age meanwhile takes nothing from it', () => {
  expect(dueErasures(after(erasure(1, 5), erasure(1, null, 'retention')), 6)).toEqual([subjectOf(1)])
})

test('none is dropped, however many there are; there is no room for one more before a snapshot is too large', () => {
  const state = after(...Array.from({ length: 900 }, (_, i) => erasure(i, 5)))
  expect(dueErasures(state, 6)).toHaveLength(900)
  expect(dueErasures(after(...Array.from({ length: 1000 }, (_, i) => erasure(i, 5))), 6)).toHaveLength(1000)
  expect(hasRoomFor(state, subjectOf(3))).toBe(true)
  expect(hasRoomFor(state, subjectOf(900))).toBe(false)
  expect(JSON.stringify(state).length).toBeLessThan(58_000)
  expect(DEFERRALS.read(JSON.parse(JSON.stringify(state)))).toEqual(state)
})
