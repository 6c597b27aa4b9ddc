/** What an attack is, and what comes of it: told by what happened, never by who wrote the attack down. */
import type { Scene } from './scene.ts'

/** What whoever attacks must have: in a word for the table, and what that means. */
export const NEEDS = {
  write: ['folder', 'may write the state folder, or the disk that it is on'],
  logKey: ['log key', 'has read the log’s key'],
  vaultKey: ['vault key', 'has read the key of the side table'],
  copy: ['older copy', 'has an older copy of the state folder'],
  head: ['older head', 'has a head that the log once published, from any receipt or proof'],
  clock: ['clock', 'may set the clock'],
  run: ['programs', 'may run programs as the gate’s user'],
  other: ['other machine', 'has the state folder of another machine'],
  witness: ['witness', 'may write the witness’s folder on the other host'],
} as const

export type Need = keyof typeof NEEDS

/** Where somebody looks at the log from. `kept`: with an earlier checkpoint. `witness`: with a witness on another host. */
export const ANCHORS = ['none', 'kept', 'witness'] as const
export type Anchor = (typeof ANCHORS)[number]

export type Outcome = 'prevented' | 'detected' | 'bounded' | 'not defended'

/** What somebody says of it, and where. */
export interface Saying {
  readonly by:
    | 'opening'
    | 'verify'
    | 'verify before the start'
    | 'reading'
    | 'the kept checkpoint'
    | 'the witness'
  /** The record or the file, where one is named. */
  readonly place: string | null
  readonly text: string
}

/** What became of the log, and who says so. */
export interface Observation {
  /** The first record that is not as it was, or is wanting, or was never written; null where all is as it was. */
  readonly harmedFrom: number | null
  /** What is said that an honest crash leaves too, or that is said only until the next start. */
  readonly noted: readonly Saying[]
  /** What is said whoever looks, and what more with the help of each anchor. */
  readonly said: Readonly<Record<Anchor, readonly Saying[]>>
  /** What the table tells in place of what is said, where that is of many tries. */
  readonly summary?: string
  /** Records before this are vouched for by a head that was out of the attacker's hands; null where there is none. */
  readonly vouchedFor: Readonly<Record<Anchor, number | null>>
}

/**
 * - `prevented`: nothing is changed or lost.
 * - `detected`: something is, and somebody says so: the log when it is opened and from then on each time, or whoever checks
 *   it against the anchor.
 * - `bounded`: something is, and nobody says so, but it can only be what came after the last head that is vouched for.
 * - `not defended`: something else.
 */
export function outcomeOf({ harmedFrom, said, vouchedFor }: Observation, anchor: Anchor): Outcome {
  if (harmedFrom === null) return 'prevented'
  if (said.none.length > 0 || said[anchor].length > 0) return 'detected'
  const bound = vouchedFor[anchor]
  return bound !== null && harmedFrom >= bound ? 'bounded' : 'not defended'
}

export interface Attack {
  /** Unique, for the name of its test. */
  readonly id: string
  /** What is done, for the table. */
  readonly what: string
  readonly needs: readonly Need[]
  readonly expected: Readonly<Record<Anchor, Outcome>>
  /** What must be named where it is detected: a record, or a file. */
  readonly named?: RegExp
  /** Changes what is on the disk. */
  strike(scene: Scene): Promise<void> | void
  /** Looks at what came of it, where that is not what a gate's start and a check of its log tell. */
  observe?(scene: Scene): Promise<Observation>
}

export interface Family {
  readonly title: string
  /** What the table cannot say, for people. */
  readonly note?: string
  readonly attacks: readonly Attack[]
}
