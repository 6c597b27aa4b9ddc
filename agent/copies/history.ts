import type { StoredRecord } from '../log-format/index.ts'
import type { CopyState } from './copy-book.ts'

/** One copy as the log tells of it, for whoever asks: the book forgets those that are over. */

type CopyRecord = Extract<StoredRecord, { readonly kind: 'copy' }>

export interface CopyHistory {
  readonly licence: string
  readonly copy: string
  /** What it is after its latest record. */
  readonly state: CopyState
  readonly terms: NonNullable<CopyRecord['terms']> | null
  /** Of the refund by which it was given back. */
  readonly refundId: string | null
  /** The records of it: first, and latest with its time. */
  readonly first: number
  readonly last: number
  readonly at: string
}

/** What one more record says of a copy. `before`: what was known of it. */
export function historyOf(record: CopyRecord, before: CopyHistory | undefined): CopyHistory {
  const { licence, copy, state, terms, refund, seq, at } = record
  return {
    licence,
    copy,
    state,
    terms: before?.terms ?? terms,
    refundId: before?.refundId ?? refund?.id ?? null,
    first: before?.first ?? seq,
    last: seq,
    at,
  }
}
