/** The licence room's door: what a licence says, and whether it allows a job here and now. */

export type { AllocationClaims } from './allocation.ts'
export { type Bundle, openBundle } from './bundle.ts'
export * from './claim-parts.ts'
export { CLAIMS_VERSION, LICENCE_AUDIENCE, type LicenceClaims, readClaims } from './claims.ts'
export { commitToName } from './commitment.ts'
export type {
  AllowedLicence,
  CopyTerms,
  CopyUse,
  Declarations,
  LicenceContext,
  LicencePlace,
  LicensedJob,
  PrinterIdentity,
  SeenLists,
  TimeStanding,
  UsedLists,
} from './context.ts'
export { copyTerms } from './copy-terms.ts'
export { describeLicence } from './describe-licence.ts'
export { type DesignDigest, DIGEST_FORMS, type Licence, licenceKey } from './licence.ts'
export { readLicenceFile } from './licence-file.ts'
export { readLicence } from './read-licence.ts'
export { type RefundClaims, readRefund } from './refund.ts'
export { type SublicenceClaims, signSublicence } from './sign-sublicence.ts'
export { type LicenceResult, verifyLicence } from './verify-licence.ts'
