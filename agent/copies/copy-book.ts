import { z } from 'zod'
import type { AuditRecord, StoredRecord } from '../log-format/index.ts'
import { type OpenCopy, reservedCopy } from './open-copy.ts'
import { entriesOf, inTally, type Tally, tallyOf, tallyWith } from './tally.ts'

/**
 * How often each licence was used on this machine: a replay of the log's `copy` records, and of what it says of their jobs.
 * Copies that are made, given back or lost are numbers; only those under way are kept one by one.
 */

export type CopyState = 'reserved' | 'printing' | 'printed' | 'returned' | 'uncertain'
type LogRecord = AuditRecord | StoredRecord
type CopyRecord = Extract<LogRecord, { readonly kind: 'copy' }>

/** Copies that are over and still known by name: a second word about one of them changes nothing. */
const FINISHED_MAX = 64
const DAY_MS = 24 * 60 * 60_000

export interface LicenceCount extends Readonly<Record<CopyState, number>> {
  /** The latest day, in days since 1970 (UTC), on which one was reserved, and how many of that day were not returned. */
  readonly day: number
  readonly today: number
  /** Of all copies that count, in mm. */
  readonly filamentMm: number
  /** The record that reserved the first, and the SHA-256 of the licence's compact token then; null where nothing says it. */
  readonly firstRecord: number
  readonly firstSha256: string | null
  /** Copies that no report covers: when the oldest of them ended, in ms since 1970, and the record of the latest. */
  readonly unreported: { readonly sinceMs: number; readonly lastRecord: number } | null
}

/** How far a licence was used on this machine, as the licence room wants it. */
export interface CopyUse {
  readonly used: number
  readonly usedToday: number
  readonly filamentMm: number
  readonly firstRecord: number
  readonly firstSha256: string | null
  readonly unreportedSinceMs: number | null
}

/** Plain data. */
export interface CopyBook {
  /** By licence key: `issuer#id`. */
  readonly licences: Tally<LicenceCount>
  /** By the copy's id, which is that of its job's decision. */
  readonly open: Readonly<Record<string, OpenCopy>>
  /** Ids of the copies that were finished last. */
  readonly finished: readonly string[]
  /** The latest decision that rests on a licence: the copy that it takes is reserved right behind it. */
  readonly decided: { readonly job: string; readonly sha256: string } | null
}

export const EMPTY_BOOK: CopyBook = { licences: tallyOf([]), open: {}, finished: [], decided: null }

const own = <T>(of: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(of, key) ? of[key] : undefined

/** The keys of all licences of which a copy was ever reserved. */
export function licencesIn(book: CopyBook): readonly string[] {
  return entriesOf(book.licences).map(([key]) => key)
}

export function licenceIn(book: CopyBook, key: string): LicenceCount | undefined {
  return inTally(book.licences, key)
}

/** The copy of a job, while it is under way. */
export function openCopyOf(book: CopyBook, job: string): OpenCopy | undefined {
  return own(book.open, job)
}

/** Whether a copy of this job was finished of late. */
export function wasFinished(book: CopyBook, job: string): boolean {
  return book.finished.includes(job)
}

/** Days since 1970, in UTC. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}

/** The book after one more record. Every record of the log is taken once, in order. */
export function bookAfter(book: CopyBook, record: LogRecord, index: number): CopyBook {
  switch (record.kind) {
    case 'decision': {
      const sha256 = record.licence?.sha256
      return sha256 === undefined ? book : { ...book, decided: { job: record.id, sha256 } }
    }
    case 'copy':
      return afterCopy(book, record, index)
    case 'job-opened':
      return withJob(book, record.job, { isOpened: true })
    case 'job-closed': {
      const { outcome, code, commandsSent } = record
      return withJob(book, record.job, { closed: { outcome, code, commandsSent } })
    }
    case 'job-disarmed':
      return withJob(book, record.job, { isDisarmed: true })
    case 'report-filed':
      return afterReport(book, record.licence, record.through)
    default:
      return book
  }
}

function afterCopy(book: CopyBook, record: CopyRecord, index: number): CopyBook {
  const atMs = timeOf(record)
  const open = own(book.open, record.copy)
  if (record.state === 'reserved') {
    // A second word about the same copy, or one about a copy that is over.
    if (open !== undefined || wasFinished(book, record.copy)) return book
    return reserve(book, reservedCopy({ ...record, seq: index, at: '' }, dayOf(atMs)), index)
  }
  if (open === undefined) return record.refund === null ? book : giveBack(book, record.refund)
  if (record.state === 'printing') {
    const next = withCounts(book, open.under, (count) => moved(count, open.state, 'printing'))
    return withJob(next, open.copy, { state: 'printing' })
  }
  return finish(book, open, record.state, { atMs, index })
}

function reserve(book: CopyBook, copy: OpenCopy, index: number): CopyBook {
  let { licences } = book
  for (const [at, key] of copy.under.entries()) {
    const count = inTally(licences, key) ?? newCount(copy.day, index, tokenOf(book, copy, at))
    const isNewDay = copy.day > count.day
    licences = tallyWith(licences, key, {
      ...count,
      reserved: count.reserved + 1,
      filamentMm: count.filamentMm + copy.filamentMm,
      day: isNewDay ? copy.day : count.day,
      today: isNewDay ? 1 : count.today + 1,
    })
  }
  return { ...book, licences, open: { ...book.open, [copy.copy]: copy } }
}

/** What the key of a sub-licence ends with: the SHA-256 of its parent's token. */
const PARENT_SHA256 = /@([0-9a-f]{64})$/

/** SHA-256 of the token of a copy's licence, 0, or of one of its parents: the decision has the one, its child's key the other. */
function tokenOf({ decided }: CopyBook, { copy, under }: OpenCopy, at: number): string | null {
  if (at > 0) return PARENT_SHA256.exec(under[at - 1] ?? '')?.[1] ?? null
  return decided?.job === copy ? decided.sha256 : null
}

function finish(
  book: CopyBook,
  copy: OpenCopy,
  state: 'printed' | 'returned' | 'uncertain',
  { atMs, index }: { readonly atMs: number; readonly index: number },
): CopyBook {
  const next = withCounts(book, copy.under, (count) => {
    const after = moved(count, copy.state, state)
    if (state !== 'returned') return { ...after, unreported: unreportedAfter(count, atMs, index) }
    const isOfDay = copy.day >= count.day
    return {
      ...after,
      filamentMm: Math.max(0, count.filamentMm - copy.filamentMm),
      today: isOfDay ? Math.max(0, count.today - 1) : count.today,
    }
  })
  const { [copy.copy]: _finished, ...open } = book.open
  return { ...next, open, finished: [...book.finished, copy.copy].slice(-FINISHED_MAX) }
}

function unreportedAfter(
  { unreported }: LicenceCount,
  atMs: number,
  index: number,
): LicenceCount['unreported'] {
  return { sinceMs: Math.min(unreported?.sinceMs ?? atMs, atMs), lastRecord: index }
}

/** An issuer gave a finished copy back. The day on which it was made stays as it is: what is given back is not made again today. */
function giveBack(book: CopyBook, refund: NonNullable<CopyRecord['refund']>): CopyBook {
  return withCounts(book, refund.under, (count) => ({
    ...moved(count, refund.of, 'returned'),
    filamentMm: Math.max(0, count.filamentMm - refund.filamentMm),
  }))
}

/** A report covers all copies that ended up to its record, or, where a later one is there, none. */
function afterReport(book: CopyBook, licence: string, through: number): CopyBook {
  return withCounts(book, [licence], (count) =>
    count.unreported !== null && count.unreported.lastRecord <= through
      ? { ...count, unreported: null }
      : count,
  )
}

function newCount(day: number, firstRecord: number, firstSha256: string | null): LicenceCount {
  const none = { reserved: 0, printing: 0, printed: 0, returned: 0, uncertain: 0 }
  return { ...none, day, today: 0, filamentMm: 0, firstRecord, firstSha256, unreported: null }
}

/** One copy less in one state and more in another. Where there was none to go, it is not made up. */
function moved(count: LicenceCount, from: CopyState, to: CopyState): LicenceCount {
  if (from === to || count[from] === 0) return count
  return { ...count, [from]: count[from] - 1, [to]: count[to] + 1 }
}

function withCounts(
  book: CopyBook,
  keys: readonly string[],
  change: (count: LicenceCount) => LicenceCount,
): CopyBook {
  let { licences } = book
  for (const key of keys) {
    const count = inTally(licences, key)
    if (count !== undefined) licences = tallyWith(licences, key, change(count))
  }
  return { ...book, licences }
}

function withJob(book: CopyBook, job: string, change: Partial<OpenCopy>): CopyBook {
  const copy = own(book.open, job)
  return copy === undefined ? book : { ...book, open: { ...book.open, [job]: { ...copy, ...change } } }
}

function timeOf(record: LogRecord): number {
  const atMs = 'at' in record ? Date.parse(record.at) : Number.NaN
  return Number.isNaN(atMs) ? 0 : atMs
}

const count = z.int().min(0)
const amount = z.number().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const stateName = z.enum(['reserved', 'printing'])
const copySchema = z.strictObject({
  licence: z.string(),
  copy: z.string(),
  state: stateName,
  day: z.int(),
  under: z.array(z.string()).min(1),
  commitAt: count,
  onAbort: z.enum(['return', 'spend']),
  filamentMm: amount,
  isOpened: z.boolean(),
  isDisarmed: z.boolean(),
  closed: z
    .strictObject({
      outcome: z.enum(['printed', 'ended', 'stopped', 'failed', 'uncertain']),
      code: z.string().nullable(),
      commandsSent: count,
    })
    .nullable(),
})
/**
 * A licence in a snapshot, as a list, for many must fit into one record: key; copies reserved, printing, printed, returned,
 * uncertain; day, copies of that day; filament; first record, and digest of the token then in base64url; since when and up to which
 * record nothing was reported.
 */
const rowSchema = z.tuple([
  z.string(),
  z.tuple([count, count, count, count, count]),
  z.tuple([z.int(), count]),
  amount,
  z.tuple([
    count,
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/)
      .nullable(),
  ]),
  z.tuple([z.number(), count]).nullable(),
])
const bookSchema = z.strictObject({
  licences: z.array(rowSchema),
  open: z.array(copySchema),
  finished: z.array(z.string()).max(FINISHED_MAX),
  decided: z.strictObject({ job: z.string(), sha256 }).nullable(),
})

/** The book as it stands in a snapshot. */
export function writeBook({ licences, open, finished, decided }: CopyBook): z.input<typeof bookSchema> {
  const rows = entriesOf(licences).map(([key, one]): z.input<typeof rowSchema> => {
    const { reserved, printing, printed, returned, uncertain, unreported } = one
    return [
      key,
      [reserved, printing, printed, returned, uncertain],
      [one.day, one.today],
      one.filamentMm,
      [one.firstRecord, one.firstSha256 && Buffer.from(one.firstSha256, 'hex').toString('base64url')],
      unreported && [unreported.sinceMs, unreported.lastRecord],
    ]
  })
  return {
    licences: rows,
    open: Object.values(open) as z.input<typeof copySchema>[],
    finished: [...finished],
    decided,
  }
}

/** A book that was written so, or undefined where it is none. */
export function readBook(value: unknown): CopyBook | undefined {
  const parsed = bookSchema.safeParse(value)
  if (!parsed.success) return undefined
  const { licences, open, finished, decided } = parsed.data
  return {
    licences: tallyOf(licences.map((row) => [row[0], countOf(row)])),
    open: Object.fromEntries(open.map((copy) => [copy.copy, copy])),
    finished,
    decided,
  }
}

function countOf([, states, [day, today], filamentMm, [firstRecord, token], unreported]: z.output<
  typeof rowSchema
>): LicenceCount {
  const [reserved, printing, printed, returned, uncertain] = states
  return {
    ...{ reserved, printing, printed, returned, uncertain },
    day,
    today,
    filamentMm,
    firstRecord,
    firstSha256: token && Buffer.from(token, 'base64url').toString('hex'),
    unreported: unreported && { sinceMs: unreported[0], lastRecord: unreported[1] },
  }
}
