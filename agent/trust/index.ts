/** The trust room's door: whom the site believes, in what, and the classes and tiers they speak of. */

export {
  authorityOf,
  type BeyondAuthority,
  hasPower,
  type LicenceScope,
  mayExempt,
  mayLicense,
  type Revocation,
  revocationOf,
} from './authority.ts'
export type { ClassEntry } from './classes/class-entry.ts'
export {
  decideTier,
  type TierDecision,
  type TierQuestion,
} from './classes/decide-tier.ts'
export {
  CLASSES,
  crosswalkOf,
  DICTIONARY_VERSION,
  findClass,
  REGIMES,
  searchClasses,
  type TierOfClasses,
  tierOfClasses,
} from './classes/index.ts'
export { recognisedClasses, recognisedTier } from './recognised.ts'
export { LICENCE_TIERS, type LicenceTier, tightness } from './tiers.ts'
export {
  type Authority,
  type LoadedTrust,
  POWERS,
  type Power,
  type Recognition,
  type RevokedCertificate,
  type Trust,
  type TrustedSlicer,
  trustIn,
} from './trust.ts'
export { addTrustAnchor, loadTrustAnchors } from './trust-anchors.ts'
