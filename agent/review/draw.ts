/**
 * The draw of a sample, as FORMAT.md of the log's format says: whoever has the seed draws the same again, and whoever has
 * it not cannot tell what will be drawn.
 */
import { createHash } from 'node:crypto'

/** The draw works with numbers of so many bytes: a double holds them exactly. */
const NUMBER_BYTES = 6
const NUMBERS = 2 ** (8 * NUMBER_BYTES)

/** The places, in ascending order, of `count` members of a population, all of them where it has no more. */
export function drawPlaces(seed: Uint8Array, population: number, count: number): readonly number[] {
  /** Ascending at all times. */
  const drawn: number[] = []
  const draws = Math.min(count, population)
  for (let k = 0; k < draws; k++) {
    const rank = below(population - k, (attempt) => numberOf(seed, k, attempt))
    insert(drawn, rank)
  }
  return drawn
}

/**
 * A number from 0 to `limit - 1`, each as likely as the others if each of the 48-bit numbers that `next` gives is: those
 * that would make the first remainders likelier are passed over.
 */
export function below(limit: number, next: (attempt: number) => number): number {
  const fair = NUMBERS - (NUMBERS % limit)
  for (let attempt = 0; ; attempt++) {
    const number = next(attempt)
    if (number < fair) return number % limit
  }
}

function numberOf(seed: Uint8Array, draw: number, attempt: number): number {
  const counters = Buffer.alloc(8)
  counters.writeUInt32BE(draw, 0)
  counters.writeUInt32BE(attempt, 4)
  return createHash('sha256').update(seed).update(counters).digest().readUIntBE(0, NUMBER_BYTES)
}

/** Adds the place that is number `rank` of those not drawn yet. */
function insert(drawn: number[], rank: number): void {
  let place = rank
  let i = 0
  for (let taken = drawn[i]; taken !== undefined && taken <= place; taken = drawn[i]) {
    place++
    i++
  }
  drawn.splice(i, 0, place)
}
