import { type Receipt, readLog } from './audit/index.ts'
import type { PrivacyConfig } from './config/index.ts'
import { DEFERRALS, hasRoomFor } from './deferrals.ts'
import { AgentError } from './errors.ts'
import { type Ledger, SITE } from './ledger.ts'
import type { AuditRecord } from './log-format/index.ts'
import { retentionMs, TRUSTED_TIME } from './trusted-time.ts'
import { possibleName } from './vault/index.ts'

/** Erasures: what is hidden of the records, on request or by age, and the record that says so. */

const DAY_MS = 86_400_000
const SUBJECT = /^s-[0-9a-f]{16}$/

type ErasureRecord = Extract<AuditRecord, { readonly kind: 'erasure' }>

export interface ErasureDone {
  readonly record: ErasureRecord
  readonly receipt: Receipt
}

export interface ErasureOrder {
  /** A subject, or a person's name. */
  readonly subject: string
  readonly by: string | null
  readonly nowMs: number
  /** Though an appeal of theirs, or about a decision on a job of theirs, waits for its answer. */
  readonly isForced?: boolean
}

/**
 * Erases all that is hidden of a subject's records, but what a duty keeps, and records that. After any failure it can be
 * asked for again by the subject's id, and is then finished; what nobody asks for again is recorded when the log is opened
 * next. Throws USAGE where nothing is known of the subject, or an appeal is open.
 */
export async function eraseSubject(
  ledger: Ledger,
  privacy: PrivacyConfig,
  { subject: asked, by, nowMs, isForced = false }: ErasureOrder,
): Promise<ErasureDone> {
  const subject = SUBJECT.test(asked) ? asked : await subjectNamed(ledger, asked)
  if (subject === undefined)
    throw new AgentError(
      'USAGE',
      `nothing is known of \`${asked}\`; it may be erased already, as the log's \`erasure\` records tell`,
    )
  if (subject === (await ledger.vault.findSubject(SITE)))
    throw new AgentError('USAGE', `\`${asked}\` is the place itself and no person; only age erases it`)
  if (privacy.mustKeepDays > 0 && !hasRoomFor(ledger.stateOf(DEFERRALS), subject))
    throw new AgentError('USAGE', 'too many erasures are put off already; ask again when some are done')
  if (!isForced) await requireNoAppeal(ledger, subject)
  // Whoever erases themself is not put into the side table again by the record that says so.
  const isOwn = by !== null && (await subjectNamed(ledger, by)) === subject
  const trustedMs = retentionMs(ledger.stateOf(TRUSTED_TIME), nowMs)
  const keepFromMs = privacy.mustKeepDays === 0 ? null : trustedMs - privacy.mustKeepDays * DAY_MS
  let done: ErasureDone | undefined
  await ledger.vault.erase(subject, {
    keepFromMs,
    record: async ({ erasedRows, deferredRows, deferredMonths }) => {
      const lastMonth = deferredMonths.at(-1)
      const record: ErasureRecord = {
        kind: 'erasure',
        subject,
        cause: 'request',
        rows: erasedRows,
        deferredRows,
        deferredUntil:
          lastMonth === undefined
            ? null
            : new Date(endOfMonthMs(lastMonth) + privacy.mustKeepDays * DAY_MS).toISOString(),
        by: isOwn || by === null || possibleName(by) === possibleName(asked) ? null : by,
      }
      done = { record, receipt: await ledger.append(record) }
    },
  })
  return done as unknown as ErasureDone
}

/** Records name people by what their names come to, so they are found by that too. */
async function subjectNamed(ledger: Ledger, name: string): Promise<string | undefined> {
  const possible = possibleName(name)
  if (possible === undefined)
    throw new AgentError('USAGE', 'a name is empty; give one with at least one letter or digit')
  return await ledger.vault.findSubject(possible)
}

/** Their appeals and what they are about would be gone before they are answered. */
async function requireNoAppeal(ledger: Ledger, subject: string): Promise<void> {
  const decisions = new Set<number>()
  const open = new Set<number>()
  const kinds = ['decision', 'appeal-filed', 'appeal-decided'] as const
  for await (const { index, record } of readLog(ledger.logDir, { kinds })) {
    if (record.kind === 'decision' && record.sealed?.subject === subject) decisions.add(index)
    const isAppeal = record.kind === 'appeal-filed'
    if (isAppeal && (record.sealed?.subject === subject || decisions.has(record.decision))) open.add(index)
    if (record.kind === 'appeal-decided') open.delete(record.appeal)
  }
  const [first] = open
  if (first === undefined) return
  const what = `the appeal of record ${first} waits for its answer, and would be erased before it has one`
  throw new AgentError('USAGE', `${what}; answer it with \`portcullis audit answer-appeal\`, or add --force`)
}

/** How far the clock is ahead of what is believed of it, in milliseconds: so long nothing more is erased by age. */
export function doubtedMs(ledger: Ledger, nowMs: number): number {
  return nowMs - retentionMs(ledger.stateOf(TRUSTED_TIME), nowMs)
}

/** Erases what is older than the site keeps, a record a subject; never what a duty keeps. */
export async function eraseByAge(
  ledger: Ledger,
  privacy: PrivacyConfig,
  nowMs: number,
): Promise<readonly ErasureDone[]> {
  if (privacy.keepDays === null) return []
  const done: ErasureDone[] = []
  const keptMs = Math.max(privacy.keepDays, privacy.mustKeepDays) * DAY_MS
  const beforeMs = retentionMs(ledger.stateOf(TRUSTED_TIME), nowMs) - keptMs
  await ledger.vault.eraseOlderThan(beforeMs, async ({ subject, rows }) => {
    const record: ErasureRecord = {
      kind: 'erasure',
      subject,
      cause: 'retention',
      rows,
      deferredRows: 0,
      deferredUntil: null,
      by: null,
    }
    done.push({ record, receipt: await ledger.append(record) })
  })
  return done
}

/** An erasure in one sentence. */
export function erasureWords({ subject, rows, deferredRows, deferredUntil }: ErasureRecord): string {
  const until =
    deferredUntil &&
    `must be kept until ${deferredUntil.slice(0, 10)}, then the gate erases them, or ask again`
  if (until !== null && rows === 0)
    return `nothing of ${subject} is erased yet: ${entries(deferredRows)} ${until}`
  const rest = until === null ? '' : `; ${deferredRows} more ${until}`
  return `erased ${entries(rows)} of ${subject}${rest}. Copies elsewhere - exports, backups, old flash cells - are out of reach`
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`
}

/** `month` as `YYYY-MM`. */
function endOfMonthMs(month: string): number {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return Date.UTC(year, number, 1)
}
