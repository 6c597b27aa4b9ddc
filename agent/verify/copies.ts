/**
 * Copies of licences, as records tell of them: each goes the ways that there are, and of no licence are there ever more than
 * the record that reserves one says there may be.
 */
import type { CopyState, Fact } from './facts.ts'
import { damage, type Finding } from './finding.ts'

type CopyFact = Extract<Fact, { readonly fact: 'copy' }>

/** Where a copy may go by itself. From nowhere it can only be reserved. */
const NEXT_STATES: Readonly<Record<CopyState, readonly CopyState[]>> = {
  reserved: ['printing', 'returned', 'uncertain'],
  printing: ['printed', 'returned', 'uncertain'],
  printed: [],
  uncertain: [],
  returned: [],
}
/** What an issuer may give back. */
const REFUNDABLE: readonly CopyState[] = ['printed', 'uncertain']

interface KnownCopy {
  readonly state: CopyState
  /** The licences that it counts in. */
  readonly under: readonly string[]
}

export class CopyCheck {
  readonly #copies = new Map<string, KnownCopy>()
  /** Names of those that a job may still take. */
  readonly #reserved = new Set<string>()
  /** Copies of each licence that are not returned. */
  readonly #used = new Map<string, number>()

  take(fact: CopyFact): Finding | null {
    const { licence, copy, state, counters } = fact
    const name = JSON.stringify([licence, copy])
    const before = this.#copies.get(name)
    const under = before?.under ?? counters?.map((counter) => counter.licence) ?? []
    this.#copies.set(name, { state, under })
    if (state === 'reserved') this.#reserved.add(copy)
    else this.#reserved.delete(copy)
    const wrong = wayProblem(fact, before?.state)
    // What is counted is what the record says, possible or not: one wrong record is one finding.
    if (before === undefined) this.#count(under, 1)
    else if (state === 'returned' && before.state !== 'returned') this.#count(under, -1)
    const problem = wrong ?? this.#limitProblem(fact)
    return problem === null
      ? null
      : damage('wrong-count', { index: fact.index }, `record ${fact.index}: ${problem}`)
  }

  /** Whether a copy waits for its job, which has the same name. */
  isReserved(copy: string): boolean {
    return this.#reserved.has(copy)
  }

  #count(under: readonly string[], by: number): void {
    for (const licence of under) this.#used.set(licence, (this.#used.get(licence) ?? 0) + by)
  }

  #limitProblem({ state, copy, counters }: CopyFact): string | null {
    if (state !== 'reserved') return null
    for (const { licence, limit } of counters ?? []) {
      const used = this.#used.get(licence) ?? 0
      if (used > limit)
        return `with copy \`${copy}\` there are ${used} of licence \`${licence}\`, of which there may be ${limit}`
    }
    return null
  }
}

/** What is wrong with how it came to this, or null. */
function wayProblem(fact: CopyFact, before: CopyState | undefined): string | null {
  const { licence, copy, state, counters, refundOf } = fact
  const said = `copy \`${copy}\` of licence \`${licence}\` is ${state}`
  if (before === undefined) {
    if (state !== 'reserved') return `${said} after nothing`
    return counters?.[0]?.licence === licence ? null : `${said} and does not say what it counts in`
  }
  if (refundOf !== null) {
    const isGivenBack = state === 'returned' && refundOf === before && REFUNDABLE.includes(before)
    return isGivenBack ? null : `${said} by a refund of what was ${refundOf}, after ${before}`
  }
  return NEXT_STATES[before].includes(state) ? null : `${said} after ${before}`
}
