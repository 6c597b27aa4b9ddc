import type { Claims, Facts } from '../gcode/index.ts'
import type { Releaser } from './verdict.ts'

/** One thing about a licence that denies, holds or warns, as whoever checked it found it. */
export interface LicenceObjection {
  readonly outcome: 'deny' | 'hold' | 'warn'
  /** Of a hold: who may release it. */
  readonly release: Releaser | null
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly value?: string | number
  readonly limit?: string | number
}

/**
 * Where a job stands with its licence. This room's own words for it: what a licence is and how it verifies is
 * checked elsewhere, and only the result counts here.
 */
export type LicenceStanding =
  /** Nobody presented a licence. */
  | { readonly kind: 'none' }
  /** A licence that verified for this very job, on this machine, now. */
  | {
      readonly kind: 'valid'
      readonly id: string
      readonly issuer: string
      readonly licensee: string
      /** ISO 8601, in UTC. */
      readonly expiresAt: string
      /** How closely the design is held: one of `DESIGN_TIERS`. */
      readonly tier: string
      /** Copies that may still be started, this job's own included: 1 for the last copy. */
      readonly copiesLeft: number
      /** What holds it, or warns of it, although it verified. */
      readonly objections?: readonly LicenceObjection[]
    }
  /** A licence that was presented and did not verify. */
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly message: string
      readonly remedy: string
      readonly value?: string | number
      readonly limit?: string | number
      /** What else was found, beyond the first. */
      readonly objections?: readonly LicenceObjection[]
    }

/** How closely a design is held, from loosest to tightest. */
export const DESIGN_TIERS = ['open', 'registered', 'controlled', 'restricted'] as const

export type DesignTier = (typeof DESIGN_TIERS)[number]

/** The person who starts a job, as far as the agent knows. */
export interface JobUser {
  readonly name: string
  readonly role?: string
}

/** All that a rule may know of a whole job. */
export interface JobContext {
  readonly facts: Facts
  /** From comments, so anyone's word: good for finding mistakes, never for a limit. */
  readonly claims: Claims
  /** SHA-256 of the file's bytes and of its canonical commands, 64 lower-case hexadecimal digits each. */
  readonly sha256: string
  readonly canonicalSha256: string
  readonly licence: LicenceStanding
  readonly user?: JobUser
}
