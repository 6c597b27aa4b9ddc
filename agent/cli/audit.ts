import { setTimeout as sleep } from 'node:timers/promises'
import { type LogEntry, logSize, readEntry } from '../audit/index.ts'
import { EXIT } from '../errors.ts'
import { type LedgerPlace, readLedger } from '../ledger.ts'
import type { RecordKind, StoredRecord } from '../log-format/index.ts'
import { RECORD_KINDS } from '../log-format/index.ts'
import { type Verification, verifyLog } from '../verify/index.ts'
import { recordIndex } from './audit-appeal.ts'
import { findLog, type PlaceOptions } from './audit-place.ts'
import { readFileOf, readPolicyFile } from './audit-receipt.ts'
import { badUsage } from './end.ts'
import { interruptSignal } from './interrupt.ts'
import { dim, green, LineWriter, red, say, sayJson, yellow } from './output.ts'
import { checkerProgram } from './programs.ts'
import { startProgress } from './progress.ts'
import { recordWords } from './record-words.ts'

export interface ShowOptions extends PlaceOptions {
  readonly json?: true
  /** The first record to show. */
  readonly from?: string
  readonly kind?: readonly string[]
  readonly job?: string
  /** A date or a moment, in ISO 8601. */
  readonly since?: string
}

/** How long a log is left alone before it is looked at again. */
const FOLLOW_MS = 250
const NOTE_BYTES_MAX = 256 * 1024
const TAIL_RECORDS = 10

/** `portcullis audit show`: the records of a log, one a line. */
export async function show(dir: string | undefined, options: ShowOptions): Promise<void> {
  const place = await findLog(dir, options)
  const isWanted = filterOf(options)
  const writer = new LineWriter()
  try {
    const from = options.from === undefined ? 0 : recordIndex(options.from)
    for await (const entry of readLedger(place, from)) {
      if (isWanted(entry.record)) await writeEntry(writer, entry, options)
    }
  } finally {
    // Where the log is damaged, what stands before the damage is still worth reading.
    await writer.flush()
  }
}

export interface TailOptions extends ShowOptions {
  readonly follow?: true
}

/** `portcullis audit tail`: the last records, and with `-f` each that comes, until it is interrupted. */
export async function tail(dir: string | undefined, options: TailOptions): Promise<void> {
  const place = await findLog(dir, options)
  const isWanted = filterOf(options)
  const size = await logSize(place.logDir)
  let next = options.from === undefined ? Math.max(0, size - TAIL_RECORDS) : recordIndex(options.from)
  const interrupt = options.follow ? interruptSignal('') : undefined
  try {
    do {
      next = await showFrom(place, next, isWanted, options)
      await sleep(FOLLOW_MS, undefined, { signal: interrupt?.signal ?? AbortSignal.timeout(0) }).catch(
        () => {},
      )
    } while (interrupt?.signal.aborted === false)
  } finally {
    interrupt?.release()
  }
}

async function showFrom(
  place: LedgerPlace,
  from: number,
  isWanted: (record: StoredRecord) => boolean,
  options: ShowOptions,
): Promise<number> {
  const writer = new LineWriter()
  let next = from
  for await (const entry of readLedger(place, from)) {
    if (isWanted(entry.record)) await writeEntry(writer, entry, options)
    next = entry.index + 1
  }
  await writer.flush()
  return next
}

async function writeEntry(writer: LineWriter, entry: LogEntry, options: ShowOptions): Promise<void> {
  if (options.json) await writer.writeJson(entry)
  else await writer.write(describeEntry(entry))
}

function filterOf(options: ShowOptions): (record: StoredRecord) => boolean {
  const { job } = options
  const kinds = new Set(options.kind ?? [])
  for (const kind of kinds) {
    if (!RECORD_KINDS.includes(kind as RecordKind))
      throw badUsage(`\`${kind}\` is no kind of record; the kinds are ${RECORD_KINDS.join(', ')}`)
  }
  const sinceMs = options.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(options.since)
  if (Number.isNaN(sinceMs))
    throw badUsage(`\`--since ${options.since}\` is no time; write 2026-11-22 or 2026-11-22T20:00:00Z`)
  return (record) =>
    (kinds.size === 0 || kinds.has(record.kind)) &&
    (job === undefined || isOfJob(record, job)) &&
    Date.parse(record.at) >= sinceMs
}

/** By the beginning of the job's id, as it is shown. */
function isOfJob(record: StoredRecord, job: string): boolean {
  if (record.kind === 'decision') return record.id.startsWith(job)
  return 'job' in record && record.job !== null && record.job.startsWith(job)
}

export interface VerifyLogOptions extends PlaceOptions {
  readonly json?: true
  /** Checkpoints of this log that were kept elsewhere. */
  readonly against?: readonly string[]
  /** A tlog-policy file: which key the log must have, and who must have cosigned. */
  readonly policy?: string
  /** The folder is a copy of what is published, without the journal. */
  readonly copy?: true
}

/** `portcullis audit verify`: whether the log is whole and unaltered. Exit status 6 where it is not. */
export async function verify(dir: string | undefined, options: VerifyLogOptions): Promise<void> {
  const { logDir } = await findLog(dir, options)
  const earlier = await Promise.all(
    (options.against ?? []).map(async (name) => ({
      name,
      note: await readFileOf(name, NOTE_BYTES_MAX, 'checkpoint'),
    })),
  )
  const policy = options.policy === undefined ? undefined : await readPolicyFile(options.policy)
  const program = checkerProgram()
  const size = options.json ? 0 : await logSize(logDir).catch(() => 0)
  const bar = options.json ? undefined : startProgress('verifying', size)
  const verification = await verifyLog(logDir, {
    earlier,
    ...(policy !== undefined && { policy }),
    ...(options.copy && { isCopy: true }),
    program,
    onProgress: (records) => bar?.update(records),
  }).finally(() => bar?.stop())
  if (!verification.ok) process.exitCode = EXIT.evidenceFailed
  if (options.json) sayJson(verification)
  else say(...verificationLines(verification))
}

function verificationLines(verification: Verification): readonly string[] {
  const { ok, records, root, checkpoint, witnessed, findings, omitted } = verification
  return [
    `${ok ? green('whole') : red('damaged')}  ${records} records${root === null ? '' : `, root ${root}`}`,
    ...findings.map(
      ({ severity, code, message }) =>
        `  ${severity === 'damage' ? red('✗') : yellow('!')} ${message} ${dim(`(${code})`)}`,
    ),
    ...(omitted > 0 ? [`  and ${omitted} more`] : []),
    ...(checkpoint === null ? [] : [dim(`  checkpoint over ${checkpoint.size} records, signed by the log`)]),
    dim(
      witnessed === null
        ? '  no witness has cosigned it: only a later checkpoint kept elsewhere shows that records are missing at its end'
        : `  witnessed up to record ${witnessed.size - 1} by ${witnessed.cosigners.map(({ name }) => name).join(', ')}`,
    ),
  ]
}

/** `portcullis audit record`: the bytes of one record as they stand in the log, for other tools. */
export async function record(index: string, dir: string | undefined, options: PlaceOptions): Promise<void> {
  const { logDir } = await findLog(dir, options)
  process.stdout.write(await readEntry(logDir, recordIndex(index)))
}

/** One record, with its place and time. */
export function describeEntry({ index, record: told }: LogEntry): string {
  return `${String(index).padStart(5)}  ${dim(told.at)}  ${recordWords(told)}`
}
