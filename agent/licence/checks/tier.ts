/** Whether the licence's tier is as tight as what its design is classified as. */
import { deny, hold, type Objection, quoteInput, refuse } from '../../token/index.ts'
import { tierOfClasses, tightness } from '../../trust/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'
import { treatedHere } from './authority.ts'
import { softened, softenedBySunset, type VerifiedTerms } from './check.ts'
import { isExempt } from './exemption.ts'

export function checkTier(
  licence: Licence,
  context: LicenceContext,
  { issuer }: VerifiedTerms,
): readonly Objection[] {
  const { tier, classes } = treatedHere(licence, context)
  const asked = tierOfClasses(classes)
  const unknown = asked.unknown.map((code) => hold(refuse('class-unknown', code), 'compliance'))
  const objections = [...tooLoose(tier, asked, isExempt(licence, context, issuer)), ...unknown]
  return softenedBySunset(objections, licence, context)
}

/** An exemption is the ground for a looser tier; that it is one is still said. */
function tooLoose(
  tier: Licence['tier'],
  asked: ReturnType<typeof tierOfClasses>,
  isExempted: boolean,
): readonly Objection[] {
  if (asked.because === undefined || tightness(tier) >= tightness(asked.tier)) return []
  const why = `design is of class ${quoteInput(asked.because)}`
  const objection = deny(refuse('tier-too-loose', why, tier, asked.tier))
  return [isExempted ? softened(objection) : objection]
}
