/**
 * One pass over the records of a log. Memory grows by some tens of bytes a decision and with nothing else of the log.
 */

import { AgentError } from '../errors.ts'
import type { StoredRecord } from '../log-format/index.ts'
import { isWithin, monthOf, WeekClock } from './calendar.ts'
import { type ApprovedCase, CaseMeasure } from './cases.ts'
import { DecisionMeasure, type ReasonRow } from './decision-measure.ts'
import { JobMeasure, type MachineRow } from './job-measure.ts'
import { LicenceMeasure, type UsageRow } from './licence-measure.ts'
import { Books, type Moment } from './moment.ts'
import { PublicMeasure } from './public-measure.ts'
import type { ReportOptions } from './report-frame.ts'
import { ReviewMeasure } from './review-measure.ts'
import type { Spread } from './spread.ts'
import { WatchMeasure } from './watch-measure.ts'

/** A record of a log with its place. */
export interface LogItem {
  readonly index: number
  readonly record: StoredRecord
}

/** What the records of a period come to. */
export interface Measured {
  /** The days of the first record and of the last. */
  readonly records: { readonly first: string | null; readonly last: string | null }
  /** By month, cells of outcome and tier. */
  readonly decisions: ReadonlyMap<number, Float64Array>
  readonly decisionTimesMs: Spread
  readonly reasons: readonly ReasonRow[]
  readonly machines: readonly MachineRow[]
  readonly hoursOfWeek: Float64Array
  readonly licences: readonly (readonly [string, UsageRow])[]
  readonly usageByMonth: readonly (readonly [string, UsageRow])[]
  readonly review: ReviewMeasure
  readonly watch: WatchMeasure
  readonly witnesses: WatchMeasure['witnesses']
  readonly cases: readonly ApprovedCase[]
  readonly tables: PublicMeasure
  /** Records that refer to something which is not there: none in a log that Portcullis wrote. */
  readonly unmatched: number
  /** Jobs whose beginning or end is not in the log, as after a crash. */
  readonly unmatchedJobs: number
}

/** Refused with AUDIT_DAMAGED: fewer records than the head names. */
export async function measure(items: AsyncIterable<LogItem>, options: ReportOptions): Promise<Measured> {
  const pass = new Pass(options)
  const { size } = options.head
  let count = 0
  // To the end, though it may be beyond the head: there the reader compares the whole log with its head.
  for await (const { index, record } of items) {
    if (count < size) pass.add(index, record)
    count += 1
  }
  if (count < size)
    throw new AgentError(
      'AUDIT_DAMAGED',
      `the log holds ${count} records, and its head says that there are ${size}`,
    )
  return pass.end()
}

class Pass {
  readonly #books: Books
  readonly #decisions: DecisionMeasure
  readonly #jobs: JobMeasure
  readonly #licences: LicenceMeasure
  readonly #review: ReviewMeasure
  readonly #watch = new WatchMeasure()
  readonly #cases: CaseMeasure
  readonly #tables: PublicMeasure
  readonly #options: ReportOptions
  #first: string | null = null
  #last: string | null = null

  constructor(options: ReportOptions) {
    this.#options = options
    this.#books = new Books(options.licence)
    this.#decisions = new DecisionMeasure(this.#books)
    this.#jobs = new JobMeasure(this.#books, new WeekClock(options.timeZone))
    this.#licences = new LicenceMeasure(this.#books)
    this.#review = new ReviewMeasure(this.#books, options.deadlines)
    this.#cases = new CaseMeasure(this.#books)
    this.#tables = new PublicMeasure(options.nowMs)
  }

  add(index: number, record: StoredRecord): void {
    const atMs = Date.parse(record.at)
    this.#first ??= record.at.slice(0, 10)
    this.#last = record.at
    const isCounted = isWithin(this.#options.period, atMs)
    const moment: Moment = { index, atMs, month: monthOf(record.at), isCounted }
    const isPublic = this.#options.audience === 'public' && this.#tables.see(moment)
    switch (record.kind) {
      case 'agent-started':
        this.#jobs.startAgent(record)
        break
      case 'decision':
        this.#decide(record, moment, isPublic)
        break
      case 'line-refused':
        this.#decisions.refuseLine(record, moment)
        break
      case 'job-opened':
      case 'stream-opened':
        this.#jobs.open(record, moment)
        break
      case 'job-closed':
        this.#jobs.close(record, moment)
        break
      case 'odometer':
        this.#jobs.measureFilament(record, moment)
        break
      case 'copy':
        this.#licences.moveCopy(record, moment)
        break
      case 'hold-decided':
        this.#review.decideHold(record, moment)
        break
      case 'override':
        this.#review.override(record, moment)
        break
      case 'appeal-filed':
        this.#review.fileAppeal(record, moment)
        break
      case 'appeal-decided':
        this.#decideAppeal(record, moment, isPublic)
        break
      case 'case-approved':
        this.#cases.approve(record.decision, Math.max(moment.month, this.#tables.latestMonth))
        break
      case 'reviewed':
        this.#reviewAgain(record, moment, isPublic)
        break
      default:
    }
    this.#watch.add(record, moment)
  }

  #decide(record: StoredRecord & { kind: 'decision' }, moment: Moment, isPublic: boolean): void {
    this.#decisions.decide(record, moment)
    if (record.licence !== null) this.#licences.decide(record.licence.id, record.outcome, moment)
    if (record.outcome === 'hold') this.#review.hold(moment.index, moment)
    if (isPublic) this.#tables.decide(record, moment)
  }

  #decideAppeal(record: StoredRecord & { kind: 'appeal-decided' }, moment: Moment, isPublic: boolean): void {
    const row = this.#review.decideAppeal(record, moment)
    if (row !== undefined && isPublic)
      this.#tables.decideAppeal(this.#books.decisions.subjectOf(row.index), record.outcome, moment)
  }

  #reviewAgain(record: StoredRecord & { kind: 'reviewed' }, moment: Moment, isPublic: boolean): void {
    const row = this.#books.decisions.find(record.decision)
    if (row !== undefined && isPublic)
      this.#tables.review(this.#books.decisions.subjectOf(row.index), record, moment)
  }

  end(): Measured {
    return {
      records: { first: this.#first, last: this.#last?.slice(0, 10) ?? null },
      decisions: this.#decisions.months,
      decisionTimesMs: this.#decisions.timesMs,
      reasons: this.#decisions.reasons(),
      machines: this.#jobs.rows(),
      hoursOfWeek: this.#jobs.hoursOfWeek,
      licences: this.#licences.licences(),
      usageByMonth: this.#licences.months(),
      review: this.#review,
      watch: this.#watch,
      witnesses: this.#watch.witnesses,
      cases: this.#cases.cases(),
      tables: this.#tables,
      unmatched: this.#review.unmatched + this.#cases.unmatched + this.#licences.unmatchedCopies,
      unmatchedJobs: this.#jobs.unmatched,
    }
  }
}
