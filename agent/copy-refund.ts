import { readLog } from './audit/index.ts'
import type { Ledger } from './ledger.ts'
import { openBundle, readRefund } from './licence/index.ts'
import type { StateFolder } from './state-folder.ts'
import { loadTrust } from './trust/index.ts'
import { TRUSTED_TIME, timeStanding } from './trusted-time.ts'

/** Refunds that an issuer signed, put on record where they are good. */

export interface RefundDone {
  readonly index: number
  readonly message: string
}

/** Refunds of one bundle that are looked at. Each is looked up in the log. */
const BUNDLED_MAX = 8

/** The refunds that came along with a licence; none where it cannot be read: that is for whoever verifies it to say. */
export function bundledRefunds(licenceText: string | undefined): readonly string[] {
  if (licenceText === undefined) return []
  const opened = openBundle(licenceText)
  return opened.ok ? opened.bundle.refunds.slice(0, BUNDLED_MAX) : []
}

/** Applies a refund, or says why it cannot be used. Throws as `readLog` and `append` do. */
export async function applyRefund(
  ledger: Ledger,
  state: StateFolder,
  compact: string,
  clockMs = Date.now(),
): Promise<RefundDone | { readonly problem: string }> {
  const { nowMs } = timeStanding(ledger.stateOf(TRUSTED_TIME), clockMs)
  const read = await readRefund(compact.trim(), await loadTrust(state.trustDir, nowMs), nowMs)
  if (!read.ok) return { problem: read.refusal.message }
  const { id, licenceKey, machineId, copyId, anchorSha256 } = read.refund
  if (machineId !== state.machineId)
    return { problem: `the refund is for machine \`${machineId}\`, this is \`${state.machineId}\`` }
  const order = { id, licence: licenceKey, copy: copyId, anchor: anchorSha256 }
  const given = await ledger.copies.giveBack(order, () => readLog(state.logDir, { kinds: ['copy'] }))
  if ('problem' in given) return given
  return { index: given.index, message: `copy \`${copyId}\` is given back, says record ${given.index}` }
}
