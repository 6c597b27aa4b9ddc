import type { Claims, Facts, RefusedLine } from '../gcode/index.ts'
import type { JobContext, JobUser, LicenceStanding } from './job-context.ts'
import type { ReasonTally, TalliedReason } from './reason-tally.ts'
import type { Objection, Releaser, RuleMode } from './verdict.ts'

/** What is to become of a job, from best to worst: `hold` waits for a person. */
export type JobOutcome = 'allow' | 'warn' | 'hold' | 'deny'

/** What one reason counts for: an outcome, or `audit`, recorded without effect. */
export type ReasonOutcome = Exclude<JobOutcome, 'allow'> | 'audit'

/** Why a job is not simply allowed: one rule's objection, in the words of the person who is to act on it. */
export interface DecisionReason {
  /** Stable and documented: `nozzle-temperature`, `licence.expired`, `grammar.repeated-word`. */
  readonly code: string
  readonly rule: string
  readonly outcome: ReasonOutcome
  readonly message: string
  /** First line of the file that this is about, from 1; null where the whole job is meant. */
  readonly line: number | null
  /** How often it was objected to: on how many lines, or once to the whole job. */
  readonly count: number
  /** With unit, `300 °C` and `260 °C`; null where there is none. */
  readonly value: string | null
  readonly limit: string | null
  readonly remedy: string
  readonly appeal: string
  /** Of a hold: who may release it. Absent where it is whoever runs the site, and from what does not hold. */
  readonly release?: Releaser
}

/** What nobody can measure: anyone's word, and on record as theirs. */
export interface DeclaredFacts {
  readonly role?: string
  readonly material?: {
    readonly type: string
    readonly vendor?: string
    readonly lot?: string
    readonly tag?: string
  }
  readonly endUse?: string
  readonly destination?: string
  readonly endUser?: string
}

/** The decision about one job: all that a person, a script and the log need to know of it. */
export interface Decision {
  readonly id: string
  /** ISO 8601, in UTC. */
  readonly at: string
  readonly outcome: JobOutcome
  readonly job: {
    readonly name: string
    readonly bytes: number
    readonly lines: number
    readonly commands: number
    readonly sha256: string
    readonly canonicalSha256: string
  }
  readonly facts: Omit<Facts, 'lines' | 'commands'>
  readonly claims: Claims
  readonly policy: { readonly name: string; readonly version: number; readonly sha256: string }
  readonly licence: {
    readonly id: string
    readonly issuer: string
    readonly licensee: string
    readonly expiresAt: string
    readonly copiesLeft: number
  } | null
  /** What whoever asked said of the job, where they said anything. */
  readonly declared?: DeclaredFacts
  /** Strongest first, at most `REASONS_MAX`. */
  readonly reasons: readonly DecisionReason[]
  /** Objections that no reason above counts, for want of space. */
  readonly unlistedObjections: number
  /** Where the decision stands in the log, once it does. */
  readonly log: { readonly origin: string; readonly index: number } | null
}

/**
 * What a decision is made of. The id, the time and the policy's digest come from outside: this room has no
 * clock.
 */
export interface DecisionInput {
  readonly id: string
  readonly at: string
  readonly job: {
    readonly name: string
    readonly bytes: number
    readonly sha256: string
    readonly canonicalSha256: string
  }
  readonly facts: Facts
  readonly claims: Claims
  /** Of the policy file's bytes. */
  readonly policySha256: string
  /** The judge of the survey: the policy, and what it objected to line by line. */
  readonly tally: ReasonTally
  /** The lines that could not be read, the first of them with reasons, and their number. */
  readonly refusedLines: readonly RefusedLine[]
  readonly refusedCount: number
  readonly licence: LicenceStanding
  readonly user?: JobUser
}

const OUTCOME_BY_MODE = {
  enforce: 'deny',
  hold: 'hold',
  warn: 'warn',
  audit: 'audit',
} as const satisfies Record<RuleMode, ReasonOutcome>

/** Makes the decision: the strongest objection decides, and all are named. Call once for a tally. */
export function decide(input: DecisionInput): Decision {
  const { facts, tally } = input
  const { policy } = tally
  tally.refuse(input.refusedLines, input.refusedCount)
  for (const { objection, mode } of policy.judgeJob(contextOf(input))) tally.objectToJob(objection, mode)
  if (tally.judgedCommands !== facts.commands) tally.objectToJob(unjudged(tally, facts), 'enforce')
  const reasons = tally.reasons()
  const { lines, commands, ...measured } = facts
  const { name, bytes, sha256, canonicalSha256 } = input.job
  return {
    id: input.id,
    at: input.at,
    outcome: outcomeOf(tally.strongest()),
    job: { name, bytes, lines, commands, sha256, canonicalSha256 },
    facts: measured,
    claims: input.claims,
    policy: { name: policy.name, version: policy.version, sha256: input.policySha256 },
    licence: describeLicence(input.licence),
    reasons: reasons.map((reason) => describeReason(reason, policy.appeal)),
    unlistedObjections: tally.count - reasons.reduce((sum, { count }) => sum + count, 0),
    log: null,
  }
}

/**
 * A job is allowed only where every command of it was judged: one that slipped past the judge is a bug of
 * ours, and denies.
 */
function unjudged(tally: ReasonTally, facts: Facts): Objection {
  const value = `${tally.judgedCommands} commands`
  const limit = `${facts.commands} commands`
  return {
    code: 'policy.unjudged',
    rule: 'policy',
    message: `only ${value} of ${limit} were judged`,
    value,
    limit,
    remedy: 'tell the person who looks after this gate; this is a fault of the gate, not of the job',
  }
}

function contextOf(input: DecisionInput): JobContext {
  return {
    facts: input.facts,
    claims: input.claims,
    sha256: input.job.sha256,
    canonicalSha256: input.job.canonicalSha256,
    licence: input.licence,
    ...(input.user !== undefined && { user: input.user }),
  }
}

function outcomeOf(strongest: RuleMode | undefined): JobOutcome {
  if (strongest === undefined || strongest === 'audit') return 'allow'
  return OUTCOME_BY_MODE[strongest]
}

function describeLicence(standing: LicenceStanding): Decision['licence'] {
  if (standing.kind !== 'valid') return null
  const { id, issuer, licensee, expiresAt, copiesLeft } = standing
  return { id, issuer, licensee, expiresAt, copiesLeft }
}

function describeReason({ objection, mode, line, count }: TalliedReason, appeal: string): DecisionReason {
  return {
    code: objection.code,
    rule: objection.rule,
    outcome: OUTCOME_BY_MODE[mode],
    message: objection.message,
    line,
    count,
    value: objection.value ?? null,
    limit: objection.limit ?? null,
    remedy: objection.remedy,
    appeal,
    ...(mode === 'hold' && objection.release !== undefined && { release: objection.release }),
  }
}
