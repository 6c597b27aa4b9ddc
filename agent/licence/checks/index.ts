/** All that a verified licence is checked for, in the order in which people are told of it. */
import { checkAssurance } from './assurance.ts'
import { checkAuthority } from './authority.ts'
import { type LicenceCheck, ofEach } from './check.ts'
import { checkClock } from './clock.ts'
import { checkCopies } from './copies.ts'
import { checkDates } from './dates.ts'
import { checkDesign } from './design.ts'
import { checkDrill } from './drill.ts'
import { checkEndUse } from './end-use.ts'
import { checkExemption } from './exemption.ts'
import { checkFilament } from './filament.ts'
import { checkLimits } from './limits.ts'
import { checkMachine } from './machine.ts'
import { checkMaterials } from './materials.ts'
import { checkObligations } from './obligations.ts'
import { checkOperators } from './operators.ts'
import { checkRevokedIssuer } from './revoked-issuer.ts'
import { checkTier } from './tier.ts'

export const CHECKS: readonly LicenceCheck[] = [
  ofEach(checkAuthority),
  checkRevokedIssuer,
  ofEach(checkDrill),
  ofEach(checkClock),
  ofEach(checkDates),
  ofEach(checkMachine),
  ofEach(checkDesign),
  ofEach(checkTier),
  ofEach(checkExemption),
  ofEach(checkMaterials),
  ofEach(checkOperators),
  ofEach(checkLimits),
  ofEach(checkEndUse),
  ofEach(checkAssurance),
  ofEach(checkObligations),
  ofEach(checkFilament),
  checkCopies,
]
