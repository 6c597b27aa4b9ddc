/** Public statistics: what may be told to anybody of the windows that are over. */
import { type Month, monthAt, monthText, type Period, quarterText, yearText } from './calendar.ts'
import type { Case } from './cases.ts'
import { CELL_NAMES, type DecisionRow } from './decision-index.ts'
import { knownCode, TOLD_CODES } from './known-codes.ts'
import type { Measured } from './measure.ts'
import { PER_SUBJECT_MAX, type PublicMeasure } from './public-measure.ts'
import { APPEALS, DECISIONS, REVIEWS, STOPPED, TIME_STEPS_MS, TIMES_BEYOND_MIN } from './public-tables.ts'
import type { ReportFrame } from './report-frame.ts'
import { knownAtLeast, type PublishedCount, publish, SMALL_BELOW, type Split } from './splits.ts'

/** A hundred years: a clock that began in 1970 makes no table of more rows than that. */
const MONTHS_MAX = 1200

/**
 * Cases that may be told of what is withheld: of one month without month and tier, of one quarter with a code that is
 * not listed, of one year with what came of an appeal. What is withheld is ten or more to choose from, or fewer than
 * ten of which one may be none.
 */
const UNPLACED_CASES_MAX = 5

/** A count of a window. `count` is null where it is fewer than ten, or none. */
export interface ToldDecisions {
  readonly month: string
  readonly outcomes: readonly string[]
  readonly tiers: readonly string[]
  readonly count: number | null
  /** Whether both halves of it follow. Where they do not, one of them is small. */
  readonly isSplit: boolean
}

export interface ToldOfYear {
  readonly year: string
  readonly what: readonly string[]
  readonly count: number | null
  readonly isSplit: boolean
}

export interface PublicReport extends ReportFrame {
  readonly audience: 'public'
  readonly rule: { readonly smallBelow: number; readonly perSubjectMax: number }
  /** What the counts leave out or could not bound, for a clock or for want of a subject. */
  readonly doubts: PublicMeasure['doubts']
  readonly decisions: readonly ToldDecisions[]
  /** Half of the decisions of a quarter, and nine in ten, took at most this long; null where they were too few. */
  readonly decisionTimes: readonly {
    readonly quarter: string
    readonly medianUpToMs: number | null
    readonly ninetyPercentUpToMs: number | null
  }[]
  readonly refusalCodes: readonly {
    readonly quarter: string
    readonly code: string
    readonly rule: string
    readonly count: number
  }[]
  readonly appeals: readonly ToldOfYear[]
  readonly reviews: readonly ToldOfYear[]
  readonly cases: readonly Case[]
  readonly witnessedSize: number
}

export function publicReport(frame: ReportFrame, period: Period, measured: Measured): PublicReport {
  const { tables } = measured
  const months = monthsOver(period, tables)
  const inWindows = (size: number): readonly number[] => wholeWindows(months, period, size)
  return {
    ...frame,
    audience: 'public',
    rule: { smallBelow: SMALL_BELOW, perSubjectMax: PER_SUBJECT_MAX },
    doubts: { ...tables.doubts },
    decisions: months.flatMap((month) =>
      decisionsOf(tables, month).map((told) => toldDecisions(month, told)),
    ),
    decisionTimes: inWindows(3).map((quarter) => ({
      quarter: quarterText(quarter),
      ...timesOf(tables, quarter),
    })),
    refusalCodes: inWindows(3).flatMap((quarter) => codesOf(tables, quarter)),
    appeals: inWindows(12).flatMap((year) => ofYear(year, publish(APPEALS, tables.appeals.get(year) ?? []))),
    reviews: inWindows(12).flatMap((year) => ofYear(year, publish(REVIEWS, tables.reviews.get(year) ?? []))),
    cases: casesOf(measured, new Set(months)),
    witnessedSize: measured.witnesses.largestSize,
  }
}

/** The months of the period that are over, with those of no record among them. */
function monthsOver({ fromMs, toMs }: Period, { firstMonth, latestMonth }: PublicMeasure): readonly Month[] {
  if (firstMonth === null) return []
  const first = Math.max(firstMonth, fromMs === null ? 0 : monthAt(fromMs), latestMonth - MONTHS_MAX)
  const end = Math.min(latestMonth, toMs === null ? latestMonth : monthAt(toMs))
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i)
}

/**
 * Numbers of the windows of so many months that are over and lie in the period. The one in which the log began is
 * whole.
 */
function wholeWindows(months: readonly Month[], { fromMs }: Period, size: number): readonly number[] {
  const [first] = months
  const last = months.at(-1)
  if (first === undefined || last === undefined) return []
  const from = fromMs === null ? Math.floor(first / size) : Math.ceil(monthAt(fromMs) / size)
  const end = Math.floor((last + 1) / size)
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => from + i)
}

function decisionsOf({ decisions }: PublicMeasure, month: Month): readonly PublishedCount[] {
  return publish(DECISIONS, decisions.get(month) ?? [])
}

function toldDecisions(month: Month, { group, count, isSplit }: PublishedCount): ToldDecisions {
  const cells = group.cells.flatMap((cell) => CELL_NAMES[cell] ?? [])
  return {
    month: monthText(month),
    outcomes: [...new Set(cells.map(({ outcome }) => outcome))],
    tiers: [...new Set(cells.map(({ tier }) => tier))],
    count,
    isSplit,
  }
}

/** What everybody knows of a quarter at least, from its months. */
function knownOf(tables: PublicMeasure, quarter: number, group: Split): number {
  const months = [0, 1, 2].map((i) => decisionsOf(tables, quarter * 3 + i))
  return months.reduce((sum, published) => sum + knownAtLeast(published, group), 0)
}

/**
 * Codes are told one by one, without a sum, and none that is seldom or that was given more often than jobs are known
 * to have been refused: so a list of codes tells nothing about the other table.
 */
function codesOf(tables: PublicMeasure, quarter: number): PublicReport['refusalCodes'] {
  const counts = tables.codes.get(quarter) ?? []
  return TOLD_CODES.flatMap((code, i) => {
    const count = counts[i] ?? 0
    if (!isCodeTold(tables, quarter, count)) return []
    return [{ quarter: quarterText(quarter), code, rule: knownCode(code).rule, count }]
  })
}

function isCodeTold(tables: PublicMeasure, quarter: number, count: number): boolean {
  const isOver = (quarter + 1) * 3 <= tables.latestMonth
  return isOver && count >= SMALL_BELOW && count <= knownOf(tables, quarter, STOPPED)
}

function timesOf(
  tables: PublicMeasure,
  quarter: number,
): { medianUpToMs: number | null; ninetyPercentUpToMs: number | null } {
  const counts = tables.times.get(quarter) ?? new Float64Array(0)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const known = knownOf(tables, quarter, DECISIONS)
  const upTo = (percent: number, atLeast: number): number | null => {
    if (total < atLeast || known < atLeast) return null
    let left = Math.floor((total * percent + 99) / 100)
    const step = counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return TIME_STEPS_MS[step] ?? null
  }
  return {
    medianUpToMs: upTo(50, TIMES_BEYOND_MIN * 2),
    ninetyPercentUpToMs: upTo(90, TIMES_BEYOND_MIN * 10),
  }
}

function ofYear(year: number, published: readonly PublishedCount[]): readonly ToldOfYear[] {
  return published.map(({ group, count, isSplit }) => ({
    year: yearText(year),
    what: group.name === 'all' ? ['all'] : group.name.split('+'),
    count,
    isSplit,
  }))
}

/**
 * The approved cases of these months. A case is told without its month and tier where fewer than ten were decided
 * alike. Which cases of the whole log may be told is settled in the order in which they could first be, so that no
 * later report adds to the bounds.
 */
function casesOf({ tables, cases }: Measured, months: ReadonlySet<Month>): readonly Case[] {
  const candidates = cases
    .map(({ row, told, approvedIn }) => {
      const month = monthAt(row.atMs)
      return { row, told, month, tellableFrom: Math.max(month, approvedIn) }
    })
    .filter(({ tellableFrom }) => tellableFrom < tables.latestMonth)
  type Candidate = (typeof candidates)[number]
  const isPlaced = ({ row, month }: Candidate): boolean =>
    decisionsOf(tables, month).some(({ group }) => group.name === `${row.outcome} ${row.tier}`)
  const isListed = ({ told, month }: Candidate): boolean => {
    const quarter = Math.floor(month / 3)
    return isCodeTold(tables, quarter, tables.codes.get(quarter)?.[TOLD_CODES.indexOf(told.code)] ?? 0)
  }
  const unplaced = firstFew(
    candidates.filter((one) => !isPlaced(one)),
    ({ month }) => `${month}`,
    ({ tellableFrom }) => tellableFrom,
  )
  const unlisted = firstFew(
    candidates.filter((one) => !isListed(one)),
    ({ told, month }) => `${Math.floor(month / 3)} ${told.code}`,
    ({ tellableFrom }) => tellableFrom,
  )
  const appealTellableFrom = ({ row, tellableFrom }: Candidate): Month =>
    Math.max(tellableFrom, row.appealMonth)
  const appealed = firstFew(
    candidates.filter(
      (one) => appealTellableFrom(one) < tables.latestMonth && !isAppealTold(tables, one.row),
    ),
    ({ row }) => `${Math.floor(row.appealMonth / 12)}`,
    appealTellableFrom,
  )
  return candidates
    .filter((one) => months.has(one.month))
    .filter((one) => isPlaced(one) || unplaced.has(one))
    .filter((one) => isListed(one) || unlisted.has(one))
    .map((one) => {
      const place = isPlaced(one) ? {} : { month: null, tier: null }
      const appeal = isAppealTold(tables, one.row) || appealed.has(one) ? one.told.appeal : null
      return { ...one.told, ...place, appeal }
    })
}

/** The first items of each key that the bound allows. */
function firstFew<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  orderOf: (item: Item) => number,
): ReadonlySet<Item> {
  const counts = new Map<string, number>()
  const ordered = items.toSorted((a, b) => orderOf(a) - orderOf(b))
  return new Set(
    ordered.filter((item) => {
      const count = (counts.get(keyOf(item)) ?? 0) + 1
      counts.set(keyOf(item), count)
      return count <= UNPLACED_CASES_MAX
    }),
  )
}

/** Whether the number of appeals that ended like this one's is told anyway, or there is no end to tell. */
function isAppealTold(tables: PublicMeasure, { appeal, appealMonth }: DecisionRow): boolean {
  if (appeal === 'none' || appeal === 'open') return true
  const year = Math.floor(appealMonth / 12)
  if ((year + 1) * 12 > tables.latestMonth) return false
  return publish(APPEALS, tables.appeals.get(year) ?? []).some(({ group }) => group.name === appeal)
}
