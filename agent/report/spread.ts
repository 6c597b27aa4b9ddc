/**
 * How a measure is spread, in bounded memory: counts of whole numbers in buckets that are one number wide up to 2,047
 * and at most a 1,024th of their value beyond. Ranks are exact: the nearest-rank value lies in the bucket that is
 * told.
 */

/** Buckets from one power of two to the next. */
const STEPS = 1024

export class Spread {
  /** The buckets that hold something: as many as there are different values, and no more than there are buckets. */
  readonly #counts = new Map<number, number>()
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** `value` is a whole number from 0; one that is negative, for a clock that stepped back, counts as 0. */
  add(value: number): void {
    const counted = Math.max(0, value)
    const bucket = bucketOf(counted)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#count += 1
    this.#max = Math.max(this.#max, counted)
  }

  /**
   * The value that stands at rank `ceil(percent / 100 * count)` of all, in ascending order; null where there is none. It
   * is never told too small, exact below 2,048, and above that less than a 1,024th too large.
   */
  nearestRank(percent: number): number | null {
    if (this.#count === 0) return null
    let left = Math.max(1, Math.floor((this.#count * percent + 99) / 100))
    for (const [bucket, count] of this.#ascending()) {
      left -= count
      if (left <= 0) return Math.min(lastOf(bucket), this.#max)
    }
    return this.#max
  }

  /** How many are at most as large as each of `limits`, which ascend, and larger than the one before; then the rest. */
  between(limits: readonly number[]): readonly number[] {
    const counts = new Array<number>(limits.length + 1).fill(0)
    for (const [bucket, count] of this.#counts) {
      const at = limits.findIndex((limit) => firstOf(bucket) <= limit)
      const place = at === -1 ? limits.length : at
      counts[place] = (counts[place] ?? 0) + count
    }
    return counts
  }

  #ascending(): readonly (readonly [number, number])[] {
    return [...this.#counts].sort(([a], [b]) => a - b)
  }
}

function bucketOf(value: number): number {
  if (value < 2 * STEPS) return value
  const power = powerOf(value)
  return STEPS * power + Math.floor(value / 2 ** power)
}

/** So many times must a value be halved to lie from 1,024 to 2,047. */
function powerOf(value: number): number {
  const guess = Math.floor(Math.log2(value)) - 10
  // The logarithm is rounded: next to a power of two it may be off by one.
  if (value >= 2 * STEPS * 2 ** guess) return guess + 1
  return value < STEPS * 2 ** guess ? guess - 1 : guess
}

function firstOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket
  const power = Math.floor(bucket / STEPS) - 1
  return (bucket - STEPS * power) * 2 ** power
}

function lastOf(bucket: number): number {
  return firstOf(bucket + 1) - 1
}
