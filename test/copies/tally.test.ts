import { describe, expect, test } from 'vitest'
import { entriesOf, inTally, tallyOf, tallyWith } from '../../agent/copies/tally.ts'

const keys = Array.from({ length: 5000 }, (_, i) => `https://issuer.example#order-${i}`)

describe('a tally', () => {
  test('holds what was put into it last, and nothing that every object has', () => {
    const tally = tallyWith(tallyWith(tallyOf<number>([]), 'a', 1), 'a', 2)
    expect(inTally(tally, 'a')).toBe(2)
    expect(entriesOf(tally)).toEqual([['a', 2]])
    for (const key of ['__proto__', 'constructor', 'b']) expect(inTally(tally, key)).toBeUndefined()
  })

  test('is the same in whatever order its entries came', () => {
    const entries = keys.map((key, i) => [key, i] as const)
    const grown = entries
      .toReversed()
      .reduce((tally, [key, i]) => tallyWith(tally, key, i), tallyOf<number>([]))
    expect(grown).toEqual(tallyOf(entries))
    expect(new Map(entriesOf(grown))).toEqual(new Map(entries))
  })

  test('leaves the one before it as it was, and copies a small part of it', () => {
    const before = tallyOf(keys.map((key) => [key, 1] as const))
    const after = tallyWith(before, keys[0]!, 2)
    expect(inTally(before, keys[0]!)).toBe(1)
    const copied = after.filter((shard, i) => shard !== before[i]).flatMap((shard) => Object.keys(shard))
    expect(copied).toContain(keys[0])
    expect(copied.length).toBeLessThan(keys.length / 100)
  })
})
