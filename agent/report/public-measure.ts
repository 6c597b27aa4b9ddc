/**
 * Counts what public statistics are made of. Each table has windows of its own, whole months, quarters or years, and
 * what is published of a window depends on the records of that window alone. A window is published once a record of a
 * later month stands in the log; a record that would fall into one that may have been published, because a clock
 * stepped back, is left out.
 */
import type { StoredRecord } from '../log-format/index.ts'
import { DAY_MS, type Month } from './calendar.ts'
import { Contributions } from './contributions.ts'
import { CELLS, cellOf } from './decision-index.ts'
import { countIn } from './decision-measure.ts'
import { knownCode, TOLD_CODES } from './known-codes.ts'
import type { Moment } from './moment.ts'
import { APPEAL_OUTCOMES, FINDINGS, TIME_STEPS_MS } from './public-tables.ts'

/**
 * What one subject adds to a cell at most: so at least four subjects stand behind every count of ten. A job that nobody's
 * name came with has a subject of its own, so those are four people only where names are given.
 */
export const PER_SUBJECT_MAX = 3

/** Numbers for the cells of all tables: no table has as many windows and cells as this before the year 10,000. */
const TABLE_CELLS = 1 << 24

type Kind<K extends StoredRecord['kind']> = StoredRecord & { readonly kind: K }
type Windows = Map<number, Float64Array>

export class PublicMeasure {
  /** By month: cells of outcome and tier. */
  readonly decisions: Windows = new Map()
  /** By quarter: decisions that were held or refused with each of the told codes. */
  readonly codes: Windows = new Map()
  /** By quarter: decision times up to each step, and beyond the last. */
  readonly times: Windows = new Map()
  /** By year. */
  readonly appeals: Windows = new Map()
  readonly reviews: Windows = new Map()
  /**
   * What was left out, and what could not be bounded. Whether, never how much: that would be a small count of its
   * own.
   */
  readonly doubts = { clockSteppedBack: false, clockAhead: false, withoutSubject: false }
  firstMonth: Month | null = null
  /** Windows that end before this month are over. */
  latestMonth: Month = 0
  readonly #contributions = new Contributions(PER_SUBJECT_MAX)
  readonly #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  /** Every record moves the log's months on. Answers whether the record may be counted. */
  see({ atMs, month }: Moment): boolean {
    if (atMs > this.#nowMs + DAY_MS) {
      this.doubts.clockAhead = true
      return false
    }
    this.firstMonth ??= month
    if (month < this.latestMonth) {
      this.doubts.clockSteppedBack = true
      return false
    }
    this.latestMonth = month
    return true
  }

  decide(record: Kind<'decision'>, { month }: Moment): void {
    const subject = record.sealed?.subject.slice(2) ?? null
    if (subject === null) this.doubts.withoutSubject = true
    const cell = cellOf(record.outcome, record.tier)
    if (!this.#take(0, month * CELLS + cell, subject)) return
    countIn(this.decisions, month, cell, CELLS)
    const quarter = Math.floor(month / 3)
    const codes = record.reasons
      .filter(({ outcome }) => outcome === 'hold' || outcome === 'deny')
      .map(({ code }) => TOLD_CODES.indexOf(knownCode(code).code))
    for (const code of new Set(codes))
      if (code !== -1 && this.#take(1, quarter * TOLD_CODES.length + code, subject))
        countIn(this.codes, quarter, code, TOLD_CODES.length)
    if (record.decidedInMs === null) return
    const step = TIME_STEPS_MS.findIndex((limitMs) => (record.decidedInMs ?? 0) <= limitMs)
    const steps = TIME_STEPS_MS.length + 1
    countIn(this.times, quarter, step === -1 ? steps - 1 : step, steps)
  }

  decideAppeal(subject: string | null, outcome: (typeof APPEAL_OUTCOMES)[number], { month }: Moment): void {
    this.#countOfYear(2, this.appeals, APPEAL_OUTCOMES.indexOf(outcome), month, subject)
  }

  review(subject: string | null, { finding }: Kind<'reviewed'>, { month }: Moment): void {
    this.#countOfYear(3, this.reviews, FINDINGS.indexOf(finding), month, subject)
  }

  #countOfYear(table: number, windows: Windows, cell: number, month: Month, subject: string | null): void {
    const year = Math.floor(month / 12)
    if (this.#take(table, year * 3 + cell, subject)) countIn(windows, year, cell, 3)
  }

  /** A decision about nobody who is known counts by itself: there is nobody to bound it by. */
  #take(table: number, cell: number, subject: string | null): boolean {
    return subject === null || this.#contributions.take(table * TABLE_CELLS + cell, subject)
  }
}
