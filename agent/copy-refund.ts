import { readLog } from './audit/index.ts'
import { refundRecord } from './copies/index.ts'
import type { Ledger } from './ledger.ts'
import { readRefund } from './licence/index.ts'
import type { AuditRecord } from './log-format/index.ts'
import type { StateFolder } from './state-folder.ts'
import { loadTrust } from './trust/index.ts'
import { TRUSTED_TIME, timeStanding } from './trusted-time.ts'

/** Refunds that an issuer signed, put on record where they are good. */

export interface RefundDone {
  readonly index: number
  readonly message: string
}

/** Refunds come one after the other: of two that are alike the second finds the first in the log. */
const underWay = new WeakMap<object, Promise<unknown>>()

/** Applies a refund, or says why it cannot be used. Throws as `readLog` and `append` do. */
export async function applyRefund(
  ledger: Ledger,
  state: StateFolder,
  compact: string,
  clockMs = Date.now(),
): Promise<RefundDone | { readonly problem: string }> {
  const before = underWay.get(ledger) ?? Promise.resolve()
  const applying = before.then(() => applyNow(ledger, state, compact.trim(), clockMs))
  underWay.set(
    ledger,
    applying.catch(() => undefined),
  )
  return await applying
}

async function applyNow(
  ledger: Ledger,
  state: StateFolder,
  compact: string,
  clockMs: number,
): Promise<RefundDone | { readonly problem: string }> {
  const record = await recordOf(ledger, state, compact, clockMs)
  if ('problem' in record) return record
  const { index } = await ledger.append(record)
  return { index, message: `copy \`${record.copy}\` is given back, says record ${index}` }
}

type CopyRecord = Extract<AuditRecord, { readonly kind: 'copy' }>

async function recordOf(
  ledger: Ledger,
  state: StateFolder,
  compact: string,
  clockMs: number,
): Promise<CopyRecord | { readonly problem: string }> {
  const { nowMs } = timeStanding(ledger.stateOf(TRUSTED_TIME), clockMs)
  const read = await readRefund(compact, await loadTrust(state.trustDir, nowMs), nowMs)
  if (!read.ok) return { problem: read.refusal.message }
  const { id, licenceKey, machineId, copyId } = read.refund
  if (machineId !== state.machineId)
    return { problem: `the refund is for machine \`${machineId}\`, this is \`${state.machineId}\`` }
  const order = { id, licence: licenceKey, copy: copyId }
  const record = await refundRecord(readLog(state.logDir, { kinds: ['copy'] }), order)
  return 'problem' in record ? record : (record as CopyRecord)
}
