/** A workshop's day as records, one a second: decisions, and what follows on each of them. */
import { vi } from 'vitest'
import type { Ledger } from '../../agent/ledger.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { CANONICAL, decisionRecord } from '../receipt/jobs.ts'

const START_MS = Date.UTC(2026, 10, 22, 20)
const RECORD_MS = 1000
const RECORDS_A_JOB = 10
const DIGEST = 'cd'.repeat(32)

/** Who prints here, in turn. */
export const PEOPLE = ['Ada Lovelace', 'Grace Hopper', 'Mary Somerville'] as const

/** When the record of this place is written, by a clock that goes right. */
export const timeOf = (index: number): number => START_MS + index * RECORD_MS

/** Who the decision of this place is about. */
export const personOf = (decision: number): string =>
  PEOPLE[(decision / RECORDS_A_JOB) % PEOPLE.length] ?? PEOPLE[0]

/** The record of a place from 1 on: ten of them are a job, of which every third is refused. */
export function recordAt(index: number): AuditRecord {
  const step = index % RECORDS_A_JOB
  const decision = index - step
  return decision % (3 * RECORDS_A_JOB) === 0 ? ofRefused(decision, step) : ofPrinted(decision, step)
}

function ofPrinted(decision: number, step: number): AuditRecord {
  const job = `d-${decision}`
  if (step === 0) return decisionRecord({ id: job, user: personOf(decision) })
  if (step === 1) return { kind: 'job-opened', job, decision, canonicalSha256: CANONICAL, commands: 40 }
  if (step < 9) return { kind: 'job-sealed', job, commandsSent: 4 * step, sha256: DIGEST }
  return {
    kind: 'job-closed',
    job,
    outcome: 'printed',
    code: null,
    commandsSent: 40,
    commandsTotal: 40,
    sha256: CANONICAL,
    reason: null,
  }
}

function ofRefused(decision: number, step: number): AuditRecord {
  const by = personOf(decision)
  // Place 0 is the log's own, so its first decision is missing.
  if (step === 0) return decisionRecord({ id: `d-${decision}`, outcome: 'deny', user: by })
  if (step === 1 && decision > 0) return { kind: 'appeal-filed', decision, by, text: 'it is only a vase' }
  if (step === 2) return { kind: 'cleared', by }
  if (step === 3)
    return {
      kind: 'line-refused',
      job: null,
      line: decision,
      code: 'heat',
      rule: 'heat',
      message: 'M104 S300',
    }
  return { kind: 'odometer', job: null, printer: null, sent: { filamentMm: step, commands: step } }
}

/** Appends what comes next until there are `size` records. A job's progress waits for one disk write, as in a busy gate. */
export async function workUntil(ledger: Ledger, size: number): Promise<void> {
  while (ledger.log.size < size) {
    const from = ledger.log.size
    const batch = [recordAt(from)]
    while (
      from + batch.length < size &&
      isProgress(recordAt(from)) &&
      isProgress(recordAt(from + batch.length))
    )
      batch.push(recordAt(from + batch.length))
    vi.setSystemTime(timeOf(from))
    await Promise.all(batch.map((record) => ledger.append(record)))
  }
}

const isProgress = ({ kind }: AuditRecord): boolean => kind === 'job-sealed' || kind === 'odometer'
