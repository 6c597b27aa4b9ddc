/** What a licence says, in this program's words. The wire's words are in claims.ts. */

/** How closely a design is held, from free to controlled. The order is from loosest to tightest. */
export const LICENCE_TIERS = ['open', 'registered', 'controlled', 'restricted'] as const

export type LicenceTier = (typeof LICENCE_TIERS)[number]

/**
 * What a digest was taken over: `gcode-raw` the bytes of the file, `gcode-canon` the canonical commands of the job,
 * which stay the same when comments and spacing change.
 */
export const DIGEST_FORMS = ['gcode-raw', 'gcode-canon'] as const

export type DigestForm = (typeof DIGEST_FORMS)[number]

export interface DesignDigest {
  readonly form: DigestForm
  /** SHA-256 as 64 lower-case hexadecimal digits. */
  readonly sha256: string
}

export interface LicensedDesign {
  readonly id: string
  readonly revision: string
  readonly title: string | undefined
  /** A job is this design if it matches any one of these. */
  readonly digests: readonly DesignDigest[]
}

/** One licence: who may print which design how often, on which machines, and when. */
export interface Licence {
  /** Unique for its issuer only: count copies by issuer and id together. */
  readonly id: string
  /** The issuer's URI, proven by its certificate. */
  readonly issuer: string
  readonly licensee: string
  readonly tier: LicenceTier
  readonly design: LicensedDesign
  readonly copies: number
  /** The identities of the machines that may print it; never empty, never a pattern. */
  readonly machines: readonly string[]
  readonly issuedAtMs: number
  /** First instant at which it may be used. */
  readonly notBeforeMs: number
  /** First instant at which it may no longer be used. */
  readonly expiresAtMs: number
}
