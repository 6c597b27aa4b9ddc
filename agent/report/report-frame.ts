/** What stands in every report, whomever it is for. */

import type { Period } from './calendar.ts'
import type { Deadlines } from './review-measure.ts'

export const REPORT_FORMAT = 'portcullis-report-1'

export const AUDIENCES = ['site', 'licensor', 'public'] as const
export type Audience = (typeof AUDIENCES)[number]

/** The head of the log that a report is about: everybody who holds the same head can count its records. */
export interface LogHead {
  readonly origin: string
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly root: string
}

export interface ReportFrame {
  readonly format: typeof REPORT_FORMAT
  readonly madeAt: string
  readonly log: LogHead
  /** The days of the first record and of the last; null where there is none. */
  readonly records: { readonly first: string | null; readonly last: string | null }
  /** The first day and the last, both included; null where the log's own bound is meant. */
  readonly period: { readonly from: string | null; readonly to: string | null }
}

export interface ReportOptions {
  readonly audience: Audience
  /** Records from `size` on are not counted. */
  readonly head: LogHead
  readonly period: Period
  /** The only licence that is counted; a licensor's report must name one. */
  readonly licence: string | null
  readonly deadlines: Deadlines
  /** The IANA name of the place whose weekdays and hours are meant. Months are always those of UTC. */
  readonly timeZone: string
  readonly nowMs: number
}
