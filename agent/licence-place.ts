import { usesOf } from './copies/index.ts'
import { COPY_BOOK } from './copy-fold.ts'
import type { JobPlace } from './job-screening.ts'
import type { Ledger } from './ledger.ts'
import type { PrinterIdentity } from './licence/index.ts'
import { replayLog } from './replay.ts'
import { loadScreening } from './screening/index.ts'
import type { StateFolder } from './state-folder.ts'
import { statusListsIn } from './status-folder.ts'
import { loadTrust } from './trust/index.ts'
import { seenLists, seenScreening, TRUSTED_TIME, timeStanding } from './trusted-time.ts'

/** What a licence is held against at this place: whom the site trusts, what time it is, how often it was used. */

/** What is known of the place besides its state folder. */
export interface PlaceFacts {
  /** The open log. Without it the log is read as it lies, and somebody else may be writing it. */
  readonly ledger?: Pick<Ledger, 'stateOf'>
  /** Which printer it is, where it was asked. */
  readonly printer?: PrinterIdentity | null
  /** Witnesses that cosign a decision before the first byte, at the least; 0 where nobody waits for them. */
  readonly cosigners?: number
  /** Whether bytes could reach a real machine. */
  readonly isRealPort?: boolean
  /** What the clock shows, in ms. */
  readonly clockMs?: number
}

/**
 * The place as it is now. Throws LICENCE_UNREADABLE where the trust folder cannot be used, and without an open log as
 * `readLog` does.
 */
export async function licencePlace(state: StateFolder, facts: PlaceFacts = {}): Promise<JobPlace> {
  const { ledger, printer = null, cosigners = 0, isRealPort = true, clockMs = Date.now() } = facts
  const log = ledger ?? (await replayLog([TRUSTED_TIME, COPY_BOOK], state))
  const trusted = log.stateOf(TRUSTED_TIME)
  const time = timeStanding(trusted, clockMs)
  const trust = await loadTrust(state.trustDir, time.nowMs)
  const screened = seenScreening(trusted, time)
  return {
    trust,
    screening: await loadScreening(state.trustDir, trust, time.nowMs, screened),
    seenScreening: screened,
    time,
    machine: {
      id: state.machineId,
      printer,
      assurance: cosigners > 0 ? 'witnessed' : 'software',
      cosigners,
      isRealPort,
    },
    uses: usesOf(log.stateOf(COPY_BOOK), time.nowMs),
    statusLists: await statusListsIn(state.trustDir),
    seenLists: seenLists(trusted, time),
  }
}
