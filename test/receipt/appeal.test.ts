// Appeals, over the records of a log.
import { describe, expect, test } from 'vitest'
import { answerAppeal, fileAppeal } from '../../agent/receipt/index.ts'
import { appealDay } from '../../agent/receipt/make-receipt.ts'
import { decisionRecord } from './jobs.ts'
import { SmallLog } from './small-log.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const NOW_MS = Date.parse('2026-11-23T08:00:00Z')

function site() {
  const log = new SmallLog()
  const allowed = log.append(decisionRecord({ id: 'd-1' }))
  const denied = log.append(decisionRecord({ id: 'd-2', outcome: 'deny' }))
  const held = log.append(decisionRecord({ id: 'd-3', outcome: 'hold' }))
  return { log, allowed, denied, held }
}

const appeal = (decision: number, more: object = {}) => ({
  decision,
  by: 'Ada',
  text: 'it is a test piece, and it is cold',
  nowMs: NOW_MS,
  appealDays: 14,
  ...more,
})

describe('an appeal', () => {
  test('against a denial or a hold is a record that refers to it', async () => {
    const { log, denied, held } = site()
    for (const decision of [denied, held]) {
      const filed = await fileAppeal(log.entries(), appeal(decision))
      expect(filed).toEqual({
        kind: 'appeal-filed',
        decision,
        by: 'Ada',
        text: 'it is a test piece, and it is cold',
      })
      if ('kind' in filed) expect(log.append(filed)).toBeGreaterThan(decision)
    }
  })

  test('against what was allowed is refused', async () => {
    const { log, allowed } = site()
    expect(await fileAppeal(log.entries(), appeal(allowed))).toEqual({
      refusal: 'not-refused',
      message: `decision ${allowed} let the job pass; there is nothing to appeal`,
    })
  })

  test('against what is no decision, or nothing, is refused', async () => {
    const { log } = site()
    expect(await fileAppeal(log.entries(), appeal(0))).toMatchObject({ refusal: 'unknown' })
    expect(await fileAppeal(log.entries(), appeal(99))).toEqual({
      refusal: 'unknown',
      message: 'the log has no record 99',
    })
  })

  test('is taken until the end of the last day, and refused with that day after it', async () => {
    const { log, denied } = site()
    const last = Date.parse('2026-12-06T23:59:59.999Z')
    expect(await fileAppeal(log.entries(), appeal(denied, { nowMs: last }))).toHaveProperty('kind')
    expect(await fileAppeal(log.entries(), appeal(denied, { nowMs: last + 1 }))).toEqual({
      refusal: 'late',
      message: `appeals against decision ${denied} ended with 2026-12-06 (UTC)`,
    })
    const years = appeal(denied, { nowMs: last + 9999 * DAY_MS, appealDays: null })
    expect(await fileAppeal(log.entries(), years)).toHaveProperty('kind')
  })

  test('has the last day that the receipt of the refusal names', () => {
    expect(appealDay('2026-11-22T20:02:00.000Z', 14)).toBe('2026-12-06')
    expect(appealDay('2026-11-22T23:59:59.999Z', 0)).toBe('2026-11-22')
    expect(appealDay('2026-12-31T00:00:00.000Z', 1)).toBe('2027-01-01')
    expect(appealDay('2026-12-31T00:00:00.000Z', null)).toBeNull()
  })

  test('while one is open is refused, after a rejection not, after success again', async () => {
    const { log, denied, held } = site()
    const first = log.append({ kind: 'appeal-filed', decision: denied, by: 'Ada', text: 'please' })
    expect(await fileAppeal(log.entries(), appeal(denied))).toEqual({
      refusal: 'pending',
      message: `appeal ${first} about it is not decided yet`,
    })
    expect(await fileAppeal(log.entries(), appeal(held))).toHaveProperty('kind')
    log.append({ kind: 'appeal-decided', appeal: first, outcome: 'rejected', by: 'Grace', reason: 'hot' })
    expect(await fileAppeal(log.entries(), appeal(denied))).toHaveProperty('kind')
    const second = log.append({ kind: 'appeal-filed', decision: denied, by: 'Ada', text: 'again' })
    log.append({ kind: 'appeal-decided', appeal: second, outcome: 'upheld', by: 'Grace', reason: 'true' })
    expect(await fileAppeal(log.entries(), appeal(denied))).toEqual({
      refusal: 'upheld',
      message: `appeal ${second} about it was upheld already`,
    })
  })

  test.each([
    ['no text', { text: '' }],
    ['blanks', { text: ' \n' }],
    ['too much text', { text: 'x'.repeat(4097) }],
    ['half a character', { text: 'a\ud800' }],
    ['nobody', { by: '' }],
    ['too long a name', { by: 'x'.repeat(513) }],
  ])('with %s is refused before the log is read', async (_, more) => {
    const unread: AsyncIterable<never> = {
      [Symbol.asyncIterator]: () => {
        throw new Error('read')
      },
    }
    expect(await fileAppeal(unread, appeal(2, more))).toMatchObject({ refusal: 'form' })
  })

  test('with as much text as a record takes is taken', async () => {
    const { log, denied } = site()
    const filed = await fileAppeal(log.entries(), appeal(denied, { text: '\u20ac'.repeat(4096) }))
    if ('refusal' in filed) throw new Error(filed.message)
    expect(log.append(filed)).toBeGreaterThan(denied)
  })
})

describe('the answer to an appeal', () => {
  const answer = (index: number, more: object = {}) => ({
    appeal: index,
    outcome: 'upheld' as const,
    by: 'Grace',
    reason: 'the rule is too strict',
    ...more,
  })

  test('is a record that refers to it, once', async () => {
    const { log, denied } = site()
    const index = log.append({ kind: 'appeal-filed', decision: denied, by: 'Ada', text: 'please' })
    const decided = await answerAppeal(log.entries(), answer(index))
    expect(decided).toEqual({
      kind: 'appeal-decided',
      appeal: index,
      outcome: 'upheld',
      by: 'Grace',
      reason: 'the rule is too strict',
    })
    if ('refusal' in decided) throw new Error(decided.message)
    const at = log.append(decided)
    expect(await answerAppeal(log.entries(), answer(index, { outcome: 'rejected' }))).toEqual({
      refusal: 'decided',
      message: `appeal ${index} was decided by record ${at}: upheld`,
    })
  })

  test('to what is no appeal, or nothing, is refused', async () => {
    const { log, denied } = site()
    expect(await answerAppeal(log.entries(), answer(denied))).toEqual({
      refusal: 'unknown',
      message: `record ${denied} is not an appeal`,
    })
    expect(await answerAppeal(log.entries(), answer(99))).toMatchObject({ refusal: 'unknown' })
  })

  test('without a reason is refused', async () => {
    const { log } = site()
    expect(await answerAppeal(log.entries(), answer(1, { reason: '' }))).toMatchObject({ refusal: 'form' })
  })
})
