/**
 * What was done on each licence: what was decided, which copies were made, and, for one licence alone, month by
 * month.
 */
import type { StoredRecord } from '../log-format/index.ts'
import { monthText } from './calendar.ts'
import type { Outcome } from './decision-index.ts'
import type { Books, Moment } from './moment.ts'
import { Rows } from './tally.ts'

const LICENCES_MAX = 20_000
const MONTHS_MAX = 10_000
/** Copies of which more may be told, those of late first: each may still be given back. */
const COPIES_MAX = 20_000

const DECISIONS = ['allow', 'warn', 'hold', 'deny'] as const
const COPIES = ['reserved', 'printing', 'printed', 'returned', 'uncertain'] as const
const COLUMNS = [...DECISIONS, ...COPIES] as const

/**
 * One licence, or one month of it. A copy counts in the month of its latest state, and once: as `printed`, `returned`
 * or `uncertain`, or as `reserved` or `printing` where it has come no further.
 */
export type UsageRow = Readonly<Record<(typeof COLUMNS)[number], number>>
type CopyState = (typeof COPIES)[number]

interface KnownCopy {
  readonly state: CopyState
  /** The licences in which it counts: its own, and those that it was passed on from. */
  readonly under: readonly string[]
  /** Where it is counted; null where its record lies outside of the period. */
  readonly month: string | null
}

export class LicenceMeasure {
  /** Copies that came to an end without having begun, which no true log holds. */
  unmatchedCopies = 0
  readonly #licences = new Rows(COLUMNS, LICENCES_MAX)
  readonly #months = new Rows(COLUMNS, MONTHS_MAX)
  readonly #copies = new Map<string, KnownCopy>()
  readonly #books: Books

  constructor(books: Books) {
    this.#books = books
  }

  decide(licence: string, outcome: Outcome, moment: Moment): void {
    if (moment.isCounted && this.#isCounted(licence))
      this.#add([licence], monthText(moment.month), outcome, 1)
  }

  moveCopy(record: StoredRecord & { readonly kind: 'copy' }, moment: Moment): void {
    const { licence, copy, state, terms, refund } = record
    const key = JSON.stringify([licence, copy])
    const before = this.#copies.get(key)
    const under = before?.under ?? refund?.under ?? terms?.counters.map((one) => one.licence) ?? [licence]
    const counted = under.filter((one) => this.#isCounted(one))
    if (counted.length === 0) return
    this.#copies.delete(key)
    if (before === undefined && state !== 'reserved' && refund === null) this.unmatchedCopies += 1
    if (before !== undefined && before.month !== null) this.#add(counted, before.month, before.state, -1)
    const month = moment.isCounted ? monthText(moment.month) : null
    if (month !== null) this.#add(counted, month, state, 1)
    if (state !== 'returned') this.#remember(key, { state, under, month })
  }

  #remember(key: string, copy: KnownCopy): void {
    const [oldest] = this.#copies.keys()
    if (this.#copies.size >= COPIES_MAX && oldest !== undefined) this.#copies.delete(oldest)
    this.#copies.set(key, copy)
  }

  /** What is one for several licences is one for its month. */
  #add(licences: readonly string[], month: string, column: keyof UsageRow, by: number): void {
    for (const licence of licences) this.#licences.add(licence, column, by)
    this.#months.add(month, column, by)
  }

  #isCounted(licence: string): boolean {
    return this.#books.isCounted(this.#books.licences.numberOf(licence))
  }

  licences(): readonly (readonly [string, UsageRow])[] {
    return this.#licences.sorted()
  }

  /** The months of all licences that are counted, together. */
  months(): readonly (readonly [string, UsageRow])[] {
    return this.#months.sorted()
  }
}
