import type { Command, MachineState, Move, RefusedLine, SurveyJudge } from '../gcode/index.ts'
import type { ObjectionSink, Policy } from './policy.ts'
import { type Objection, RULE_MODES, type RuleMode } from './verdict.ts'

/** Reasons kept of each mode. More than this nobody reads, and a hostile job has one a line. */
export const REASONS_MAX = 50
/**
 * Reasons kept of one code in one mode, so that a thousand moves outside leave room for the one hot nozzle.
 */
export const REASONS_PER_CODE_MAX = 5
/** The rule named where the line itself cannot be read; its codes are those of the reader. */
export const GRAMMAR_RULE = 'grammar'

/** Objections of one kind: the first of them, and how many there were. */
export interface TalliedReason {
  readonly objection: Objection
  readonly mode: RuleMode
  /** Line of the first, from 1; null where the job as a whole is meant. */
  readonly line: number | null
  readonly count: number
}

interface Group {
  readonly objection: Objection
  readonly mode: RuleMode
  readonly line: number | null
  count: number
}

/**
 * Gathers what speaks against a job, in bounded memory: equal objections become one reason with its first
 * line and a count. Give it to the survey as its judge; the decision is made of it.
 */
export class ReasonTally implements ObjectionSink, SurveyJudge {
  readonly policy: Policy
  private readonly groups = new Map<string, Group>()
  private readonly keptByCode = new Map<string, number>()
  private readonly keptByMode: Record<RuleMode, number> = { enforce: 0, hold: 0, warn: 0, audit: 0 }
  private readonly seenByMode: Record<RuleMode, number> = { enforce: 0, hold: 0, warn: 0, audit: 0 }
  private line: number | null = null
  private judged = 0

  constructor(policy: Policy) {
    this.policy = policy
  }

  /** One command of the job. See `SurveyJudge`. */
  judgeLine(command: Command, state: MachineState, move: Move, line: number): void {
    this.line = line
    this.judged++
    this.policy.judge(command, state, move, this)
  }

  /** An objection to the line at hand, or to the job where none is. */
  object(objection: Objection, mode: RuleMode): void {
    this.seenByMode[mode]++
    const code = `${mode} ${objection.code}`
    const key = `${code} ${objection.group ?? objection.value ?? ''}`
    const group = this.groups.get(key)
    if (group !== undefined) {
      group.count++
      return
    }
    const keptOfCode = this.keptByCode.get(code) ?? 0
    if (keptOfCode >= REASONS_PER_CODE_MAX || this.keptByMode[mode] >= REASONS_MAX) return
    this.keptByCode.set(code, keptOfCode + 1)
    this.keptByMode[mode]++
    this.groups.set(key, { objection, mode, line: this.line, count: 1 })
  }

  /** An objection to the job as a whole. */
  objectToJob(objection: Objection, mode: RuleMode): void {
    this.line = null
    this.object(objection, mode)
  }

  /** Lines that could not be read: the first of them with their reasons, and how many there were in all. */
  refuse(lines: readonly RefusedLine[], count: number): void {
    for (const refused of lines) {
      this.line = refused.line
      this.object(grammarObjection(refused), 'enforce')
    }
    this.seenByMode.enforce += Math.max(0, count - lines.length)
  }

  /** The strongest mode that anything was objected with, or undefined where nothing was. */
  strongest(): RuleMode | undefined {
    return RULE_MODES.find((mode) => this.seenByMode[mode] > 0)
  }

  /** The reasons, strongest first and then in the order of the job; those of the job as a whole come last. */
  reasons(): readonly TalliedReason[] {
    return [...this.groups.values()]
      .sort((a, b) => byStrength(a, b) || lineOf(a) - lineOf(b))
      .slice(0, REASONS_MAX)
      .map((group) => ({ ...group }))
  }

  /** Commands judged so far. */
  get judgedCommands(): number {
    return this.judged
  }

  /** Objections in all, whether or not a reason tells of them. */
  get count(): number {
    return RULE_MODES.reduce((sum, mode) => sum + this.seenByMode[mode], 0)
  }
}

function byStrength(a: Group, b: Group): number {
  return RULE_MODES.indexOf(a.mode) - RULE_MODES.indexOf(b.mode)
}

function lineOf({ line }: Group): number {
  return line ?? Number.MAX_SAFE_INTEGER
}

function grammarObjection({ code, message }: RefusedLine): Objection {
  return {
    code: `${GRAMMAR_RULE}.${code}`,
    rule: GRAMMAR_RULE,
    message,
    remedy:
      'take this line out or write it so that it can be read in only one way, or slice again for this printer',
    group: '',
  }
}
