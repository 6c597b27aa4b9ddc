/** The token room's door: what an issuer signed, who signed it, and the words for what is wrong with it. */

export { readBoundedFile } from './bounded-file.ts'
export { LICENCE_SIGNING_PURPOSE } from './certificate.ts'
export { checkProfile } from './certificate-profile.ts'
export { describeIssue } from './describe-issue.ts'
export {
  checkIssuerChain,
  readCertificate,
  type TrustedIssuer,
} from './issuer-chain.ts'
export { formatTime, PLAIN_TEXT, quoteInput, showInput } from './plain-text.ts'
export {
  deny,
  hold,
  LICENCE_REFUSAL_CODES,
  type LicenceRefusal,
  type LicenceRefusalCode,
  type Objection,
  type Refused,
  reasonAndRemedy,
  reasonOf,
  refuse,
  warn,
} from './refusal.ts'
export { parseStrictJson } from './strict-json.ts'
export {
  checkSignature,
  openToken,
  signToken,
  splitCompact,
  TOKEN_KINDS,
  type TokenKind,
} from './token.ts'
export { type VerifiedToken, verifyToken } from './verify-token.ts'
