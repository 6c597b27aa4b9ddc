/** The licence room's door: check a licence, read one, make one, and keep the anchors that are trusted. */

export { readBoundedFile } from './bounded-file.ts'
export { describeLicence } from './describe-licence.ts'
export { createIssuer, issueLicence } from './issuer.ts'
export { loadIssuer, saveIssuer } from './issuer-store.ts'
export { DIGEST_FORMS, LICENCE_TIERS } from './licence.ts'
export { readLicenceFile } from './licence-file.ts'
export type { LicenceOrder } from './order.ts'
export { readLicence } from './read-licence.ts'
export { addTrustAnchor, loadTrustAnchors } from './trust-anchors.ts'
export { type LicenceResult, verifyLicence } from './verify-licence.ts'
