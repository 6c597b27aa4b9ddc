/**
 * What a check finds wrong is a value: evidence comes from other people's disks and networks, and a bad proof is an
 * answer, not an accident.
 */

/** Why something does not hold: one sentence, lower case, no full stop. */
export interface Problem {
  readonly problem: string
}

export function problem(text: string): Problem {
  return { problem: text }
}

export function isProblem(value: object | null): value is Problem {
  return value !== null && 'problem' in value
}
