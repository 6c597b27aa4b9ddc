import { type Decision, type DecisionReason, REASONS_MAX } from '../policies/index.ts'
import type { Refused } from './token/index.ts'

/** The decision with one reason more, which denies: what was found between judging and recording. */
export function deniedFor(decision: Decision, { refusal }: Refused, appeal: string): Decision {
  const { code, message, value, limit, remedy } = refusal
  const reason: DecisionReason = {
    code: `licence.${code}`,
    rule: 'licence',
    outcome: 'deny',
    message,
    line: null,
    count: 1,
    value: value === undefined ? null : String(value),
    limit: limit === undefined ? null : String(limit),
    remedy,
    appeal,
  }
  const reasons = [reason, ...decision.reasons]
  const dropped = reasons.slice(REASONS_MAX).reduce((sum, { count }) => sum + count, 0)
  return {
    ...decision,
    outcome: 'deny',
    reasons: reasons.slice(0, REASONS_MAX),
    unlistedObjections: decision.unlistedObjections + dropped,
  }
}
