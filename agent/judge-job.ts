import { randomUUID } from 'node:crypto'
import {
  type Decision,
  type DeclaredFacts,
  decide,
  type JobUser,
  type LicenceObjection,
  type LicenceStanding,
  ReasonTally,
} from '../policies/index.ts'
import { type InJob, JobHead, licenceIn } from './delivery/index.ts'
import { type JobPlace, screenJob } from './job-screening.ts'
import { type Declarations, type LicenceResult, type UsedLists, verifyLicence } from './licence/index.ts'
import { type LicenceUse, licenceUse } from './licence-schema.ts'
import { licensedJob } from './licensed-job.ts'
import type { LoadedPolicy } from './load-policy.ts'
import { openContents, type SealingKey } from './sealed/index.ts'
import { SEALED_UNLICENSED, sealedHeld, withoutText } from './sealed-decision.ts'
import { type SurveyedJob, surveyJob } from './survey-job.ts'

/** The cold path to a decision: survey under the policy, licence, policy over the facts. Touches no printer and no log. */

export interface JudgeJobOptions {
  readonly name: string
  readonly loaded: LoadedPolicy
  /** The job as it came: sealed or not is told by how it begins. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
  /** What opens a sealed job here. Where it is unset, nothing does. */
  readonly sealingKey?: SealingKey
  /** A licence that was presented with the job, with all that goes with it. It counts before one that the job carries. */
  readonly licenceText?: string
  readonly place: JobPlace
  /** What whoever starts it says of it besides who they are. */
  readonly declared?: DeclaredFacts
  readonly user?: JobUser
  readonly nowMs: number
  /** Sees each chunk as it came: the spool's digests are made of the same bytes in the same pass. */
  readonly alsoHash?: (chunk: Uint8Array) => void
  readonly progress?: (bytes: number) => void
}

export interface JudgedJob {
  readonly survey: SurveyedJob
  readonly decision: Decision
  /** The licence that the decision rests on; undefined where there was none, or none that verified. */
  readonly licence: LicenceUse | undefined
  /** Status lists that were looked at, whatever they say. */
  readonly lists: UsedLists
  /** The decision holds no text of it, and nothing else may. */
  readonly isSealed: boolean
  /** Where the job carried its licence, if that is the one that counted. */
  readonly carrier: InJob['carrier'] | undefined
}

/** Surveys and judges a job. The decision is not in the log yet. */
export async function judgeJob(options: JudgeJobOptions): Promise<JudgedJob> {
  const { name, loaded, user, alsoHash, progress } = options
  const tally = new ReasonTally(loaded.policy)
  const chunks = alsoHash === undefined ? options.chunks : seen(options.chunks, alsoHash)
  const { isSealed, chunks: text } = await openContents(name, chunks, options.sealingKey ?? NO_KEY)
  const head = new JobHead()
  const survey = await surveyJob(text, {
    name,
    table: loaded.policy.dialect,
    judge: tally,
    alsoSee: (chunk) => head.add(chunk),
    ...(progress !== undefined && { progress }),
  })
  if (survey.isUnfinished) tally.objectToJob(UNFINISHED, 'warn')
  const carried = options.licenceText === undefined ? licenceIn(name, head) : undefined
  const licence = await verified(options, options.licenceText ?? carried?.licence, survey)
  if (isSealed && licence?.ok !== true) tally.objectToJob(SEALED_UNLICENSED, 'enforce')
  const standing = standingOf(licence)
  if (isSealed && standing.kind === 'valid')
    for (const objection of sealedHeld(standing.objections ?? [])) tally.objectToJob(objection, 'hold')
  for (const { objection, mode } of screenJob(options.place, declaredOf(options), licence))
    tally.objectToJob(objection, mode)
  const decided = decide({
    id: randomUUID(),
    at: new Date(options.nowMs).toISOString(),
    job: { name, bytes: survey.bytes, sha256: survey.sha256, canonicalSha256: survey.canonicalSha256 },
    facts: survey.facts,
    claims: survey.claims,
    policySha256: loaded.sha256,
    tally,
    refusedLines: survey.refusedLines,
    refusedCount: survey.refusedCount,
    licence: standing,
    ...(user !== undefined && { user }),
  })
  const { declared } = options
  const decision = declared === undefined ? decided : { ...decided, declared }
  return {
    survey,
    decision: isSealed ? withoutText(decision) : decision,
    isSealed,
    carrier: carried?.carrier,
    licence: licence?.ok === true ? licenceUse(licence, survey) : undefined,
    lists: licence?.lists ?? [],
  }
}

const NO_KEY: SealingKey = { problem: 'no key for it was given' }

/** A file that stops within its last command prints what is left of it, so this warns and does not deny. */
const UNFINISHED = {
  code: 'grammar.unfinished-line',
  rule: 'grammar',
  message: 'the last line has no line end, so the file may have been cut short',
  remedy: 'export the file again and compare its size',
}

async function* seen(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  see: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    see(chunk)
    yield chunk
  }
}

async function verified(
  options: JudgeJobOptions,
  licenceText: string | undefined,
  survey: SurveyedJob,
): Promise<LicenceResult | undefined> {
  if (licenceText === undefined) return undefined
  return await verifyLicence(licenceText, {
    ...options.place,
    job: licensedJob(survey),
    declared: declaredOf(options),
  })
}

function declaredOf({ user, declared }: JudgeJobOptions): Declarations {
  return {
    ...declared,
    ...(user !== undefined && { operator: user.name }),
    ...(user?.role !== undefined && { role: user.role }),
  }
}

function standingOf(result: LicenceResult | undefined): LicenceStanding {
  if (result === undefined) return { kind: 'none' }
  const objections = result.objections.map(
    ({ outcome, release, refusal }): LicenceObjection => ({ outcome, release, ...refusal }),
  )
  if (!result.ok) return { kind: 'refused', ...result.refusal, objections }
  const { id, issuer, licensee, tier, expiresAtMs } = result.licence
  return {
    kind: 'valid',
    id,
    issuer,
    licensee,
    tier,
    expiresAt: new Date(expiresAtMs).toISOString(),
    copiesLeft: result.copiesLeft,
    objections,
  }
}
