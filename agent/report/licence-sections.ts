/** The report on one licence. */
import {
  decisionsSection,
  machinesSection,
  periodWords,
  reasonsSection,
  timesSection,
} from './counted-sections.ts'
import { logTable } from './log-section.ts'
import { dueSection, reviewSection } from './people-sections.ts'
import { type Document, type Section, section } from './section.ts'
import type { LicenceReport } from './site-report.ts'
import { figuresOf } from './site-sections.ts'
import { sumOf } from './tally.ts'
import { sums, timeline } from './timeline.ts'
import { counted, countText, plain } from './words.ts'

export function licenceDocument(report: LicenceReport): Document {
  return {
    title: `Licence ${plain(report.licence)}`,
    audience: 'Report on one licence, for its licensor',
    period: periodWords(report),
    figures: figuresOf(report),
    sections: [
      copiesSection(report),
      decisionsSection(report, 'Decisions on this licence'),
      reasonsSection(report),
      reviewSection(report),
      dueSection(report),
      timesSection(report),
      machinesSection(report),
      section('record', 'The record itself', {
        says: [
          'Counts are exact and of this licence alone. Nobody is named, and nothing of any other licence is told.',
        ],
        tables: [logTable(report)],
      }),
    ],
  }
}

function copiesSection({ usage }: LicenceReport): Section {
  const id = 'copies'
  const title = 'Copies'
  const printed = sumOf(usage, (row) => row.printed)
  const uncertain = sumOf(usage, (row) => row.uncertain)
  const returned = sumOf(usage, (row) => row.returned)
  const underWay = sumOf(usage, (row) => row.reserved + row.printing)
  if (printed + uncertain + returned + underWay === 0)
    return section(id, title, { says: ['No copy of this licence was begun in this period.'] })
  const axis = timeline(usage.map(({ month }) => month))
  const parts = [
    sums(axis, usage, ({ printed }) => printed),
    sums(axis, usage, ({ uncertain }) => uncertain),
    sums(axis, usage, ({ returned }) => returned),
    sums(axis, usage, ({ reserved, printing }) => reserved + printing),
  ]
  const says = [
    `${counted(printed, 'copy was', 'copies were')} printed. Uncertain: ${countText(uncertain)}; returned: ${countText(returned)}; under way: ${countText(underWay)}.`,
    'A copy counts once, in the month of its latest state. Printed and uncertain ones count against the licence.',
  ]
  return section(id, title, {
    says,
    chart: {
      title: 'Copies by month and state',
      description: says.join(' '),
      drawing: {
        kind: 'columns',
        series: [
          { name: 'printed', tone: 'loud' },
          { name: 'uncertain', tone: 'soft' },
          { name: 'returned', tone: 'quiet' },
          { name: 'under way', tone: 'hatched' },
        ],
        categories: axis.categories,
        values: axis.categories.map((_, i) => parts.map((totals) => totals[i] ?? 0)),
      },
    },
    tables: [
      {
        id: 'copies',
        caption: 'Copies of the licence, by month of their latest state',
        columns: ['month', 'printed', 'uncertain', 'returned', 'reserved', 'printing'],
        rows: usage.map((row) => [
          row.month,
          row.printed,
          row.uncertain,
          row.returned,
          row.reserved,
          row.printing,
        ]),
      },
    ],
  })
}
