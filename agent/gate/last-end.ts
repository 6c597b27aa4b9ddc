import type { Latch } from '../core/index.ts'
import { LAST_END, type UnfinishedJob } from '../last-end.ts'
import { type Ledger, type LedgerPlace, readLedger } from '../ledger.ts'
import type { AuditRecord } from '../log-format/index.ts'

/** What a gate that starts makes of how the agents before it ended. */

/** Longest reason of before that is told again: an answer at the desk has room for it. */
const REASON_CHARS_MAX = 800

export interface LastEnd {
  readonly unfinished: UnfinishedJob | undefined
  /** Why this gate begins latched and brings the machine to rest first, or null. */
  readonly reason: Latch['reason'] | null
  /** Whether the log says already that it is latched. */
  readonly isOnRecord: boolean
}

/** How it was before this start, the record of which stands in the log already. */
export async function readLastEnd(ledger: Ledger, place: LedgerPlace): Promise<LastEnd> {
  const { unfinished, latched, doubt: before } = ledger.stateOf(LAST_END)
  const doubt = unfinished === null ? before : 'the last agent ended in mid-job'
  const message =
    latched === null
      ? doubt
      : `blocked when the last gate ended: ${await wordsOf(place, latched.index, latched.code)}`
  const reason =
    message === null
      ? null
      : ({ code: 'found-running', message: message.slice(0, REASON_CHARS_MAX) } as const)
  return { unfinished: unfinished ?? undefined, reason, isOnRecord: latched !== null }
}

/** What the record that blocked the gate said; its code alone where that was erased. */
async function wordsOf(place: LedgerPlace, index: number, code: string): Promise<string> {
  for await (const { record } of readLedger(place, index)) {
    if (record.kind === 'latched') return record.reason === undefined ? code : `${code}: ${record.reason}`
    if (record.kind === 'emergency-stop') return `${code}: ${record.by ?? 'somebody'} sent the emergency stop`
    break
  }
  return code
}

/** What closes it: what became of it nobody saw. */
export function closeUnfinished(unfinished: UnfinishedJob): AuditRecord {
  return {
    kind: 'job-closed',
    ...unfinished,
    outcome: 'uncertain',
    code: 'agent-ended',
    reason: 'the agent ended in mid-job',
    sha256: null,
  }
}
