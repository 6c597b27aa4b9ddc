/**
 * Suppression of small counts. A table is a tree of halves that is fixed beforehand: everything, its two halves,
 * their halves. A count is published if it is large enough, and is split into its halves only if both of them may be
 * published: each is nothing at all, or large enough. So whoever knows the rule and every number, of however many
 * tables that share no window of time, still finds at least `k - 1` values for each half that is withheld: for a sum
 * `s` from `k` on, each of `1` and `s - 1`, `2` and `s - 2` ... is published in the same way. FORMAT.md has the
 * argument.
 */

/** A count below this is small. */
export const SMALL_BELOW = 10

/** A group of cells: one cell, or two halves that have nothing in common. */
export interface Split {
  readonly name: string
  /** What it stands for, in words for people. */
  readonly label: string
  readonly cells: readonly number[]
  readonly halves: readonly [Split, Split] | null
}

/** What is told of a group; null says that it is fewer than ten, or none. */
export interface PublishedCount {
  readonly group: Split
  readonly count: number | null
  /** Whether both halves are told as well. */
  readonly isSplit: boolean
}

export function leaf(name: string, label: string, cell: number): Split {
  return { name, label, cells: [cell], halves: null }
}

export function split(name: string, label: string, one: Split, other: Split): Split {
  return { name, label, cells: [...one.cells, ...other.cells], halves: [one, other] }
}

/** What may be told of the counts of a tree's cells: the whole first, each group before its halves. */
export function publish(whole: Split, counts: ArrayLike<number>): readonly PublishedCount[] {
  const count = countOf(whole, counts)
  // Of the whole, nothing at all is not told from a few: how many records a log grew by may be known.
  if (count < SMALL_BELOW) return [{ group: whole, count: null, isSplit: false }]
  return tell(whole, counts)
}

function tell(group: Split, counts: ArrayLike<number>): readonly PublishedCount[] {
  const count = countOf(group, counts)
  const halves = count === 0 ? null : group.halves
  if (halves === null || !halves.every((half) => mayBeTold(countOf(half, counts))))
    return [{ group, count, isSplit: false }]
  return [{ group, count, isSplit: true }, ...tell(halves[0], counts), ...tell(halves[1], counts)]
}

function mayBeTold(count: number): boolean {
  return count === 0 || count >= SMALL_BELOW
}

function countOf({ cells }: Split, counts: ArrayLike<number>): number {
  return cells.reduce((sum, cell) => sum + (counts[cell] ?? 0), 0)
}

/** What everybody knows to be there at least of a group, from what was published of its tree. */
export function knownAtLeast(published: readonly PublishedCount[], group: Split): number {
  const told = published.find((one) => one.group === group)
  if (told !== undefined) return told.count ?? 0
  const whole = smallestAround(published, group)
  if (whole === undefined || whole.count === null || whole.count === 0) return 0
  // Of a sum that was not split, each half is one at least; of a half of a half, none is known.
  return whole.group.halves?.includes(group) === true ? 1 : 0
}

function smallestAround(published: readonly PublishedCount[], group: Split): PublishedCount | undefined {
  return published.findLast(({ group: { cells } }) => group.cells.every((cell) => cells.includes(cell)))
}
