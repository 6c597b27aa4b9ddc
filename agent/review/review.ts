/** Reviews: what a person found in a decision that was drawn. */
import type { AuditRecord } from '../log-format/index.ts'
import { type ReviewRefusal, refuse } from './refusal.ts'
import type { LogEntry } from './sample.ts'

type Reviewed = Extract<AuditRecord, { readonly kind: 'reviewed' }>
export type Finding = Reviewed['finding']

/** A name, not a story. */
const NAME_CHARS_MAX = 512
/** As much as the log takes. */
const NOTE_CHARS_MAX = 4096
const LESSON = /^[a-z0-9][a-z0-9.-]{0,99}$/

export interface Review {
  /** Index of the sample's record. */
  readonly sample: number
  /** Index of the decision's record, one that was drawn. */
  readonly decision: number
  readonly finding: Finding
  /** What the report counts by: a code of the site's own, or null. */
  readonly lesson: string | null
  readonly note: string | null
  readonly by: string
}

/** The record of a review: of a decision that the sample drew, and once for each sample. */
export async function reviewDecision(
  entries: AsyncIterable<LogEntry>,
  { sample, decision, finding, lesson, note, by }: Review,
): Promise<Reviewed | ReviewRefusal> {
  const malformed =
    checkText('name', by, NAME_CHARS_MAX) ?? (note === null ? null : checkText('note', note, NOTE_CHARS_MAX))
  if (malformed !== null) return malformed
  if (lesson !== null && !LESSON.test(lesson)) {
    return refuse('form', `lesson \`${lesson}\` is not a code of small letters, digits, points and hyphens`)
  }
  let isSample = false
  for await (const { index, record } of entries) {
    if (index === sample) {
      if (record.kind !== 'sampled') return refuse('unknown', `record ${sample} is not a sample`)
      if (!record.drawn.includes(decision)) {
        return refuse('not-drawn', `sample ${sample} did not draw decision ${decision}`)
      }
      isSample = true
    } else if (record.kind === 'reviewed' && record.sample === sample && record.decision === decision) {
      return refuse('reviewed', `decision ${decision} was reviewed in record ${index}: ${record.finding}`)
    }
  }
  if (!isSample) return refuse('unknown', `the log has no record ${sample}`)
  return { kind: 'reviewed', sample, decision, finding, lesson, by, note }
}

/** Half a surrogate pair has no form in UTF-8, so no record can hold it. */
function checkText(what: string, text: string, charsMax: number): ReviewRefusal | null {
  if (text.trim() === '') return refuse('form', `the ${what} of a review is empty`)
  if (text.length > charsMax) {
    return refuse('form', `the ${what} of a review has ${text.length} characters, above ${charsMax}`)
  }
  return /\p{Surrogate}/u.test(text) ? refuse('form', `the ${what} of a review is not text in Unicode`) : null
}
