/** What a policy says of one line. Where several rules object, stop wins over deny, and all of them are named. */
export type Verdict = typeof ALLOW | RefusingVerdict

export interface RefusingVerdict {
  readonly kind: 'deny' | 'stop'
  readonly objections: readonly Objection[]
}

/** The verdict of nearly every line: one object, so that allowing allocates nothing. */
export const ALLOW = { kind: 'allow' } as const

/** One rule's reason against a line or a job. Codes are stable; the message is one sentence with value and limit. */
export interface Objection {
  /** Stable and documented: the rule's id, or `<rule id>.<what>` where a rule can object in several ways. */
  readonly code: string
  readonly rule: string
  /** Lower case, no full stop: ``nozzle target 300 °C is above the limit of 260 °C``. */
  readonly message: string
  /** What was asked for, with unit, `300 °C`; and what is allowed, `260 °C`. Absent where there is no number or name to give. */
  readonly value?: string
  readonly limit?: string
  /** What the person can do about it. */
  readonly remedy: string
}
