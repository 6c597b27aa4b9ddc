/** On which machine. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'

export function checkMachine({ machines }: Licence, { machine }: LicenceContext): readonly Objection[] {
  const ids = machines.map(({ id }) => id)
  return ids.includes(machine.id) ? [] : [deny(refuse('other-machine', machine.id, ids))]
}
