/**
 * Cases: single refusals that a person has let be told. A case has no person, file, job, geometry, time or value in
 * it, and its words come from a table of this program, never from the decision.
 */
import { type Month, monthAt, monthText } from './calendar.ts'
import { type AppealState, type DecisionRow, OUTCOMES, type Outcome, type Tier } from './decision-index.ts'
import { knownCode } from './known-codes.ts'
import type { Books } from './moment.ts'
import { dateWords, sentence } from './words.ts'

/** A refusal as it is told. */
export interface Case {
  /** Of the strongest reason; `other` where it is a site's own. */
  readonly code: string
  readonly rule: string
  readonly why: string
  readonly remedy: string
  readonly outcome: Outcome
  /** Month and tier; null in public where so few were decided alike that they could point at somebody. */
  readonly month: string | null
  readonly tier: Tier | null
  /** What came of an appeal; null in public where so few were decided alike. */
  readonly appeal: AppealState | null
}

/** Approvals beyond these are not read: each is an act of a person, who has read the decision. */
const CASES_MAX = 10_000

/** What would be told of a decision: its strongest reason's code decides the words. */
export function caseOf(decision: {
  readonly code: string
  readonly outcome: Outcome
  readonly tier: Tier
  readonly atMs: number
  readonly appeal: AppealState
}): Case {
  const { outcome, tier, atMs, appeal } = decision
  return { ...knownCode(decision.code), outcome, month: monthText(monthAt(atMs)), tier, appeal }
}

const OUTCOME_WORDS = {
  allow: 'allowed',
  warn: 'allowed with a warning',
  hold: 'held',
  deny: 'refused',
} as const
const APPEAL_WORDS = {
  none: 'no appeal',
  open: 'an appeal is open',
  upheld: 'an appeal was upheld',
  rejected: 'an appeal was rejected',
  withdrawn: 'an appeal was withdrawn',
} as const

/** A case in words: what was wrong, what to do about it, and what is known of it. */
export function caseInWords({ why, remedy, outcome, month, tier, appeal }: Case): {
  readonly why: string
  readonly remedy: string
  readonly facts: readonly string[]
} {
  const facts = [
    month === null ? 'month and tier withheld' : dateWords(month),
    ...(tier === null ? [] : [`${tier} tier`]),
    OUTCOME_WORDS[outcome],
    ...(appeal === null ? [] : [APPEAL_WORDS[appeal]]),
  ]
  return { why: `${sentence(why)}.`, remedy: `Remedy: ${remedy}.`, facts }
}

/** Only what was held or refused can be a case. */
export function isRefusal(outcome: string): boolean {
  return OUTCOMES.indexOf(outcome as Outcome) >= OUTCOMES.indexOf('hold')
}

export interface ApprovedCase {
  readonly row: DecisionRow
  readonly told: Case
  readonly approvedIn: Month
}

/** The refusals that were let out, in the order in which they were. */
export class CaseMeasure {
  /** Approvals of what is no refusal, or is not in the log. */
  unmatched = 0
  /** Each decision with the month in which it was approved first. */
  readonly #approved = new Map<number, Month>()
  readonly #books: Books

  constructor(books: Books) {
    this.#books = books
  }

  approve(decision: number, month: Month): void {
    const row = this.#books.decisions.find(decision)
    if (row === undefined || !isRefusal(row.outcome)) this.unmatched += 1
    else if (this.#approved.size < CASES_MAX && !this.#approved.has(decision))
      this.#approved.set(decision, month)
  }

  /** Each approved decision with its case, as the log ends. */
  cases(): readonly ApprovedCase[] {
    return [...this.#approved].flatMap(([decision, approvedIn]) => {
      const row = this.#books.decisions.find(decision)
      if (row === undefined || !this.#books.isCounted(row.licence)) return []
      const code = this.#books.codes.nameOf(row.code)
      return [{ row, approvedIn, told: caseOf({ ...row, code }) }]
    })
  }
}
