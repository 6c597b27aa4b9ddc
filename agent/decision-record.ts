import type { Decision } from '../policies/index.ts'
import type { AuditRecord } from './log-format/index.ts'

/**
 * A decision as the log keeps it: what can be counted stays in the open, the document itself can be forgotten. `user` is
 * whoever asked, where anybody said; `decidedInMs` runs from the whole job being there to the decision.
 */
export function decisionRecord(
  decision: Decision,
  user: string | undefined,
  decidedInMs: number | null,
): AuditRecord {
  const { id, outcome, job, policy, licence, reasons } = decision
  const { bytes, lines, commands, sha256, canonicalSha256 } = job
  return {
    kind: 'decision',
    id,
    outcome,
    tier: 'open',
    job: { bytes, lines, commands, sha256, canonicalSha256 },
    policy,
    licence: licence === null ? null : { id: licence.id },
    reasons: reasons.map(({ code, rule, outcome: counted, line, count }) => ({
      code,
      rule,
      outcome: counted,
      line,
      count,
    })),
    decidedInMs,
    decision,
    user: user ?? null,
  }
}
