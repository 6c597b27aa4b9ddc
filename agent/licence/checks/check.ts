/** What every check of a verified licence is given, and answers. */
import type { Objection, TrustedIssuer } from '../../token/index.ts'
import type { Bundle } from '../bundle.ts'
import type { CopyTerms, LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'

export interface VerifiedTerms {
  /** The licence that is used. Where it is a sub-licence, it was proven to allow no more than any of its parents. */
  readonly licence: Licence
  /** It and its parents, outermost last. */
  readonly chain: readonly Licence[]
  /** Who signed the outermost. */
  readonly issuer: TrustedIssuer
  /** What this machine may take of it, and of its parents; undefined where it has no share in one of them. */
  readonly copies: CopyTerms | undefined
  /** What came with it; unverified. */
  readonly bundle: Bundle
}

/** Looks at one thing. Pure, and answers everything that is wrong with it. May throw: that denies. */
export type LicenceCheck = (
  terms: VerifiedTerms,
  context: LicenceContext,
) => readonly Objection[] | Promise<readonly Objection[]>
