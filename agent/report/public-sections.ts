/**
 * Public statistics in words, charts and tables: what is withheld is said to be, and is nowhere drawn as if it were
 * nothing.
 */

import { periodWords, RANKED_MAX } from './counted-sections.ts'
import { logTable, witnessWords } from './log-section.ts'
import type { PublicReport, ToldDecisions, ToldOfYear } from './public-report.ts'
import {
  type Cell,
  type Document,
  type KeyFigure,
  type PartsChart,
  type Section,
  section,
  type Table,
} from './section.ts'
import { sumOf } from './tally.ts'
import { sums, timeline } from './timeline.ts'
import { counted, countText, dateWords, durationText, listed, plain, sentence, share } from './words.ts'

export function publicDocument(report: PublicReport): Document {
  return {
    title: 'What the gate decided',
    audience: 'Public statistics',
    period: monthsWords(report),
    figures: figuresOf(report),
    sections: [
      decisionsSection(report),
      codesSection(report),
      timesSection(report),
      appealsSection(report),
      reviewsSection(report),
      casesSection(report),
      methodSection(report),
    ],
  }
}

function monthsWords(report: PublicReport): string {
  const first = report.decisions[0]?.month
  const last = report.decisions.at(-1)?.month
  if (first === undefined || last === undefined) return `no month is over yet: ${periodWords(report)}`
  return first === last ? dateWords(first) : `${dateWords(first)} – ${dateWords(last)}`
}

type Group = Pick<ToldDecisions, 'outcomes' | 'tiers'>

const OUTCOME_COUNT = 4
const TIER_COUNT = 4
const isWhole = ({ outcomes, tiers }: Group): boolean =>
  outcomes.length === OUTCOME_COUNT && tiers.length === TIER_COUNT
const isHalf = ({ outcomes, tiers }: Group, outcome: string): boolean =>
  outcomes.length === 2 && outcomes[0] === outcome && tiers.length === TIER_COUNT

const countOf = (rows: readonly ToldDecisions[]): number => sumOf(rows, ({ count }) => count ?? 0)

function figuresOf(report: PublicReport): readonly KeyFigure[] {
  const told = countOf(report.decisions.filter(isWhole))
  const passed = countOf(report.decisions.filter((row) => isHalf(row, 'allow')))
  const stopped = countOf(report.decisions.filter((row) => isHalf(row, 'hold')))
  const appeals = report.appeals.filter(({ what }) => what[0] === 'all')
  const decided = appeals.reduce((sum, { count }) => sum + (count ?? 0), 0)
  return [
    { value: countText(told), label: 'decisions told' },
    { value: passed + stopped === 0 ? '–' : share(passed, passed + stopped), label: 'let print, where told' },
    { value: passed + stopped === 0 ? '–' : countText(stopped), label: 'held or refused, where told' },
    { value: decided === 0 ? '–' : countText(decided), label: 'appeals decided' },
  ]
}

function decisionsSection(report: PublicReport): Section {
  const { decisions, rule } = report
  const title = 'Decisions'
  const whole = decisions.filter(isWhole)
  const told = whole.filter(({ count }) => count !== null)
  if (told.length === 0)
    return section('decisions', title, {
      says: [
        whole.length === 0
          ? 'Statistics are published by whole months, once they are over. None is yet.'
          : `In each month fewer than ${rule.smallBelow} decisions were made, or none. Such months are not counted in public.`,
      ],
      tables: whole.length === 0 ? [] : [decisionTable(decisions)],
    })
  const axis = timeline(whole.map(({ month }) => month))
  const passed = sums(
    axis,
    decisions.filter((row) => isHalf(row, 'allow')),
    ({ count }) => count ?? 0,
  )
  const stopped = sums(
    axis,
    decisions.filter((row) => isHalf(row, 'hold')),
    ({ count }) => count ?? 0,
  )
  const all = sums(axis, told, ({ count }) => count ?? 0)
  const silent = whole.length - told.length
  const says = [
    `The months that are told add up to ${counted(countOf(told), 'decision')}, counting at most ${rule.perSubjectMax} alike of one person in a month.`,
    ...(silent === 0
      ? []
      : [
          `${counted(silent, 'month')} had fewer than ${rule.smallBelow} decisions, or none, and ${silent === 1 ? 'is' : 'are'} left out.`,
        ]),
  ]
  return section('decisions', title, {
    says,
    chart: {
      title: 'Decisions by month',
      description: `Decisions that let jobs print and those that held or refused them, by month. ${says.join(' ')}`,
      drawing: {
        kind: 'columns',
        series: [
          { name: 'let print', tone: 'quiet' },
          { name: 'held or refused', tone: 'loud' },
          { name: 'not divided, for one part is small', tone: 'hatched' },
        ],
        categories: axis.categories,
        values: axis.categories.map((_, i) => {
          const [yes, no] = [passed[i] ?? 0, stopped[i] ?? 0]
          return [yes, no, (all[i] ?? 0) - yes - no]
        }),
      },
    },
    tables: [decisionTable(decisions)],
  })
}

function decisionTable(decisions: readonly ToldDecisions[]): Table {
  return {
    id: 'decisions',
    caption:
      'Decisions by month, outcome and tier. A group that is not divided has a small part; an empty count is fewer than ten, or none',
    columns: ['month', 'outcomes', 'tiers', 'count', 'divided'],
    rows: decisions.map(({ month, outcomes, tiers, count, isSplit }) => [
      month,
      outcomes.length === OUTCOME_COUNT ? 'all' : outcomes.join('+'),
      tiers.length === TIER_COUNT ? 'all' : tiers.join('+'),
      count,
      isSplit ? 'yes' : 'no',
    ]),
  }
}

function codesSection({ refusalCodes, rule }: PublicReport): Section {
  const id = 'codes'
  const title = 'What jobs were held or refused for'
  if (refusalCodes.length === 0)
    return section(id, title, {
      says: [
        `In no quarter that is over was a reason given often enough to be told, which is ${rule.smallBelow} times.`,
      ],
    })
  const totals = new Map<string, number>()
  for (const { code, count } of refusalCodes) totals.set(code, (totals.get(code) ?? 0) + count)
  const ranked = [...totals].sort(([, a], [, b]) => b - a)
  const quarters = new Set(refusalCodes.map(({ quarter }) => quarter)).size
  const says = [
    `Reasons are told by quarter, where one was given ${rule.smallBelow} times or more; ${counted(quarters, 'quarter has', 'quarters have')} such reasons. Those that are seldom are not listed, so each bar is what is known at least.`,
  ]
  return section(id, title, {
    says,
    chart: {
      title: 'Reasons for holds and refusals',
      description: says.join(' '),
      drawing: {
        kind: 'ranked',
        tone: 'loud',
        rows: ranked
          .slice(0, RANKED_MAX)
          .map(([code, count]) => ({ label: plain(code), value: count, shown: countText(count) })),
      },
    },
    tables: [
      {
        id: 'refusal-codes',
        caption: 'Jobs held or refused with a reason, by quarter; a job can have several reasons',
        columns: ['quarter', 'code', 'rule', 'count'],
        rows: refusalCodes.map((row) => [row.quarter, row.code, row.rule, row.count]),
      },
    ],
  })
}

function timesSection({ decisionTimes }: PublicReport): Section {
  const id = 'times'
  const title = 'How long decisions took'
  const told = decisionTimes.filter(({ medianUpToMs }) => medianUpToMs !== null)
  const last = told.at(-1)
  if (last === undefined)
    return section(id, title, {
      says: ['In no quarter that is over were there enough decisions to tell their times.'],
    })
  const ninety = last.ninetyPercentUpToMs
  const timeCell = (ms: number | null): Cell => (ms === null ? null : durationText(ms))
  return section(id, title, {
    says: [
      `In the latest quarter that is told (${last.quarter}) half of the gate’s decisions took at most ${durationText(last.medianUpToMs ?? 0)}${ninety === null ? '' : ` and nine in ten at most ${durationText(ninety)}`}. Times are told in coarse steps.`,
    ],
    tables: [
      {
        id: 'decision-times',
        caption: 'Decision times by quarter: half of the decisions, and nine in ten, took at most so long',
        columns: ['quarter', 'half', 'nine in ten'],
        rows: decisionTimes.map((row) => [
          row.quarter,
          timeCell(row.medianUpToMs),
          timeCell(row.ninetyPercentUpToMs),
        ]),
      },
    ],
  })
}

/** Years as wholes and parts: what is known of each part, and what is not divided. */
function yearParts(rows: readonly ToldOfYear[], parts: readonly string[]): PartsChart['rows'] {
  const years = rows.filter(({ what, count }) => what[0] === 'all' && count !== null)
  return years.map(({ year, count }) => {
    const all = count ?? 0
    const known = parts.map(
      (part) => rows.find((row) => row.year === year && row.what.join('+') === part)?.count ?? 0,
    )
    const rest = all - known.reduce((sum, value) => sum + value, 0)
    return { label: year, values: [...known, rest], shown: countText(all) }
  })
}

function yearTable(id: string, caption: string, rows: readonly ToldOfYear[]): Table {
  return {
    id,
    caption: `${caption}. A group that is not divided has a small part; an empty count is fewer than ten, or none`,
    columns: ['year', 'what', 'count', 'divided'],
    rows: rows.map(({ year, what, count, isSplit }) => [year, what.join('+'), count, isSplit ? 'yes' : 'no']),
  }
}

function appealsSection({ appeals, rule }: PublicReport): Section {
  const parts = yearParts(appeals, ['upheld', 'rejected+withdrawn'])
  const title = 'Appeals'
  if (parts.length === 0)
    return section('appeals', title, {
      says: [`In no year that is over were ${rule.smallBelow} appeals or more decided.`],
      tables: appeals.length === 0 ? [] : [yearTable('appeals', 'Appeals decided, by year', appeals)],
    })
  const says = parts.map(({ label, values: [upheld = 0, others = 0], shown }) =>
    upheld + others === 0
      ? `In ${label}, ${shown} appeals were decided; how is not told, for one part is small.`
      : `In ${label}, ${countText(upheld)} of ${shown} appeals were upheld.`,
  )
  return section('appeals', title, {
    says,
    chart: {
      title: 'Appeals decided, by year',
      description: says.join(' '),
      drawing: {
        kind: 'parts',
        series: [
          { name: 'upheld', tone: 'quiet' },
          { name: 'rejected or withdrawn', tone: 'loud' },
          { name: 'not divided, for one part is small', tone: 'hatched' },
        ],
        rows: parts,
      },
    },
    tables: [yearTable('appeals', 'Appeals decided, by year', appeals)],
  })
}

function reviewsSection({ reviews, rule }: PublicReport): Section {
  const parts = yearParts(reviews, ['sound', 'doubtful+wrong'])
  const title = 'Looked at again'
  if (parts.length === 0)
    return section('reviews', title, {
      says: [`In no year that is over were ${rule.smallBelow} decisions or more drawn by lot and reviewed.`],
      tables: reviews.length === 0 ? [] : [yearTable('reviews', 'Decisions reviewed, by year', reviews)],
    })
  const says = parts.map(({ label, values: [sound = 0, others = 0], shown }) =>
    sound + others === 0
      ? `In ${label}, ${shown} decisions were drawn by lot and reviewed; how many were sound is not told, for one part is small.`
      : `In ${label}, ${shown} decisions were drawn by lot and reviewed; ${countText(sound)} were found sound.`,
  )
  return section('reviews', title, {
    says,
    chart: {
      title: 'Decisions reviewed, by year',
      description: says.join(' '),
      drawing: {
        kind: 'parts',
        series: [
          { name: 'sound', tone: 'quiet' },
          { name: 'doubtful or wrong', tone: 'loud' },
          { name: 'not divided, for one part is small', tone: 'hatched' },
        ],
        rows: parts,
      },
    },
    tables: [yearTable('reviews', 'Decisions reviewed, by year', reviews)],
  })
}

function casesSection({ cases }: PublicReport): Section {
  return section('cases', 'Cases', {
    says:
      cases.length === 0
        ? ['No refusal has been approved to be told.']
        : [
            'Single refusals that a person of this site has let be told. Nobody, no file and no shape is in them.',
          ],
    cases,
  })
}

function methodSection(report: PublicReport): Section {
  const { rule, doubts } = report
  const warnings = [
    ...(doubts.withoutSubject ? ['some decisions name no subject, and were counted one by one'] : []),
    ...(doubts.clockSteppedBack
      ? ['the clock stepped back into a month that was over, and what followed is left out']
      : []),
    ...(doubts.clockAhead ? ['some records are dated ahead of this report, and are left out'] : []),
  ]
  return section('method', 'How to read this', {
    says: [
      `A count below ${rule.smallBelow} is not published, nor any other from which it could be computed. A group is divided into two parts only where each of them is none or at least ${rule.smallBelow}; otherwise the group is told undivided.`,
      `Of one person at most ${rule.perSubjectMax} decisions of the same month, outcome and tier count, so at least four people stand behind each count where every job comes with a name, and always the same for one person. Nothing here tells how many do: a job that nobody’s name came with counts as one of somebody else, so where names are not given one person may stand behind a count alone. Who prints often counts for less than they print.`,
      'Months, quarters and years are published once they are over, and never change: no two of these reports say more together than each of them.',
      'The log’s origin, size and root are below: whoever holds that head can check that this report left no record out of the count of records. What the records say is not checked by that.',
      witnessWords(report, report.witnessedSize),
      ...(warnings.length === 0 ? [] : [`${sentence(listed(warnings))}.`]),
    ],
    tables: [logTable(report)],
  })
}
