// Makes reports of logs that tests have made, each with everything set that they do not care for.
import { parsePeriod } from '../../agent/report/calendar.ts'
import type { PublicReport } from '../../agent/report/public-report.ts'
import { makeReport, type Report } from '../../agent/report/report.ts'
import type { Audience, ReportOptions } from '../../agent/report/report-frame.ts'
import type { LicenceReport, SiteReport } from '../../agent/report/site-report.ts'
import { type LogMaker, stream } from './log-maker.ts'

export interface Wish {
  readonly from?: string
  readonly to?: string
  readonly licence?: string | null
  readonly holdHours?: number | null
  readonly appealAnswerDays?: number | null
  readonly timeZone?: string
  readonly now?: string
  /** So many records are under the head. */
  readonly size?: number
}

export function optionsFor(log: LogMaker, audience: Audience, wish: Wish = {}): ReportOptions {
  return {
    audience,
    head: { ...log.head, size: wish.size ?? log.size },
    period: parsePeriod(wish.from, wish.to),
    licence: wish.licence ?? null,
    deadlines: { holdHours: wish.holdHours ?? null, appealAnswerDays: wish.appealAnswerDays ?? null },
    timeZone: wish.timeZone ?? 'UTC',
    nowMs: wish.now === undefined ? log.atMs : Date.parse(wish.now),
  }
}

export async function reportOf(log: LogMaker, audience: Audience, wish?: Wish): Promise<Report> {
  return await makeReport(stream(log.items), optionsFor(log, audience, wish))
}

export async function siteReportOf(log: LogMaker, wish?: Wish): Promise<SiteReport> {
  return (await reportOf(log, 'site', wish)) as SiteReport
}

export async function licenceReportOf(
  log: LogMaker,
  licence: string,
  wish: Wish = {},
): Promise<LicenceReport> {
  return (await reportOf(log, 'licensor', { ...wish, licence })) as LicenceReport
}

export async function publicReportOf(log: LogMaker, wish?: Wish): Promise<PublicReport> {
  return (await reportOf(log, 'public', wish)) as PublicReport
}

/** Many decisions alike, each of somebody else. */
export function decideMany(
  log: LogMaker,
  count: number,
  part: Parameters<LogMaker['decide']>[0] = {},
): readonly number[] {
  return Array.from({ length: count }, () => log.decide(part))
}
