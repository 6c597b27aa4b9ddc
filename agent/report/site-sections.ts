/** The report for the people who run a site. */
import {
  decisionsSection,
  machinesSection,
  periodWords,
  RANKED_MAX,
  reasonsSection,
  timesSection,
  total,
} from './counted-sections.ts'
import { logTable, witnessWords } from './log-section.ts'
import { dueSection, reviewSection } from './people-sections.ts'
import { type Document, type KeyFigure, type Section, section } from './section.ts'
import type { CountedReport, SiteReport } from './site-report.ts'
import { sumOf } from './tally.ts'
import { counted, countText, listed, plain, share } from './words.ts'

export function siteDocument(report: SiteReport): Document {
  return {
    title: 'What the gate decided',
    audience: 'Report for the site',
    period: periodWords(report),
    figures: figuresOf(report),
    sections: [
      decisionsSection(report, 'Decisions'),
      reasonsSection(report),
      reviewSection(report),
      dueSection(report),
      timesSection(report),
      machinesSection(report),
      weekSection(report),
      licencesSection(report),
      incidentsSection(report),
      samplesSection(report),
      casesSection(report),
      recordSection(report),
    ],
  }
}

/** Four numbers for the top of the page. */
export function figuresOf(report: CountedReport): readonly KeyFigure[] {
  const all = total(report)
  const { upheld, rejected, withdrawn } = report.appeals
  const appeals = upheld + rejected + withdrawn
  return [
    { value: countText(all), label: all === 1 ? 'job decided' : 'jobs decided' },
    { value: all === 0 ? '–' : share(total(report, 'allow', 'warn'), all), label: 'let print' },
    { value: countText(total(report, 'hold', 'deny')), label: 'held or refused' },
    {
      value: appeals === 0 ? '–' : `${countText(upheld)} of ${countText(appeals)}`,
      label: 'appeals upheld',
    },
  ]
}

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

function weekSection({ hoursOfWeek, timeZone }: SiteReport): Section {
  const id = 'week'
  const title = 'When people print'
  const all = hoursOfWeek.reduce((sum, count) => sum + count, 0)
  if (all === 0) return section(id, title, { says: ['Nothing was printed in this period.'] })
  const busiest = hoursOfWeek.indexOf(Math.max(...hoursOfWeek))
  const hour = busiest % 24
  const says = [
    `Most jobs began on a ${DAYS[Math.floor(busiest / 24)] ?? ''} between ${hour} and ${hour + 1} o’clock: ${countText(hoursOfWeek[busiest] ?? 0)} of ${countText(all)}. Hours are those of ${plain(timeZone)}.`,
  ]
  return section(id, title, {
    says,
    chart: {
      title: 'Jobs begun, by hour of the week',
      description: says.join(' '),
      drawing: { kind: 'week', counts: hoursOfWeek },
    },
    tables: [
      {
        id: 'hours-of-week',
        caption: 'Jobs begun, by weekday and hour',
        columns: ['hour', ...DAYS],
        rows: Array.from({ length: 24 }, (_, i) => [
          i,
          ...DAYS.map((__, day) => hoursOfWeek[day * 24 + i] ?? 0),
        ]),
      },
    ],
  })
}

function licencesSection({ licences }: SiteReport): Section {
  const id = 'licences'
  const title = 'What was printed on licences'
  if (licences.length === 0) return section(id, title, { says: ['No licence was presented in this period.'] })
  const ranked = licences.toSorted((a, b) => b.printed - a.printed)
  const says = [
    `${counted(
      sumOf(licences, ({ printed }) => printed),
      'copy was',
      'copies were',
    )} printed on ${counted(licences.length, 'licence')}. Uncertain: ${countText(sumOf(licences, ({ uncertain }) => uncertain))}; returned: ${countText(sumOf(licences, ({ returned }) => returned))}.`,
    ...(licences.length > RANKED_MAX ? [`The ${RANKED_MAX} most printed are drawn.`] : []),
  ]
  return section(id, title, {
    says,
    chart: {
      title: 'Copies printed, by licence',
      description: says.join(' '),
      drawing: {
        kind: 'ranked',
        tone: 'plain',
        rows: ranked.slice(0, RANKED_MAX).map(({ licence, printed }) => ({
          label: plain(licence),
          value: printed,
          shown: countText(printed),
        })),
      },
    },
    tables: [
      {
        id: 'licences',
        caption: 'Decisions and copies of each licence',
        columns: [
          'licence',
          'allow',
          'warn',
          'hold',
          'deny',
          'printed',
          'uncertain',
          'returned',
          'reserved',
          'printing',
        ],
        rows: ranked.map((row) => [
          plain(row.licence),
          row.allow,
          row.warn,
          row.hold,
          row.deny,
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

function incidentsSection({ incidents, incidentsExported: { sent, failed } }: SiteReport): Section {
  const id = 'incidents'
  const title = 'Incidents'
  const rows = incidents.map((row) => ({ ...row, sum: row.low + row.medium + row.high + row.critical }))
  const all = rows.reduce((whole, { sum }) => whole + sum, 0)
  if (all === 0) return section(id, title, { says: ['No incident was found in this period.'] })
  const grave = rows.reduce((whole, { high, critical }) => whole + high + critical, 0)
  const says = [
    `${counted(all, 'incident was', 'incidents were')} found, ${countText(grave)} of high or critical severity. ${countText(sent)} left this machine${failed === 0 ? '' : `, ${countText(failed)} could not be sent`}.`,
  ]
  return section(id, title, {
    says,
    chart: {
      title: 'Incidents by rule',
      description: says.join(' '),
      drawing: {
        kind: 'ranked',
        tone: 'loud',
        rows: rows
          .slice(0, RANKED_MAX)
          .map(({ rule, sum }) => ({ label: plain(rule), value: sum, shown: countText(sum) })),
      },
    },
    tables: [
      {
        id: 'incidents',
        caption: 'Incidents by rule and severity',
        columns: ['rule', 'low', 'medium', 'high', 'critical'],
        rows: rows.map(({ rule, low, medium, high, critical }) => [plain(rule), low, medium, high, critical]),
      },
    ],
  })
}

function samplesSection({ samples, lessons }: SiteReport): Section {
  const id = 'samples'
  const title = 'Looked at again'
  const { drawn, reviewed, sound, doubtful, wrong } = samples
  if (drawn === 0 && reviewed === 0)
    return section(id, title, { says: ['No decisions were drawn for a second look in this period.'] })
  const says = [
    `${counted(drawn, 'decision was', 'decisions were')} drawn by lot in ${counted(samples.samples, 'sample')} and ${countText(reviewed)} reviewed: ${countText(sound)} sound, ${countText(doubtful)} doubtful, ${countText(wrong)} wrong.`,
    ...(lessons.length === 0
      ? []
      : [`Lessons: ${listed(lessons.slice(0, 5).map(({ lesson }) => `\`${plain(lesson)}\``))}.`]),
  ]
  return section(id, title, {
    says,
    chart:
      reviewed === 0
        ? null
        : {
            title: 'Findings of reviews',
            description: says.join(' '),
            drawing: {
              kind: 'parts',
              series: [
                { name: 'sound', tone: 'quiet' },
                { name: 'doubtful', tone: 'soft' },
                { name: 'wrong', tone: 'loud' },
              ],
              rows: [
                { label: 'decisions reviewed', values: [sound, doubtful, wrong], shown: countText(reviewed) },
              ],
            },
          },
    tables: [
      {
        id: 'reviews',
        caption: 'Decisions drawn and reviewed',
        columns: ['what', 'count'],
        rows: [
          ['samples', samples.samples],
          ['drawn', drawn],
          ['reviewed', reviewed],
          ['sound', sound],
          ['doubtful', doubtful],
          ['wrong', wrong],
        ],
      },
      {
        id: 'lessons',
        caption: 'Lessons of reviews',
        columns: ['lesson', 'reviews'],
        rows: lessons.map(({ lesson, reviews }) => [plain(lesson), reviews]),
      },
    ].filter(({ rows }) => rows.length > 0),
  })
}

function casesSection({ cases }: SiteReport): Section {
  const says =
    cases.length === 0
      ? ['No refusal has been approved to be told outside.']
      : ['These refusals may be told outside: nobody, no file and no shape is in them.']
  return section('cases', 'Cases', { says, cases })
}

function recordSection(report: SiteReport): Section {
  const { erasures, witnesses, cosigners, log, unmatched } = report
  const seen = Math.min(witnesses.largestSize, log.size)
  const erased = erasures.byRequest + erasures.byRetention
  const says = [
    witnessWords(report, witnesses.largestSize),
    erased === 0
      ? 'Nothing was erased in this period.'
      : `${counted(erased, 'erasure')} removed ${counted(erasures.rows, 'row')} about people, ${countText(erasures.byRequest)} at a person’s request and ${countText(erasures.byRetention)} by age; ${counted(erasures.deferredRows, 'row')} must be kept longer.`,
    ...(witnesses.refusals === 0
      ? []
      : [
          `A witness refused a head ${witnesses.refusals === 1 ? 'once' : `${countText(witnesses.refusals)} times`}: it knows another log under this name.`,
        ]),
    ...(unmatched.references + unmatched.jobs === 0
      ? []
      : [
          `${counted(unmatched.references, 'record refers', 'records refer')} to something that is not there, and ${counted(unmatched.jobs, 'job has', 'jobs have')} no beginning or no end on record.`,
        ]),
  ]
  return section('record', 'The record itself', {
    says,
    chart:
      log.size === 0
        ? null
        : {
            title: 'How much of the log witnesses have cosigned',
            description: witnessWords(report, witnesses.largestSize),
            drawing: {
              kind: 'parts',
              series: [
                { name: 'cosigned by witnesses', tone: 'plain' },
                { name: 'not yet', tone: 'hatched' },
              ],
              rows: [{ label: 'records', values: [seen, log.size - seen], shown: countText(log.size) }],
            },
          },
    tables: [
      logTable(report),
      {
        id: 'witnesses',
        caption: 'Witnesses, and how many heads each of them cosigned',
        columns: ['witness', 'heads'],
        rows: cosigners.map(({ witness, heads }) => [plain(witness), heads]),
      },
      {
        id: 'erasures',
        caption: 'Erasures',
        columns: ['what', 'count'],
        rows: [
          ['at a person’s request', erasures.byRequest],
          ['by age', erasures.byRetention],
          ['rows erased', erasures.rows],
          ['rows that must be kept longer', erasures.deferredRows],
        ],
      },
    ].filter(({ rows }) => rows.length > 0),
  })
}
