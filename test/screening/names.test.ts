import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HIT_SCORE, nameScore } from '../../agent/screening/name-score.ts'
import { plainName } from '../../agent/screening/plain-name.ts'
import { PAIRS } from './name-pairs.ts'

const score = (one: string, other: string): number => nameScore(plainName(one), plainName(other))

/** What the comparison is known to get wrong. A pair that leaves or joins this list changes the table in FORMAT.md. */
const KNOWN_MISSES = ['ישראל כהן', 'Huaxin', 'Bob Karimov']
const KNOWN_FALSE_HITS = ['University of Northfield', 'Maria Petrova', 'Special Design Bureau 12']

describe('two names', () => {
  test.each(PAIRS)('same: %s, %s and %s', (isSame, one, other) => {
    const isWrong = (isSame ? KNOWN_MISSES : KNOWN_FALSE_HITS).includes(one)
    expect(score(one, other) >= HIT_SCORE).toBe(isSame !== isWrong)
  })

  test('are compared alike in both directions, where it matters', () => {
    for (const [, one, other] of PAIRS) {
      const [there, back] = [score(one, other), score(other, one)]
      if (Math.max(there, back) >= HIT_SCORE) expect(back, `${one}, ${other}`).toBeCloseTo(there, 10)
    }
  })

  test('score from 0 to 1, and a name is itself', () => {
    for (const [, one, other] of PAIRS) {
      expect(score(one, one)).toBe(1)
      expect(score(one, other)).toBeGreaterThanOrEqual(0)
      expect(score(one, other)).toBeLessThanOrEqual(1)
    }
  })
})

describe('a name', () => {
  const words = (text: string) => plainName(text).words.map(({ raw }) => raw)

  test.each([
    ['', []],
    ['---', []],
    ['Acme Filaments GmbH & Co. KG', ['acme', 'filaments']],
    ['S.A.R.L. Dupont', ['dupont']],
    ['J. R. Smith', ['j', 'r', 'smith']],
    ['Holding Ltd', ['holding', 'ltd']],
    ['北京化工有限公司', ['beijinghuagong']],
    ['Ａｃｍｅ №7', ['acme', 'no7']],
    ["Al-Rashid's", ['rashids']],
    ['\u202eAcme\u200b', ['acme']],
    // Cyrillic letters among Latin ones, and a Cyrillic word by itself.
    ['\u0405\u0435v\u0435rny', ['severny']],
    ['\u0421\u0415\u0412\u0415\u0420', ['sever']],
  ])('%j is the words %j', (text, expected) => {
    expect(words(text)).toEqual(expected)
  })

  test('of any length takes no more than its beginning', () => {
    expect(words('ab '.repeat(100_000)).length).toBeLessThanOrEqual(12)
    expect(score('a'.repeat(1_000_000), 'b'.repeat(1_000_000))).toBe(0)
  })

  test('of characters that no script has is no hit for anybody', () => {
    for (const text of ['\ud800', '\u0000', '😀', '💥💥', '\uffff'.repeat(50)]) {
      expect(score(text, 'Northwind Metals')).toBe(0)
    }
  })
})

describe('the table of the documentation', () => {
  const text = readFileSync(new URL('../../agent/screening/FORMAT.md', import.meta.url), 'utf8')
  const results = PAIRS.map(([isSame, one, other]) => {
    const likeness = score(one, other)
    return { isSame, one, other, likeness, isHit: likeness >= HIT_SCORE }
  })

  test('has a row for each pair, as it is', () => {
    for (const { isSame, one, other, likeness, isHit } of results) {
      const result = `${isHit ? 'hit' : 'no hit'}${isHit === isSame ? '' : ' (wrong)'}`
      expect(text).toContain(
        `| ${one} | ${other} | ${isSame ? 'same' : 'other'} | ${likeness.toFixed(2)} | ${result} |`,
      )
    }
  })

  test('counts them', () => {
    const count = (isSame: boolean, isHit: boolean) =>
      results.filter((pair) => pair.isSame === isSame && pair.isHit === isHit).length
    expect(text).toContain(`| one party | ${count(true, true)} | ${count(true, false)} |`)
    expect(text).toContain(`| two parties | ${count(false, true)} | ${count(false, false)} |`)
    expect(text).toContain(`${PAIRS.length} pairs of invented names`)
  })
})
