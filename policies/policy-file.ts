import { z } from 'zod'
import { type CommandTable, MARLIN } from '../gcode/index.ts'
import { Policy, type PolicyCase, type PolicyRule } from './policy.ts'
import { type PolicyProblem, suggestion } from './policy-problem.ts'
import type { Rule } from './rule.ts'
import { RULES } from './rules/index.ts'
import { RULE_MODES, type RuleMode } from './verdict.ts'
import { quoted } from './wording.ts'
import { inOrder, valueAt, YamlCheck } from './yaml-check.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** Characters of a policy file. A policy is read by people; this is a book of it. */
export const POLICY_CHARS_MAX = 256 * 1024
/** The format that is read here, the number behind `portcullis:`. */
export const POLICY_FORMAT = 1
const CASES_MAX = 500
const TEXT_CHARS_MAX = 500

const DIALECTS: Readonly<Record<'marlin', CommandTable>> = { marlin: MARLIN }

const text = z.string().min(1).max(TEXT_CHARS_MAX)

const caseSchema = z
  .strictObject({
    name: text.describe('What the case shows, in words.'),
    gcode: z.string().describe('The job, from its first line.'),
    outcome: z.enum(['allow', 'warn', 'hold', 'deny']).describe('What the decision must be.'),
    codes: z
      .array(text)
      .default([])
      .describe('Codes of the reasons that the decision must name: all of them and no other.'),
  })
  .refine(
    ({ outcome, codes }) => outcome === 'allow' || codes.length > 0,
    'needs `codes`: why the job is not allowed',
  )

/** The policy file but for its rules, whose options belong to them. */
export const policySchema = z.strictObject({
  portcullis: z.literal(POLICY_FORMAT).describe('The format of this file.'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and hyphens, at most 64')
    .describe('The policy’s name, as decisions and the log give it.'),
  version: z.int().min(1).describe('Counts up with every change, so that the log tells which one decided.'),
  description: text.optional().describe('What the policy is for.'),
  dialect: z.enum(['marlin']).default('marlin').describe('The firmware that the printer reads G-code with.'),
  appeal: text.describe('Where a person whose job was refused turns to: it stands under every reason.'),
  rules: z
    .record(z.string(), z.unknown())
    .describe(
      'The rules in force, by their id: `mode` (enforce, hold, warn or audit) and the rule’s own options.',
    ),
  cases: z
    .array(caseSchema)
    .max(CASES_MAX)
    .default([])
    .describe('Jobs with the decision that they must get.'),
})

const modeSchema = z.enum(RULE_MODES)

/** A policy, or all that is wrong with its file. */
export type PolicyResult =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }

/**
 * Reads a policy file. Strict: a key that nobody knows may be the limit that its writer cared about most.
 * Never throws.
 */
export function readPolicy(yaml: string, registry: readonly Rule[] = RULES): PolicyResult {
  if (yaml.length > POLICY_CHARS_MAX) {
    const message = `policy of ${yaml.length} characters is above the limit of ${POLICY_CHARS_MAX} characters`
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message }] }
  }
  const read = readYaml(yaml)
  if (!read.ok) return { ok: false, problems: inOrder(read.problems) }
  return new PolicyReader(read.source, registry).read()
}

/** Checks one file, gathering every problem on the way. */
class PolicyReader {
  private readonly value: unknown
  private readonly check: YamlCheck
  private readonly registry: readonly Rule[]

  constructor(source: YamlSource, registry: readonly Rule[]) {
    this.value = source.value
    this.check = new YamlCheck(source, 'policy')
    this.registry = registry
  }

  read(): PolicyResult {
    const head = this.check.read(policySchema, this.value, [], Object.keys(policySchema.shape))
    // The rules are read even where the head is wrong, so that all problems are told at once.
    const rules = this.readRules(valueAt(this.value, ['rules']))
    const { problems } = this.check
    if (head === undefined || problems.length > 0) return { ok: false, problems }
    const { name, version, description, appeal, dialect, cases } = head
    const shared = { name, version, description, appeal, rules, cases: cases satisfies readonly PolicyCase[] }
    return { ok: true, policy: new Policy({ ...shared, dialect: DIALECTS[dialect] }) }
  }

  private readRules(value: unknown): readonly PolicyRule[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
    const named = Object.keys(value).flatMap((id) =>
      this.check.isFull() ? [] : this.readRule(id, valueAt(value, [id])),
    )
    const implied = this.registry
      .filter((rule) => rule.isImplied === true && !Object.hasOwn(value, rule.id))
      .map((rule) => ({ rule, options: rule.options.parse({}), mode: 'enforce' as const, isImplied: true }))
    return [...named, ...implied]
  }

  private readRule(id: string, value: unknown): readonly PolicyRule[] {
    const path = ['rules', id]
    const rule = this.registry.find((one) => one.id === id)
    if (rule === undefined) {
      const ids = this.registry.map((one) => one.id)
      this.check.addAtKey(path, `unknown rule ${quoted(id)}${suggestion(id, ids)}`)
      return []
    }
    // `unknown-commands:` with nothing behind it takes the defaults.
    const { mode: rawMode, ...rawOptions } = isRecord(value) ? value : { mode: undefined }
    const mode = rawMode === undefined ? 'enforce' : this.readMode(rawMode, [...path, 'mode'])
    const options = this.check.read(
      rule.options,
      value === null || isRecord(value) ? rawOptions : value,
      path,
      ['mode', ...optionNames(rule)],
    )
    return mode === undefined || options === undefined ? [] : [{ rule, options, mode, isImplied: false }]
  }

  private readMode(value: unknown, path: readonly string[]): RuleMode | undefined {
    return this.check.read(modeSchema, value, path, [])
  }
}

function optionNames(rule: Rule): readonly string[] {
  return rule.options instanceof z.ZodObject ? Object.keys(rule.options.shape) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
