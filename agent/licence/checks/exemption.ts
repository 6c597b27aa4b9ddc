/** Whether the ground on which a licence goes past the rules of its tier counts here. */
import { deny, type Objection, refuse, type TrustedIssuer } from '../../token/index.ts'
import { authorityOf, mayExempt } from '../../trust/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'
import type { VerifiedTerms } from './check.ts'

/** Whether it has an exemption that counts. */
export function isExempt(
  { exemption }: Licence,
  { trust }: LicenceContext,
  { anchorSha256, uri }: TrustedIssuer,
): boolean {
  return exemption !== undefined && mayExempt(authorityOf(trust, anchorSha256), uri, exemption.authority)
}

export function checkExemption(
  licence: Licence,
  context: LicenceContext,
  { issuer }: VerifiedTerms,
): readonly Objection[] {
  const { exemption } = licence
  if (exemption === undefined || isExempt(licence, context, issuer)) return []
  return [deny(refuse('exemption-not-recognised', exemption.basis, exemption.authority))]
}
