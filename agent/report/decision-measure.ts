/** Decisions by month, outcome and tier; what they were held or refused for; and how long they took. */
import type { StoredRecord } from '../log-format/index.ts'
import type { Month } from './calendar.ts'
import { CELLS, cellOf } from './decision-index.ts'
import type { Books, Moment } from './moment.ts'
import { Spread } from './spread.ts'
import { exactSum, Rows } from './tally.ts'

type DecisionRecord = StoredRecord & { readonly kind: 'decision' }
type LineRefused = StoredRecord & { readonly kind: 'line-refused' }

/** Codes of one rule are few: as many pairs as there may be codes. */
const REASONS_MAX = 4000

/** One code of one rule. */
export interface ReasonRow {
  readonly code: string
  readonly rule: string
  /** Jobs that were held or refused with it among the reasons. */
  readonly decisions: number
  /** How often it was objected to in them, line by line. */
  readonly objections: number
  /** Lines that were not sent for it while a host was printing. */
  readonly lines: number
}

export class DecisionMeasure {
  readonly months = new Map<Month, Float64Array>()
  readonly timesMs = new Spread()
  readonly #reasons = new Rows(['decisions', 'objections', 'lines'], REASONS_MAX)
  readonly #books: Books

  constructor(books: Books) {
    this.#books = books
  }

  /** Every decision is remembered, and counted where it lies in the period. */
  decide(record: DecisionRecord, { index, atMs, month, isCounted }: Moment): void {
    const { codes, rules, licences, decisions } = this.#books
    const [strongest] = record.reasons
    const licence = record.licence === null ? 0 : licences.numberOf(record.licence.id)
    decisions.add({
      index,
      atMs,
      outcome: record.outcome,
      tier: record.tier,
      code: strongest === undefined ? 0 : codes.numberOf(strongest.code),
      rule: strongest === undefined ? 0 : rules.numberOf(strongest.rule),
      licence,
      subject: record.sealed?.subject ?? null,
    })
    if (!isCounted || !this.#books.isCounted(licence)) return
    countIn(this.months, month, cellOf(record.outcome, record.tier), CELLS)
    if (record.decidedInMs !== null) this.timesMs.add(record.decidedInMs)
    this.#countReasons(record)
  }

  #countReasons({ reasons }: DecisionRecord): void {
    const seen = new Set<string>()
    for (const { code, rule, outcome, count } of reasons) {
      if (outcome !== 'hold' && outcome !== 'deny') continue
      const key = this.#keyOf(code, rule)
      if (!seen.has(key)) this.#reasons.add(key, 'decisions')
      seen.add(key)
      this.#reasons.add(key, 'objections', count)
    }
  }

  /** A line of a stream belongs to no licence. */
  refuseLine({ code, rule }: LineRefused, { isCounted }: Moment): void {
    if (isCounted && this.#books.onlyLicence === null)
      this.#reasons.add(this.#keyOf(code, rule ?? ''), 'lines')
  }

  #keyOf(code: string, rule: string): string {
    return `${this.#books.codes.numberOf(code)} ${this.#books.rules.numberOf(rule)}`
  }

  /** Those first that most jobs were refused for. */
  reasons(): readonly ReasonRow[] {
    const rows = this.#reasons.ranked('decisions').map(([key, counts]) => {
      const [code = 0, rule = 0] = key.split(' ').map(Number)
      return { code: this.#books.codes.nameOf(code), rule: this.#books.rules.nameOf(rule), ...counts }
    })
    return rows.sort((a, b) => b.decisions - a.decisions || b.lines - a.lines || (a.code < b.code ? -1 : 1))
  }
}

/** Counts one more in a cell of a month, or of whatever else `month` numbers. */
export function countIn(
  months: Map<Month, Float64Array>,
  month: Month,
  cell: number,
  cells: number,
  by = 1,
): void {
  let counts = months.get(month)
  if (counts === undefined) {
    counts = new Float64Array(cells)
    months.set(month, counts)
  }
  counts[cell] = exactSum(counts[cell] ?? 0, by)
}
