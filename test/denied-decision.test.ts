import { expect, test } from 'vitest'
import { decisionSchema } from '../agent/decision-schema.ts'
import { deniedFor } from '../agent/denied-decision.ts'
import { refuse } from '../agent/token/index.ts'
import { type DecisionReason, REASONS_MAX } from '../policies/index.ts'
import { decisionFor } from './copies/admission-order.ts'

const ID = '8d0f6f9e-5c0b-4a53-9f0c-5f5c3a0c9b11'
const REFUSED = refuse('copies-used-up', 3, 3)
const WARNING: DecisionReason = {
  code: 'feedrate',
  rule: 'feedrate',
  outcome: 'warn',
  message: 'fast',
  line: 3,
  count: 2,
  value: null,
  limit: null,
  remedy: 'slow down',
  appeal: 'ask',
}

test('a decision with one reason more denies, and tells it first', () => {
  const denied = deniedFor(decisionFor(ID, { outcome: 'warn', reasons: [WARNING] }), REFUSED, 'ask the desk')
  expect(denied.outcome).toBe('deny')
  expect(denied.reasons).toEqual([
    {
      code: 'licence.copies-used-up',
      rule: 'licence',
      outcome: 'deny',
      message: '3 copies are used, the licence allows 3',
      line: null,
      count: 1,
      value: '3',
      limit: '3',
      remedy: 'ask the issuer for more copies',
      appeal: 'ask the desk',
    },
    WARNING,
  ])
  expect(decisionSchema.parse(denied)).toEqual(denied)
})

test('a decision with as many reasons as it may have counts the last among those it does not list', () => {
  const reasons = Array.from({ length: REASONS_MAX }, () => WARNING)
  const denied = deniedFor(decisionFor('a', { reasons, unlistedObjections: 1 }), REFUSED, 'ask')
  expect(denied.reasons).toHaveLength(REASONS_MAX)
  expect(denied.unlistedObjections).toBe(1 + WARNING.count)
})
