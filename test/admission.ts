/** Admissions for tests of what comes after them. */
import type { Admission } from '../agent/copy-keeper.ts'

/** As if a decision stood at this place of a log, about a job that takes no copy. */
export function admittedAt(decision: number): Admission {
  return { decision, copy: null } as Admission
}
