import type { z } from 'zod'
import type { Command, CommandClass, CommandTable, MachineState, Move } from '../gcode/index.ts'
import type { JobContext } from './job-context.ts'
import type { Objection } from './verdict.ts'

/**
 * Judges one line: `undefined` lets it pass. Asked for every line that the rule watches, so it allocates
 * nothing unless it objects. `state` is the machine before the line, `move` what the line would do; both are
 * reused and never kept. It keeps no state of its own: a line that somebody objects to is asked about twice.
 */
export type LineCheck = (command: Command, state: MachineState, move: Move) => Objection | undefined

/** Judges a whole job once it was surveyed. */
export type JobCheck = (job: JobContext) => readonly Objection[]

/** Which lines a rule is asked about. */
export type Watch =
  /** One command, `M104`; `T` for every tool change. */
  | `G${number}`
  | `M${number}`
  | 'T'
  /** Every command of a class. */
  | `class:${CommandClass}`
  /** G0 to G3, whose path is known before they run. */
  | 'moves'
  /** Commands that the dialect does not know, and known ones that carry words it does not know. */
  | 'unknown'
  /** All of them. Costs time on every line: name commands where that is possible. */
  | 'every'

/** A rule with its options closed over. */
export interface CompiledRule {
  readonly line?: LineCheck
  readonly job?: JobCheck
  /** With these options no job can break the rule that comes without a licence: nothing is missed where jobs are not seen whole. */
  readonly isMootForStreams?: boolean
  /** Narrows the rule's own watches to what these options need to see. */
  readonly watches?: readonly Watch[]
}

/** A job as an example: what matters of it; the rest is an empty job. */
export interface JobExample {
  /** What is special about it, in words. */
  readonly title: string
  readonly job: Partial<JobContext>
}

/** G-code of one or more lines, read from the declared start by the real reader, or a job in short. */
export type RuleExample = string | JobExample

/**
 * Examples for one choice of options. Every one runs as a test, and each under `denied` must be objected to.
 */
export interface RuleExamples<Options extends z.ZodType = z.ZodType> {
  readonly options: z.input<Options>
  readonly allowed: readonly RuleExample[]
  readonly denied: readonly RuleExample[]
}

/** One limit that a policy can set: its documentation, its options and its check in one object. */
export interface Rule<Options extends z.ZodType = z.ZodType> {
  /** Kebab-case, the file's name; the key in a policy file and the start of every code. */
  readonly id: string
  /** One sentence: what it denies. */
  readonly summary: string
  /** Why a site would want it, in plain words. */
  readonly why: string
  /** A strict object whose every field is described with its unit. */
  readonly options: Options
  readonly watches: readonly Watch[]
  /**
   * A named person may let a job pass in spite of this rule. Never for heat, licences and what opens another
   * door.
   */
  readonly isOverridable?: boolean
  /** In force, with its defaults, in every policy that does not mention it. */
  readonly isImplied?: boolean
  /** Called once a policy is loaded. A method, so that rules of different options fit one list. */
  compile(options: z.output<Options>, dialect: CommandTable): CompiledRule
  readonly examples: readonly RuleExamples<Options>[]
}

/** Ties the options' schema to what `compile` gets. */
export function defineRule<Options extends z.ZodType>(rule: Rule<Options>): Rule<Options> {
  return rule
}
