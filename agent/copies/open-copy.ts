import type { StoredRecord } from '../log-format/index.ts'

/** A copy that is neither made nor given back nor lost: what the log says of it and of its job. */

type CopyRecord = Extract<StoredRecord, { readonly kind: 'copy' }>
type Closed = Extract<StoredRecord, { readonly kind: 'job-closed' }>

export interface OpenCopy {
  readonly licence: string
  readonly copy: string
  readonly state: 'reserved' | 'printing'
  /** Days since 1970 (UTC) when it was reserved. */
  readonly day: number
  /** The licence and its parents. */
  readonly under: readonly string[]
  /** Commands sent at which it counts for good, from 1. */
  readonly commitAt: number
  /** What an ending before that makes of it. */
  readonly onAbort: 'return' | 'spend'
  readonly filamentMm: number
  /** Its first byte may have followed. */
  readonly isOpened: boolean
  /** It was armed and is so no longer. */
  readonly isDisarmed: boolean
  /** How its job ended; null while it has not, or where nobody saw it. */
  readonly closed: Pick<Closed, 'outcome' | 'code' | 'commandsSent'> | null
}

/** A copy as it is reserved. A record that does not say what it is about counts for good at once. */
export function reservedCopy({ licence, copy, terms }: CopyRecord, day: number): OpenCopy {
  return {
    licence,
    copy,
    state: 'reserved',
    day,
    under: terms?.counters.map((counter) => counter.licence) ?? [licence],
    commitAt: terms?.commitAt ?? 1,
    onAbort: terms?.onAbort ?? 'spend',
    filamentMm: terms?.filamentMm ?? 0,
    isOpened: false,
    isDisarmed: false,
    closed: null,
  }
}
