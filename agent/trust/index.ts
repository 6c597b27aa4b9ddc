/** The trust room's door: whom the site believes, in what, and the classes and tiers they speak of. */

export {
  authorityOf,
  hasPower,
  mayExempt,
  mayLicense,
  revocationOf,
} from './authority.ts'
export {
  type AuthorityRow,
  addRecognition,
  distrustIssuer,
  RECOGNITION_BYTES_MAX,
  revokeIssuer,
  trustIssuer,
  trustSlicer,
} from './change-trust.ts'
export { countryCodeSchema, lineSchema, tokenClaims } from './claim-parts.ts'
export type { ClassEntry } from './classes/class-entry.ts'
export {
  decideTier,
  type TierDecision,
  type TierQuestion,
} from './classes/decide-tier.ts'
export {
  crosswalkOf,
  DICTIONARY_VERSION,
  findClass,
  REGIMES,
  searchClasses,
  tierOfClasses,
} from './classes/index.ts'
export { loadTrust } from './load-trust.ts'
export { recognisedClasses, recognisedTier } from './recognised.ts'
export {
  checkNamedIssuer,
  openAuthorityToken,
  type RecognitionClaims,
  readPayload,
  recognitionClaimsSchema,
} from './recognition.ts'
export { LICENCE_TIERS, type LicenceTier, tightness } from './tiers.ts'
export {
  type Authority,
  type LoadedTrust,
  POWERS,
  type Recognition,
  type RevokedCertificate,
  type Trust,
  type TrustedSlicer,
  trustIn,
} from './trust.ts'
export { addTrustAnchor } from './trust-anchors.ts'
export {
  assertGuarded,
  exists,
  namesInOptional,
  removeWhole,
  unreadable,
  writeWhole,
} from './trust-folder.ts'
