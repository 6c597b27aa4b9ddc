/** What the licensee owes before another copy begins. `retain` is owed by the log, and nothing is checked of it here. */
import { deny, hold, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import { type Licence, licenceKey, type Obligation } from '../licence.ts'
import { obligationsOf } from '../obligations.ts'
import { plural } from '../words.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export function checkObligations(licence: Licence, context: LicenceContext): readonly Objection[] {
  const owed = obligationsOf(licence)
  return [...checkReports(owed, licence, context), ...checkWitnesses(owed, context)]
}

/** The earliest date that has passed. Only what was printed is to be reported. */
function checkReports(
  owed: readonly Obligation[],
  licence: Licence,
  { uses, time }: LicenceContext,
): readonly Objection[] {
  const sinceMs = uses[licenceKey(licence)]?.unreportedSinceMs ?? null
  if (sinceMs === null) return []
  const dueMs = Math.min(
    ...owed.map((one) => {
      if (one.kind !== 'report') return Number.POSITIVE_INFINITY
      if (one.withinDays !== undefined) return sinceMs + one.withinDays * DAY_MS
      return one.byMs ?? Number.POSITIVE_INFINITY
    }),
  )
  return time.nowMs < dueMs ? [] : [hold(refuse('obligation-overdue', dueMs), 'issuer')]
}

function checkWitnesses(owed: readonly Obligation[], { machine }: LicenceContext): readonly Objection[] {
  const wanted = Math.max(0, ...owed.map((one) => (one.kind === 'witness' ? one.cosigners : 0)))
  if (machine.cosigners >= wanted) return []
  return [deny(refuse('assurance-too-low', witnesses(machine.cosigners), witnesses(wanted)))]
}

function witnesses(count: number): string {
  return plural(count, 'witness', 'witnesses')
}
