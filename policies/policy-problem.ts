import type { z } from 'zod'
import { quoted } from './wording.ts'

/** What is wrong with a policy file, and where: lines and columns from 1. */
export interface PolicyProblem {
  readonly line: number
  readonly column: number
  /** Keys from the top, joined by points: `rules.build-volume.sizeMm.x`; empty for the file as a whole. */
  readonly path: string
  /** One sentence: lower case, no full stop. */
  readonly message: string
}

/** One line for each problem, as editors and people find them: `maker-space.yaml:12:5 unknown key ...`. */
export function formatProblems(file: string, problems: readonly PolicyProblem[]): string {
  return problems.map(({ line, column, message }) => `${file}:${line}:${column} ${message}`).join('\n')
}

/** Names further apart than this are not taken for a slip of the fingers. */
const SLIPS_MAX = 3

/** `; did you mean ...` where one of the candidates is near. */
export function suggestion(name: string, candidates: readonly string[]): string {
  let nearest: string | undefined
  let least = SLIPS_MAX + 1
  for (const candidate of candidates) {
    const distance = slips(name, candidate)
    if (distance >= least) continue
    least = distance
    nearest = candidate
  }
  return nearest === undefined ? '' : `; did you mean \`${nearest}\`?`
}

/** Edit distance, one row at a time. Names that are much too long are not measured. */
function slips(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > SLIPS_MAX) return SLIPS_MAX + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap))
    }
    row = next
  }
  return row[b.length]!
}

/** Says what a schema found wrong with `value`, which stands at the end of `path` in a file of that kind. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  path: readonly PropertyKey[],
  value: unknown,
  kind = 'policy',
): string {
  const subject = subjectOf(path, value, kind)
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return `missing key ${subject}`
      return `${subject} must be ${withArticle(issue.expected)}, not ${shown(value)}${quotesHint(issue.expected, value)}`
    case 'invalid_value':
      if (value === undefined) return `missing key ${subject}: ${choices(issue.values)}`
      return `${subject} must be ${choices(issue.values)}, not ${shown(value)}`
    case 'too_big':
      return `${subject} must ${issue.origin === 'number' || issue.origin === 'int' ? 'be' : 'have'} ${bound(issue.maximum, 'at most', issue)}${butIs(issue, value)}`
    case 'too_small':
      return `${subject} must ${issue.origin === 'number' || issue.origin === 'int' ? 'be' : 'have'} ${bound(issue.minimum, issue.inclusive === false ? 'more than' : 'at least', issue)}${butIs(issue, value)}`
    default:
      return `${subject} ${issue.message}`
  }
}

/**
 * The key at the end of the path; for an entry of a list its value, which people find more easily than its
 * number.
 */
function subjectOf(path: readonly PropertyKey[], value: unknown, kind: string): string {
  const last = path.at(-1)
  if (last === undefined) return `the ${kind}`
  if (typeof last !== 'number') return quoted(String(last))
  const list = quoted(String(path.at(-2) ?? ''))
  return typeof value === 'object' ? `entry ${last + 1} of ${list}` : `${shown(value)} in ${list}`
}

/** YAML takes `1.10`, `12e3` and `true` for something else than text, unless they stand in quotes. */
function quotesHint(expected: string, value: unknown): string {
  return expected === 'string' && typeof value !== 'object' ? '; put it in quotes' : ''
}

function withArticle(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    object: 'a map of keys and values',
    record: 'a map of keys and values',
    array: 'a list',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: '`true` or `false`',
  }
  return words[expected] ?? `of type ${expected}`
}

function choices(values: readonly unknown[]): string {
  const shownValues = values.map((value) => `\`${String(value)}\``)
  return shownValues.length === 1 ? shownValues.join('') : `one of ${shownValues.join(', ')}`
}

function bound(limit: number | bigint, words: string, issue: { readonly origin: string }): string {
  const isOne = Number(limit) === 1
  if (issue.origin === 'string') return `${words} ${limit} ${isOne ? 'character' : 'characters'}`
  if (issue.origin === 'array') return `${words} ${limit} ${isOne ? 'entry' : 'entries'}`
  return `${words} ${limit}`
}

function butIs(issue: { readonly origin: string }, value: unknown): string {
  return issue.origin === 'number' || issue.origin === 'int' ? `, not ${shown(value)}` : ''
}

function shown(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a map' : quoted(String(value))
}
