import type { Receipt } from './audit/index.ts'
import type { PrivacyConfig } from './config/index.ts'
import { AgentError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import type { AuditRecord } from './log-format/index.ts'

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
}

/**
 * Erases all that is hidden of a subject's records, but what a duty keeps, and records that. After any failure it can be
 * asked for again, and is then finished. Throws USAGE where nothing is known of the subject.
 */
export async function eraseSubject(
  ledger: Ledger,
  privacy: PrivacyConfig,
  { subject: asked, by, nowMs }: ErasureOrder,
): Promise<ErasureDone> {
  const subject = SUBJECT.test(asked) ? asked : await ledger.vault.findSubject(asked)
  if (subject === undefined)
    throw new AgentError('USAGE', `nothing is known of \`${asked}\`; it may be erased already`)
  const keepFromMs = privacy.mustKeepDays === 0 ? null : nowMs - privacy.mustKeepDays * DAY_MS
  const erasure = await ledger.vault.erase(subject, { keepFromMs })
  const lastMonth = erasure.deferredMonths.at(-1)
  const record: ErasureRecord = {
    kind: 'erasure',
    subject,
    cause: 'request',
    rows: erasure.erasedRows,
    deferredRows: erasure.deferredRows,
    deferredUntil:
      lastMonth === undefined
        ? null
        : new Date(endOfMonthMs(lastMonth) + privacy.mustKeepDays * DAY_MS).toISOString(),
    by,
  }
  return { record, receipt: await ledger.append(record) }
}

/** Erases what is older than the site keeps, a record a subject. */
export async function eraseByAge(
  ledger: Ledger,
  privacy: PrivacyConfig,
  nowMs: number,
): Promise<readonly ErasureDone[]> {
  if (privacy.keepDays === null) return []
  const done: ErasureDone[] = []
  for (const { subject, rows } of await ledger.vault.eraseOlderThan(nowMs - privacy.keepDays * DAY_MS)) {
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
  }
  return done
}

/** An erasure in one sentence. */
export function erasureWords({ subject, rows, deferredRows, deferredUntil }: ErasureRecord): string {
  const rest =
    deferredUntil === null
      ? ''
      : `; ${deferredRows} more must be kept until ${deferredUntil.slice(0, 10)}, then the gate erases them, or ask again`
  const erased = rows === 1 ? '1 entry' : `${rows} entries`
  return `erased ${erased} of ${subject}${rest}. Copies elsewhere - exports, backups, old flash cells - are out of reach`
}

/** `month` as `YYYY-MM`. */
function endOfMonthMs(month: string): number {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return Date.UTC(year, number, 1)
}
