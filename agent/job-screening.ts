/**
 * A job against the screening lists of its place. What is found goes to the decision by itself, not through the licence:
 * a policy that asks for no licence must not silence it, and a job without one is screened by what is declared of it.
 */
import type { Objection as JobObjection, RuleMode } from '../policies/index.ts'
import type { Declarations, LicencePlace, LicenceResult, SeenLists } from './licence/index.ts'
import { NO_SCREENING, type Screening, screenLicensedJob } from './screening/index.ts'
import type { Objection } from './token/index.ts'

/** What a job is held against: as a licence is, and the screening lists. A place without any knows of none. */
export interface JobPlace extends LicencePlace {
  readonly screening?: Screening
  /** The latest version of each list that was used here. */
  readonly seenScreening?: SeenLists
}

const RULE = 'licence'

const MODES = { deny: 'enforce', hold: 'hold', warn: 'warn' } as const satisfies Record<
  Objection['outcome'],
  RuleMode
>

/** What screening says of a job, as reasons of a decision. */
export function screenJob(
  place: JobPlace,
  declared: Declarations,
  licence: LicenceResult | undefined,
): readonly { readonly objection: JobObjection; readonly mode: RuleMode }[] {
  return screeningOf(place, declared, licence).map((one) => ({
    objection: toReason(one),
    mode: MODES[one.outcome],
  }))
}

/** What screening says of a job. Nothing is asked of a job that has no licence and of which nobody declared anything. */
export function screeningOf(
  place: JobPlace,
  declared: Declarations,
  licence: LicenceResult | undefined,
): readonly Objection[] {
  const { endUser, destination, material } = declared
  const isDeclared = [endUser, destination, material?.vendor, material?.lot].some((one) => one !== undefined)
  if (licence === undefined && !isDeclared) return []
  const { nowMs } = place.time
  // The tier of a result is the one that the site treats it as.
  const { tier, licensee } = licence?.ok === true ? licence.licence : UNLICENSED
  return screenLicensedJob(place.screening ?? NO_SCREENING, {
    tier,
    declared,
    nowMs,
    ...(licensee !== undefined && { licensee }),
  })
}

/** A licence that did not verify says nothing of the job; the decision denies it anyway. */
const UNLICENSED = { tier: 'open', licensee: undefined } as const

function toReason({ release, refusal }: Objection): JobObjection {
  const { code, message, remedy, value, limit } = refusal
  return {
    code: `${RULE}.${code}`,
    rule: RULE,
    message,
    remedy,
    ...(value !== undefined && { value: String(value) }),
    ...(limit !== undefined && { limit: String(limit) }),
    // Each entry by itself: two of them that resemble one name are two things to look at.
    group: message,
    ...(release !== null && { release }),
  }
}
