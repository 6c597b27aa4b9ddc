import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { formatProblems } from '../../policies/index.ts'
import { describeIssue, suggestion } from '../../policies/policy-problem.ts'

/** What is said of a value under the key `limit`. */
function said(schema: z.ZodType, value: unknown): string {
  const parsed = z.strictObject({ limit: schema }).safeParse({ limit: value })
  const issue = parsed.error?.issues[0]
  if (issue === undefined) return 'nothing'
  const inside = issue.path.length > 1 && Array.isArray(value) ? value[Number(issue.path[1])] : value
  return describeIssue(issue, issue.path, inside)
}

describe('an issue', () => {
  test.each<[string, z.ZodType, unknown, string]>([
    ['a missing key', z.number(), undefined, 'missing key `limit`'],
    ['a missing choice', z.enum(['a', 'b']), undefined, 'missing key `limit`: one of `a`, `b`'],
    ['text for a number', z.number(), 'hot', '`limit` must be a number, not `hot`'],
    ['a number for text', z.string(), 5, '`limit` must be text, not `5`; put it in quotes'],
    ['a switch for text', z.string(), true, '`limit` must be text, not `true`; put it in quotes'],
    ['nothing for text', z.string(), null, '`limit` must be text, not nothing'],
    ['text for a switch', z.boolean(), 'yes', '`limit` must be `true` or `false`, not `yes`'],
    ['a map for a list', z.array(z.string()), { a: 1 }, '`limit` must be a list, not a map'],
    ['a list for a map', z.strictObject({}), [1], '`limit` must be a map of keys and values, not a list'],
    ['a fraction for a whole number', z.int(), 1.5, '`limit` must be a whole number, not `1.5`'],
    ['no number', z.number(), Number.NaN, '`limit` must be a number, not `NaN`'],
    ['too much', z.number().max(10), 11, '`limit` must be at most 10, not `11`'],
    ['too little', z.number().min(1), 0, '`limit` must be at least 1, not `0`'],
    ['nothing of what must be something', z.number().positive(), 0, '`limit` must be more than 0, not `0`'],
    ['too long a text', z.string().max(3), 'four', '`limit` must have at most 3 characters'],
    ['an empty text', z.string().min(1), '', '`limit` must have at least 1 character'],
    ['too many entries', z.array(z.number()).max(1), [1, 2], '`limit` must have at most 1 entry'],
    ['a wrong choice', z.enum(['a', 'b']), 'c', '`limit` must be one of `a`, `b`, not `c`'],
    ['the wrong of one choice', z.literal(1), 2, '`limit` must be `1`, not `2`'],
    [
      'a wrong entry',
      z.array(z.enum(['a', 'b'])),
      ['a', 'x'],
      '`x` in `limit` must be one of `a`, `b`, not `x`',
    ],
    ['an entry of a wrong kind', z.array(z.string()), [{}], 'entry 1 of `limit` must be text, not a map'],
    [
      'text of a wrong form',
      z.string().regex(/^a/, 'must start with `a`'),
      'b',
      '`limit` must start with `a`',
    ],
    [
      'what goes wrong together',
      z.string().refine(() => false, 'is not wanted'),
      'b',
      '`limit` is not wanted',
    ],
  ])('about %s is told as a person reads it', (_what, schema, value, expected) => {
    expect(said(schema, value)).toBe(expected)
  })

  test('about the file as a whole names the policy', () => {
    const [issue] = z.strictObject({}).safeParse(5).error?.issues ?? []
    expect(issue && describeIssue(issue, [], 5)).toBe('the policy must be a map of keys and values, not `5`')
  })
})

describe('problems of a file', () => {
  test('are one line each, as editors find them', () => {
    const problem = (line: number, message: string) => ({ line, column: 3, path: 'a.b', message })
    expect(formatProblems('maker.yaml', [problem(1, 'one'), problem(20, 'two')])).toBe(
      'maker.yaml:1:3 one\nmaker.yaml:20:3 two',
    )
  })
})

describe('a suggestion', () => {
  test.each([
    ['maxCelcius', '; did you mean `maxCelsius`?'],
    ['maxcelsius', '; did you mean `maxCelsius`?'],
    ['xCelsius', '; did you mean `maxCelsius`?'],
    ['mdoe', '; did you mean `mode`?'],
    ['temperature', ''],
    ['m', '; did you mean `mode`?'],
  ])('for %s', (name, expected) => {
    expect(suggestion(name, ['maxCelsius', 'mode'])).toBe(expected)
  })

  test('is the nearest of several', () => {
    expect(suggestion('licenc', ['licensed', 'licence'])).toBe('; did you mean `licence`?')
  })

  test('takes no time for names without end', () => {
    expect(suggestion('x'.repeat(200_000), ['mode'])).toBe('')
  })
})
