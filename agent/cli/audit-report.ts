/**
 * Reports: what a log's records come to, for the site, for a licensor or for the public; and what a case would tell.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { publishedHead, readLog } from '../audit/index.ts'
import { systemReason } from '../errors.ts'
import type { StoredRecord } from '../log-format/index.ts'
import {
  AUDIENCES,
  type Audience,
  caseInWords,
  caseOf,
  csvFiles,
  documentOf,
  isRefusal,
  makeReport,
  pageHtml,
  parsePeriod,
  type Report,
} from '../report/index.ts'
import { recordIndex } from './audit-appeal.ts'
import { writeNewFile } from './audit-files.ts'
import { findLog, type PlaceOptions, readSettings } from './audit-place.ts'
import { badUsage } from './end.ts'
import { bold, complain, dim, green, say, sayJson } from './output.ts'

export interface ReportOptions extends PlaceOptions {
  /** A day or a month, the first that is counted and the last. */
  readonly from?: string
  readonly to?: string
  /** `site` by default. */
  readonly for?: string
  /** The licence that a licensor's report is on. */
  readonly licence?: string
  /** The IANA name of the time zone whose weekdays and hours are meant; UTC by default. */
  readonly zone?: string
  readonly json?: true
  /** A folder for one file a table. */
  readonly csv?: string
  /** A file for the page. */
  readonly html?: string
}

/**
 * `portcullis audit report`: counts the records under the latest published head. Hidden members are not even opened.
 */
export async function report(dir: string | undefined, options: ReportOptions): Promise<void> {
  const made = await reportOf(dir, options)
  if (made.audience === 'licensor' && made.decisions.length === 0 && made.usage.length === 0)
    complain(`no record of the period names licence \`${made.licence}\`; is it written as in the licence?`)
  if (options.html !== undefined) await writeNewFile(options.html, pageHtml(made))
  const files = options.csv === undefined ? [] : await writeTables(options.csv, made)
  if (options.json) return sayJson(made)
  const written = [...(options.html === undefined ? [] : [options.html]), ...files]
  if (written.length === 0) say(...reportLines(made))
  for (const file of written) say(`${green('written')}  ${file}`)
}

async function reportOf(dir: string | undefined, options: ReportOptions): Promise<Report> {
  // What is wrong with the options is told before a long log is read.
  const period = parsePeriod(options.from, options.to)
  const audience = audienceOf(options.for ?? 'site')
  const { holdHours, appealAnswerDays } = readSettings(options).evidence.answers
  const { logDir } = await findLog(dir, options)
  const { origin, size, root } = await publishedHead(logDir)
  return await makeReport(readLog(logDir), {
    audience,
    head: { origin, size, root: root.toString('hex') },
    period,
    licence: options.licence ?? null,
    deadlines: { holdHours, appealAnswerDays },
    timeZone: options.zone ?? 'UTC',
    nowMs: Date.now(),
  })
}

function audienceOf(name: string): Audience {
  const audience = AUDIENCES.find((one) => one === name)
  if (audience === undefined) throw badUsage(`a report is for ${AUDIENCES.join(', ')}, not for \`${name}\``)
  return audience
}

async function writeTables(folder: string, made: Report): Promise<readonly string[]> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw badUsage(`folder \`${folder}\` cannot be made: ${systemReason(error)}`)
  }
  const names: string[] = []
  for (const { name, text } of csvFiles(made)) {
    const path = join(folder, name)
    await writeNewFile(path, text)
    names.push(path)
  }
  return names
}

/** The sentences of the page, without its charts. */
function reportLines(made: Report): readonly string[] {
  const { title, period, sections } = documentOf(made)
  return [
    `${bold(title)}  ${period}`,
    ...sections.flatMap(({ title, says, cases }) => [
      '',
      bold(title),
      ...says.map((words) => `  ${words}`),
      ...cases.slice(0, CASES_SHOWN).flatMap(caseLines),
      ...(cases.length > CASES_SHOWN ? [`  and ${cases.length - CASES_SHOWN} more`] : []),
    ]),
    '',
    dim('  --html FILE writes this as a page with charts, --csv DIR as tables, --json as one document'),
  ]
}

/** A case takes two lines: who reads more of them has the page. */
const CASES_SHOWN = 20

function caseLines(told: Parameters<typeof caseInWords>[0]): readonly string[] {
  const { why, remedy, facts } = caseInWords(told)
  return [`  - ${why} ${remedy}`, dim(`    ${told.code}  ${facts.join(', ')}`)]
}

export interface CaseOptions extends PlaceOptions {
  readonly json?: true
}

/** `portcullis audit case`: what would be told of a refusal, before a person lets it be told. */
export async function previewCase(
  index: string,
  dir: string | undefined,
  options: CaseOptions,
): Promise<void> {
  const { logDir } = await findLog(dir, options)
  const at = recordIndex(index)
  const { decision, appeal, approvedBy } = await findCase(readLog(logDir), at)
  if (decision === undefined || !isRefusal(decision.outcome))
    throw badUsage(`record ${at} is no decision that denied or held a job`)
  const told = caseOf({
    code: decision.reasons[0]?.code ?? '',
    outcome: decision.outcome,
    tier: decision.tier,
    atMs: Date.parse(decision.at),
    appeal,
  })
  if (options.json) return sayJson({ case: told, approvedBy })
  const { why, remedy, facts } = caseInWords(told)
  say(
    why,
    remedy,
    `${told.code}  ${facts.join(', ')}`,
    dim(
      '  this is all that is ever told of it; in public, month, tier and appeal only where many were decided alike',
    ),
    dim(
      approvedBy === null
        ? `  nobody has let it be told: portcullis audit approve-case ${at}`
        : `  it may be told, says record ${approvedBy}`,
    ),
  )
}

type Decision = StoredRecord & { readonly kind: 'decision' }
type Appeal = Parameters<typeof caseOf>[0]['appeal']

/** A decision with what came of the appeal against it, and the record that lets it be told. */
async function findCase(
  entries: AsyncIterable<{ readonly index: number; readonly record: StoredRecord }>,
  at: number,
): Promise<{ decision: Decision | undefined; appeal: Appeal; approvedBy: number | null }> {
  let decision: Decision | undefined
  let appeal: Appeal = 'none'
  const filed = new Set<number>()
  let approvedBy: number | null = null
  for await (const { index, record } of entries) {
    if (index === at && record.kind === 'decision') decision = record
    if (record.kind === 'appeal-filed' && record.decision === at) {
      filed.add(index)
      appeal = 'open'
    }
    if (record.kind === 'appeal-decided' && filed.has(record.appeal)) appeal = record.outcome
    if (record.kind === 'case-approved' && record.decision === at) approvedBy ??= index
  }
  return { decision, appeal, approvedBy }
}
