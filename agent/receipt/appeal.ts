/**
 * Appeals: somebody disputes a decision, and somebody decides about that. Both are records that refer to the decision.
 * Here they are made or refused; whoever holds the log appends them, with nothing else appended in between.
 */
import type { AuditRecord, StoredRecord } from '../log-format/index.ts'
import type { LogEntry } from './find-records.ts'
import { appealDay } from './make-receipt.ts'

/** What a person may write, in UTF-16 code units: as much as the log takes. */
const TEXT_CHARS_MAX = 4096
/** A name, not a story. */
const NAME_CHARS_MAX = 512

/** Why nothing is recorded. `unknown` and `form` are mistakes of whoever asks; the others are answers. */
export interface AppealRefusal {
  readonly refusal: 'unknown' | 'form' | 'not-refused' | 'pending' | 'upheld' | 'late' | 'decided'
  readonly message: string
}

type Filed = Extract<AuditRecord, { readonly kind: 'appeal-filed' }>
type Decided = Extract<AuditRecord, { readonly kind: 'appeal-decided' }>
export type AppealOutcome = Decided['outcome']

export interface AppealToFile {
  /** Index of the decision's record. */
  readonly decision: number
  readonly by: string
  readonly text: string
  readonly nowMs: number
  /** Days after the decision; null where there is no limit. */
  readonly appealDays: number | null
}

/**
 * The record of an appeal. Only what was denied or held can be disputed, in time, by one appeal after another, and no more
 * once one was upheld.
 */
export async function fileAppeal(
  entries: AsyncIterable<LogEntry>,
  { decision, by, text, nowMs, appealDays }: AppealToFile,
): Promise<Filed | AppealRefusal> {
  const malformed = checkText('name', by, NAME_CHARS_MAX) ?? checkText('text', text, TEXT_CHARS_MAX)
  if (malformed !== null) return malformed
  let disputed: Extract<StoredRecord, { readonly kind: 'decision' }> | null = null
  const appeals = new Map<number, AppealOutcome | null>()
  for await (const { index, record } of entries) {
    if (index === decision) {
      if (record.kind !== 'decision') return unknown(`record ${index} is not a decision`)
      disputed = record
    } else if (record.kind === 'appeal-filed' && record.decision === decision) {
      appeals.set(index, null)
    } else if (record.kind === 'appeal-decided' && appeals.has(record.appeal)) {
      appeals.set(record.appeal, record.outcome)
    }
  }
  if (disputed === null) return unknown(`the log has no record ${decision}`)
  if (disputed.outcome !== 'deny' && disputed.outcome !== 'hold') {
    return {
      refusal: 'not-refused',
      message: `decision ${decision} let the job pass; there is nothing to appeal`,
    }
  }
  for (const [index, outcome] of appeals) {
    if (outcome === null)
      return { refusal: 'pending', message: `appeal ${index} about it is not decided yet` }
    if (outcome === 'upheld')
      return { refusal: 'upheld', message: `appeal ${index} about it was upheld already` }
  }
  const lastDay = appealDay(disputed.at, appealDays)
  if (lastDay !== null && new Date(nowMs).toISOString().slice(0, 10) > lastDay) {
    return { refusal: 'late', message: `appeals against decision ${decision} ended with ${lastDay} (UTC)` }
  }
  return { kind: 'appeal-filed', decision, by, text }
}

export interface AppealAnswer {
  /** Index of the appeal's record. */
  readonly appeal: number
  readonly outcome: AppealOutcome
  readonly by: string
  readonly reason: string
}

/** The record of what came of an appeal: once for each. */
export async function answerAppeal(
  entries: AsyncIterable<LogEntry>,
  { appeal, outcome, by, reason }: AppealAnswer,
): Promise<Decided | AppealRefusal> {
  const malformed = checkText('name', by, NAME_CHARS_MAX) ?? checkText('reason', reason, TEXT_CHARS_MAX)
  if (malformed !== null) return malformed
  let isFiled = false
  for await (const { index, record } of entries) {
    if (index === appeal) {
      if (record.kind !== 'appeal-filed') return unknown(`record ${index} is not an appeal`)
      isFiled = true
    } else if (record.kind === 'appeal-decided' && record.appeal === appeal) {
      return {
        refusal: 'decided',
        message: `appeal ${appeal} was decided by record ${index}: ${record.outcome}`,
      }
    }
  }
  return isFiled
    ? { kind: 'appeal-decided', appeal, outcome, by, reason }
    : unknown(`the log has no record ${appeal}`)
}

function unknown(message: string): AppealRefusal {
  return { refusal: 'unknown', message }
}

/** Half a surrogate pair has no form in UTF-8, so no record can hold it. */
function checkText(what: string, text: string, charsMax: number): AppealRefusal | null {
  if (text.trim() === '') return { refusal: 'form', message: `the ${what} of an appeal is empty` }
  if (text.length > charsMax) {
    return {
      refusal: 'form',
      message: `the ${what} of an appeal has ${text.length} characters, above ${charsMax}`,
    }
  }
  return /\p{Surrogate}/u.test(text)
    ? { refusal: 'form', message: `the ${what} of an appeal is not text in Unicode` }
    : null
}
