import type { GateRecord } from '../core/index.ts'
import type { DurableIndex } from '../durable-index.ts'
import type { AuditRecord } from '../log-format/index.ts'

/** The gate's records as the log keeps them. */

/** What the log must know of a job that was armed. */
export interface RecordedJob {
  /** Where the decision that allows it stands, durable. */
  readonly admitted: DurableIndex
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
        decision: job?.admitted ?? 0,
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
        code: record.reason?.code ?? null,
        reason: record.reason?.message ?? null,
        commandsSent: record.commands,
        commandsTotal: job?.commands ?? null,
        sha256: record.sha256,
      }
    case 'latched':
      return { kind: 'latched', job: record.job, code: record.reason.code, reason: record.reason.message }
    case 'interlude':
      return { kind: 'interlude', job: record.job, commandsSent: record.commands }
    case 'safe-stop':
      return {
        kind: 'safe-stop',
        job: record.job,
        code: record.reason.code,
        reason: record.reason.message,
        confirmed: record.confirmed,
      }
    default:
      return record
  }
}
