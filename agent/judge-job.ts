import { randomUUID } from 'node:crypto'
import { type Decision, decide, type JobUser, type LicenceStanding, ReasonTally } from '../policies/index.ts'
import { type LicenceResult, verifyLicence } from './licence/index.ts'
import type { LoadedPolicy } from './load-policy.ts'
import { type SurveyedJob, surveyJob } from './survey-job.ts'

/** The cold path to a decision: survey under the policy, licence, policy over the facts. Touches no printer and no log. */

export interface JudgeJobOptions {
  readonly name: string
  readonly loaded: LoadedPolicy
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** A token that was presented with the job. */
  readonly licenceToken?: string
  readonly anchorsPem: readonly string[]
  readonly machineId: string
  readonly user?: JobUser
  readonly nowMs: number
  readonly alsoHash?: (chunk: Uint8Array) => void
  readonly progress?: (bytes: number) => void
}

export interface JudgedJob {
  readonly survey: SurveyedJob
  readonly decision: Decision
}

/** Surveys and judges a job. The decision is not in the log yet. */
export async function judgeJob(options: JudgeJobOptions): Promise<JudgedJob> {
  const { name, loaded, user, alsoHash, progress } = options
  const tally = new ReasonTally(loaded.policy)
  const survey = await surveyJob(options.chunks, {
    name,
    table: loaded.policy.dialect,
    judge: tally,
    ...(alsoHash !== undefined && { alsoHash }),
    ...(progress !== undefined && { progress }),
  })
  if (survey.isUnfinished) tally.objectToJob(UNFINISHED, 'warn')
  const decision = decide({
    id: randomUUID(),
    at: new Date(options.nowMs).toISOString(),
    job: { name, bytes: survey.bytes, sha256: survey.sha256, canonicalSha256: survey.canonicalSha256 },
    facts: survey.facts,
    claims: survey.claims,
    policySha256: loaded.sha256,
    tally,
    refusedLines: survey.refusedLines,
    refusedCount: survey.refusedCount,
    licence: await standing(options, survey),
    ...(user !== undefined && { user }),
  })
  return { survey, decision }
}

/** A file that stops within its last command prints what is left of it, so this warns and does not deny. */
const UNFINISHED = {
  code: 'grammar.unfinished-line',
  rule: 'grammar',
  message: 'the last line has no line end, so the file may have been cut short',
  remedy: 'export the file again and compare its size',
}

async function standing(options: JudgeJobOptions, survey: SurveyedJob): Promise<LicenceStanding> {
  if (options.licenceToken === undefined) return { kind: 'none' }
  const result = await verifyLicence(options.licenceToken, {
    anchorsPem: options.anchorsPem,
    nowMs: options.nowMs,
    machineId: options.machineId,
    design: { rawSha256: survey.sha256, canonicalSha256: survey.canonicalSha256 },
  })
  return standingOf(result)
}

function standingOf(result: LicenceResult): LicenceStanding {
  if (!result.ok) {
    const { code, message, remedy, value, limit } = result.refusal
    return {
      kind: 'refused',
      code,
      message,
      remedy,
      ...(value !== undefined && { value }),
      ...(limit !== undefined && { limit }),
    }
  }
  const { id, issuer, licensee, tier, copies, expiresAtMs } = result.licence
  // Copies are not counted yet: every print has all of them left.
  return {
    kind: 'valid',
    id,
    issuer,
    licensee,
    tier,
    expiresAt: new Date(expiresAtMs).toISOString(),
    copiesLeft: copies,
  }
}
