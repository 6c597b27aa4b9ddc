/** Whether the site lets this issuer speak for such a licence. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import { authorityOf, mayLicense, recognisedClasses, recognisedTier } from '../../trust/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'
import type { VerifiedTerms } from './check.ts'

/** Tier and classes of a licence as they are treated at this site. */
export function treatedHere(
  { tier, issuer, design }: Pick<Licence, 'tier' | 'issuer' | 'design'>,
  { trust, time }: LicenceContext,
): Pick<Licence, 'tier'> & { readonly classes: readonly string[] } {
  return {
    tier: recognisedTier(trust, issuer, tier, time.nowMs),
    classes: recognisedClasses(trust, issuer, design.classes, time.nowMs),
  }
}

export function checkAuthority(
  licence: Licence,
  context: LicenceContext,
  { issuer }: VerifiedTerms,
): readonly Objection[] {
  const authority = authorityOf(context.trust, issuer.anchorSha256)
  const { countries } = licence.endUse
  const beyond = mayLicense(authority, { ...treatedHere(licence, context), countries })
  if (beyond === undefined) return []
  return [deny(refuse('outside-authority', beyond.what, beyond.value, beyond.limit))]
}
