import { type AuditRecord, readLog } from '../audit/index.ts'
import type { GateRecord, StopReason } from '../core/index.ts'

/** The gate's records as the log keeps them. */

/** What the log must know of a job that was armed. */
export interface RecordedJob {
  readonly decisionIndex: number
  readonly canonicalSha256: string
  readonly commands: number
}

/** `place`: where the host is connected. `job`: what is known of the job that the record names, where it was armed. */
export function auditRecordOf(record: GateRecord, place: string, job: RecordedJob | undefined): AuditRecord {
  switch (record.kind) {
    case 'host-opened':
      return { kind: 'host-opened', place }
    case 'host-closed':
      return { kind: 'host-closed', place, lines: record.lines }
    case 'job-opened':
      return {
        kind: 'job-opened',
        job: record.job,
        decision: job?.decisionIndex ?? 0,
        canonicalSha256: job?.canonicalSha256 ?? '',
        commands: job?.commands ?? 0,
      }
    case 'job-sealed':
      return { kind: 'job-sealed', job: record.job, commandsSent: record.commands, sha256: record.sha256 }
    case 'job-closed':
      return {
        kind: 'job-closed',
        job: record.job,
        outcome: record.outcome,
        reason: record.reason === null ? null : inWords(record.reason),
        commandsSent: record.commands,
        commandsTotal: job?.commands ?? null,
        sha256: record.sha256,
      }
    case 'latched':
      return { kind: 'latched', job: record.job, reason: inWords(record.reason) }
    case 'interlude':
      return { kind: 'interlude', job: record.job, commandsSent: record.commands }
    case 'safe-stop':
      return {
        kind: 'safe-stop',
        job: record.job,
        reason: inWords(record.reason),
        confirmed: record.confirmed,
      }
    default:
      return record
  }
}

function inWords(reason: StopReason): string {
  return `${reason.code}: ${reason.message}`
}

/** A job that was open when its agent ended. */
export interface UnfinishedJob {
  readonly job: string
  /** As far as was sealed. */
  readonly commandsSent: number
  readonly commandsTotal: number | null
}

/** The job that the log last opened and never closed, if there is one: the printer may still be in the middle of it. */
export async function findUnfinished(logDir: string): Promise<UnfinishedJob | undefined> {
  let found: UnfinishedJob | undefined
  for await (const { record } of readLog(logDir)) {
    if (record.kind === 'job-opened')
      found = { job: record.job, commandsSent: 0, commandsTotal: record.commands }
    else if (record.kind === 'stream-opened')
      found = { job: record.job, commandsSent: 0, commandsTotal: null }
    else if (record.kind === 'job-sealed' && found !== undefined)
      found = { ...found, commandsSent: record.commandsSent }
    else if (record.kind === 'job-closed') found = undefined
  }
  return found
}

/** What closes it: what became of it nobody saw. */
export function closeUnfinished(unfinished: UnfinishedJob): AuditRecord {
  return {
    kind: 'job-closed',
    ...unfinished,
    outcome: 'uncertain',
    reason: 'agent-ended: the agent ended in mid-job',
    sha256: null,
  }
}
