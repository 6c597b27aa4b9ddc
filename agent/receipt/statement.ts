/**
 * What a receipt says: an in-toto statement that follows from its evidence, word for word. Whoever makes a receipt and
 * whoever checks one compute it here, so a receipt can say nothing that its evidence does not.
 */
import { memberCommitment } from '../log-format/index.ts'
import { isAllowed, machineOf } from './check-evidence.ts'
import type { Evidence, EvidenceLeaves } from './evidence.ts'
import { serialNumber } from './serial.ts'
import type { Told, ToldFacts, ToldReason } from './told.ts'

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'

/** Names, not addresses: nobody can own a host under `.invalid` (RFC 2606). FORMAT.md says what they mean. */
export const PREDICATE_TYPE = {
  certificate: 'https://portcullis.invalid/print-certificate/v1',
  refusal: 'https://portcullis.invalid/refusal/v1',
} as const

interface Subject {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

interface Operator {
  /** A number for the person, that only the machine can lead back to a name. */
  readonly subject: string | null
  /** To the name, or to there being none. Whoever is told name and salt can check it. */
  readonly commitment: string | null
  readonly name: string | null
}

interface ToldDecision {
  readonly id: string
  readonly index: number
  /** When the decision was made, and when it was recorded, by the machine's clock. */
  readonly decidedAt: string
  readonly recordedAt: string
  readonly outcome: 'allow' | 'warn' | 'hold' | 'deny'
  readonly tier: string
  readonly policy: { readonly name: string; readonly version: string | number; readonly sha256: string }
  readonly reasons: readonly ToldReason[]
  /** Objections that no reason above counts. */
  readonly unlistedObjections: number
}

interface ToldLicence {
  readonly id: string
  readonly issuer: string
  readonly expiresAt: string
}

export interface CertificatePredicate {
  /** Null as long as no job was opened. */
  readonly serial: string | null
  readonly log: string
  readonly machine: string
  readonly decision: ToldDecision
  /** The record by which a person let pass what was held or denied. */
  readonly release: {
    readonly index: number
    readonly kind: string
    readonly at: string
    readonly role: string
  } | null
  readonly licence:
    | (ToldLicence & { readonly copy: { readonly number: string; readonly state: string } | null })
    | null
  /** What the job's comments claim; nothing has measured it. */
  readonly claimedMaterial: string | null
  readonly facts: ToldFacts
  readonly operator: Operator
  readonly print: {
    readonly job: string
    readonly index: number
    readonly openedAt: string
    readonly commands: number
    /** Null while it is not known that it ended. */
    readonly end: {
      readonly at: string
      readonly outcome: string
      readonly code: string | null
      readonly commandsSent: number
      readonly commandsTotal: number | null
      readonly sha256: string | null
    } | null
  } | null
  readonly evidence: Evidence
}

export interface RefusalPredicate {
  readonly log: string
  readonly machine: string
  readonly decision: ToldDecision
  readonly licence: ToldLicence | null
  /** The last day of an appeal, `YYYY-MM-DD` in UTC. Null where the site sets none. The one thing only the signature says. */
  readonly appealBy: string | null
  readonly operator: Operator
  readonly evidence: Evidence
}

interface StatementBase {
  readonly _type: typeof STATEMENT_TYPE
  /** The job by the digest of its commands, and the file that held it. */
  readonly subject: readonly Subject[]
}

export type Statement = StatementBase &
  (
    | { readonly predicateType: typeof PREDICATE_TYPE.certificate; readonly predicate: CertificatePredicate }
    | { readonly predicateType: typeof PREDICATE_TYPE.refusal; readonly predicate: RefusalPredicate }
  )

/** The statement that follows from evidence. Nothing but `appealBy` comes from anywhere else. */
export function statementOf(
  evidence: Evidence,
  leaves: EvidenceLeaves,
  told: Told,
  appealBy: string | null,
): Statement {
  const { decision } = leaves
  const base: StatementBase = {
    _type: STATEMENT_TYPE,
    subject: [
      { name: 'job', digest: { sha256: decision.job.canonicalSha256 } },
      { name: 'file', digest: { sha256: decision.job.sha256 } },
    ],
  }
  if (isAllowed(leaves)) {
    const predicate = certificateOf(evidence, leaves, told)
    return { ...base, predicateType: PREDICATE_TYPE.certificate, predicate }
  }
  const predicate: RefusalPredicate = {
    log: leaves.log.origin,
    machine: machineOf(leaves.log.origin),
    decision: decisionOf(decision, told),
    licence: licenceOf(decision, told),
    appealBy,
    operator: operatorOf(evidence, decision, told),
    evidence,
  }
  return { ...base, predicateType: PREDICATE_TYPE.refusal, predicate }
}

function certificateOf(evidence: Evidence, leaves: EvidenceLeaves, told: Told): CertificatePredicate {
  const { log, decision, release, opened, copy, closed } = leaves
  const licence = licenceOf(decision, told)
  return {
    serial: opened === null ? null : serialNumber(log.origin, opened.seq),
    log: log.origin,
    machine: machineOf(log.origin),
    decision: decisionOf(decision, told),
    release: release && { index: release.seq, kind: release.kind, at: release.at, role: release.role },
    licence: licence && { ...licence, copy: copy && { number: copy.copy, state: copy.state } },
    claimedMaterial: told.claims?.filamentType ?? null,
    facts: told.facts ?? {},
    operator: operatorOf(evidence, decision, told),
    print: opened && {
      job: opened.job,
      index: opened.seq,
      openedAt: opened.at,
      commands: opened.commands,
      end: closed && {
        at: closed.at,
        outcome: closed.outcome,
        code: closed.code,
        commandsSent: closed.commandsSent,
        commandsTotal: closed.commandsTotal,
        sha256: closed.sha256,
      },
    },
    evidence,
  }
}

function decisionOf(decision: EvidenceLeaves['decision'], told: Told): ToldDecision {
  return {
    id: decision.id,
    index: decision.seq,
    decidedAt: told.at,
    recordedAt: decision.at,
    outcome: decision.outcome,
    tier: decision.tier,
    policy: decision.policy,
    reasons: told.reasons,
    unlistedObjections: told.unlistedObjections,
  }
}

function licenceOf(decision: EvidenceLeaves['decision'], told: Told): ToldLicence | null {
  return decision.licence && told.licence && { id: decision.licence.id, ...told.licence }
}

function operatorOf(evidence: Evidence, decision: EvidenceLeaves['decision'], told: Told): Operator {
  const user = evidence.opening['user']
  return {
    subject: decision.sealed?.subject ?? null,
    commitment: user === undefined ? null : memberCommitment(user),
    name: told.operatorName,
  }
}
