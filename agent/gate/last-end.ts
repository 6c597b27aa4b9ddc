import type { Latch } from '../core/index.ts'
import { LAST_END, type UnfinishedJob } from '../last-end.ts'
import type { Ledger } from '../ledger.ts'
import type { AuditRecord } from '../log-format/index.ts'

/** What a gate that starts makes of how the agents before it ended. */

export interface LastEnd {
  readonly unfinished: UnfinishedJob | undefined
  /** Why this gate begins latched and brings the machine to rest first, or null. */
  readonly reason: Latch['reason'] | null
  /** Whether the log says already that it is latched. */
  readonly isOnRecord: boolean
}

/** How it was before this start, the record of which stands in the log already. */
export function readLastEnd(ledger: Ledger): LastEnd {
  const { unfinished, latched, doubt: before } = ledger.stateOf(LAST_END)
  const doubt = unfinished === null ? before : 'the last agent ended in mid-job'
  // Its code alone: the words of before may name somebody, and would stand here again in records of the place.
  const blocked = latched && `blocked when the last gate ended: ${latched.code}, record ${latched.index}`
  const message = blocked ?? doubt
  const reason = message === null ? null : ({ code: 'found-running', message } as const)
  return { unfinished: unfinished ?? undefined, reason, isOnRecord: latched !== null }
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
