import {
  eventLine,
  type IncidentEvent,
  incidentEvent,
  type ListedIncident,
  type LogEntry,
  listIncidents,
} from '../incident/index.ts'
import { writeNewFile } from './audit-files.ts'
import { badUsage } from './end.ts'
import { dim, LineWriter, red, say, sayJson, yellow } from './output.ts'
import { VERSION } from './version.ts'

export interface IncidentsOptions {
  readonly json?: true
  /** Write the events to this file. */
  readonly export?: string
  /** Only the incident that this record tells of. */
  readonly index?: string
}

/** One incident, and all that would leave of it. */
interface Preview extends ListedIncident {
  readonly event: IncidentEvent
}

/**
 * `portcullis audit incidents`: what was found in the log, and exactly what would leave the machine of it. Answers with
 * the records of the incidents that were exported, for whoever puts that on record.
 */
export async function incidents(
  entries: AsyncIterable<LogEntry>,
  options: IncidentsOptions,
): Promise<readonly number[]> {
  const wanted = readIndex(options.index)
  const { origin, incidents, leftOut } = await listIncidents(entries)
  const previews = origin === null ? [] : incidents.map((one) => preview(one, origin))
  const chosen = wanted === undefined ? previews : previews.filter(({ index }) => index === wanted)
  if (wanted !== undefined && chosen.length === 0) {
    const remedy = 'leave `--index` away to list those that there are'
    throw badUsage(`record ${wanted} tells of no incident; ${remedy}`)
  }
  if (options.export !== undefined) {
    if (chosen.length === 0) throw badUsage('there are no incidents, so nothing was written')
    return await exportTo(options.export, chosen, options)
  }
  if (options.json) sayJson({ origin, leftOut, incidents: chosen.map(plain) })
  else if (wanted !== undefined) for (const one of chosen) say(...inFull(one))
  else await tellList(origin, chosen, leftOut)
  return []
}

function preview(incident: ListedIncident, origin: string): Preview {
  return { ...incident, event: incidentEvent(incident.finding, { origin, version: VERSION }) }
}

function readIndex(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const index = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(index)) throw badUsage(`\`--index ${text}\` is no number of a record`)
  return index
}

function plain({ index, exports, event }: Preview): object {
  return { index, exports, event }
}

async function tellList(
  origin: string | null,
  incidents: readonly Preview[],
  leftOut: number,
): Promise<void> {
  if (incidents.length === 0) {
    say(origin === null ? 'the log is empty' : 'no incidents')
    return
  }
  const writer = new LineWriter()
  if (leftOut > 0) await writer.write(dim(`${leftOut} earlier ones are left out`))
  for (const one of incidents) for (const line of inShort(one)) await writer.write(line)
  await writer.write(dim('--index N shows all that would leave of one, --export FILE writes it'))
  await writer.flush()
}

function inShort({ index, finding, exports }: Preview): readonly string[] {
  const { severity, lastAt, title } = finding
  const place = (index === null ? '-' : String(index)).padStart(7)
  const colour = severity === 'critical' || severity === 'high' ? red : yellow
  return [
    `${place}  ${dim(lastAt)}  ${colour(severity.padEnd(8))}  ${title}`,
    dim(`         ${whereOf(finding)}; ${index === null ? 'not on record' : exportsOf(exports)}`),
  ]
}

function whereOf({ rule, first, last, count }: Preview['finding']): string {
  const records = first === last ? `record ${first}` : `records ${first} to ${last}`
  return `${rule}, ${count === 1 ? 'once' : `${count} times`}, ${records}`
}

const SENT_WORDS = {
  person: 'exported by a person',
  file: 'sent to a file',
  syslog: 'sent to syslog',
  http: 'sent by HTTP',
} as const

function exportsOf(exports: Preview['exports']): string {
  const sent = new Set(exports.filter(({ isSent }) => isSent).map(({ to }) => to))
  if (sent.size > 0) return [...sent].map((to) => SENT_WORDS[to]).join(', ')
  return exports.length === 0 ? 'not sent' : 'could not be sent'
}

function inFull(one: Preview): readonly string[] {
  const json = JSON.stringify(one.event, null, 2).split('\n')
  return [...inShort(one), '', 'all that would leave:', ...json]
}

async function exportTo(
  path: string,
  incidents: readonly Preview[],
  options: IncidentsOptions,
): Promise<readonly number[]> {
  await writeNewFile(path, incidents.map(({ event }) => `${eventLine(event)}\n`).join(''))
  if (options.json) sayJson({ file: path, events: incidents.length })
  else say(`${incidents.length} ${incidents.length === 1 ? 'incident' : 'incidents'} written to \`${path}\``)
  return incidents.flatMap(({ index }) => (index === null ? [] : [index]))
}
