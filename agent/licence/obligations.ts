/** What the licensee owes: what the licence says, and what comes with the ground on which it was granted. */
import type { Exemption, Licence, Obligation } from './licence.ts'

/** A licence that goes past the rules of its tier is looked at by others, soon and from outside. */
const EXEMPTION_REPORT_DAYS = 30

const WATCHED: readonly Obligation[] = [
  { kind: 'report', withinDays: EXEMPTION_REPORT_DAYS, byMs: undefined },
  { kind: 'witness', cosigners: 1 },
]

const IMPLIED: Readonly<Record<Exemption['basis'], readonly Obligation[]>> = {
  humanitarian: WATCHED,
  'critical-use': WATCHED,
  repair: [],
  research: [],
}

/** All that is owed, each once. `retain` is for the log; the others are checked before a copy begins. */
export function obligationsOf({ obligations, exemption }: Licence): readonly Obligation[] {
  const implied = exemption === undefined ? [] : IMPLIED[exemption.basis]
  return [...obligations, ...implied.filter((one) => !obligations.some((said) => covers(said, one)))]
}

/** Whether who does the one has done the other too. */
function covers(said: Obligation, implied: Obligation): boolean {
  if (said.kind === 'report' && implied.kind === 'report') {
    return said.withinDays !== undefined && said.withinDays <= (implied.withinDays ?? 0)
  }
  return said.kind === 'witness' && implied.kind === 'witness' && said.cosigners >= implied.cosigners
}
