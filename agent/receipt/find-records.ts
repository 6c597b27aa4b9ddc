/** Finds the records of the log that a decision's receipt rests on. */
import type { StoredRecord } from '../log-format/index.ts'
import { type Problem, problem } from './problem.ts'

/** A record with its place in the log. */
export interface LogEntry {
  readonly index: number
  readonly record: StoredRecord
}

/** Where they stand; null for what there is none of. */
export interface ReceiptRecords {
  readonly decision: number
  readonly release: number | null
  readonly opened: number | null
  readonly copy: number | null
  readonly closed: number | null
}

/** In one pass. `which` is the index of the decision's record, or the decision's id. */
export async function findReceiptRecords(
  entries: AsyncIterable<LogEntry>,
  which: number | string,
): Promise<ReceiptRecords | Problem> {
  let found: ReceiptRecords | null = null
  let job: string | null = null
  let isHeldBack = false
  for await (const { index, record } of entries) {
    if (found === null) {
      if (record.kind === 'decision' && (index === which || record.id === which)) {
        found = { decision: index, release: null, opened: null, copy: null, closed: null }
        isHeldBack = record.outcome === 'hold' || record.outcome === 'deny'
      } else if (index === which) {
        return problem(`record ${index} is of kind \`${record.kind}\`, not \`decision\``)
      }
      continue
    }
    const isOfDecision = 'decision' in record && record.decision === found.decision
    if (isOfDecision && isHeldBack && isRelease(record)) found = { ...found, release: index }
    if (isOfDecision && record.kind === 'job-opened') {
      job = record.job
      found = { ...found, opened: index, copy: null, closed: null }
    }
    if (job === null) continue
    if (record.kind === 'copy' && record.job === job) found = { ...found, copy: index }
    if (record.kind === 'job-closed' && record.job === job) found = { ...found, closed: index }
  }
  return found ?? problem(`the log has no decision \`${which}\``)
}

function isRelease(record: StoredRecord): boolean {
  return record.kind === 'override' || (record.kind === 'hold-decided' && record.outcome === 'released')
}
