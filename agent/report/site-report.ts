/**
 * What the people who run a site are told, and what a licensor is told of one licence: exact counts, and nobody's
 * name.
 */
import { monthText } from './calendar.ts'
import type { Case } from './cases.ts'
import { CELL_NAMES, type Outcome, type Tier } from './decision-index.ts'
import type { ReasonRow } from './decision-measure.ts'
import type { MachineRow } from './job-measure.ts'
import type { UsageRow } from './licence-measure.ts'
import type { Measured } from './measure.ts'
import type { ReportFrame } from './report-frame.ts'
import type { Deadlines, DueList } from './review-measure.ts'
import type { Spread } from './spread.ts'
import type { IncidentRow, WatchMeasure } from './watch-measure.ts'

/** Times are told by these steps, and as a median and a ninth decile. */
const STEPS_MS = [
  100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000,
  86_400_000,
] as const

export interface TimeSpread {
  readonly count: number
  /** By nearest rank; less than a 1,024th above the true value, and exact below 2,048 ms. */
  readonly medianMs: number | null
  readonly ninetyPercentMs: number | null
  /**
   * How many took at most so long, and longer than the step before; `upToMs` is null for those beyond the last step.
   */
  readonly steps: readonly { readonly upToMs: number | null; readonly count: number }[]
}

/** Decisions of one month with one outcome and tier. */
export interface DecisionCount {
  readonly month: string
  readonly outcome: Outcome
  readonly tier: Tier
  readonly count: number
}

/** What both reports have. */
export interface CountedReport extends ReportFrame {
  readonly decisions: readonly DecisionCount[]
  readonly decisionTimes: TimeSpread
  readonly reasons: readonly ReasonRow[]
  readonly machines: readonly MachineRow[]
  readonly holds: ReviewTimes & { readonly held: number; readonly released: number; readonly refused: number }
  readonly appeals: ReviewTimes & {
    readonly filed: number
    readonly upheld: number
    readonly rejected: number
    readonly withdrawn: number
  }
  readonly overrides: number
  readonly deadlines: Deadlines
  readonly due: DueList
}

interface ReviewTimes {
  /** At the end of the log, whatever the period. */
  readonly open: number
  readonly times: TimeSpread
}

export interface SiteReport extends CountedReport {
  readonly audience: 'site'
  readonly timeZone: string
  /** Jobs begun in each of the 168 hours of the week, from Monday at midnight. */
  readonly hoursOfWeek: readonly number[]
  readonly licences: readonly ({ readonly licence: string } & UsageRow)[]
  readonly incidents: readonly IncidentRow[]
  readonly incidentsExported: WatchMeasure['exported']
  readonly samples: WatchMeasure['samples']
  readonly lessons: ReturnType<WatchMeasure['lessons']>
  readonly erasures: WatchMeasure['erasures']
  readonly witnesses: WatchMeasure['witnesses']
  readonly cosigners: ReturnType<WatchMeasure['cosigners']>
  readonly cases: readonly Case[]
  /** What does not fit together in the log. */
  readonly unmatched: { readonly references: number; readonly jobs: number }
}

/** Of one licence, for its licensor or for the site. Nothing of any other licence, and nobody. */
export interface LicenceReport extends CountedReport {
  readonly audience: 'licensor'
  readonly licence: string
  readonly usage: readonly ({ readonly month: string } & UsageRow)[]
}

export function siteReport(
  frame: ReportFrame,
  measured: Measured,
  options: { readonly deadlines: Deadlines; readonly timeZone: string; readonly nowMs: number },
): SiteReport {
  const { watch } = measured
  return {
    ...counted(frame, measured, options),
    audience: 'site',
    timeZone: options.timeZone,
    hoursOfWeek: [...measured.hoursOfWeek],
    licences: measured.licences.map(([licence, usage]) => ({ licence, ...usage })),
    incidents: watch.incidents(),
    incidentsExported: watch.exported,
    samples: watch.samples,
    lessons: watch.lessons(),
    erasures: watch.erasures,
    witnesses: watch.witnesses,
    cosigners: watch.cosigners(),
    cases: measured.cases.map(({ told }) => told),
    unmatched: { references: measured.unmatched, jobs: measured.unmatchedJobs },
  }
}

export function licenceReport(
  frame: ReportFrame,
  measured: Measured,
  options: { readonly licence: string; readonly deadlines: Deadlines; readonly nowMs: number },
): LicenceReport {
  return {
    ...counted(frame, measured, options),
    audience: 'licensor',
    licence: options.licence,
    usage: measured.usageByMonth.map(([month, usage]) => ({ month, ...usage })),
  }
}

function counted(
  frame: ReportFrame,
  measured: Measured,
  { deadlines, nowMs }: { readonly deadlines: Deadlines; readonly nowMs: number },
): CountedReport {
  const { review } = measured
  const { openHolds, openAppeals, ...due } = review.due(nowMs)
  return {
    ...frame,
    decisions: decisionCounts(measured.decisions),
    decisionTimes: timeSpread(measured.decisionTimesMs),
    reasons: measured.reasons,
    machines: measured.machines,
    holds: { ...review.holds, open: openHolds, times: timeSpread(review.holdTimesMs) },
    appeals: { ...review.appeals, open: openAppeals, times: timeSpread(review.appealTimesMs) },
    overrides: review.overrides,
    deadlines,
    due,
  }
}

function decisionCounts(months: ReadonlyMap<number, Float64Array>): readonly DecisionCount[] {
  return [...months]
    .sort(([a], [b]) => a - b)
    .flatMap(([month, counts]) =>
      CELL_NAMES.map((cell, i) => ({ month: monthText(month), ...cell, count: counts[i] ?? 0 })),
    )
    .filter(({ count }) => count > 0)
}

function timeSpread(spread: Spread): TimeSpread {
  const counts = spread.between(STEPS_MS)
  return {
    count: spread.count,
    medianMs: spread.nearestRank(50),
    ninetyPercentMs: spread.nearestRank(90),
    steps: counts.map((count, i) => ({ upToMs: STEPS_MS[i] ?? null, count })),
  }
}
