/** Runs every check over one gate. */
import { CHECKS } from './checks/index.ts'
import { type Finding, fail, type Told } from './finding.ts'
import { type Check, newSubject, type Site, type Subject } from './subject.ts'
import type { World } from './world.ts'

export interface Examination {
  /** False where anything fails: the gate can be got round, or does not stand. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

export function examine(world: World, site: Site, checks = CHECKS): Examination {
  const subject = newSubject(world, site)
  const findings = checks.flatMap((check) =>
    answersOf(check, subject).map((told) => ({ id: check.id, ...told })),
  )
  return { ok: findings.every(({ level }) => level !== 'fail'), findings }
}

/** A check that breaks has not found things in order, and keeps no other from being made. */
function answersOf(check: Check, subject: Subject): readonly Told[] {
  try {
    return check.examine(subject)
  } catch (error) {
    const message = `this could not be examined: ${error instanceof Error ? error.message : String(error)}`
    return [fail(message, 'report it as a fault of Portcullis, with this sentence')]
  }
}
