import type { AuditRecord } from './log-format/index.ts'
import { loadScreening } from './screening/index.ts'
import type { StateFolder } from './state-folder.ts'
import { peekStatusList, readStatusList, type StatusList } from './status/index.ts'
import { statusListsIn } from './status-folder.ts'
import { formatTime, reasonOf } from './token/index.ts'
import { loadTrust, revocationOf } from './trust/index.ts'
import {
  LEAP_MAX_MS,
  seenLists,
  seenScreening,
  type TrustedTime,
  timeStanding,
  unseenLists,
} from './trusted-time.ts'

/** Status lists that a person brings to the machine: verified before one is kept, and before the log knows its time. */

type ListSeen = Extract<AuditRecord, { readonly kind: 'list-seen' }>

/** A list that may be used here, or why it may not. Throws LICENCE_UNREADABLE where the trust folder cannot be read. */
export async function verifyList(
  state: Pick<StateFolder, 'trustDir'>,
  compact: string,
  trusted: TrustedTime,
  clockMs: number,
): Promise<StatusList | { readonly problem: string }> {
  const standing = timeStanding(trusted, clockMs)
  const peek = peekStatusList(compact)
  // Where the clock was never set, the list itself is what tells the time, if its signature holds.
  const nowMs = standing.doubt === 'unset' ? Math.max(standing.nowMs, peek?.issuedAtMs ?? 0) : standing.nowMs
  const trust = await loadTrust(state.trustDir, nowMs)
  const read = await readStatusList(compact, trust.anchorsPem, nowMs)
  if (!read.ok) return { problem: reasonOf(read) }
  const { list } = read
  const revoked = revocationOf(trust, list.issuer)
  if (revoked !== undefined) return { problem: `${revoked.label} was revoked here` }
  if (list.issuedAtMs > nowMs + LEAP_MAX_MS) {
    const when = `it was issued on ${formatTime(list.issuedAtMs)}, far later than it is now`
    return { problem: `${when}; set this machine's clock, or ask its issuer for another` }
  }
  const lists = seenLists(trusted, standing)
  const seen = Object.hasOwn(lists, list.uri) ? lists[list.uri] : undefined
  if (seen !== undefined && (seen.issuedAtMs > list.issuedAtMs || isOther(seen, list))) {
    const problem = `it is older than the one of ${formatTime(seen.issuedAtMs)} that was used here`
    return { problem: isOther(seen, list) ? 'another of the same time was used here' : problem }
  }
  return list
}

function isOther(seen: { readonly issuedAtMs: number; readonly sha256: string }, list: StatusList): boolean {
  return seen.issuedAtMs === list.issuedAtMs && seen.sha256 !== list.sha256
}

/** The record of a list, where the log does not know it yet. */
export function recordOfList(list: StatusList, trusted: TrustedTime, clockMs: number): ListSeen | undefined {
  const [record] = unseenLists([list], seenLists(trusted, timeStanding(trusted, clockMs)))
  return record
}

/** Why a record of a list that somebody asks for may not be added, or null: the list must be kept here, and be good. */
export async function checkListSeen(
  state: Pick<StateFolder, 'trustDir'>,
  record: ListSeen,
  trusted: TrustedTime,
  clockMs: number,
): Promise<string | null> {
  if (record.type === 'screening-list') return await checkScreeningSeen(state, record, trusted, clockMs)
  let problem = NOT_KEPT
  for (const compact of await statusListsIn(state.trustDir)) {
    if (peekStatusList(compact)?.uri !== record.uri) continue
    const list = await verifyList(state, compact, trusted, clockMs)
    const made = 'problem' in list ? undefined : recordOfList(list, trusted, clockMs)
    if (made !== undefined && isAbout(made, record)) return null
    // Another file may bear the name of a list as well.
    if ('problem' in list) problem = list.problem
    else problem = made === undefined ? 'the log knows this list already' : NOT_ABOUT
  }
  return problem
}

const NOT_ABOUT = 'it is not about the list that is kept here'
const NOT_KEPT = 'no list of this name is kept here'

function isAbout(made: ListSeen, { type, issuedAt, sha256 }: ListSeen): boolean {
  return made.type === type && made.issuedAt === issuedAt && made.sha256 === sha256
}

/** The records of screening lists that are here and that the log does not know yet. */
export async function recordsOfScreening(
  { trustDir }: Pick<StateFolder, 'trustDir'>,
  trusted: TrustedTime,
  clockMs: number,
): Promise<readonly ListSeen[]> {
  const standing = timeStanding(trusted, clockMs)
  const seen = seenScreening(trusted, standing)
  const trust = await loadTrust(trustDir, standing.nowMs)
  const { lists } = await loadScreening(trustDir, trust, standing.nowMs, seen)
  return unseenLists(lists, seen, 'screening-list')
}

async function checkScreeningSeen(
  state: Pick<StateFolder, 'trustDir'>,
  record: ListSeen,
  trusted: TrustedTime,
  clockMs: number,
): Promise<string | null> {
  const made = (await recordsOfScreening(state, trusted, clockMs)).find(({ uri }) => uri === record.uri)
  if (made === undefined) return `${NOT_KEPT}, or the log knows it already`
  return isAbout(made, record) ? null : NOT_ABOUT
}
