/** A licence for a drill stays in the drill. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'

export function checkDrill({ isDrill }: Licence, { machine }: LicenceContext): readonly Objection[] {
  return isDrill && machine.isRealPort ? [deny(refuse('drill-only'))] : []
}
