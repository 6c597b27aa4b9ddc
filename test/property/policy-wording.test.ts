import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Objection, REASONS_MAX, ReasonTally, RULE_MODES, readPolicy } from '../../policies/index.ts'
import { suggestion } from '../../policies/policy-problem.ts'
import { quoted, valueAndLimit } from '../../policies/wording.ts'

const EMPTY = readPolicy('portcullis: 1\nname: empty\nversion: 1\nappeal: ask\nrules: {}\n')

describe('numbers in messages', () => {
  const length = fc.double({ min: -10_000, max: 10_000, noNaN: true })

  test('of a value and its limit differ where the numbers differ by more than any printer resolves', () => {
    fc.assert(
      fc.property(length, length, (a, b) => {
        const { value, limit } = valueAndLimit(a, b, 'mm')
        if (Math.abs(a - b) > 2e-6) expect(value).not.toBe(limit)
        expect(Math.abs(Number.parseFloat(value) - a)).toBeLessThanOrEqual(0.0005001)
        expect(value).not.toMatch(/-0 mm|e/)
      }),
    )
  })
})

describe('other people’s words in messages', () => {
  test('are one short printable line between backticks, whatever they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(quoted(text)).toMatch(/^`[\x20-\x5f\x61-\x7e]{0,40}…?`$/)
      }),
    )
  })

  test('get a suggestion that is one of the candidates, and themselves where they are one', () => {
    const names = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(names, fc.string({ maxLength: 14 }), (candidates, name) => {
        const hint = suggestion(name, candidates)
        if (hint !== '') expect(candidates).toContain(/`(.*)`/.exec(hint)?.[1])
        expect(suggestion(candidates[0]!, candidates)).toBe(`; did you mean \`${candidates[0]}\`?`)
      }),
    )
  })
})

describe('a tally', () => {
  const objection = fc.record({
    code: fc.nat(120).map((n) => `rule-${n}`),
    value: fc.option(fc.nat(20).map(String), { nil: undefined }),
    mode: fc.constantFrom(...RULE_MODES),
  })

  test('keeps the strongest, counts all, and grows no further than its limit', () => {
    if (!EMPTY.ok) throw new Error('the empty policy is not read')
    const { policy } = EMPTY
    fc.assert(
      fc.property(fc.array(objection, { maxLength: 400 }), (objections) => {
        const tally = new ReasonTally(policy)
        for (const { code, value, mode } of objections) {
          const one: Objection = {
            code,
            rule: code,
            message: 'no',
            remedy: 'none',
            ...(value !== undefined && { value }),
          }
          tally.objectToJob(one, mode)
        }
        const reasons = tally.reasons()
        expect(tally.count).toBe(objections.length)
        expect(reasons.length).toBeLessThanOrEqual(REASONS_MAX)
        expect(reasons.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(objections.length)
        const strengths = objections.map(({ mode }) => RULE_MODES.indexOf(mode))
        const strongest = RULE_MODES[Math.min(...strengths)]
        expect(tally.strongest()).toBe(strongest)
        expect(reasons[0]?.mode).toBe(strongest)
      }),
      { numRuns: 300 },
    )
  })
})
