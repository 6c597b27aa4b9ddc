/**
 * Whether its issuer has withdrawn it. Offline: the newest genuine list that is here decides, the licence says how old it
 * may be and what an older one comes to.
 */
import { peekStatusList, readStatusList, type StatusList } from '../../status/index.ts'
import { deny, hold, type Objection, type Refused, reasonOf, refuse, warn } from '../../token/index.ts'
import { revocationOf } from '../../trust/index.ts'
import type { LicenceContext, UsedLists } from '../context.ts'
import type { StatusTerms } from '../licence.ts'
import type { VerifiedTerms } from './check.ts'

/** A list that is further ahead of the clock than clocks are apart was not made by an issuer who knows the time. */
const AHEAD_MS_MAX = 5 * 60 * 1000

export interface StatusFindings {
  readonly objections: readonly Objection[]
  /** What was used: the log keeps their dates, so that none older is used again. */
  readonly lists: UsedLists
}

/** Looks up each licence of the chain in its issuer's list. */
export async function checkStatus(terms: VerifiedTerms, context: LicenceContext): Promise<StatusFindings> {
  const used = new Map<string, StatusList>()
  const objections: Objection[] = []
  for (const { status } of terms.chain) {
    if (status === undefined) continue
    const newest = used.get(status.uri) ?? (await newestList(status.uri, terms, context))
    if ('refusal' in newest) {
      objections.push(asTold(newest, status))
      continue
    }
    used.set(status.uri, newest)
    objections.push(...judge(newest, status, context.time.nowMs))
  }
  const lists = [...used.values()].map(({ uri, issuedAtMs, sha256 }) => ({ uri, issuedAtMs, sha256 }))
  return { objections: distinct(objections), lists }
}

/** A sub-licence stands in the same list and place as its parent, and once is enough to say so. */
function distinct(objections: readonly Objection[]): readonly Objection[] {
  const isFirst = ({ outcome, refusal }: Objection, at: number): boolean =>
    objections.findIndex((other) => other.outcome === outcome && other.refusal.code === refusal.code) === at
  return objections.filter(isFirst)
}

/** The newest list of this URI that its issuer signed; else why the newest of them cannot be used. */
async function newestList(
  uri: string,
  { bundle, issuer }: VerifiedTerms,
  { statusLists, trust, time, seenLists }: LicenceContext,
): Promise<StatusList | Refused> {
  const candidates = [...new Set([...bundle.statusLists, ...statusLists])]
    .map((compact) => ({ compact, peek: peekStatusList(compact) }))
    .filter(({ peek }) => peek?.uri === uri)
    .sort((one, other) => (other.peek?.issuedAtMs ?? 0) - (one.peek?.issuedAtMs ?? 0))
  let problem: Refused | undefined
  for (const { compact } of candidates) {
    const read = await readStatusList(compact, trust.anchorsPem, time.nowMs)
    const refused = read.ok ? unusable(read.list) : refuse('status-unusable', reasonOf(read))
    if (read.ok && refused === undefined) return read.list
    problem ??= refused
  }
  return problem ?? refuse('status-missing', uri)

  function unusable(list: StatusList): Refused | undefined {
    // Another issuer could lift what this one imposed.
    if (list.issuer.uri !== issuer.uri || list.issuer.anchorSha256 !== issuer.anchorSha256) {
      return refuse('status-unusable', 'it is by another issuer than the licence')
    }
    const revoked = revocationOf(trust, list.issuer)
    if (revoked !== undefined) {
      return refuse('status-unusable', `${revoked.label} was revoked in this site's trust store`)
    }
    if (list.issuedAtMs > time.nowMs + AHEAD_MS_MAX) {
      return refuse('status-unusable', 'it was issued later than it is now')
    }
    const seen = seenLists[uri]
    if (seen === undefined || list.sha256 === seen.sha256 || list.issuedAtMs > seen.issuedAtMs)
      return undefined
    return refuse('status-rolled-back', list.issuedAtMs, seen.issuedAtMs)
  }
}

/** What a list says of one licence. What it withdrew it withdrew, however old it is. */
function judge(list: StatusList, terms: StatusTerms, nowMs: number): readonly Objection[] {
  const objections: Objection[] = []
  const status = list.statusAt(terms.index)
  if (status === 'invalid') objections.push(deny(refuse('revoked', list.issuedAtMs)))
  if (status === 'suspended') objections.push(hold(refuse('suspended', list.issuedAtMs), 'issuer'))
  if (status === undefined) {
    objections.push(deny(refuse('status-unusable', `it ends before the licence's place ${terms.index}`)))
  }
  if (status === 'reserved') {
    objections.push(
      deny(refuse('status-unusable', 'it gives the licence a status that this version does not know')),
    )
  }
  const oldestMs = nowMs - terms.ageSecondsMax * 1000
  const { issuedAtMs, expiresAtMs = Number.POSITIVE_INFINITY } = list
  if (nowMs >= expiresAtMs) objections.push(asTold(refuse('status-stale', issuedAtMs, expiresAtMs), terms))
  else if (issuedAtMs < oldestMs) objections.push(asTold(refuse('status-stale', issuedAtMs, oldestMs), terms))
  return objections
}

/** The outcome that the licence asks for where it has no list that is new enough. */
function asTold(refused: Refused, { beyond }: StatusTerms): Objection {
  if (beyond === 'warn') return warn(refused)
  return beyond === 'hold' ? hold(refused, 'site') : deny(refused)
}
