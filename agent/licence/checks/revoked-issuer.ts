/** Whether a certificate of its issuer was revoked at this site. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import { revocationOf } from '../../trust/index.ts'
import type { LicenceContext } from '../context.ts'
import { licenceKey } from '../licence.ts'
import { sha256Hex } from '../sublicence.ts'
import type { VerifiedTerms } from './check.ts'

/**
 * What a stolen key signed can bear any date and any id; the place in this log where a licence was first met, and the token
 * that it was then, cannot be forged. Spared is that very token: who signs a known licence again, with more copies or other
 * machines, has signed another.
 */
export function checkRevokedIssuer(
  { chain, issuer, bundle }: VerifiedTerms,
  { trust, uses }: LicenceContext,
): readonly Objection[] {
  const revocation = revocationOf(trust, issuer)
  if (revocation === undefined) return []
  const { fromRecord } = revocation.revoked
  const outermost = chain.at(-1)
  const met = outermost && uses[licenceKey(outermost)]
  const isSame = met !== undefined && met.firstSha256 === sha256Hex(bundle.licences.at(-1) ?? '')
  if (fromRecord !== null && isSame && met.firstRecord < fromRecord) return []
  return [deny(refuse('issuer-revoked', revocation.label))]
}
