/** Who and what a job is about, against the lists. A hit is no verdict: it names what somebody has to look at. */
import { HIT_SCORE, nameScore } from './name-score.ts'
import { type PlainName, plainName, plainNames } from './plain-name.ts'
import type { ScreeningEntry, ScreeningList } from './screening-list.ts'

/** What of a job is screened; what is not known is left out. */
export interface ScreeningSubjects {
  readonly endUser?: string
  readonly operator?: string
  readonly licensee?: string
  /** ISO 3166-1 alpha-2. */
  readonly destination?: string
  /** Of the material. */
  readonly vendor?: string
  readonly lot?: string
}

export interface ScreeningHit {
  readonly list: string
  readonly version: string
  readonly source: string
  readonly entry: string
  /** What of the job it is: `end user`. */
  readonly subject: string
  readonly declared: string
  /** The name, country or lot of the entry that it resembles most. */
  readonly matched: string
  /** From 0 to 1; 1 where nothing but order, case and legal form differ. */
  readonly score: number
  readonly why: string
}

/** More hits than this are not looked at one by one: the name is too common for the list, or the list too wide. */
const HITS_MAX = 20

const VENDOR = 'material vendor'

const PARTIES = [
  ['endUser', 'end user'],
  ['operator', 'operator'],
  ['licensee', 'licensee'],
  ['vendor', VENDOR],
] as const

interface Wanted {
  readonly subject: string
  readonly declared: string
  /** More than one where it has more words than a name. */
  readonly said: readonly PlainName[]
}

/** Each entry that a subject resembles, the surest first; an entry counts once for each subject. */
export function screen(
  lists: readonly ScreeningList[],
  subjects: ScreeningSubjects,
): readonly ScreeningHit[] {
  const parties = PARTIES.flatMap(([member, subject]): readonly Wanted[] => {
    const declared = subjects[member]
    return declared === undefined ? [] : [{ subject, declared, said: plainNames(declared) }]
  })
  const hits = lists.flatMap((list) =>
    list.entries.flatMap((entry) => hitsOf(list, entry, subjects, parties)),
  )
  return hits.sort((one, other) => other.score - one.score).slice(0, HITS_MAX)
}

function hitsOf(
  list: ScreeningList,
  entry: ScreeningEntry,
  subjects: ScreeningSubjects,
  parties: readonly Wanted[],
): readonly ScreeningHit[] {
  const hit = (subject: string, declared: string, matched: string, score: number): ScreeningHit => ({
    list: list.name,
    version: list.version,
    source: list.source,
    entry: entry.id,
    subject,
    declared,
    matched,
    score,
    why: entry.why,
  })
  switch (entry.kind) {
    case 'country': {
      const { destination } = subjects
      const isListed = destination !== undefined && entry.countries.includes(destination.toUpperCase())
      return isListed ? [hit('destination', destination, destination.toUpperCase(), 1)] : []
    }
    case 'material':
      return materialHit(entry, subjects, parties, hit)
    case 'party': {
      if (parties.length === 0) return []
      const names = entry.names.map((text) => ({ text, name: plainName(text) }))
      return parties.flatMap(({ subject, declared, said }) => {
        const best = bestOf(said, names)
        return best.score >= HIT_SCORE ? [hit(subject, declared, best.text, best.score)] : []
      })
    }
  }
}

/**
 * A vendor by its name, a lot letter by letter. Where an entry names both, neither may be another; the one that nobody
 * declared could be the one that is meant.
 */
function materialHit(
  entry: ScreeningEntry,
  { vendor, lot }: ScreeningSubjects,
  parties: readonly Wanted[],
  hit: (subject: string, declared: string, matched: string, score: number) => ScreeningHit,
): readonly ScreeningHit[] {
  const isLot = sameLot(entry.lot, lot)
  const said = parties.find(({ subject }) => subject === VENDOR)?.said
  const listed = entry.vendor === null ? [] : [{ text: entry.vendor, name: plainName(entry.vendor) }]
  const score = listed.length === 0 || said === undefined ? null : bestOf(said, listed).score
  if (isLot === false || (score !== null && score < HIT_SCORE)) return []
  if (score !== null && vendor !== undefined) {
    const what = entry.lot === null ? '' : `, lot ${entry.lot}`
    return [hit(VENDOR, vendor, `${entry.vendor}${what}`, score)]
  }
  return isLot === true && lot !== undefined ? [hit('material lot', lot, entry.lot ?? '', 1)] : []
}

/** Null where the entry names none, or nobody declared one. */
function sameLot(listed: string | null, declared: string | undefined): boolean | null {
  if (listed === null || declared === undefined) return null
  const plain = plainLot(declared)
  return plain !== '' && plain === plainLot(listed)
}

function bestOf(
  said: readonly PlainName[],
  candidates: readonly { readonly text: string; readonly name: PlainName }[],
): { readonly text: string; readonly score: number } {
  let best = { text: '', score: 0 }
  for (const candidate of candidates) {
    const score = Math.max(...said.map((name) => nameScore(name, candidate.name)))
    if (score > best.score) best = { text: candidate.text, score }
  }
  return best
}

/** Lots are copied from labels: case and what stands between the characters differ. */
function plainLot(lot: string): string {
  return lot
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}
