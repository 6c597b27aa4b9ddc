import { describe, expect, test } from 'vitest'
import {
  knownAtLeast,
  leaf,
  type PublishedCount,
  publish,
  SMALL_BELOW,
  type Split,
  split,
} from '../../agent/report/splits.ts'

const a = leaf('a', 'a', 0)
const b = leaf('b', 'b', 1)
const c = leaf('c', 'c', 2)
const d = leaf('d', 'd', 3)
const ab = split('ab', 'a or b', a, b)
const cd = split('cd', 'c or d', c, d)
const whole = split('all', 'all', ab, cd)
const told = (counts: readonly number[]): readonly string[] =>
  publish(whole, counts).map(({ group, count }) => `${group.name} ${count}`)

describe('a tree of halves', () => {
  test('is told whole where no count is small', () => {
    expect(told([40, 10, 0, 12])).toEqual(['all 62', 'ab 50', 'a 40', 'b 10', 'cd 12', 'c 0', 'd 12'])
  })

  test('keeps two halves together where one of them is small', () => {
    expect(told([40, 9, 20, 30])).toEqual(['all 99', 'ab 49', 'cd 50', 'c 20', 'd 30'])
  })

  test('keeps what is below a half that is small together with the other half', () => {
    expect(told([40, 50, 2, 3])).toEqual(['all 95'])
  })

  test('says nothing of a whole that is small, not even that it is nothing', () => {
    expect(told([3, 2, 1, 3])).toEqual(['all null'])
    expect(told([0, 0, 0, 0])).toEqual(['all null'])
  })

  test('does not divide nothing any further', () => {
    expect(told([10, 10, 0, 0])).toEqual(['all 20', 'ab 20', 'a 10', 'b 10', 'cd 0'])
  })

  test('says of each group whether its halves are told', () => {
    expect(publish(whole, [40, 9, 20, 30]).map(({ isSplit }) => isSplit)).toEqual([
      true,
      false,
      true,
      false,
      false,
    ])
  })

  test('publishes no count from one to nine and none that is wrong', () => {
    for (const counts of someTables(4, [0, 1, 5, 9, 10, 11, 30]))
      for (const { group, count } of publish(whole, counts)) {
        const sum = group.cells.reduce((total, cell) => total + (counts[cell] ?? 0), 0)
        if (count === null) expect(sum).toBeLessThan(SMALL_BELOW)
        else {
          expect(count).toBe(sum)
          expect(count === 0 || count >= SMALL_BELOW).toBe(true)
        }
      }
  })
})

describe('an attacker who knows the rule and everything that was published', () => {
  // Every table of four cells up to 20, sorted by what is published of it.
  const byPublication = new Map<string, number[][]>()
  const values = Array.from({ length: 21 }, (_, i) => i)
  for (const counts of someTables(4, values)) {
    const key = told(counts).join(' ')
    const alike = byPublication.get(key)
    if (alike === undefined) byPublication.set(key, [counts])
    else alike.push(counts)
  }

  test('finds at least two values for each cell that is withheld, and nine for each withheld half of a sum', () => {
    for (const [key, alike] of byPublication) {
      const published = publish(whole, alike[0] ?? [])
      for (const cell of [a, b, c, d]) {
        if (isKnown(published, cell)) continue
        const possible = new Set(alike.map((counts) => counts[cell.cells[0] ?? 0]))
        expect(possible.size, `${key}: ${cell.name}`).toBeGreaterThanOrEqual(2)
      }
      for (const { group, count, isSplit } of published) {
        if (isSplit || count === null || count === 0 || group.halves === null) continue
        for (const half of group.halves) {
          const possible = new Set(alike.map((counts) => sumOf(counts, half)))
          // Of larger sums than these tables hold, values are cut off.
          if (count <= 20)
            expect(possible.size, `${key}: ${half.name}`).toBeGreaterThanOrEqual(SMALL_BELOW - 1)
        }
      }
    }
  })

  test('knows of each group no more than what is said to be known at least', () => {
    for (const alike of byPublication.values()) {
      const published = publish(whole, alike[0] ?? [])
      for (const group of [whole, ab, cd, a, b, c, d]) {
        const least = alike.reduce(
          (low, counts) => Math.min(low, sumOf(counts, group)),
          Number.POSITIVE_INFINITY,
        )
        expect(knownAtLeast(published, group)).toBeLessThanOrEqual(least)
      }
    }
  })
})

test('a table without its sums would be told apart by its sums: the attack that the rule is for', () => {
  // What a rule would publish that only withholds small cells: 40, nothing, 20, 30 and the whole, 99.
  const counts = [40, 9, 20, 30]
  const naive = counts.map((count) => (count < SMALL_BELOW ? null : count))
  const known = naive.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  expect(counts.reduce((sum, count) => sum + count, 0) - known).toBe(9)
  expect(told(counts)).not.toContain('a 40')
})

function isKnown(published: readonly PublishedCount[], cell: Split): boolean {
  return published.some(
    ({ group, count }) => group === cell || (count === 0 && group.cells.includes(cell.cells[0] ?? -1)),
  )
}

function sumOf(counts: readonly number[], { cells }: Split): number {
  return cells.reduce((sum, cell) => sum + (counts[cell] ?? 0), 0)
}

function* someTables(cells: number, values: readonly number[]): Generator<number[]> {
  if (cells === 0) {
    yield []
    return
  }
  for (const value of values) for (const rest of someTables(cells - 1, values)) yield [value, ...rest]
}
