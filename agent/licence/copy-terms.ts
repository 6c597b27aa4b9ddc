/** How many copies of a licence are this machine's. */
import type { Allotted } from './allocation.ts'
import type { CopyCounter, CopyTerms } from './context.ts'
import { type Licence, licenceKey } from './licence.ts'

/** What a job takes of its licence and of each of its parents; `allotted` is what their issuer allocated to this machine. */
export function copyTerms(
  chain: readonly Licence[],
  machineId: string,
  allotted: Allotted = new Map(),
): CopyTerms | undefined {
  const counters: CopyCounter[] = []
  for (const licence of chain) {
    const limit = shareOf(licence, machineId, allotted)
    if (limit === undefined) return undefined
    const { copiesPerDay, filamentMmMax } = licence.grant
    counters.push({ key: licenceKey(licence), limit, limitPerDay: copiesPerDay, filamentMmMax })
  }
  const [leaf] = chain
  return leaf && { counters, commit: leaf.grant.commit }
}

/**
 * Machines that are out of touch cannot count together, so each has a share of its own: the whole where the licence
 * names one machine, else what the licence itself allots to it, else what its issuer allocated later. Undefined where that is nothing.
 */
function shareOf(licence: Licence, machineId: string, allotted: Allotted): number | undefined {
  const { grant, machines } = licence
  const own = machines.find(({ id }) => id === machineId)
  const perMachine = grant.copiesPerMachine ?? Number.POSITIVE_INFINITY
  if (machines.length === 1)
    return Math.min(grant.copies, own?.copies ?? Number.POSITIVE_INFINITY, perMachine)
  if (own?.copies !== undefined) return Math.min(own.copies, perMachine)
  // Even if each makes as many as it may, they do not pass the total.
  if (perMachine * machines.length <= grant.copies) return perMachine
  const allocated = allotted.get(licenceKey(licence))
  return allocated === undefined ? undefined : Math.min(allocated, grant.copies, perMachine)
}
