/** Samples: which decisions are drawn for review, and whether a sample on record was drawn as it says. */
import type { AuditRecord, StoredRecord, TIERS } from '../log-format/index.ts'
import type { Problem } from '../verify/index.ts'
import { drawPlaces } from './draw.ts'
import { type ReviewRefusal, refuse } from './refusal.ts'

/** As many as a record of a sample holds. Nobody reviews more at a time. */
export const SAMPLE_MAX = 1000

/** A record with its place in the log. */
export interface LogEntry {
  readonly index: number
  readonly record: StoredRecord
}

type Sampled = Extract<AuditRecord, { readonly kind: 'sampled' }>
export type Tier = (typeof TIERS)[number]

export interface SampleOrder {
  /** Null for decisions of every tier. */
  readonly tier: Tier | null
  /** The first record that counts; null to go on where the last sample of this tier ended. */
  readonly from: number | null
  /** Records of the log that count: those before this index. */
  readonly size: number
  readonly count: number
  readonly source: Sampled['source']
  readonly seed: Uint8Array
}

/** Draws from the decisions on record. `seed` has 32 bytes. */
export async function drawSample(
  entries: AsyncIterable<LogEntry>,
  { tier, from, size, count, source, seed }: SampleOrder,
): Promise<Sampled | ReviewRefusal> {
  if (count < 1 || count > SAMPLE_MAX) return refuse('form', `a sample has 1 to ${SAMPLE_MAX} decisions`)
  const decisions: number[] = []
  let last = 0
  for await (const { index, record } of entries) {
    if (index < size && isOfTier(record, tier)) decisions.push(index)
    // Only what was drawn before the head was cosigned: what comes after can be chosen with the seed known.
    if (index < size && record.kind === 'sampled' && record.tier === tier) last = record.size
  }
  const start = from ?? last
  const members = decisions.filter((index) => index >= start)
  if (members.length === 0) {
    const whose = tier === null ? '' : ` of tier \`${tier}\``
    return refuse('empty', `there is no decision${whose} from record ${start} to before record ${size}`)
  }
  return {
    kind: 'sampled',
    size,
    from: start,
    tier,
    source,
    seed: Buffer.from(seed).toString('hex'),
    population: members.length,
    drawn: membersAt(members, drawPlaces(seed, members.length, count)),
  }
}

/**
 * Draws a sample on record again from the records before it. Null if it is what its seed draws. Whether the seed is what
 * it should be, `seedOfHead` and `seedOfBeacon` say to whoever has the head or the value.
 */
export async function checkSample(
  entries: AsyncIterable<LogEntry>,
  sample: Extract<StoredRecord, { readonly kind: 'sampled' }>,
): Promise<Problem | null> {
  const { seq, size, from, tier, seed, population, drawn } = sample
  if (size > seq)
    return { problem: `sample ${seq} draws from ${size} records, and not so many came before it` }
  const members: number[] = []
  for await (const { index, record } of entries) {
    if (index >= size) break
    if (index >= from && isOfTier(record, tier)) members.push(index)
  }
  if (members.length !== population) {
    return { problem: `sample ${seq} counts ${population} decisions where there are ${members.length}` }
  }
  const again = membersAt(members, drawPlaces(Buffer.from(seed, 'hex'), population, drawn.length))
  return again.join() === drawn.join() ? null : { problem: `sample ${seq} is not what its seed draws` }
}

function isOfTier(record: StoredRecord, tier: Tier | null): boolean {
  return record.kind === 'decision' && (tier === null || record.tier === tier)
}

function membersAt(members: readonly number[], places: readonly number[]): number[] {
  return places.flatMap((place) => members[place] ?? [])
}
