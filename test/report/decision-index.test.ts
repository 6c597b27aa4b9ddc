import { describe, expect, test } from 'vitest'
import { CELL_NAMES, CELLS, cellOf, DecisionIndex } from '../../agent/report/decision-index.ts'
import { Dice, subjectOf } from './log-maker.ts'

const ROW = {
  index: 7,
  atMs: 1_790_000_000_123,
  outcome: 'deny',
  tier: 'controlled',
  code: 3,
  rule: 2,
  licence: 9,
  subject: 's-00000000ffffffff',
} as const

test('each cell of outcome and tier has its number', () => {
  expect(new Set(CELL_NAMES.map(({ outcome, tier }) => cellOf(outcome, tier))).size).toBe(CELLS)
  for (const [cell, { outcome, tier }] of CELL_NAMES.entries()) expect(cellOf(outcome, tier)).toBe(cell)
})

describe('the index of decisions', () => {
  test('finds what was put into it, and nothing else', () => {
    const index = new DecisionIndex()
    index.add(ROW)
    const { subject, ...row } = ROW
    expect(index.subjectOf(7)).toBe(subject.slice(2))
    expect(index.find(7)).toEqual({
      ...row,
      hold: 'none',
      appeal: 'none',
      appealMonth: 0,
    })
    for (const other of [0, 6, 8, -1, 7.5, 2 ** 40]) expect(index.find(other)).toBeUndefined()
  })

  test('keeps a subject of zeros apart from none', () => {
    const index = new DecisionIndex()
    index.add({ ...ROW, index: 1, subject: 's-0000000000000000' })
    index.add({ ...ROW, index: 2, subject: null })
    expect(index.subjectOf(1)).toBe('0000000000000000')
    expect(index.subjectOf(2)).toBeNull()
    expect(index.subjectOf(3)).toBeNull()
  })

  test('holds many decisions whole while it grows', () => {
    const dice = new Dice(3)
    const index = new DecisionIndex()
    const rows = Array.from({ length: 5000 }, (_, i) => ({
      index: i * 3 + dice.below(3),
      atMs: dice.below(2 ** 31) * 800,
      ...CELL_NAMES[dice.below(CELLS)]!,
      code: dice.below(2001),
      rule: dice.below(501),
      licence: dice.below(20_001),
      subject: dice.chance(10) ? null : `s-${subjectOf(i)}`,
    }))
    for (const row of rows) index.add(row)
    for (const row of rows) {
      const { subject, ...rest } = row
      expect(index.find(row.index)).toMatchObject(rest)
      expect(index.subjectOf(row.index)).toBe(subject?.slice(2) ?? null)
    }
  })

  test('knows which holds are open, in their order', () => {
    const index = new DecisionIndex()
    for (const [i, outcome] of (['hold', 'allow', 'hold', 'deny', 'hold'] as const).entries())
      index.add({ ...ROW, index: i, outcome })
    index.setHold(2, 'released')
    index.setAppeal(4, 'upheld', 24_000)
    expect([...index.openHolds()].map((row) => row.index)).toEqual([0, 4])
    expect(index.find(2)).toMatchObject({ hold: 'released', appeal: 'none' })
    expect(index.find(4)).toMatchObject({ hold: 'open', appeal: 'upheld', appealMonth: 24_000 })
  })

  test('takes no notice of a state for what is not there', () => {
    const index = new DecisionIndex()
    index.setHold(5, 'refused')
    index.setAppeal(5, 'open', 0)
    expect([...index.openHolds()]).toEqual([])
  })
})
