/** What is wrong with a receipt, or why there can be none, is a value: the file comes from somebody else. */
import type { Problem } from '../verify/index.ts'

export { isProblem, type Problem } from '../verify/index.ts'

/** One sentence, lower case, no full stop. */
export function problem(text: string): Problem {
  return { problem: text }
}
