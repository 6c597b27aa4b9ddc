/** On which machine. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { VerifiedTerms } from './check.ts'

export function checkMachine({ licence }: VerifiedTerms, { machine }: LicenceContext): readonly Objection[] {
  if (licence.machines.some(({ id }) => id === machine.id)) return []
  return [
    deny(
      refuse(
        'other-machine',
        machine.id,
        licence.machines.map(({ id }) => id),
      ),
    ),
  ]
}
