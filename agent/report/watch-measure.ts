/** What watches over the gate itself: incidents, sampled audits, erasures, witnesses. */
import type { StoredRecord } from '../log-format/index.ts'
import type { Moment } from './moment.ts'
import { exactSum, Rows } from './tally.ts'

const INCIDENT_RULES_MAX = 200
const LESSONS_MAX = 1000
const WITNESSES_MAX = 256
const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const

type Kind<K extends StoredRecord['kind']> = StoredRecord & { readonly kind: K }

/** Incidents of one rule. */
export type IncidentRow = { readonly rule: string } & Readonly<Record<(typeof SEVERITIES)[number], number>>

export class WatchMeasure {
  readonly samples = { samples: 0, drawn: 0, reviewed: 0, sound: 0, doubtful: 0, wrong: 0 }
  readonly erasures = { byRequest: 0, byRetention: 0, rows: 0, deferredRows: 0 }
  readonly exported = { sent: 0, failed: 0 }
  /** The largest head that enough witnesses have cosigned, and how often one was refused. */
  readonly witnesses = { largestSize: 0, cosignedHeads: 0, refusals: 0 }
  readonly #incidents = new Rows(SEVERITIES, INCIDENT_RULES_MAX)
  readonly #lessons = new Rows(['reviews'], LESSONS_MAX)
  readonly #cosigners = new Rows(['heads'], WITNESSES_MAX)

  /** Counts a record of one of these kinds; any other is none of its business. */
  add(record: StoredRecord, { isCounted }: Moment): void {
    // How far witnesses have seen the log does not depend on the period.
    if (record.kind === 'witnessed')
      this.witnesses.largestSize = Math.max(this.witnesses.largestSize, record.size)
    if (!isCounted) return
    switch (record.kind) {
      case 'incident':
        this.#incidents.add(record.rule, record.severity)
        break
      case 'incident-exported':
        this.exported[record.isSent ? 'sent' : 'failed'] += 1
        break
      case 'sampled':
        this.samples.samples += 1
        this.samples.drawn += record.drawn.length
        break
      case 'reviewed':
        this.#review(record)
        break
      case 'erasure':
        this.#erase(record)
        break
      case 'witnessed':
        this.witnesses.cosignedHeads += 1
        for (const { name } of record.cosigners) this.#cosigners.add(name, 'heads')
        break
      case 'witness-refused':
        this.witnesses.refusals += 1
        break
      default:
    }
  }

  #review({ finding, lesson }: Kind<'reviewed'>): void {
    this.samples.reviewed += 1
    this.samples[finding] += 1
    if (lesson !== null) this.#lessons.add(lesson, 'reviews')
  }

  #erase({ cause, rows, deferredRows }: Kind<'erasure'>): void {
    this.erasures[cause === 'request' ? 'byRequest' : 'byRetention'] += 1
    this.erasures.rows = exactSum(this.erasures.rows, rows)
    this.erasures.deferredRows = exactSum(this.erasures.deferredRows, deferredRows)
  }

  incidents(): readonly IncidentRow[] {
    const total = (row: IncidentRow): number => SEVERITIES.reduce((sum, severity) => sum + row[severity], 0)
    return this.#incidents
      .sorted()
      .map(([rule, counts]) => ({ rule, ...counts }))
      .sort((a, b) => total(b) - total(a))
  }

  /** What reviews have taught, those lessons first that were learnt most often. */
  lessons(): readonly { readonly lesson: string; readonly reviews: number }[] {
    return this.#lessons.ranked('reviews').map(([lesson, { reviews }]) => ({ lesson, reviews }))
  }

  cosigners(): readonly { readonly witness: string; readonly heads: number }[] {
    return this.#cosigners.ranked('heads').map(([witness, { heads }]) => ({ witness, heads }))
  }
}
