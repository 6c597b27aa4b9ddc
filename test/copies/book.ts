/** Records about copies, and the book that they come to. */
import { bookAfter, type CopyBook, type CopyState, EMPTY_BOOK } from '../../agent/copies/index.ts'
import type { StoredRecord } from '../../agent/log-format/index.ts'

type CopyRecord = Extract<StoredRecord, { readonly kind: 'copy' }>
type Terms = NonNullable<CopyRecord['terms']>

export const KEY = 'https://issuer.example#lic-1'
export const PARENT = 'https://issuer.example#lic-0'
export const ANCHOR = 'ef'.repeat(32)
export const DAY_MS = 24 * 60 * 60_000
export const START_MS = Date.UTC(2026, 10, 23, 12)

export function termsOf(more: Partial<Terms> = {}): Terms {
  return {
    counters: [{ licence: KEY, limit: 3 }],
    anchor: ANCHOR,
    commitAt: 10,
    onAbort: 'return',
    filamentMm: 100,
    ...more,
  }
}

/** A record of a copy, at its place and time. */
export function copyRecord(
  copy: string,
  state: CopyState,
  more: Partial<CopyRecord> & { readonly atMs?: number } = {},
): CopyRecord {
  const { atMs = START_MS, ...members } = more
  const at = new Date(atMs).toISOString()
  const terms = state === 'reserved' ? termsOf() : null
  return { kind: 'copy', licence: KEY, copy, job: copy, state, terms, refund: null, seq: 0, at, ...members }
}

const stamp = { seq: 0, at: new Date(START_MS).toISOString() }

export const opened = (job: string): StoredRecord => ({
  kind: 'job-opened',
  job,
  decision: 0,
  canonicalSha256: 'ab'.repeat(32),
  commands: 100,
  ...stamp,
})

export const disarmed = (job: string): StoredRecord => ({ kind: 'job-disarmed', job, by: 'ada', ...stamp })

type Closed = Extract<StoredRecord, { readonly kind: 'job-closed' }>

export function closed(
  job: string,
  outcome: Closed['outcome'],
  commandsSent: number,
  code: string | null = null,
): StoredRecord {
  const sha256 = 'ab'.repeat(32)
  return {
    kind: 'job-closed',
    job,
    outcome,
    code,
    reason: null,
    commandsSent,
    commandsTotal: 100,
    sha256,
    ...stamp,
  }
}

export const reported = (licence: string, through: number): StoredRecord => ({
  kind: 'report-filed',
  licence,
  through,
  sha256: 'ab'.repeat(32),
  by: 'ada',
  text: 'all in use',
  ...stamp,
})

/** The book after these records, the first of which stands at `from`. */
export function bookOf(records: readonly StoredRecord[], from = 0, before: CopyBook = EMPTY_BOOK): CopyBook {
  return records.reduce((book, record, i) => bookAfter(book, record, from + i), before)
}
