import type { AuditRecord, StoredRecord } from '../log-format/index.ts'
import { type CopyHistory, historyOf } from './history.ts'

/** An issuer gives a copy back. The book forgets copies that are over, so what it was is looked up in the log. */

export interface RefundOrder {
  /** Of the refund. Each is used once. */
  readonly id: string
  /** The key of a licence in which the copy counts: its own, or a parent's. */
  readonly licence: string
  readonly copy: string
  /** SHA-256 of the root certificate under which it was signed. */
  readonly anchor: string
}

export interface RefundProblem {
  readonly problem: string
  /** The refund itself was used before. */
  readonly isUsed?: true
}

/**
 * The record by which a copy is given back, or why it cannot be. `records` are all of the log, or all of kind `copy`; none
 * may be added about finished copies between this and the append.
 */
export async function refundRecord(
  records: AsyncIterable<{ readonly record: StoredRecord }>,
  order: RefundOrder,
): Promise<AuditRecord | RefundProblem> {
  const found = await findCopy(records, order)
  if ('problem' in found) return found
  const { licence, copy, state, terms } = found
  if (state === 'returned') return { problem: `copy \`${copy}\` is returned already` }
  if (state !== 'printed' && state !== 'uncertain')
    return { problem: `copy \`${copy}\` is ${state}: only what is printed or uncertain can be given back` }
  const under = terms?.counters.map((counter) => counter.licence) ?? [licence]
  const refund = { id: order.id, of: state, under, filamentMm: terms?.filamentMm ?? 0 }
  return { kind: 'copy', licence, copy, job: copy, state: 'returned', terms: null, refund }
}

async function findCopy(
  records: AsyncIterable<{ readonly record: StoredRecord }>,
  { id, licence, copy, anchor }: RefundOrder,
): Promise<CopyHistory | RefundProblem> {
  let found: CopyHistory | undefined
  for await (const { record } of records) {
    if (record.kind !== 'copy') continue
    if (record.refund?.id === id)
      return { problem: `refund \`${id}\` was used already, by record ${record.seq}`, isUsed: true }
    if (record.copy === copy) found = historyOf(record, found)
  }
  if (found === undefined) return { problem: `there is no copy \`${copy}\` in this log` }
  const isUnder =
    found.terms?.counters.some((counter) => counter.licence === licence) ?? found.licence === licence
  if (isUnder && found.terms?.anchor !== anchor)
    return { problem: `copy \`${copy}\` is of a licence that was signed under another root certificate` }
  return isUnder ? found : { problem: `copy \`${copy}\` is of another licence, \`${found.licence}\`` }
}
