/** How much of it. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import { type Licence, licenceKey } from '../licence.ts'

/** Like its copies, the filament of a licence is counted on each machine by itself. */
export function checkFilament(licence: Licence, { job, uses }: LicenceContext): readonly Objection[] {
  const limitMm = licence.grant.filamentMmMax
  if (limitMm === undefined) return []
  const usedMm = (uses[licenceKey(licence)]?.filamentMm ?? 0) + job.filamentMm
  return usedMm <= limitMm ? [] : [deny(refuse('filament-used-up', usedMm, limitMm))]
}
