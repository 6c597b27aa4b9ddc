import { setTimeout as sleep } from 'node:timers/promises'
import { type LogEntry, logSize, readEntry, readLog } from '../audit/index.ts'
import { type LedgerPlace, readLedger } from '../ledger.ts'
import type { RecordKind, StoredRecord } from '../log-format/index.ts'
import { RECORD_KINDS } from '../log-format/index.ts'
import { recordIndex } from './audit-appeal.ts'
import { findLog, type PlaceOptions } from './audit-place.ts'
import { badUsage } from './end.ts'
import { interruptSignal } from './interrupt.ts'
import { dim, LineWriter } from './output.ts'
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
/** So many are the last records, and each look further back for them is over so many times more. */
const TAIL_RECORDS = 10
const LOOK_FURTHER = 16
/** A day, or a moment that means the same everywhere. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

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
  const from =
    options.from === undefined ? await firstOfLast(place.logDir, isWanted) : recordIndex(options.from)
  const next = await showFrom(place, from, isWanted, options)
  if (options.follow) await follow(place, next, isWanted, options)
}

/** Where the last ten begin of the records that are wanted. */
async function firstOfLast(logDir: string, isWanted: (record: StoredRecord) => boolean): Promise<number> {
  const size = await logSize(logDir)
  for (let last = TAIL_RECORDS; ; last *= LOOK_FURTHER) {
    const found: number[] = []
    for await (const { index, record } of readLog(logDir, { from: Math.max(0, size - last) })) {
      if (isWanted(record)) found.push(index)
      if (found.length > TAIL_RECORDS) found.shift()
    }
    if (found.length === TAIL_RECORDS || last >= size) return found[0] ?? size
  }
}

async function follow(
  place: LedgerPlace,
  from: number,
  isWanted: (record: StoredRecord) => boolean,
  options: ShowOptions,
): Promise<void> {
  const { signal, release } = interruptSignal('the look at the log was ended')
  try {
    let next = from
    while (!signal.aborted) {
      next = await showFrom(place, next, isWanted, options)
      await sleep(FOLLOW_MS, undefined, { signal }).catch(() => {})
    }
  } finally {
    release()
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
  const sinceMs = options.since === undefined ? Number.NEGATIVE_INFINITY : momentOf(options.since)
  return (record) =>
    (kinds.size === 0 || kinds.has(record.kind)) &&
    (job === undefined || isOfJob(record, job)) &&
    Date.parse(record.at) >= sinceMs
}

function momentOf(text: string): number {
  const moment = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(moment)) return moment
  throw badUsage(`\`--since ${text}\` is no time; write 2026-11-22 or 2026-11-22T20:00:00Z`)
}

/** By the beginning of the job's id, as it is shown. */
function isOfJob(record: StoredRecord, job: string): boolean {
  if (record.kind === 'decision') return record.id.startsWith(job)
  return 'job' in record && record.job !== null && record.job.startsWith(job)
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
