/** Sections on what people made of holds and appeals, and on what still waits for them. */
import { worded } from './counted-sections.ts'
import { type Section, section } from './section.ts'
import type { CountedReport } from './site-report.ts'
import { counted, countText, durationText, listed } from './words.ts'

export function reviewSection({ holds, appeals, overrides }: CountedReport): Section {
  const id = 'people'
  const title = 'What people decided'
  const says = [
    holds.released + holds.refused + holds.open === 0
      ? 'No hold was decided, and none waits.'
      : `Holds: ${countText(holds.released)} released, ${countText(holds.refused)} refused, ${countText(holds.open)} waiting.`,
    appeals.filed + appeals.upheld + appeals.rejected + appeals.withdrawn + appeals.open === 0
      ? 'Nobody appealed.'
      : `Appeals: ${countText(appeals.filed)} filed; ${countText(appeals.upheld)} upheld, ${countText(appeals.rejected)} rejected, ${countText(appeals.withdrawn)} withdrawn, ${countText(appeals.open)} waiting.`,
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
  if (rows.length === 0) return section(id, title, { says })
  return section(id, title, {
    says,
    chart: {
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
  const { holdHours, appealAnswerDays } = deadlines
  const limits = [
    ...(holdHours === null ? [] : [`a hold within ${counted(holdHours, 'hour')}`]),
    ...(appealAnswerDays === null ? [] : [`an appeal within ${counted(appealAnswerDays, 'day')}`]),
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
        columns: ['what', 'record', 'state', { name: 'late by', unit: 's' }],
        rows: due.late.map(({ kind, index, isOpen, lateMs }) => [
          kind,
          index,
          isOpen ? 'waits' : 'was decided',
          worded(lateMs, durationText, 1000),
        ]),
      },
      {
        id: 'waiting',
        caption: 'Waiting, with the time that is left',
        columns: ['what', 'record', { name: 'time left', unit: 's' }],
        rows: due.waiting.map(({ kind, index, leftMs }) => [
          kind,
          index,
          worded(leftMs, durationText, 1000) ?? 'no deadline',
        ]),
      },
    ].filter(({ rows }) => rows.length > 0),
  })
}
