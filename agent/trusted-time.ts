import { z } from 'zod'
import type { JobPlace } from './job-screening.ts'
import type { SeenLists, TimeStanding, UsedLists } from './licence/index.ts'
import type { AuditRecord } from './log-format/index.ts'
import type { Fold, FoldedRecord } from './replay.ts'

/**
 * What time it is, as a fold of the log, for whoever acts on dates: licences expire, months are shredded. A machine's own
 * clock may have no battery and wake up in 1970, may be set back to make a licence valid again, or far ahead to have
 * everything shredded; and a signature is only as good as its key. So three things are held against each other.
 *
 * - The *records*: the latest time that they bear. A jump of more than 40 days is believed only when a witness names such
 *   a time too, or when the records have gone on under it for as long as a jump may be: then it was no mistake.
 * - What *others signed*: witnesses, and the issuers of status and screening lists; of several witnesses the earliest. It
 *   counts as soon as it is no more than 40 days ahead of clock and records, or two witnesses have said it together. What
 *   one key alone says beyond that puts the clock in doubt and moves no date: a stolen one must not end every licence of
 *   a site. It counts later if the clock comes to it; a witness who has cosigned the log since then and says otherwise
 *   takes it back, and so takes back records that a clock ahead has stamped.
 * - The *clock*. What was believed once is the least that it can be, whatever it shows. One that was never set
 *   contradicts nobody: then everything that was signed counts.
 */

const DAY_MS = 86_400_000
/** So far a clock may be ahead of the records before it: a machine is off for so long without anybody wondering. */
export const LEAP_MAX_MS = 40 * DAY_MS
/** So far it may be behind: clocks drift, and a time server takes a moment. */
const BEHIND_MAX_MS = 5 * 60_000
/** A clock that is further behind was not set back but never set: it shows when its firmware was made. */
const UNSET_BEHIND_MS = 365 * DAY_MS
/** No clock that is right has ever shown less to this program. */
const BEGINNING_MS = Date.UTC(2025, 0)
/** Of the last moment that a record can name. */
const END_MS = Date.UTC(10_000, 0) - 1
/** Witnesses that outvote this machine's clock. */
const SURE_WITNESSES = 2
/** Lists that are remembered, those that were issued last of each host. With the longest names they still fit into a snapshot. */
const LISTS_MAX = 64
/** Of screening. A site holds eight. */
const SCREENING_LISTS_MAX = 16

type ListSeen = Extract<AuditRecord, { readonly kind: 'list-seen' }>

/** A time, and the record that told it. */
interface Told {
  readonly ms: number
  readonly index: number
}

/** Times in milliseconds since 1970; 0 where nobody said one. */
export interface TrustedTime {
  /** The latest time that is believed of the records. */
  readonly believed: Told
  /** A jump of theirs that is not believed yet: where it went, and how far the records have come since. */
  readonly leap: { readonly fromMs: number; readonly toMs: number } | null
  /** The latest time that others signed. */
  readonly signed: Told
  /** The latest that one of them signed and that is too far ahead of everything to count. */
  readonly ahead: Told
  /** The latest that witnesses signed, however far ahead. */
  readonly witnessMs: number
  /** The latest status list of each URI. */
  readonly lists: SeenLists
  /** The latest screening list of each publisher and name. */
  readonly screening: SeenLists
}

const NEVER: Told = { ms: 0, index: 0 }

export const TRUSTED_TIME: Fold<TrustedTime> = {
  name: 'trusted-time',
  empty: { believed: NEVER, leap: null, signed: NEVER, ahead: NEVER, witnessMs: 0, lists: {}, screening: {} },
  take: (time, record, index) => {
    const stampedMs = 'at' in record ? Date.parse(record.at) : Number.NaN
    // A clock that was not set says nothing. Nor does no clock.
    const atMs = stampedMs >= BEGINNING_MS ? stampedMs : 0
    const told = takeSigned(time, record, { ms: atMs, index })
    return atMs === 0 ? told : tick(told, { ms: atMs, index })
  },
  read: (value) => {
    const parsed = timeSchema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  },
}

const timeMs = z.int().min(0).max(END_MS)
const told = z.strictObject({ ms: timeMs, index: z.int().min(0) })
const listsSchema = z.record(z.string(), z.strictObject({ issuedAtMs: timeMs, sha256: z.string() }))
const timeSchema = z.strictObject({
  believed: told,
  leap: z.strictObject({ fromMs: timeMs, toMs: timeMs }).nullable(),
  signed: told,
  ahead: told,
  witnessMs: timeMs,
  lists: listsSchema,
  screening: listsSchema,
})

/** What a licence is checked with while the clock shows this. */
export function timeStanding(time: TrustedTime, clockMs: number): TimeStanding {
  const { believed, ahead } = time
  const isUnset = clockMs < BEGINNING_MS || clockMs < Math.max(believed.ms, time.signed.ms) - UNSET_BEHIND_MS
  const isAheadCounted = isUnset || !isFar(ahead.ms, time, clockMs)
  const signedMs = isAheadCounted ? Math.max(time.signed.ms, ahead.ms) : time.signed.ms
  const floorMs = Math.max(believed.ms, signedMs)
  const nowMs = Math.max(clockMs, floorMs, BEGINNING_MS)
  if (isUnset) return { nowMs, signedMs, doubt: 'unset' }
  if (!isAheadCounted || clockMs < floorMs - BEHIND_MAX_MS) return { nowMs, signedMs, doubt: 'set-back' }
  const isAhead = floorMs > 0 && clockMs > floorMs + LEAP_MAX_MS
  return { nowMs, signedMs, doubt: isAhead ? 'ahead' : 'none' }
}

/** The time to reckon ages with, in milliseconds since 1970: what the clock shows, as far as that is believed. */
export function retentionMs({ believed, witnessMs }: TrustedTime, nowMs: number): number {
  return Math.min(nowMs, Math.max(believed.ms, witnessMs) + LEAP_MAX_MS)
}

/** The time to seal under, in milliseconds since 1970: what is new is never the first to be shredded for its age. */
export function sealingMs({ believed }: TrustedTime, nowMs: number): number {
  return Math.min(Math.max(BEGINNING_MS, believed.ms, nowMs), END_MS)
}

/** The status lists none older than which is used. One that is far ahead keeps out none that is genuine. */
export function seenLists({ lists }: TrustedTime, standing: TimeStanding): SeenLists {
  return credible(lists, standing)
}

/** The same of screening lists. */
export function seenScreening({ screening }: TrustedTime, standing: TimeStanding): SeenLists {
  return credible(screening, standing)
}

function credible(lists: SeenLists, { nowMs, doubt }: TimeStanding): SeenLists {
  const kept = Object.entries(lists).filter(
    ([, { issuedAtMs }]) => doubt === 'unset' || issuedAtMs <= nowMs + LEAP_MAX_MS,
  )
  return Object.fromEntries(kept)
}

/** What is to be on record of the lists that a job was judged with, before anything else of it: its licence's, and the site's. */
export function listsToRecord(
  statusLists: UsedLists,
  { seenLists, screening, seenScreening }: Pick<JobPlace, 'seenLists' | 'screening' | 'seenScreening'>,
): readonly ListSeen[] {
  return [
    ...unseenLists(statusLists, seenLists),
    ...unseenLists(screening?.lists ?? [], seenScreening ?? {}, 'screening-list'),
  ]
}

/** Those of one kind that the log does not know yet, or only in an older version. */
export function unseenLists(
  lists: UsedLists,
  seen: SeenLists,
  type: ListSeen['type'] = 'status-list',
): readonly ListSeen[] {
  return lists
    .filter(({ uri, issuedAtMs }) => issuedAtMs > (seenOf(seen, uri)?.issuedAtMs ?? -1))
    .map(({ uri, issuedAtMs, sha256 }) => ({
      kind: 'list-seen',
      type,
      uri,
      issuedAt: Math.floor(issuedAtMs / 1000),
      sha256,
    }))
}

function tick(time: TrustedTime, at: Told): TrustedTime {
  const { believed, leap } = time
  const ticked = isFar(time.ahead.ms, time, at.ms)
    ? time
    : { ...time, signed: later(time.signed, time.ahead), ahead: NEVER }
  if (believed.ms === 0) return { ...ticked, believed: at, leap: null }
  if (at.ms <= believed.ms) return ticked
  // It is back where it was: the jump was none.
  if (at.ms <= believed.ms + LEAP_MAX_MS) return { ...ticked, believed: at, leap: null }
  const isNew = leap === null || at.ms < leap.fromMs || at.ms > leap.toMs + LEAP_MAX_MS
  if (isNew) return { ...ticked, leap: { fromMs: at.ms, toMs: at.ms } }
  const toMs = Math.max(leap.toMs, at.ms)
  if (toMs - leap.fromMs < LEAP_MAX_MS) return { ...ticked, leap: { fromMs: leap.fromMs, toMs } }
  return { ...ticked, believed: { ms: toMs, index: at.index }, leap: null }
}

function takeSigned(time: TrustedTime, record: FoldedRecord, at: Told): TrustedTime {
  switch (record.kind) {
    case 'witnessed':
      return record.cosigners.length === 0 ? time : takeWitnessed(time, record, at)
    case 'list-seen': {
      const ms = fromSeconds(record.issuedAt)
      return believe(takeList(time, record, at), { ms, index: at.index }, !isFar(ms, time, at.ms))
    }
    default:
      return time
  }
}

function takeWitnessed(
  time: TrustedTime,
  { cosigners, size }: FoldedRecord & { readonly kind: 'witnessed' },
  at: Told,
): TrustedTime {
  const times = cosigners.map((cosigner) => fromSeconds(cosigner.time))
  const corrected = takeBack(time, Math.max(...times), size)
  // One that is ahead of the others moves nothing.
  const earliest = { ms: Math.min(...times), index: at.index }
  const counts = cosigners.length >= SURE_WITNESSES || !isFar(earliest.ms, corrected, at.ms)
  const believed = believe(corrected, earliest, counts)
  const witnessMs = Math.max(time.witnessMs, earliest.ms)
  if (!counts || earliest.ms <= believed.believed.ms) return { ...believed, witnessMs }
  return { ...believed, witnessMs, believed: earliest, leap: null }
}

/** Witnesses have seen the first `size` records, at `latestMs` at the latest: what these said is no later than that. */
function takeBack(time: TrustedTime, latestMs: number, size: number): TrustedTime {
  const isRefuted = (told: Told, toleranceMs: number): boolean =>
    told.index < size && told.ms > latestMs + toleranceMs
  return {
    ...time,
    believed: isRefuted(time.believed, 0) ? { ...time.believed, ms: latestMs } : time.believed,
    signed: isRefuted(time.signed, LEAP_MAX_MS) ? { ...time.signed, ms: latestMs } : time.signed,
    ahead: isRefuted(time.ahead, LEAP_MAX_MS) ? NEVER : time.ahead,
  }
}

function believe(time: TrustedTime, told: Told, counts: boolean): TrustedTime {
  return counts ? { ...time, signed: later(time.signed, told) } : { ...time, ahead: later(time.ahead, told) }
}

function takeList(
  time: TrustedTime,
  { type, uri, issuedAt, sha256 }: FoldedRecord & { readonly kind: 'list-seen' },
  at: Told,
): TrustedTime {
  const [which, max] =
    type === 'screening-list'
      ? (['screening', SCREENING_LISTS_MAX] as const)
      : (['lists', LISTS_MAX] as const)
  const issuedAtMs = fromSeconds(issuedAt)
  const isAbsurd = (ms: number): boolean => at.ms > 0 && isFar(ms, time, at.ms)
  const before = seenOf(time[which], uri)
  const isNewer = before === undefined || issuedAtMs > before.issuedAtMs || isAbsurd(before.issuedAtMs)
  if (isAbsurd(issuedAtMs) || !isNewer) return time
  const kept = withRoom(
    Object.entries(time[which]).filter(([other]) => other !== uri),
    max,
  )
  return { ...time, [which]: Object.fromEntries([...kept, [uri, { issuedAtMs, sha256 }]]) }
}

/**
 * With room for one more. Of the host that has the most lists the one that was issued first goes: a list lies under its
 * issuer's URI, so an issuer with many drives out none but its own.
 */
function withRoom(lists: readonly SeenEntry[], max: number): readonly SeenEntry[] {
  if (lists.length < max) return lists
  const counts = new Map<string, number>()
  for (const [uri] of lists) counts.set(hostOf(uri), (counts.get(hostOf(uri)) ?? 0) + 1)
  const crowd = ([uri]: SeenEntry): number => counts.get(hostOf(uri)) ?? 0
  return [...lists]
    .sort((one, other) => crowd(one) - crowd(other) || other[1].issuedAtMs - one[1].issuedAtMs)
    .slice(0, max - 1)
}

type SeenEntry = readonly [uri: string, seen: SeenLists[string]]

const hostOf = (uri: string): string => uri.split('/', 3)[2] ?? uri

function seenOf(lists: SeenLists, uri: string): SeenLists[string] | undefined {
  return Object.hasOwn(lists, uri) ? lists[uri] : undefined
}

/** Whether it is too far ahead of both the records and the clock to be true because one key says so. */
function isFar(ms: number, { believed }: TrustedTime, clockMs: number): boolean {
  return ms > Math.max(clockMs, believed.ms) + LEAP_MAX_MS
}

const later = (a: Told, b: Told): Told => (b.ms > a.ms ? b : a)

/** A signer may have said any time at all. */
const fromSeconds = (seconds: number): number => Math.min(seconds * 1000, END_MS)
