import { describe, expect, test } from 'vitest'
import { Contributions } from '../../agent/report/contributions.ts'
import { Dice, subjectOf } from './log-maker.ts'

describe('contributions', () => {
  test('of one subject to one cell count up to the bound', () => {
    const contributions = new Contributions(3)
    expect(Array.from({ length: 5 }, () => contributions.take(12, subjectOf(1)))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  test('to other cells, and of other subjects, are their own', () => {
    const contributions = new Contributions(1)
    expect(contributions.take(1, subjectOf(1))).toBe(true)
    expect(contributions.take(2, subjectOf(1))).toBe(true)
    expect(contributions.take(1, subjectOf(2))).toBe(true)
    expect(contributions.take(1, subjectOf(1))).toBe(false)
  })

  test('of subjects of all zeros and all ones are counted like others', () => {
    const contributions = new Contributions(2)
    for (const subject of ['0'.repeat(16), 'f'.repeat(16)])
      expect([0, 1, 2].map(() => contributions.take(0, subject))).toEqual([true, true, false])
  })

  test('are those that a plain list of pairs would count, while the table grows', () => {
    const dice = new Dice(11)
    const contributions = new Contributions(3)
    const plain = new Map<string, number>()
    for (let i = 0; i < 30_000; i++) {
      const cell = dice.below(40)
      const subject = subjectOf(dice.below(400))
      const key = `${cell} ${subject}`
      const count = plain.get(key) ?? 0
      plain.set(key, count + 1)
      expect(contributions.take(cell, subject)).toBe(count < 3)
    }
    expect(plain.size).toBeGreaterThan(10_000)
  })
})
