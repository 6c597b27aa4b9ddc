/** Whether a certificate of its issuer was revoked at this site. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import { revocationOf } from '../../trust/index.ts'
import type { LicenceContext } from '../context.ts'
import { licenceKey } from '../licence.ts'
import type { VerifiedTerms } from './check.ts'

/** What a stolen key signed can bear any date; the place in this log where a licence was first met cannot be forged. */
export function checkRevokedIssuer(
  { chain, issuer }: VerifiedTerms,
  { trust, uses }: LicenceContext,
): readonly Objection[] {
  const revocation = revocationOf(trust, issuer)
  if (revocation === undefined) return []
  const { fromRecord } = revocation.revoked
  const outermost = chain.at(-1)
  const metAt = outermost && uses[licenceKey(outermost)]?.firstRecord
  if (fromRecord !== null && metAt !== undefined && metAt < fromRecord) return []
  return [deny(refuse('issuer-revoked', revocation.label))]
}
