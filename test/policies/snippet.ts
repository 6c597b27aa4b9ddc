import { MARLIN } from '../../gcode/index.ts'
import {
  type Decision,
  type JobContext,
  type JobExample,
  judgeGcode,
  Policy,
  type PolicyRule,
  type Rule,
  type RuleExample,
  type RuleMode,
  readPolicy,
} from '../../policies/index.ts'

const SHA256_OF_NOTHING = '0'.repeat(64)

/** A policy of one rule, with options as a policy file writes them. */
export function policyOf(rule: Rule, options: unknown, mode: RuleMode = 'enforce'): Policy {
  return policyOfRules([{ rule, options: rule.options.parse(options), mode, isImplied: false }])
}

export function policyOfRules(rules: readonly PolicyRule[]): Policy {
  return new Policy({
    name: 'test',
    version: 1,
    description: undefined,
    appeal: 'ask the test',
    dialect: MARLIN,
    rules,
    cases: [],
  })
}

/** A policy as its file says it; fails the test where the file is wrong. */
export function policyFrom(yaml: string, registry?: readonly Rule[]): Policy {
  const result = readPolicy(yaml, registry)
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'))
  return result.policy
}

/** A policy file with the given rules in YAML, indented by two spaces. */
export function policyYaml(rules: string): string {
  return `portcullis: 1\nname: test\nversion: 1\nappeal: ask the test\nrules:\n${rules}`
}

/** A job that measured nothing and claims nothing. */
export const EMPTY_JOB: JobContext = {
  facts: judgeGcode(policyOfRules([]), '').facts as JobContext['facts'],
  claims: {},
  sha256: SHA256_OF_NOTHING,
  canonicalSha256: SHA256_OF_NOTHING,
  licence: { kind: 'none' },
}

/** What one rule says of an example: the codes and messages of its objections, or nothing. */
export function objectionsTo(policy: Policy, example: RuleExample): readonly string[] {
  if (typeof example !== 'string') return jobObjections(policy, example)
  return reasonsOf(judgeGcode(policy, example))
}

function jobObjections(policy: Policy, example: JobExample): readonly string[] {
  return policy
    .judgeJob({ ...EMPTY_JOB, ...example.job })
    .map(({ objection: { code, message, remedy }, mode }) => `${mode} ${code}: ${message}; ${remedy}`)
}

export function reasonsOf(decision: Decision): readonly string[] {
  return decision.reasons.map(
    ({ outcome, code, message, line, count, remedy }) =>
      `${outcome} ${code} at line ${line} x${count}: ${message}; ${remedy}`,
  )
}
