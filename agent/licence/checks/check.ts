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

/** The same, for one licence of the chain. */
type OneLicenceCheck = (
  licence: Licence,
  context: LicenceContext,
  terms: VerifiedTerms,
) => readonly Objection[]

/**
 * Holds a job against a licence and each of its parents. A sub-licence says no more than they do, which was proven;
 * here they are asked all the same, so that a mistake there lets nothing past them. What an inner licence objected to
 * is not told again of an outer one.
 */
export function ofEach(check: OneLicenceCheck): LicenceCheck {
  return (terms, context) => {
    const told = new Set<string>()
    return terms.chain.flatMap((licence) => {
      const objections = check(licence, context, terms).filter((found) => !told.has(nameOf(found)))
      for (const found of objections) told.add(nameOf(found))
      return objections
    })
  }
}

function nameOf({ outcome, refusal }: Objection): string {
  return `${outcome} ${refusal.code}`
}

/**
 * What the tier of a licence demands only warns once its sunset has come. By signed time alone: whoever sets a clock
 * ahead gains nothing.
 */
export function softenedBySunset(
  objections: readonly Objection[],
  { sunsetMs }: Licence,
  { time }: LicenceContext,
): readonly Objection[] {
  if (sunsetMs === undefined || time.signedMs < sunsetMs) return objections
  return objections.map(softened)
}

export function softened(objection: Objection): Objection {
  return { ...objection, outcome: 'warn', release: null }
}
