/** On which machine, and on which printer behind it. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'
import { checkPrinter } from './printer.ts'

export function checkMachine({ machines }: Licence, { machine }: LicenceContext): readonly Objection[] {
  const own = machines.find(({ id }) => id === machine.id)
  if (own !== undefined) return checkPrinter(own.printer, machine.printer)
  const ids = machines.map(({ id }) => id)
  return [deny(refuse('other-machine', machine.id, ids))]
}
