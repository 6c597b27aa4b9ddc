/** How much the evidence must be worth. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import { ASSURANCE_LEVELS, type Licence } from '../licence.ts'

export function checkAssurance({ assurance }: Licence, { machine }: LicenceContext): readonly Objection[] {
  if (ASSURANCE_LEVELS.indexOf(machine.assurance) >= ASSURANCE_LEVELS.indexOf(assurance)) return []
  return [deny(refuse('assurance-too-low', machine.assurance, assurance))]
}
