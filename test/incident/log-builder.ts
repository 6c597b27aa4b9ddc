/** A log for the tests: records made, split and joined as the real one does it, with a clock that the test sets. */

import { createHash } from 'node:crypto'
import type { Finding, LogEntry } from '../../agent/incident/index.ts'
import { IncidentWatch, type WatchOptions } from '../../agent/incident/watch.ts'
import {
  type AuditRecord,
  joinRecord,
  type Leaf,
  type OpenRecord,
  parseLeaf,
  splitRecord,
} from '../../agent/log-format/index.ts'

export const ORIGIN = 'portcullis/m-0123456789abcdef/l-fedcba9876543210'
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 22, 20)

export class LogBuilder {
  readonly entries: LogEntry[] = []
  ms = START

  /** Adds a record of the agent, so long after the one before. Answers with its index. */
  add(record: AuditRecord, afterMs = SECOND, subject = 's-0000000000000001'): number {
    const split = splitRecord(record)
    if ('problem' in split) throw new Error(split.problem)
    const { open, hidden } = split
    const sealed = hidden === null ? {} : { sealed: { subject, commitment: 'c'.repeat(64) } }
    return this.#push({ ...open, ...sealed }, afterMs, hidden ?? undefined)
  }

  /** Adds a record of the log itself. */
  own(record: OpenRecord, afterMs = SECOND): number {
    return this.#push(record, afterMs)
  }

  #push(open: OpenRecord, afterMs: number, hidden?: object): number {
    this.ms += afterMs
    const index = this.entries.length
    const leaf = { ...open, seq: index, at: new Date(this.ms).toISOString() } as Leaf
    const parsed = parseLeaf(leaf)
    if ('problem' in parsed) throw new Error(`${open.kind}: ${parsed.problem}`)
    this.entries.push({ index, record: joinRecord(parsed.leaf, hidden) })
    return index
  }
}

/** What a watch finds in a whole log. */
export function findings(log: LogBuilder, options: WatchOptions = { perHourMax: null }): readonly Finding[] {
  const watch = new IncidentWatch(options)
  return log.entries.flatMap((entry) => watch.take(entry))
}

export async function* stream(entries: readonly LogEntry[]): AsyncGenerator<LogEntry> {
  for (const entry of entries) yield entry
}

export const digest = (seed: number | string): string => createHash('sha256').update(`${seed}`).digest('hex')

export const opened = (): OpenRecord => ({
  kind: 'log-opened',
  format: 'portcullis-log-2',
  origin: ORIGIN,
  logKey: `${'A'.repeat(43)}=`,
  machineKey: `${'B'.repeat(43)}=`,
  signature: `${'C'.repeat(86)}==`,
})

export interface JobSaid {
  readonly outcome?: 'allow' | 'warn' | 'hold' | 'deny'
  readonly codes?: readonly string[]
  readonly id?: string
  readonly commands?: number
  readonly bytes?: number
  readonly raw?: number | string
  readonly canonical?: number | string
}

let jobs = 0
export function decision(said: JobSaid = {}): AuditRecord {
  jobs += 1
  const { outcome = 'deny', codes = ['nozzle-too-hot'], id = `decision-${jobs}` } = said
  const { commands = 1000, bytes = 30_000, raw = jobs, canonical = raw } = said
  return {
    kind: 'decision',
    id,
    outcome,
    tier: 'open',
    job: { bytes, lines: commands, commands, sha256: digest(raw), canonicalSha256: digest(canonical) },
    policy: { name: 'maker-space', version: 1, sha256: digest('policy') },
    licence: null,
    reasons: codes.map((code) => ({ code, rule: 'rule', outcome: 'deny' as const, line: 1, count: 1 })),
    decidedInMs: 3,
    decision: { id, job: { name: 'a file' } },
    user: 'somebody',
  }
}

export const refused = (code = 'unknown-command', job: string | null = null): AuditRecord => ({
  kind: 'line-refused',
  job,
  line: 1,
  code,
  rule: null,
  message: 'no such command',
})

export const jobOpened = (job = 'job-1'): AuditRecord => ({
  kind: 'job-opened',
  job,
  decision: 0,
  canonicalSha256: digest(job),
  commands: 9,
})

type Closed = Extract<AuditRecord, { kind: 'job-closed' }>
export const jobClosed = (
  outcome: Closed['outcome'] = 'printed',
  code: string | null = null,
): AuditRecord => ({
  kind: 'job-closed',
  job: 'job-1',
  outcome,
  code,
  commandsSent: 9,
  commandsTotal: 9,
  sha256: null,
  reason: null,
})

export const printerLost = (): AuditRecord => ({ kind: 'printer-lost', port: '/dev/ttyUSB0', reason: 'gone' })
export const agentStarted = (): AuditRecord => ({
  kind: 'agent-started',
  version: '0.1.0',
  machine: 'm-0123456789abcdef',
})
export const sealed = (): AuditRecord => ({
  kind: 'job-sealed',
  job: 'job-1',
  commandsSent: 1,
  sha256: digest('seal'),
})
export const emergency = (): AuditRecord => ({ kind: 'emergency-stop', by: 'somebody' })
