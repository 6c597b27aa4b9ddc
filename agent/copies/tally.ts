/**
 * What was counted of each licence, by its key. A change makes a new tally and leaves the old one as it was. It costs what a
 * thousandth of the licences cost, for a machine may see tens of thousands in its life, and each start replays them.
 */

const SHARDS = 1024

/** Plain data, and the same for the same entries in whatever order they came. */
export type Tally<T> = readonly Readonly<Record<string, T>>[]

const NOTHING: Tally<never> = Array.from({ length: SHARDS }, () => ({}))

export function tallyOf<T>(entries: readonly (readonly [string, T])[]): Tally<T> {
  const shards = Array.from({ length: SHARDS }, (): [string, T][] => [])
  for (const [key, value] of entries) shards[shardOf(key)]?.push([key, value])
  return entries.length === 0 ? NOTHING : shards.map((shard) => Object.fromEntries(shard))
}

export function inTally<T>(tally: Tally<T>, key: string): T | undefined {
  const shard = tally[shardOf(key)]
  return shard !== undefined && Object.hasOwn(shard, key) ? shard[key] : undefined
}

export function tallyWith<T>(tally: Tally<T>, key: string, value: T): Tally<T> {
  const at = shardOf(key)
  return tally.with(at, { ...tally[at], [key]: value })
}

export function entriesOf<T>(tally: Tally<T>): readonly (readonly [string, T])[] {
  return tally.flatMap((shard) => Object.entries(shard))
}

/** FNV-1a. Whoever signs licences that all fall into one place makes it slow and not wrong. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % SHARDS
}
