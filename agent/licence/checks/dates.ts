/** From when and until when. Every licence of the chain must be current. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { VerifiedTerms } from './check.ts'

/** From `nbf` on and before `exp` (RFC 7519): at the very second of `exp` it is over. */
export function checkDates(
  { chain }: VerifiedTerms,
  { time: { nowMs } }: LicenceContext,
): readonly Objection[] {
  for (const { issuedAtMs, notBeforeMs, expiresAtMs } of chain) {
    // Used before it was issued: one of the two clocks is wrong, and it may be ours.
    const startsAtMs = Math.max(notBeforeMs, issuedAtMs)
    if (nowMs < startsAtMs) return [deny(refuse('not-yet-valid', startsAtMs, nowMs))]
    if (nowMs >= expiresAtMs) return [deny(refuse('expired', expiresAtMs, nowMs))]
  }
  return []
}
