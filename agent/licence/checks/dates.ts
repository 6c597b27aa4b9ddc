/** From when and until when. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'

/** From `nbf` on and before `exp` (RFC 7519): at the very second of `exp` it is over. */
export function checkDates(
  { issuedAtMs, notBeforeMs, expiresAtMs }: Licence,
  { time: { nowMs } }: LicenceContext,
): readonly Objection[] {
  // Used before it was issued: one of the two clocks is wrong, and it may be ours.
  const startsAtMs = Math.max(notBeforeMs, issuedAtMs)
  if (nowMs < startsAtMs) return [deny(refuse('not-yet-valid', startsAtMs, nowMs))]
  return nowMs >= expiresAtMs ? [deny(refuse('expired', expiresAtMs, nowMs))] : []
}
