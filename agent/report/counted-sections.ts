/** Sections that the site's report and a licensor's have in common. */
import { TIERS } from '../log-format/index.ts'
import { OUTCOMES, type Outcome } from './decision-index.ts'
import type { ReportFrame } from './report-frame.ts'
import type { WaitingItem } from './review-measure.ts'
import { type Category, type Section, type Series, section, type Table } from './section.ts'
import type { CountedReport, TimeSpread } from './site-report.ts'
import { sums, timeline } from './timeline.ts'
import { counted, countText, dateWords, durationText, listed, plain, sentence, share } from './words.ts'

const HOUR_MS = 3_600_000
/** A chart of more codes than this is a wall, and no chart. The table has them all. */
export const RANKED_MAX = 12

export const OUTCOME_SERIES: Readonly<Record<Outcome, Series>> = {
  allow: { name: 'allowed', tone: 'quiet' },
  warn: { name: 'allowed with a warning', tone: 'plain' },
  hold: { name: 'held for a person', tone: 'soft' },
  deny: { name: 'refused', tone: 'loud' },
}

/** From when to when, as far as is known. */
export function periodWords({ period, records }: ReportFrame): string {
  const from = period.from ?? records.first
  const to = period.to ?? records.last
  if (from === null || to === null) return 'no records'
  return from === to ? dateWords(from) : `${dateWords(from)} – ${dateWords(to)}`
}

export function total(report: CountedReport, ...outcomes: readonly Outcome[]): number {
  return report.decisions
    .filter(({ outcome }) => outcomes.length === 0 || outcomes.includes(outcome))
    .reduce((sum, { count }) => sum + count, 0)
}

export function decisionsSection(report: CountedReport, title: string): Section {
  const all = total(report)
  if (all === 0) return section('decisions', title, { says: ['No job was decided in this period.'] })
  const passed = total(report, 'allow', 'warn')
  const held = total(report, 'hold')
  const refused = total(report, 'deny')
  const axis = timeline(report.decisions.map(({ month }) => month))
  const byOutcome = OUTCOMES.map((outcome) =>
    sums(axis, report.decisions, (row) => (row.outcome === outcome ? row.count : 0)),
  )
  const summary = `${counted(all, 'job was', 'jobs were')} decided: ${countText(passed)} let print (${share(passed, all)}), ${countText(held)} held for a person, ${countText(refused)} refused.`
  return section('decisions', title, {
    says: [summary],
    chart: {
      title: 'Decisions by month and outcome',
      description: summary,
      drawing: {
        kind: 'columns',
        series: OUTCOMES.map((outcome) => OUTCOME_SERIES[outcome]),
        categories: axis.categories,
        values: axis.categories.map((_, i) => byOutcome.map((totals) => totals[i] ?? 0)),
      },
    },
    tables: [decisionTable(report)],
  })
}

function decisionTable({ decisions }: CountedReport): Table {
  return {
    id: 'decisions',
    caption: 'Decisions by month, outcome and tier of the licence',
    columns: ['month', 'tier', ...OUTCOMES],
    rows: [...new Set(decisions.map(({ month }) => month))].flatMap((month) =>
      TIERS.map((tier) => {
        const counts = OUTCOMES.map(
          (outcome) =>
            decisions.find((row) => row.month === month && row.tier === tier && row.outcome === outcome)
              ?.count ?? 0,
        )
        return { tier, counts }
      })
        .filter(({ counts }) => counts.some((count) => count > 0))
        .map(({ tier, counts }) => [month, tier, ...counts]),
    ),
  }
}

export function reasonsSection(report: CountedReport): Section {
  const id = 'reasons'
  const title = 'What jobs were held or refused for'
  const [first] = report.reasons
  if (first === undefined)
    return section(id, title, { says: ['Nothing was held, refused or stopped in this period.'] })
  const ranked = report.reasons.filter(({ decisions }) => decisions > 0)
  const rest = ranked.length - RANKED_MAX
  const says =
    first.decisions === 0
      ? ['Lines were refused while hosts were printing; no whole job was.']
      : [
          `The commonest reason was \`${plain(first.code)}\`, in ${counted(first.decisions, 'job')}. A job can have several reasons.`,
          ...(rest > 0
            ? [`The ${RANKED_MAX} commonest are drawn; the table has ${countText(rest)} more.`]
            : []),
        ]
  return section(id, title, {
    says,
    chart:
      ranked.length === 0
        ? null
        : {
            title: 'Reasons for holds and refusals',
            description: `Jobs that were held or refused, by reason. ${says.join(' ')}`,
            drawing: {
              kind: 'ranked',
              rows: ranked.slice(0, RANKED_MAX).map(({ code, decisions }) => ({
                label: plain(code),
                value: decisions,
                shown: countText(decisions),
              })),
            },
          },
    tables: [
      {
        id: 'reasons',
        caption:
          'Reasons, by code and rule: jobs, objections in them, and lines refused while a host was printing',
        columns: ['code', 'rule', 'jobs', 'objections', 'lines'],
        rows: report.reasons.map(({ code, rule, decisions, objections, lines }) => [
          plain(code),
          plain(rule),
          decisions,
          objections,
          lines,
        ]),
      },
    ],
  })
}

export function machinesSection(report: CountedReport): Section {
  const id = 'machines'
  const title = 'What the machine did'
  if (report.machines.length === 0)
    return section(id, title, { says: ['The machine did nothing in this period.'] })
  const sum = (numberIn: (row: CountedReport['machines'][number]) => number): number =>
    report.machines.reduce((whole, row) => whole + numberIn(row), 0)
  const hours = Math.round(sum(({ milliseconds }) => milliseconds) / HOUR_MS)
  const ended = sum((row) => row.printed + row.stopped + row.failed + row.uncertain)
  const printed = sum((row) => row.printed)
  const axis = timeline(report.machines.map(({ month }) => month))
  const monthly = sums(axis, report.machines, (row) => row.milliseconds)
  const metres = Math.round(sum(({ filamentMicrometres }) => filamentMicrometres) / 1e6)
  const says = [
    `It worked ${counted(hours, 'hour')}${ended === 0 ? '' : ` and printed ${countText(printed)} of ${counted(ended, 'job')} to the end (${share(printed, ended)})`}.`,
    ...(metres === 0 ? [] : [`It was sent ${counted(metres, 'metre')} of filament.`]),
  ]
  return section(id, title, {
    says,
    chart: {
      title: 'Hours of work by month',
      description: `Hours from the opening of each job to its end, in the month of its end. ${says.join(' ')}`,
      drawing: {
        kind: 'columns',
        series: [{ name: 'hours of work', tone: 'loud' }],
        categories: axis.categories,
        values: monthly.map((milliseconds) => [milliseconds / HOUR_MS]),
      },
    },
    tables: [
      {
        id: 'machines',
        caption: 'Jobs, hours, commands and filament of each machine by month',
        columns: [
          'machine',
          'month',
          'opened',
          'printed',
          'stopped',
          'failed',
          'uncertain',
          'streams opened',
          'streams ended',
          'seconds',
          'commands',
          'filament mm',
        ],
        rows: report.machines.map((row) => [
          plain(row.machine),
          row.month,
          row.opened,
          row.printed,
          row.stopped,
          row.failed,
          row.uncertain,
          row.streams,
          row.ended,
          Math.round(row.milliseconds / 1000),
          row.commands,
          Math.round(row.filamentMicrometres / 1000),
        ]),
      },
    ],
  })
}

export function timesSection({ decisionTimes, holds, appeals }: CountedReport): Section {
  const id = 'times'
  const title = 'How long decisions took'
  const kinds: readonly (readonly [string, TimeSpread])[] = [
    ['jobs, by the gate', decisionTimes],
    ['holds, by a person', holds.times],
    ['appeals, by a person', appeals.times],
  ]
  const says = kinds.flatMap(([what, times]) => timeWords(what, times))
  if (says.length === 0) return section(id, title, { says: ['Nothing was decided whose time was taken.'] })
  const description = `How many decisions of the gate took up to each time. ${says.join(' ')}`
  return section(id, title, {
    says,
    chart:
      decisionTimes.count === 0
        ? null
        : {
            title: 'Decision times of the gate',
            description,
            drawing: {
              kind: 'columns',
              series: [{ name: 'jobs decided by the gate', tone: 'loud' }],
              ...histogram(decisionTimes),
            },
          },
    tables: [
      {
        id: 'decision-times',
        caption:
          'Time to a decision in milliseconds, by nearest rank: exact below 2,048 ms, and less than a 1,024th above the true value from there on',
        columns: ['what', 'count', 'median', '90 %'],
        rows: kinds.map(([what, { count, medianMs, ninetyPercentMs }]) => [
          what,
          count,
          medianMs,
          ninetyPercentMs,
        ]),
      },
    ],
  })
}

function timeWords(what: string, { count, medianMs, ninetyPercentMs }: TimeSpread): readonly string[] {
  if (medianMs === null || ninetyPercentMs === null) return []
  if (count === 1) return [`${sentence(what)}: the only one took ${durationText(medianMs)}.`]
  return [
    `${sentence(what)}: half within ${durationText(medianMs)}, nine in ten within ${durationText(ninetyPercentMs)}.`,
  ]
}

/** The steps up to the last that any decision took. */
function histogram({ steps }: TimeSpread): {
  categories: readonly Category[]
  values: readonly (readonly number[])[]
} {
  const last = steps.findLastIndex(({ count }) => count > 0)
  const shown = steps.slice(0, Math.max(last + 1, 4))
  return {
    categories: shown.map(({ upToMs }) => {
      const label = upToMs === null ? 'longer' : `≤ ${durationText(upToMs)}`
      return { label, short: label.replaceAll(' ', ''), group: null }
    }),
    values: shown.map(({ count }) => [count]),
  }
}

export function reviewSection({ holds, appeals, overrides }: CountedReport): Section {
  const id = 'people'
  const title = 'What people decided'
  const says = [
    holds.released + holds.refused + holds.open === 0
      ? 'No hold was decided, and none waits.'
      : `Of the holds, ${countText(holds.released)} were released and ${countText(holds.refused)} refused; ${countText(holds.open)} wait.`,
    appeals.filed + appeals.upheld + appeals.rejected + appeals.withdrawn + appeals.open === 0
      ? 'Nobody appealed.'
      : `${counted(appeals.filed, 'appeal was', 'appeals were')} filed; ${countText(appeals.upheld)} upheld, ${countText(appeals.rejected)} rejected, ${countText(appeals.withdrawn)} withdrawn; ${countText(appeals.open)} wait.`,
    ...(overrides === 0
      ? []
      : [`Rules were set aside ${overrides === 1 ? 'once' : `${countText(overrides)} times`}.`]),
  ]
  const rows = [
    { label: 'holds', values: [holds.released, 0, holds.refused, holds.open] },
    { label: 'appeals', values: [appeals.upheld, appeals.withdrawn, appeals.rejected, appeals.open] },
  ]
    .map((row) => ({ ...row, sum: row.values.reduce((sum, value) => sum + value, 0) }))
    .filter(({ sum }) => sum > 0)
  return section(id, title, {
    says,
    chart:
      rows.length === 0
        ? null
        : {
            title: 'Holds and appeals by what came of them',
            description: says.join(' '),
            drawing: {
              kind: 'parts',
              series: [
                { name: 'released or upheld', tone: 'quiet' },
                { name: 'withdrawn', tone: 'plain' },
                { name: 'refused or rejected', tone: 'loud' },
                { name: 'waiting', tone: 'hatched' },
              ],
              rows: rows.map(({ label, values, sum }) => ({ label, values, shown: countText(sum) })),
            },
          },
    tables: [
      {
        id: 'holds-and-appeals',
        caption: 'Holds and appeals; what is open is counted at the end of the log, whatever the period',
        columns: ['what', 'count'],
        rows: [
          ['jobs held', holds.held],
          ['holds released', holds.released],
          ['holds refused', holds.refused],
          ['holds open', holds.open],
          ['appeals filed', appeals.filed],
          ['appeals upheld', appeals.upheld],
          ['appeals rejected', appeals.rejected],
          ['appeals withdrawn', appeals.withdrawn],
          ['appeals open', appeals.open],
          ['rules set aside', overrides],
        ],
      },
    ],
  })
}

export function dueSection({ due, deadlines }: CountedReport): Section {
  const { holdHours, appealDays } = deadlines
  const limits = [
    ...(holdHours === null ? [] : [`a hold within ${counted(holdHours, 'hour')}`]),
    ...(appealDays === null ? [] : [`an appeal within ${counted(appealDays, 'day')}`]),
  ]
  const isLate = due.late.length > 0
  const open = due.late.filter(({ isOpen }) => isOpen).length
  const says = [
    limits.length === 0 ? 'No deadlines are set.' : `This site decides ${listed(limits)}.`,
    ...(limits.length === 0
      ? []
      : [
          isLate
            ? `${counted(due.late.length, 'decision is', 'decisions are')} late or came late; ${countText(open)} of them still ${open === 1 ? 'waits' : 'wait'}.`
            : 'Nothing is late.',
        ]),
    due.waiting.length === 0
      ? 'Nothing waits in time.'
      : `${counted(due.waiting.length, 'decision waits', 'decisions wait')} in time.`,
    ...(due.unnamed === 0 ? [] : [`${countText(due.unnamed)} more are not listed.`]),
  ]
  return section('due', 'Late, and waiting', {
    says,
    tables: [
      {
        id: 'late',
        caption: 'Late: the record of the hold or appeal, and by how long',
        columns: ['what', 'record', 'state', 'late by', 'late by seconds'],
        rows: due.late.map(({ kind, index, isOpen, lateMs }) => [
          kind,
          index,
          isOpen ? 'waits' : 'was decided',
          durationText(lateMs),
          Math.round(lateMs / 1000),
        ]),
      },
      {
        id: 'waiting',
        caption: 'Waiting, with the time that is left',
        columns: ['what', 'record', 'time left', 'seconds left'],
        rows: due.waiting.map(({ kind, index, leftMs }) => [
          kind,
          index,
          leftWords({ leftMs }),
          secondsLeft(leftMs),
        ]),
      },
    ].filter(({ rows }) => rows.length > 0),
  })
}

function leftWords({ leftMs }: Pick<WaitingItem, 'leftMs'>): string {
  return leftMs === null ? 'no deadline' : durationText(leftMs)
}

function secondsLeft(leftMs: number | null): number | null {
  return leftMs === null ? null : Math.round(leftMs / 1000)
}
