/** Seeded randomness: the same seed gives the same noise, whatever else happens. */

import { AgentError } from '../errors.ts'

const SEED_MAX = 0xffffffff

/** A small generator (mulberry32) of 32 bits of state. Good enough for noise, and for nothing that must be secret. */
export class Prng {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number of 0 up to, but not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * limit)
  }
}

/** Reads what a person gives for `--seed`. */
export function parseSeed(text: string): number {
  const seed = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(seed <= SEED_MAX)) {
    throw new AgentError('USAGE', `seed \`${text.slice(0, 40)}\` is not a whole number from 0 to ${SEED_MAX}`)
  }
  return seed
}
