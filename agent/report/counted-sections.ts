/** Sections that the site's report and a licensor's have in common. */
import { TIERS } from '../log-format/index.ts'
import { DAY_MS, HOUR_MS } from './calendar.ts'
import { OUTCOMES, type Outcome } from './decision-index.ts'
import type { ReportFrame } from './report-frame.ts'
import { type Category, type Section, type Series, section, type Table, type Worded } from './section.ts'
import type { CountedReport, TimeSpread } from './site-report.ts'
import { sumOf } from './tally.ts'
import { sums, timeline } from './timeline.ts'
import { counted, countText, dateWords, durationText, listed, plain, sentence, share } from './words.ts'

/** A chart of more codes than this is a wall, and no chart. The table has them all. */
export const RANKED_MAX = 12
/** Fewer columns than this look like an accident. */
const STEPS_SHOWN_MIN = 6

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

/** Says which months of a chart are not whole ones, so that nobody takes their columns for quiet months. */
function cutMonths({ period, records }: ReportFrame): readonly string[] {
  const from = period.from ?? records.first
  const to = period.to ?? records.last
  if (from === null || to === null) return []
  const isCutAtEnd = !new Date(Date.parse(to) + DAY_MS).toISOString().startsWith('01', 8)
  const cut = [...(from.endsWith('-01') ? [] : [from.slice(0, 7)]), ...(isCutAtEnd ? [to.slice(0, 7)] : [])]
  const names = [...new Set(cut)].map(dateWords)
  return names.length === 0 ? [] : [`${listed(names)} ${names.length === 1 ? 'is' : 'are'} not whole.`]
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
    says: [summary, ...cutMonths(report)],
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
              tone: 'loud',
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
  const hours = Math.round(sumOf(report.machines, ({ milliseconds }) => milliseconds) / HOUR_MS)
  const ended = sumOf(report.machines, (row) => row.printed + row.stopped + row.failed + row.uncertain)
  const printed = sumOf(report.machines, (row) => row.printed)
  const axis = timeline(report.machines.map(({ month }) => month))
  const monthly = sums(axis, report.machines, (row) => row.milliseconds)
  const metres = Math.round(sumOf(report.machines, ({ filamentMicrometres }) => filamentMicrometres) / 1e6)
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
        series: [{ name: 'hours of work', tone: 'plain' }],
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
          { name: 'worked', unit: 's' },
          'commands',
          { name: 'filament', unit: 'mm' },
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
          worded(row.milliseconds, hoursText, 1000),
          row.commands,
          worded(row.filamentMicrometres, metresText, 1000),
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
              series: [{ name: 'jobs decided by the gate', tone: 'plain' }],
              ...histogram(decisionTimes),
            },
          },
    tables: [
      {
        id: 'decision-times',
        caption:
          'Time to a decision, by nearest rank: exact below 2,048 ms, and less than a 1,024th above the true value from there on',
        columns: ['what', 'count', { name: 'median', unit: 'ms' }, { name: '90 %', unit: 'ms' }],
        rows: kinds.map(([what, { count, medianMs, ninetyPercentMs }]) => [
          what,
          count,
          worded(medianMs, durationText),
          worded(ninetyPercentMs, durationText),
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

/** The steps from the first that any decision took to the last, and as many before them as make a chart. */
function histogram({ steps }: TimeSpread): {
  categories: readonly Category[]
  values: readonly (readonly number[])[]
} {
  const last = steps.findLastIndex(({ count }) => count > 0)
  const first = Math.min(
    steps.findIndex(({ count }) => count > 0),
    Math.max(0, last - STEPS_SHOWN_MIN + 1),
  )
  const shown = steps.slice(first, last + 1)
  return {
    categories: shown.map(({ upToMs }) => {
      const label = upToMs === null ? 'longer' : `≤ ${durationText(upToMs)}`
      return { label, short: label.replaceAll(' ', ''), group: null }
    }),
    values: shown.map(({ count }) => [count]),
  }
}

/** A measure for people in words and for files in its unit; none where there is none. */
export function worded(value: number | null, words: (value: number) => string, unit = 1): Worded | null {
  return value === null ? null : { value: Math.round(value / unit), shown: words(value) }
}

const hoursText = (ms: number): string => `${countText(Math.round(ms / HOUR_MS))} h`
const metresText = (micrometres: number): string => `${countText(Math.round(micrometres / 1e6))} m`
