import { createHash } from 'node:crypto'
import { logSize, readLog } from './audit/index.ts'
import type { AuditRecord, StoredRecord } from './log-format/index.ts'
import { answerAppeal, fileAppeal } from './receipt/index.ts'
import { checkSample, reviewDecision } from './review/index.ts'

/**
 * What people add to a log refers to what is in it, and is not said twice: a record that does not is in the log for ever,
 * and a log that holds one does not verify. Whoever appends looks here first, in turn with whoever else does.
 */

type RecordOf<K extends AuditRecord['kind']> = Extract<AuditRecord, { readonly kind: K }>

/** Why a record of a person may not be added to the log in this folder, or null. Throws as `readLog` does. */
export async function checkPeopleRecord(logDir: string, record: AuditRecord): Promise<string | null> {
  switch (record.kind) {
    case 'appeal-filed':
      // How long a decision can be disputed is for whoever files it to have looked at: late is no contradiction.
      return refusalOf(await fileAppeal(readLog(logDir), { ...record, nowMs: 0, appealDays: null }))
    case 'appeal-decided':
      return refusalOf(await answerAppeal(readLog(logDir), record))
    case 'reviewed':
      return refusalOf(await reviewDecision(readLog(logDir), record))
    case 'sampled':
      return await checkDrawn(logDir, record)
    case 'case-approved':
      return await checkApproval(logDir, record)
    case 'report-filed':
      return await checkReport(logDir, record)
    case 'incident-exported':
      return await checkExport(logDir, record)
    default:
      return `a \`${record.kind}\` record is the agent's to make`
  }
}

function refusalOf(made: object): string | null {
  return 'message' in made && typeof made.message === 'string' ? made.message : null
}

/** It must be what its seed draws from the records that there are. */
async function checkDrawn(logDir: string, record: RecordOf<'sampled'>): Promise<string | null> {
  if (record.drawn.length === 0) return 'a sample has at least 1 decision'
  const sample = { ...record, seq: await logSize(logDir), at: '' }
  return (await checkSample(readLog(logDir), sample))?.problem ?? null
}

/** Only a refusal can be told, and once is enough. */
async function checkApproval(
  logDir: string,
  { decision }: RecordOf<'case-approved'>,
): Promise<string | null> {
  let isRefusal = false
  for await (const { index, record } of readLog(logDir)) {
    if (index === decision && record.kind === 'decision')
      isRefusal = record.outcome === 'deny' || record.outcome === 'hold'
    if (record.kind === 'case-approved' && record.decision === decision)
      return `decision ${decision} was approved already, by record ${index}`
  }
  return isRefusal ? null : `record ${decision} is no decision that denied or held a job`
}

/** It must be about copies that are on record, and of the text that it names. */
async function checkReport(
  logDir: string,
  { licence, through, sha256, text }: RecordOf<'report-filed'>,
): Promise<string | null> {
  if (sha256 !== createHash('sha256').update(text).digest('hex')) return 'its digest is not that of its text'
  if (through >= (await logSize(logDir))) return `there is no record ${through} yet`
  for await (const { record } of readLog(logDir, { kinds: ['copy'] })) {
    const isNamed = record.kind === 'copy' && record.terms?.counters.some((one) => one.licence === licence)
    if (isNamed) return null
  }
  return `no copy of licence \`${licence}\` is on record`
}

/** What leaves by a sink, the desk that sent it says; a person says what they took along. */
async function checkExport(
  logDir: string,
  { incident, to, isSent }: RecordOf<'incident-exported'>,
): Promise<string | null> {
  if (to !== 'person' || !isSent) return `what went to a ${to}, or did not, is the agent's to record`
  if (await isOfKind(logDir, incident, 'incident')) return null
  return `record ${incident} is no incident`
}

async function isOfKind(logDir: string, wanted: number, kind: StoredRecord['kind']): Promise<boolean> {
  for await (const { index, record } of readLog(logDir, { from: wanted }))
    return index === wanted && record.kind === kind
  return false
}
