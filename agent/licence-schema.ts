/**
 * An allowed licence as it comes back from the process that inspected its job: only what the composition acts on, checked
 * member by member and bounded.
 */
import { z } from 'zod'
import type { AllowedLicence, CopyTerms, UsedLists } from './licence/index.ts'
import type { SurveyedJob } from './survey-job.ts'

/** A licence's key is its issuer and its id. */
const KEY_CHARS_MAX = 500
/** A licence and its parents. */
const COUNTERS_MAX = 4
const LISTS_MAX = 32

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const key = z.string().min(1).max(KEY_CHARS_MAX)

/** What the copies of a job are counted by, and what the log must know of its licence. */
export interface LicenceUse {
  readonly sha256: string
  readonly tier: AllowedLicence['licence']['tier']
  readonly copies: CopyTerms
  /** Whoever was certified under it alone may give copies back. */
  readonly anchorSha256: string
  /** Commands sent at which the copy counts for good, from 1. */
  readonly commitAt: number
  readonly filamentMm: number
}

export const licenceUseSchema: z.ZodType<LicenceUse> = z.strictObject({
  sha256,
  tier: z.enum(['open', 'registered', 'controlled', 'restricted']),
  copies: z.strictObject({
    counters: z
      .array(
        z.strictObject({
          key,
          limit: count,
          limitPerDay: count.optional(),
          filamentMmMax: z.number().min(0).optional(),
        }),
      )
      .min(1)
      .max(COUNTERS_MAX),
    commit: z.strictObject({ layer: count, onAbort: z.enum(['return', 'spend']) }),
  }),
  anchorSha256: sha256,
  commitAt: z.int().min(1),
  filamentMm: z.number().min(0),
}) as z.ZodType<LicenceUse>

/** The status lists that a job was judged with, whether or not its licence allowed it. */
export const usedListsSchema: z.ZodType<UsedLists> = z
  .array(z.strictObject({ uri: key, issuedAtMs: count, sha256 }))
  .max(LISTS_MAX)

/** What the composition needs of an allowed licence, for the job that was surveyed. */
export function licenceUse(
  { sha256, licence, copies, anchorSha256 }: AllowedLicence,
  { facts, commitAt }: Pick<SurveyedJob, 'facts' | 'commitAt'>,
): LicenceUse {
  const { tier } = licence
  return {
    sha256,
    tier,
    copies,
    anchorSha256,
    commitAt: commitAt(copies.commit.layer),
    filamentMm: facts.filamentMm,
  }
}
