/** How often. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { VerifiedTerms } from './check.ts'

export function checkCopies(
  { licence, copies }: VerifiedTerms,
  { uses }: LicenceContext,
): readonly Objection[] {
  if (copies === undefined) return [deny(refuse('allocation-missing', licence.machines.length))]
  return copies.counters.flatMap(({ key, limit, limitPerDay }) => {
    const { used = 0, usedToday = 0 } = uses[key] ?? {}
    if (used >= limit) return [deny(refuse('copies-used-up', used, limit))]
    const isOfToday = limitPerDay !== undefined && usedToday >= limitPerDay
    return isOfToday ? [deny(refuse('copies-used-up-today', usedToday, limitPerDay))] : []
  })
}
