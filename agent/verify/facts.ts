/**
 * What a record says that can only be judged together with those before it. The check of a bundle takes these out, so
 * that the rest of the record is forgotten again.
 */
import type { Leaf } from '../log-format/index.ts'

/** Kinds that other records refer to. */
export type TargetKind = 'decision' | 'appeal-filed' | 'incident' | 'sampled'

export type Fact =
  /** A record that others may refer to. `isAllowed`: a decision that lets its job print as it stands. */
  | {
      readonly fact: 'target'
      readonly index: number
      readonly kind: TargetKind
      readonly isAllowed: boolean
    }
  /** A decision that lets a job print under a licence that verified: the job takes a copy of it. */
  | { readonly fact: 'licensed'; readonly index: number }
  /** A job begins on the word of this decision. */
  | { readonly fact: 'begun'; readonly index: number; readonly job: string; readonly decision: number }
  /** Record `to` must be of this kind and before this one. `needsAllowed`: it must have let a job print. */
  | {
      readonly fact: 'reference'
      readonly index: number
      readonly to: number
      readonly kind: TargetKind | 'any'
      readonly needsAllowed: boolean
    }
  /** A person let this decision's job print. */
  | { readonly fact: 'released'; readonly index: number; readonly decision: number }
  | {
      readonly fact: 'progress'
      readonly index: number
      readonly job: string
      readonly commandsSent: number
      /** Whether the job begins with it, or ends: counts of one that is opened again begin again. */
      readonly stage: 'begins' | 'goes on' | 'ends'
    }
  | {
      readonly fact: 'copy'
      readonly index: number
      readonly licence: string
      readonly copy: string
      readonly state: CopyState
      /** What it counts in, where it is reserved. */
      readonly counters: readonly CopyCounter[] | null
      /** What it was before an issuer gave it back, as the record says; null where none did. */
      readonly refundOf: CopyState | null
    }
  /** The root at a size, as this record tells it, with the times of who witnessed it, in seconds. */
  | {
      readonly fact: 'head'
      readonly index: number
      readonly size: number
      readonly root: string
      readonly times: readonly number[]
      readonly at: string
    }
  | { readonly fact: 'refused'; readonly index: number; readonly witness: string; readonly size: number }
  /** Counts within the record itself that cannot be. */
  | { readonly fact: 'wrong'; readonly index: number; readonly what: string }

/** A licence, and how many copies of it there may be here. */
export interface CopyCounter {
  readonly licence: string
  readonly limit: number
}

export type CopyState = 'reserved' | 'printing' | 'printed' | 'returned' | 'uncertain'

/** What the others have to know of the record at `index`: mostly nothing. */
export function factsOf(leaf: Leaf, index: number): readonly Fact[] {
  const refersTo = (to: number, kind: TargetKind | 'any', needsAllowed = false): Fact => ({
    fact: 'reference',
    index,
    to,
    kind,
    needsAllowed,
  })
  const isTarget = (kind: TargetKind, isAllowed = false): Fact => ({ fact: 'target', index, kind, isAllowed })
  switch (leaf.kind) {
    case 'decision':
      return decided(leaf, index)
    case 'job-opened':
      return [
        refersTo(leaf.decision, 'decision', true),
        { fact: 'begun', index, job: leaf.job, decision: leaf.decision },
        { fact: 'progress', index, job: leaf.job, commandsSent: 0, stage: 'begins' },
      ]
    case 'job-armed':
      return [refersTo(leaf.decision, 'decision', true)]
    case 'job-sealed':
      return [{ fact: 'progress', index, job: leaf.job, commandsSent: leaf.commandsSent, stage: 'goes on' }]
    case 'job-closed':
      return closed(leaf, index)
    case 'hold-decided':
    case 'override': {
      const reference = refersTo(leaf.decision, 'decision')
      const isReleased = leaf.kind === 'override' || leaf.outcome === 'released'
      return isReleased ? [reference, { fact: 'released', index, decision: leaf.decision }] : [reference]
    }
    case 'appeal-filed':
      return [refersTo(leaf.decision, 'decision'), isTarget('appeal-filed')]
    case 'appeal-decided':
      return [refersTo(leaf.appeal, 'appeal-filed')]
    case 'incident':
      return leaf.first > leaf.last
        ? [{ fact: 'wrong', index, what: `its first record, ${leaf.first}, is after its last, ${leaf.last}` }]
        : [refersTo(leaf.last, 'any'), isTarget('incident')]
    case 'incident-exported':
      return [refersTo(leaf.incident, 'incident')]
    case 'sampled':
      return [...sampled(leaf, index), isTarget('sampled')]
    case 'reviewed':
      return [refersTo(leaf.sample, 'sampled'), refersTo(leaf.decision, 'decision')]
    case 'case-approved':
      return [refersTo(leaf.decision, 'decision')]
    case 'snapshot':
      return leaf.size === 0 ? [] : [refersTo(leaf.size - 1, 'any')]
    case 'copy':
      return [copied(leaf, index)]
    case 'report-filed':
      return [refersTo(leaf.through, 'any')]
    case 'witnessed':
      return [
        refersTo(leaf.size - 1, 'any'),
        {
          fact: 'head',
          index,
          size: leaf.size,
          root: leaf.root,
          times: leaf.cosigners.map(({ time }) => time),
          at: leaf.at,
        },
      ]
    case 'witness-refused':
      return [{ fact: 'refused', index, witness: leaf.witness, size: leaf.size }]
    default:
      return []
  }
}

function decided(leaf: Leaf & { kind: 'decision' }, index: number): readonly Fact[] {
  const isAllowed = leaf.outcome === 'allow' || leaf.outcome === 'warn'
  const target: Fact = { fact: 'target', index, kind: 'decision', isAllowed }
  // Only of a licence that verified is the digest on record.
  const isLicensed = isAllowed && leaf.licence?.sha256 !== undefined
  return isLicensed ? [target, { fact: 'licensed', index }] : [target]
}

function copied(leaf: Leaf & { kind: 'copy' }, index: number): Fact {
  const { licence, copy, state, terms, refund } = leaf
  const counters = terms?.counters ?? null
  return { fact: 'copy', index, licence, copy, state, counters, refundOf: refund?.of ?? null }
}

function closed(leaf: Leaf & { kind: 'job-closed' }, index: number): readonly Fact[] {
  const { job, commandsSent, commandsTotal } = leaf
  const progress: Fact = { fact: 'progress', index, job, commandsSent, stage: 'ends' }
  if (commandsTotal === null || commandsSent <= commandsTotal) return [progress]
  return [progress, { fact: 'wrong', index, what: `${commandsSent} of ${commandsTotal} commands were sent` }]
}

function sampled(leaf: Leaf & { kind: 'sampled' }, index: number): readonly Fact[] {
  const { size, from, drawn, population } = leaf
  const reference = (to: number, kind: TargetKind | 'any'): Fact => ({
    fact: 'reference',
    index,
    to,
    kind,
    needsAllowed: false,
  })
  const isAscending = drawn.every((place, i) => place > (drawn[i - 1] ?? from - 1) && place < size)
  const facts = [reference(size - 1, 'any'), ...drawn.map((place) => reference(place, 'decision'))]
  if (isAscending && drawn.length <= population) return facts
  return [...facts, { fact: 'wrong', index, what: 'what it drew is not from its population, in order' }]
}

/**
 * Adds a fact to those of its bundle. Most records seal what was sent so far: where the counts of a job only grow, the first
 * of them and the last tell all that others must bear out.
 */
export function addFact(facts: Fact[], fact: Fact): void {
  const [first, middle] = [facts.at(-2), facts.at(-1)]
  if (middle !== undefined && isFarther(first, middle) && isFarther(middle, fact)) facts.pop()
  facts.push(fact)
}

/** Whether the second tells of the same job that it has come as far or farther. */
function isFarther(first: Fact | undefined, second: Fact): boolean {
  return (
    first?.fact === 'progress' &&
    second.fact === 'progress' &&
    first.job === second.job &&
    first.commandsSent <= second.commandsSent
  )
}
