import { describe, expect, test } from 'vitest'
import { Prng, parseSeed } from '../../agent/sim/prng.ts'

function draw(seed: number, count: number, limit: number): number[] {
  const prng = new Prng(seed)
  return Array.from({ length: count }, () => prng.below(limit))
}

describe('seeded randomness', () => {
  test('is the same for the same seed and another for another', () => {
    expect(draw(7, 50, 1000)).toEqual(draw(7, 50, 1000))
    expect(draw(7, 50, 1000)).not.toEqual(draw(8, 50, 1000))
  })

  test('reaches every value below its limit and none beyond', () => {
    const seen = new Set(draw(1, 1000, 8))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test('a seed is a whole number of 32 bits', () => {
    expect(parseSeed('4294967295')).toBe(4294967295)
    for (const text of ['', '-1', '4294967296', '1.5', 'x', '99999999999']) {
      expect(() => parseSeed(text)).toThrow(`seed \`${text}\` is not a whole number from 0 to 4294967295`)
    }
  })
})
