/** Whether the time is known surely enough for such a licence. */
import { deny, hold, type Objection, type Refused, refuse, warn } from '../../token/index.ts'
import type { LicenceContext, TimeStanding } from '../context.ts'
import type { Licence } from '../licence.ts'
import { treatedHere } from './authority.ts'
import { softenedBySunset } from './check.ts'

type Doubt = Exclude<TimeStanding['doubt'], 'none'>

const DOUBTS: Readonly<Record<Doubt, string>> = {
  'set-back': "this machine's clock is behind a time that was signed or recorded here",
  unset: "this machine's clock was never set",
  ahead: "this machine's clock is far ahead of any time that was signed or recorded here",
}

export function checkClock(licence: Licence, context: LicenceContext): readonly Objection[] {
  const { doubt } = context.time
  if (doubt === 'none') return []
  const refusal = refuse('clock-untrusted', DOUBTS[doubt])
  const byTier = objectionOf(treatedHere(licence, context).tier, doubt, refusal)
  const [objection = byTier] = softenedBySunset([byTier], licence, context)
  // No demand of a tier, so no sunset ends it: each day that a clock is set ahead would open another day's copies.
  const opensDays = doubt === 'ahead' && licence.grant.copiesPerDay !== undefined
  return [opensDays && objection.outcome === 'warn' ? hold(refusal, 'site') : objection]
}

function objectionOf(tier: Licence['tier'], doubt: Doubt, refusal: Refused): Objection {
  if (tier === 'restricted') return deny(refusal)
  if (tier === 'controlled') return hold(refusal, 'site')
  // Dates are held against the later of clock and signed time: a clock that is behind gains nothing, one ahead begins early.
  return tier === 'registered' && doubt === 'ahead' ? hold(refusal, 'site') : warn(refusal)
}
