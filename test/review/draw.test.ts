// The draw, against a second reading of the format by hand, and against chance.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { below, drawPlaces } from '../../agent/review/draw.ts'

const format = readFileSync(new URL('../../agent/log-format/FORMAT.md', import.meta.url), 'utf8')
const seedOf = (name: string): Buffer => createHash('sha256').update(name).digest()

/** By hand: hexadecimal numbers, a list from which each draw is taken out. */
function byHand(seed: Buffer, population: number, count: number): number[] {
  const left = Array.from({ length: population }, (_, place) => place)
  const drawn: number[] = []
  for (let k = 0; k < count && left.length > 0; k++) {
    const limit = 2n ** 48n - (2n ** 48n % BigInt(left.length))
    for (let attempt = 0; ; attempt++) {
      const counters = `${k.toString(16).padStart(8, '0')}${attempt.toString(16).padStart(8, '0')}`
      const hash = createHash('sha256')
        .update(seed.toString('hex') + counters, 'hex')
        .digest('hex')
      const number = BigInt(`0x${hash.slice(0, 12)}`)
      if (number >= limit) continue
      drawn.push(...left.splice(Number(number % BigInt(left.length)), 1))
      break
    }
  }
  return drawn.sort((a, b) => a - b)
}

describe('the draw', () => {
  test('is what the format says, done by hand', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(200), fc.nat(60), (name, population, count) => {
        expect(drawPlaces(seedOf(name), population, count)).toEqual(byHand(seedOf(name), population, count))
      }),
    )
  })

  test('is that of the vectors in the format', () => {
    const seed = seedOf('portcullis')
    expect(format).toContain(seed.toString('hex'))
    const vectors = [...format.matchAll(/^\| (\d+) \| (\d+) \| ([\d ]+) \|$/gm)]
    expect(vectors).toHaveLength(3)
    for (const [, population, count, places] of vectors) {
      expect(drawPlaces(seed, Number(population), Number(count)).join(' ')).toBe(places)
    }
  })

  test('of more than there are takes all, of none none', () => {
    expect(drawPlaces(seedOf('a'), 5, 9)).toEqual([0, 1, 2, 3, 4])
    expect(drawPlaces(seedOf('a'), 0, 9)).toEqual([])
    expect(drawPlaces(seedOf('a'), 9, 0)).toEqual([])
    expect(drawPlaces(seedOf('a'), 1, 1)).toEqual([0])
  })

  test('of a million takes a thousand different ones, in order', () => {
    const drawn = drawPlaces(seedOf('many'), 1_000_000, 1000)
    expect(drawn).toHaveLength(1000)
    expect(
      drawn.every((place, i) => place >= 0 && place < 1_000_000 && (i === 0 || place > drawn[i - 1]!)),
    ).toBe(true)
  })

  test('of fewer is a part of the draw of more', () => {
    const many = drawPlaces(seedOf('b'), 100, 20)
    for (const place of drawPlaces(seedOf('b'), 100, 7)) expect(many).toContain(place)
  })
})

/** Pearson's sum over cells that should be alike. */
const chiSquare = (counts: readonly number[], expected: number): number =>
  counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)

describe('over 20,000 seeds', () => {
  const seeds = Array.from({ length: 20_000 }, (_, i) => seedOf(`seed ${i}`))

  test('each of 10 members is drawn as often as the others', () => {
    const counts = new Array<number>(10).fill(0)
    for (const seed of seeds) for (const place of drawPlaces(seed, 10, 3)) counts[place]!++
    // 9 degrees of freedom: 27.9 is passed once in a thousand times by draws with replacement, and these vary less.
    expect(chiSquare(counts, 6000)).toBeLessThan(27.9)
    expect(chiSquare(counts, 6000)).toBeGreaterThan(0)
  })

  test('each of the 21 pairs of 7 members is drawn as often as the others', () => {
    const counts = new Map<string, number>()
    for (const seed of seeds) {
      const pair = drawPlaces(seed, 7, 2).join()
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    }
    expect(counts.size).toBe(21)
    // 20 degrees of freedom, once in a thousand times.
    expect(chiSquare([...counts.values()], seeds.length / 21)).toBeLessThan(45.3)
  })

  test('a draw without rejection would be noticed, had it only 16 numbers', () => {
    const counts = new Array<number>(10).fill(0)
    for (const seed of seeds) counts[(seed[0]! % 16) % 10]!++
    expect(chiSquare(counts, 2000)).toBeGreaterThan(27.9)
  })
})

describe('numbers that would favour some', () => {
  const numbers = 2 ** 48

  test('are passed over until one is fair', () => {
    const given = [numbers - 1, numbers - 2, 12]
    const asked: number[] = []
    const next = (attempt: number): number => {
      asked.push(attempt)
      return given[attempt]!
    }
    // The largest multiple of 7 is 2^48 - 1: 2^48 - 1 itself is beyond, 2^48 - 2 is not.
    expect(numbers % 7).toBe(1)
    expect(below(7, next)).toBe((numbers - 2) % 7)
    expect(asked).toEqual([0, 1])
  })

  test('are passed over in a large part where the limit is large', () => {
    const limit = 2 ** 47 + 1
    expect(below(limit, (attempt) => [limit, numbers - 1, limit - 1][attempt]!)).toBe(limit - 1)
  })

  test('are none where the limit divides them', () => {
    expect(below(256, () => numbers - 1)).toBe(255)
    expect(below(1, () => numbers - 1)).toBe(0)
  })

  test('leave each remainder the same share', () => {
    // All numbers of a small range in the place of 2^48: how many of each remainder are taken.
    for (const limit of [3, 5, 7, 10]) {
      const fair = numbers - (numbers % limit)
      const top = Array.from({ length: 40 }, (_, i) => fair - 20 * limit + i)
      const taken = top.filter((number) => {
        let isFirst = true
        below(limit, (attempt) => {
          isFirst = attempt === 0
          return attempt === 0 ? number : 0
        })
        return isFirst
      })
      expect(taken).toEqual(top.filter((number) => number < fair))
    }
  })
})
