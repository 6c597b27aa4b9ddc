import { describe, expect, test } from 'vitest'
import { TIER_QUESTIONS } from '../../agent/trust/classes/decide-tier.ts'
import { CROSSWALK } from '../../agent/trust/classes/export-lists.ts'
import { CLASSES } from '../../agent/trust/classes/index.ts'
import {
  crosswalkOf,
  decideTier,
  findClass,
  LICENCE_TIERS,
  REGIMES,
  searchClasses,
  tierOfClasses,
} from '../../agent/trust/index.ts'

describe('the dictionary', () => {
  test('has each class once, spelt as licences spell classes, under a regime that is there', () => {
    expect(new Set(CLASSES.map(({ code }) => code)).size).toBe(CLASSES.length)
    expect(CLASSES.length).toBeGreaterThan(60)
    for (const { code, title, source, tier } of CLASSES) {
      expect(code).toMatch(/^[a-z0-9-]+:[A-Za-z0-9._()/-]+$/)
      expect(REGIMES.map(({ id }) => id)).toContain(code.split(':')[0])
      expect([title, source]).not.toContain('')
      expect(LICENCE_TIERS).toContain(tier)
    }
  })

  test('has entries for each regime', () => {
    for (const { id } of REGIMES) expect(searchClasses('', id), id).not.toEqual([])
  })

  test('maps only classes that it has, each pair once, with source and note', () => {
    const pairs = CROSSWALK.map(({ codes }) => [...codes].sort().join(' '))
    expect(new Set(pairs).size).toBe(pairs.length)
    for (const { codes, note, source } of CROSSWALK) {
      for (const code of codes)
        expect(
          CLASSES.map((entry) => entry.code),
          code,
        ).toContain(code)
      expect(codes[0]).not.toBe(codes[1])
      expect([note, source]).not.toContain('')
    }
  })

  test('holds classes of the same number at the same tier', () => {
    for (const { codes } of CROSSWALK) {
      const [one, other] = codes.map((code) => findClass(code)?.tier)
      expect(one, codes.join(' ')).toBe(other)
    }
  })

  test('finds a class by what lies under it, and none by its beginning', () => {
    expect(findClass('eu:1B001.a.2')?.code).toBe('eu:1B001')
    expect(findClass('us-usml:I(a)')?.code).toBe('us-usml:I')
    expect(findClass('eu:1B0010')).toBeUndefined()
    expect(findClass('eu:1B00')).toBeUndefined()
  })

  test('walks between regimes in both directions', () => {
    expect(
      crosswalkOf('eu:1B001.a')
        .map(({ to }) => to)
        .sort(),
    ).toEqual(['us-eccn:1B001', 'wa:1.B.1'])
    expect(crosswalkOf('wa:1.B.1').map(({ to }) => to)).toContain('eu:1B001')
    expect(crosswalkOf('safety:toy')).toEqual([])
  })

  test('is searched by all words, whatever their case', () => {
    expect(searchClasses('GAS blades').map(({ code }) => code)).toEqual([
      'wa:9.B.1',
      'eu:9B001',
      'us-eccn:9B001',
    ])
    expect(searchClasses('blades', 'eu').map(({ code }) => code)).toEqual(['eu:9B001'])
    expect(searchClasses('no such words')).toEqual([])
  })
})

describe('the tier of classes', () => {
  test.each<[readonly string[], string, string | undefined, readonly string[]]>([
    [[], 'open', undefined, []],
    [['site:unclassified'], 'open', 'site:unclassified', []],
    [['safety:toy', 'eu:1B001', 'site:unclassified'], 'controlled', 'eu:1B001', []],
    [['eu:1B001', 'us-usml:I(a)'], 'restricted', 'us-usml:I(a)', []],
    [['eu:9Z999'], 'open', undefined, ['eu:9Z999']],
    [['eu:9Z999', 'safety:toy'], 'registered', 'safety:toy', ['eu:9Z999']],
    [['toString:x', '__proto__:y'], 'open', undefined, ['toString:x', '__proto__:y']],
  ])('%j', (codes, tier, because, unknown) => {
    expect(tierOfClasses(codes)).toEqual({ tier, because, unknown })
  })
})

describe('the questions', () => {
  test('lead from each answer to a question further down or to a tier, and none is out of reach', () => {
    const reached = new Set(['weapon'])
    for (const [i, { id, answers }] of TIER_QUESTIONS.entries()) {
      expect(reached, id).toContain(id)
      expect(answers.map(({ value }) => value)).toEqual(expect.arrayContaining(['yes', 'no']))
      for (const { next, outcome } of answers) {
        expect(next === null).toBe(outcome !== null)
        if (next === null) continue
        expect(TIER_QUESTIONS.findIndex((question) => question.id === next)).toBeGreaterThan(i)
        reached.add(next)
      }
    }
  })

  test('whoever does not know is never told a looser tier than whoever says no', () => {
    const careful = {
      weapon: 'restricted',
      military: 'restricted',
      'dual-use': 'controlled',
      harm: 'controlled',
      regulated: 'registered',
    }
    const answers: Record<string, string> = {}
    for (const [question, tier] of Object.entries(careful)) {
      expect(decideTier({ ...answers, [question]: 'unknown' })).toMatchObject({
        kind: 'decided',
        outcome: { tier },
      })
      answers[question] = 'no'
    }
    expect(decideTier({ ...answers, rights: 'no' })).toMatchObject({ outcome: { tier: 'open' } })
    expect(decideTier({ ...answers, rights: 'yes' })).toMatchObject({ outcome: { tier: 'registered' } })
  })

  test('tell the path that was taken, and the question that is next', () => {
    expect(decideTier({})).toMatchObject({ kind: 'asking', question: { id: 'weapon' }, path: [] })
    expect(decideTier({ weapon: 'no' })).toMatchObject({
      kind: 'asking',
      question: { id: 'military' },
      path: [{ question: 'weapon', answer: 'no' }],
    })
  })

  test.each([
    ['weapon', 'maybe'],
    ['colour', 'red'],
    ['toString', 'no'],
    ['__proto__', 'no'],
  ])('an answer that there is not: %s=%s', (question, answer) => {
    const answers = Object.fromEntries([[question, answer]])
    expect(decideTier(answers)).toEqual({ kind: 'wrong', question, answer })
  })
})
