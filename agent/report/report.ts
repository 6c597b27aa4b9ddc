/** Makes a report of a log's records. */
import { AgentError } from '../errors.ts'
import { DAY_MS, dayText, isOfWholeMonths } from './calendar.ts'
import { type LogItem, type Measured, measure } from './measure.ts'
import { type PublicReport, publicReport } from './public-report.ts'
import { REPORT_FORMAT, type ReportFrame, type ReportOptions } from './report-frame.ts'
import { type LicenceReport, licenceReport, type SiteReport, siteReport } from './site-report.ts'

export type Report = SiteReport | LicenceReport | PublicReport

/**
 * Counts the records from the first to the head's in one pass, and answers what the audience may know of them.
 * Refused with USAGE: a licensor's report without a licence, a public one of a single licence or of a period that is
 * not whole months; with AUDIT_DAMAGED: fewer records than the head names.
 */
export async function makeReport(items: AsyncIterable<LogItem>, options: ReportOptions): Promise<Report> {
  const { audience, licence, period } = options
  if (audience === 'licensor' && licence === null)
    throw new AgentError('USAGE', 'a licensor is told of one licence: name it with `--licence`')
  if (audience === 'public' && licence !== null)
    throw new AgentError('USAGE', 'public statistics are never of one licence: leave out `--licence`')
  if (audience === 'public' && !isOfWholeMonths(period))
    throw new AgentError(
      'USAGE',
      'public statistics are of whole months: name months, such as `--from 2026-01`',
    )
  const measured = await measure(items, options)
  const frame = frameOf(options, measured)
  if (audience === 'public') return publicReport(frame, period, measured)
  if (licence !== null) return licenceReport(frame, measured, { ...options, licence })
  return siteReport(frame, measured, options)
}

function frameOf(
  { head, period: { fromMs, toMs }, nowMs }: ReportOptions,
  { records }: Measured,
): ReportFrame {
  return {
    format: REPORT_FORMAT,
    madeAt: new Date(nowMs).toISOString(),
    log: { origin: head.origin, size: head.size, root: head.root },
    records,
    period: {
      from: fromMs === null ? null : dayText(fromMs),
      to: toMs === null ? null : dayText(toMs - DAY_MS),
    },
  }
}
