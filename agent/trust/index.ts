/** The trust room's door: whom the site believes, in what, and the classes and tiers they speak of. */

export { LICENCE_TIERS, type LicenceTier, tightness } from './tiers.ts'
export {
  type Authority,
  POWERS,
  type Power,
  type Recognition,
  type RevokedCertificate,
  type Trust,
  type TrustedSlicer,
  trustIn,
} from './trust.ts'
export { addTrustAnchor, loadTrustAnchors } from './trust-anchors.ts'
