/** What screening comes to: holds that only compliance may release, with reasons. Never a denial, and never silent. */
import { formatTime, hold, type Objection, quoteInput, refuse, warn } from '../token/index.ts'
import { type LicenceTier, tightness } from '../trust/index.ts'
import type { Screening } from './load-screening.ts'
import { type ScreeningHit, type ScreeningSubjects, screen } from './screen.ts'

/** From this tier on a job waits for lists that are current. */
const NEEDS_CURRENT_LISTS: LicenceTier = 'controlled'
/** From this tier on a job waits for a list at all. */
const NEEDS_A_LIST: LicenceTier = 'restricted'

/** A job as it is screened. */
export interface ScreenedJob {
  /** Of its licence; `open` where it has none. */
  readonly tier: LicenceTier
  readonly declared: {
    readonly endUser?: string
    readonly operator?: string
    readonly destination?: string
    readonly material?: { readonly vendor?: string; readonly lot?: string }
  }
  /** Of its licence. */
  readonly licensee?: string
  readonly nowMs: number
}

/** Screens a job against the lists of its place: what holds it, and what speaks against the lists themselves. */
export function screenLicensedJob(screening: Screening, job: ScreenedJob): readonly Objection[] {
  return [
    ...screeningObjections(screen(screening.lists, subjectsOf(job))),
    ...readinessObjections(screening, job.tier, job.nowMs),
  ]
}

function subjectsOf({ declared, licensee }: ScreenedJob): ScreeningSubjects {
  const { endUser, operator, destination, material } = declared
  return {
    ...(endUser !== undefined && { endUser }),
    ...(operator !== undefined && { operator }),
    ...(licensee !== undefined && { licensee }),
    ...(destination !== undefined && { destination }),
    ...(material?.vendor !== undefined && { vendor: material.vendor }),
    ...(material?.lot !== undefined && { lot: material.lot }),
  }
}

/** A hold for each hit. */
export function screeningObjections(hits: readonly ScreeningHit[]): readonly Objection[] {
  return hits.map(({ list, version, source, entry, subject, declared, matched, score, why }) => {
    const likeness = score === 1 ? 'is' : `resembles (${Math.floor(score * 100)} of 100)`
    const what = `${subject} ${quoteInput(declared)} ${likeness} ${quoteInput(matched)} of the screening list ${quoteInput(list)}, version ${quoteInput(version)}, source ${quoteInput(source)}: ${quoteInput(why)}`
    return hold(refuse('screening-hit', what, declared, `${list} ${entry}`), 'compliance')
  })
}

/** What speaks against the lists: none, too old, or one that is there and is not believed. */
function readinessObjections(
  { lists, unusable }: Screening,
  tier: LicenceTier,
  nowMs: number,
): readonly Objection[] {
  const object = (what: string, since: LicenceTier): Objection => {
    const refused = refuse('screening-unready', what)
    return tightness(tier) >= tightness(since) ? hold(refused, 'compliance') : warn(refused)
  }
  const expired = lists
    .filter(({ expiresAtMs }) => nowMs >= expiresAtMs)
    .map(({ name, version, expiresAtMs }) =>
      object(
        `screening list ${quoteInput(name)}, version ${quoteInput(version)}, expired at ${formatTime(expiresAtMs)}`,
        NEEDS_CURRENT_LISTS,
      ),
    )
  const unbelieved = unusable.map((sentence) => object(sentence, NEEDS_CURRENT_LISTS))
  const isMissing = lists.length === 0 && tightness(tier) >= tightness(NEEDS_A_LIST)
  const missing = isMissing
    ? [object(`tier ${tier} asks for screening, and no list is here`, NEEDS_A_LIST)]
    : []
  return [...missing, ...expired, ...unbelieved]
}
