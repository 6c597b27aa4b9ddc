import type { StoredRecord } from '../log-format/index.ts'

/** Stands for what was erased, or lies in a side table that cannot be opened from here. */
const HIDDEN = '(hidden)'

/** A record of the log in a few words. What is hidden of it is told where it could be opened. */
export function recordWords(record: StoredRecord): string {
  switch (record.kind) {
    case 'log-opened':
      return `log ${record.origin} begins`
    case 'tail-truncated':
      return `cut off ${record.bytes} bytes that a crash left at the end`
    case 'agent-started':
      return `agent ${record.version} started on machine ${record.machine}`
    case 'agent-ended':
      return 'agent ended, with the machine at rest'
    case 'snapshot':
      return `snapshot of ${record.fold} over ${record.size} records`
    case 'policy-loaded':
      return `policy ${record.name} version ${record.version} loaded`
    case 'host-opened':
      return `host came to ${hidden(record.place)}`
    case 'host-closed':
      return `host left ${hidden(record.place)} after ${record.lines} lines`
    case 'printer-opened':
      return `printer at ${record.port} opened`
    case 'printer-lost':
      return `printer at ${record.port} lost${because(record.reason)}`
    case 'odometer':
      return odometerWords(record)
    case 'latched':
      return `blocked: ${record.code}${because(record.reason)}`
    case 'stop-asked':
      return `stop asked for by ${hidden(record.by)}${because(record.reason)}`
    case 'cleared':
      return `cleared by ${hidden(record.by)}`
    case 'emergency-stop':
      return `emergency stop by ${hidden(record.by)}`
    case 'line-refused':
      return `line ${record.line} refused: ${record.message ?? `${record.code} ${HIDDEN}`}`
    case 'safe-stop':
      return `safe stop, heaters ${record.confirmed ? 'confirmed off' : 'not confirmed off'} (${record.code})${because(record.reason)}`
    default:
      return jobWords(record) ?? peopleWords(record) ?? evidenceWords(record) ?? record.kind
  }
}

function jobWords(record: StoredRecord): string | undefined {
  switch (record.kind) {
    case 'decision':
      return decisionWords(record)
    case 'job-opened':
      return `job ${short(record.job)} opened: ${record.commands} commands, allowed by record ${record.decision}`
    case 'job-sealed':
      return `job ${short(record.job)}: ${record.commandsSent} commands sent, digest ${record.sha256.slice(0, 16)}`
    case 'job-closed':
      return `job ${short(record.job)} closed: ${record.outcome}, ${commandsWords(record)}${coded(record.code)}${because(record.reason)}`
    case 'stream-opened':
      return `job ${short(record.job)} opened: a stream of the host, ${record.host}`
    case 'job-armed':
      return `job ${short(record.job)} armed, allowed by record ${record.decision}`
    case 'job-disarmed':
      return `job ${short(record.job)} disarmed by ${hidden(record.by)}`
    case 'interlude':
      return `job ${short(record.job)} paused: ${record.commandsSent} commands in the pause, then put back`
    case 'copy':
      return `copy ${short(record.copy)} of licence ${record.licence}: ${record.state}${record.refund === null ? '' : `, by refund ${record.refund.id}`}`
    default:
      return undefined
  }
}

/** What people did about decisions. */
function peopleWords(record: StoredRecord): string | undefined {
  switch (record.kind) {
    case 'hold-decided':
      return `hold of record ${record.decision} ${record.outcome} by ${hidden(record.by)}, for the ${record.role}${because(record.reason)}`
    case 'override':
      return `override for record ${record.decision} by ${hidden(record.by)}: ${record.rules.join(', ')}${because(record.reason)}`
    case 'appeal-filed':
      return `appeal against record ${record.decision} by ${hidden(record.by)}${because(record.text)}`
    case 'appeal-decided':
      return `appeal of record ${record.appeal} ${record.outcome} by ${hidden(record.by)}${because(record.reason)}`
    case 'erasure':
      return erasureWords(record)
    case 'sampled':
      return `${record.drawn.length} of ${record.population} decisions drawn for review: ${record.drawn.join(', ')}`
    case 'reviewed':
      return `record ${record.decision} found ${record.finding} by ${hidden(record.by)}${because(record.note)}`
    case 'report-filed':
      return `report on licence ${record.licence} through record ${record.through} by ${hidden(record.by)}${because(record.text)}`
    case 'case-approved':
      return `record ${record.decision} may be told outside, says ${hidden(record.by)}`
    default:
      return undefined
  }
}

function evidenceWords(record: StoredRecord): string | undefined {
  switch (record.kind) {
    case 'incident':
      return `incident ${record.rule}, ${record.severity}: ${timesIn(record)}`
    case 'incident-exported':
      return exportWords(record)
    case 'witnessed':
      return `${record.size} records witnessed by ${record.cosigners.map(({ name }) => name).join(', ')}`
    case 'witness-refused':
      return `witness ${record.witness} refused ${record.size} records: it ${record.isProven ? 'has shown' : 'says it knows'} ${record.witnessSize ?? 'another'} (${record.status})`
    case 'list-seen':
      return `${record.type.replace('-', ' ')} ${record.uri} of ${secondsWords(record.issuedAt)} used`
    default:
      return undefined
  }
}

const hidden = (text: string | null | undefined): string => text ?? HIDDEN

/** A signer may have said any time at all. */
function secondsWords(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : `${date.toISOString().slice(0, 19)}Z`
}

function commandsWords(record: StoredRecord & { kind: 'job-closed' }): string {
  const { commandsSent, commandsTotal } = record
  return commandsTotal === null ? `${commandsSent} commands` : `${commandsSent} of ${commandsTotal} commands`
}

function timesIn({ count, first, last }: StoredRecord & { kind: 'incident' }): string {
  const records = first === last ? `record ${first}` : `records ${first} to ${last}`
  return `${count === 1 ? 'once' : `${count} times`} in ${records}`
}

const EXPORT_WORDS = { file: 'a file', syslog: 'syslog', http: 'an HTTP endpoint' } as const

function exportWords({ incident, to, isSent, by }: StoredRecord & { kind: 'incident-exported' }): string {
  if (to === 'person') return `incident of record ${incident} exported by ${hidden(by)}`
  return `incident of record ${incident} ${isSent ? 'went' : 'could not go'} to ${EXPORT_WORDS[to]}`
}

function odometerWords({ printer, sent }: StoredRecord & { kind: 'odometer' }): string {
  const ours = `${Math.round(sent.filamentMm)} mm of filament sent since the last`
  if (printer === null) return `odometer: the printer keeps none, ${ours}`
  return `odometer: ${printer.prints} prints, ${Math.round(printer.filamentMm)} mm of filament; ${ours}`
}

function erasureWords(record: StoredRecord & { kind: 'erasure' }): string {
  const { subject, cause, rows, deferredRows, deferredUntil } = record
  const why = cause === 'request' ? 'on request' : 'by age'
  const until = deferredUntil?.slice(0, 10)
  if (until !== undefined && rows === 0)
    return `erasure of ${subject} ${why} put off: ${deferredRows} kept until ${until}`
  const rest = until === undefined ? '' : `; ${deferredRows} more kept until ${until}`
  return `${rows} ${rows === 1 ? 'entry' : 'entries'} of ${subject} erased ${why}${rest}`
}

/** Behind a code that may be none. */
function coded(code: string | null): string {
  return code === null ? '' : ` (${code})`
}

function because(reason: string | null | undefined): string {
  return reason === null || reason === undefined ? '' : `: ${reason}`
}

function short(id: string): string {
  return id.slice(0, 8)
}

/** A decision's document is opaque to the log; only what is surely there is told. */
function decisionWords(record: StoredRecord & { kind: 'decision' }): string {
  const { outcome, decision } = record
  if (decision === undefined)
    return `decision ${outcome} for ${HIDDEN}${coded(record.reasons[0]?.code ?? null)}`
  const name = member(member(decision, 'job'), 'name')
  const reasons = member(decision, 'reasons')
  const first: unknown = Array.isArray(reasons) ? reasons[0] : undefined
  const message = member(first, 'message')
  const why = typeof message === 'string' ? `: ${message}` : ''
  return `decision ${outcome} for ${typeof name === 'string' ? name : '?'}${why}`
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([name]) => name === key)?.[1]
}
