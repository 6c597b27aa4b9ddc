/**
 * What a rule is: a fold over the records with a small state of plain data, and the words for what it finds. To add one,
 * write its file under rules/ and name it in rules/index.ts.
 */
import type { z } from 'zod'
import type { Moment, Severity } from './finding.ts'
import type { Place, Run } from './tally.ts'

export const CONFIDENCES = ['low', 'medium', 'high'] as const

/** What a rule has seen in a record, before the watch has asked whether it was told already. */
export interface Signal {
  /** Which of the rule's titles it goes by. */
  readonly form: string
  readonly severity: Severity
  readonly first: Place
  readonly last: Place
  readonly count: number
  readonly measured?: Readonly<Record<string, number>>
}

/** What is told of a rule to people who read its findings. Every text is ours: ASCII, and no word from a record. */
interface RuleWords {
  /** Stable: it stands in the log. */
  readonly id: string
  /** What each form of it is called. The form `only` is that of a rule that has no other, and does not show in a uid. */
  readonly titles: Readonly<Record<string, string>>
  readonly meaning: string
  readonly innocent: string
  readonly remedy: string
  /** How sure it is that there is something to look at. */
  readonly confidence: (typeof CONFIDENCES)[number]
  /** Within what time it looks for what belongs together; null where one record says it all. */
  readonly windowSeconds: number | null
}

interface RuleSpec<State> extends RuleWords {
  /** What a kept state must look like. Every list in it has a limit. */
  readonly state: z.ZodType<State>
  readonly initial: () => State
  /** Takes one record; changes the state in place. */
  readonly take: (state: State, moment: Moment) => Signal | undefined
}

/** A rule at work. */
export interface RunningRule {
  readonly rule: Rule
  take(moment: Moment): Signal | undefined
  /** What it remembers, as plain data. */
  save(): unknown
}

export interface Rule extends RuleWords {
  /** From nothing. */
  begin(): RunningRule
  /** From what `save` gave; undefined where that is not of its form. */
  resume(saved: unknown): RunningRule | undefined
}

/** Where a rule speaks by one title only. */
export const ONLY = 'only'

export function defineRule<State>(spec: RuleSpec<State>): Rule {
  const { state: schema, initial, take, ...words } = spec
  const run = (state: State): RunningRule => ({
    rule,
    take: (moment) => take(state, moment),
    save: () => state,
  })
  const rule: Rule = {
    ...words,
    begin: () => run(initial()),
    resume: (saved) => {
      // Parsing copies: what was kept is not changed by going on.
      const parsed = schema.safeParse(saved)
      return parsed.success ? run(parsed.data) : undefined
    },
  }
  return rule
}

/** A run as a signal. */
export function signalOf(run: Readonly<Run>, severity: Severity, form: string = ONLY): Signal {
  return { form, severity, first: run.first, last: run.last, count: run.count }
}
