import { describe, expect, test } from 'vitest'
import { sums, timeline } from '../../agent/report/timeline.ts'

describe('a time axis', () => {
  test('has each month from the first to the last, with those between', () => {
    const { categories } = timeline(['2026-11', '2027-02', '2026-11'])
    expect(categories).toEqual([
      { label: 'Nov', short: 'N', group: '2026' },
      { label: 'Dec', short: 'D', group: '2026' },
      { label: 'Jan', short: 'J', group: '2027' },
      { label: 'Feb', short: 'F', group: '2027' },
    ])
  })

  test('has years where there are more months than six years have', () => {
    expect(timeline(['2021-01', '2026-12']).categories).toHaveLength(72)
    const { categories } = timeline(['2020-12', '2026-12'])
    expect(categories.map(({ label }) => label)).toEqual([
      '2020',
      '2021',
      '2022',
      '2023',
      '2024',
      '2025',
      '2026',
    ])
    expect(categories.every(({ group }) => group === null)).toBe(true)
  })

  test('has the last sixty years of a log whose clock lied', () => {
    const axis = timeline(['0001-01', '2026-03'])
    expect(axis.categories).toHaveLength(60)
    expect(axis.placeOf('0001-01')).toBeUndefined()
    expect(axis.placeOf('2026-03')).toBe(59)
    expect(
      sums(axis, [{ month: '0001-01' }, { month: '2026-01' }, { month: '2026-12' }], () => 2).at(-1),
    ).toBe(4)
  })

  test('has nothing where there is nothing', () => {
    expect(timeline([]).categories).toEqual([])
  })

  test('sums what falls on each place', () => {
    const axis = timeline(['2026-01', '2026-03'])
    const rows = [
      { month: '2026-01', n: 2 },
      { month: '2026-03', n: 5 },
      { month: '2026-01', n: 1 },
    ]
    expect(sums(axis, rows, ({ n }) => n)).toEqual([3, 0, 5])
  })
})
