/**
 * How a rule that objects counts. `enforce` denies, `hold` waits for a person, `warn` goes on and says so,
 * and `audit` only records: a site tries a rule that way before it takes effect.
 */
export const RULE_MODES = ['enforce', 'hold', 'warn', 'audit'] as const

export type RuleMode = (typeof RULE_MODES)[number]

/** Who may release a job that is held: whoever runs the site, whoever answers for compliance, or the issuer alone. */
export const RELEASERS = ['site', 'compliance', 'issuer'] as const

export type Releaser = (typeof RELEASERS)[number]

/**
 * What a policy says of one line. Where several rules object, stop wins over deny, and all of them are named.
 */
export type Verdict = typeof ALLOW | RefusingVerdict

/** A line that does not pass: `deny` refuses the line, `stop` also brings the machine to rest. */
export interface RefusingVerdict {
  readonly kind: 'deny' | 'stop'
  readonly objections: readonly Objection[]
}

/** The verdict of nearly every line: one object, so that allowing allocates nothing. */
export const ALLOW = { kind: 'allow' } as const

/**
 * One rule's reason against a line or a job. Codes are stable; the message is one sentence with value and
 * limit.
 */
export interface Objection {
  /** Stable and documented: the rule's id, or `<rule id>.<what>` where a rule can object in several ways. */
  readonly code: string
  readonly rule: string
  /** Lower case, no full stop: ``nozzle target 300 °C is above the limit of 260 °C``. */
  readonly message: string
  /**
   * What was asked for, with unit, `300 °C`; and what is allowed, `260 °C`. Absent where there is no number
   * or name to give.
   */
  readonly value?: string
  readonly limit?: string
  /** What the person can do about it. */
  readonly remedy: string
  /**
   * Objections of one code that share this text become one reason of a job's decision, which counts them.
   * Absent, those with the same `value` do.
   */
  readonly group?: string
  /**
   * Where this objection is to count for less than the rule's own mode: a material that nobody claimed may
   * only warn.
   */
  readonly mode?: RuleMode
  /** Of what holds a job: who alone may release it. Absent: whoever runs the site. */
  readonly release?: Releaser
  /** The machine is to be brought to rest, not only the line refused. */
  readonly stop?: true
  /** The rule itself broke, so nobody knows what it would have found. */
  readonly hasFailed?: true
}

/** The weaker of two modes, in the order of `RULE_MODES`. */
export function weakerMode(a: RuleMode, b: RuleMode): RuleMode {
  return RULE_MODES.indexOf(a) > RULE_MODES.indexOf(b) ? a : b
}
