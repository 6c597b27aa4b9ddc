import { describe, expect, test } from 'vitest'
import { exactSum, FURTHER, Names, Rows, sumOf } from '../../agent/report/tally.ts'

describe('sums', () => {
  test('are exact, or the log is none of ours', () => {
    expect(exactSum(2 ** 53 - 2, 1)).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => exactSum(2 ** 53 - 1, 1)).toThrow(expect.objectContaining({ code: 'AUDIT_DAMAGED' }))
    expect(sumOf([{ a: 1 }, { a: 41 }], ({ a }) => a)).toBe(42)
  })
})

describe('names', () => {
  test('get numbers in the order in which they come, and the same ones again', () => {
    const names = new Names(10)
    expect([names.numberOf('b'), names.numberOf('a'), names.numberOf('b')]).toEqual([1, 2, 1])
    expect([names.nameOf(1), names.nameOf(2)]).toEqual(['b', 'a'])
  })

  test('beyond the bound are one', () => {
    const names = new Names(2)
    expect(['a', 'b', 'c', 'd', 'a'].map((name) => names.numberOf(name))).toEqual([1, 2, 0, 0, 1])
    expect(names.nameOf(0)).toBe(FURTHER)
    expect(names.nameOf(99)).toBe(FURTHER)
  })

  test('may be those of every object', () => {
    const names = new Names(10)
    expect(['__proto__', 'constructor', '__proto__'].map((name) => names.numberOf(name))).toEqual([1, 2, 1])
  })
})

describe('rows', () => {
  test('are made of zeros, added to, and sorted by name or by a column', () => {
    const rows = new Rows(['jobs', 'lines'], 10)
    rows.add('b', 'jobs')
    rows.add('b', 'jobs', 4)
    rows.add('c', 'jobs', 7)
    rows.add('a', 'lines', 3)
    expect(rows.sorted()).toEqual([
      ['a', { jobs: 0, lines: 3 }],
      ['b', { jobs: 5, lines: 0 }],
      ['c', { jobs: 7, lines: 0 }],
    ])
    expect(rows.ranked('jobs').map(([name]) => name)).toEqual(['c', 'b', 'a'])
    expect(rows.ranked('lines').map(([name]) => name)).toEqual(['a', 'b', 'c'])
  })

  test('beyond the bound are counted together, so that no count is lost', () => {
    const rows = new Rows(['n'], 2)
    for (const name of ['a', 'b', 'c', 'd', 'a', 'e']) rows.add(name, 'n')
    expect(rows.sorted()).toEqual([
      [FURTHER, { n: 3 }],
      ['a', { n: 2 }],
      ['b', { n: 1 }],
    ])
  })

  test('hold no count that a number cannot', () => {
    const rows = new Rows(['n'], 2)
    rows.add('a', 'n', Number.MAX_SAFE_INTEGER)
    expect(() => rows.add('a', 'n')).toThrow('add up to more than any machine could reach')
  })
})
