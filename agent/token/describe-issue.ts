/** Puts what a schema found into words. */
import type { z } from 'zod'
import { quoteInput, showInput } from './plain-text.ts'

/** A sentence of the schema library, with what it quotes. */
const PROBLEM_CHARS_MAX = 160

/** The first problem, in one clause: ``claim `grant.copies`: too small: expected number...``. */
export function describeIssue(noun: string, issues: readonly z.core.$ZodIssue[]): string {
  const issue = issues[0]
  if (issue === undefined) return `${noun} is not understood`
  // The schema's sentence can quote the input, as in an unknown key.
  const problem = showInput(issue.message.charAt(0).toLowerCase() + issue.message.slice(1), PROBLEM_CHARS_MAX)
  const where = issue.path.length === 0 ? noun : `${noun} ${quoteInput(issue.path.map(String).join('.'))}`
  return `${where}: ${problem}`
}
