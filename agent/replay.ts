import { type LogEntry, readLog } from './audit/index.ts'
import { AgentError, assert } from './errors.ts'
import { type AuditRecord, RECORD_BYTES_MAX } from './log-format/index.ts'

/**
 * What the log comes to: states that are nothing but its records taken one after the other. Snapshots in the log spare
 * the next replay all that lies before them.
 */

/** So many records after a snapshot the next one is due: a replay of them takes some hundredths of a second. */
export const SNAPSHOT_EVERY = 4096
/** Longest state that a snapshot holds, as JSON: what else its record says has 200 bytes. */
const STATE_BYTES_MAX = RECORD_BYTES_MAX - 512
/** How far back snapshots are looked for before the log is replayed whole. */
const LOOK_BACK = 3 * SNAPSHOT_EVERY

/** One thing that is derived from the log. Its state is JSON and holds nothing that is hidden in the records. */
export interface Fold<S extends object> {
  /** Stands in its snapshots. Another name, another fold. */
  readonly name: string
  readonly empty: S
  take(state: S, record: FoldedRecord, index: number): S
  /** The state as its snapshots have it, where that is shorter. */
  write?(state: S): object
  /** A state that was written as JSON, or undefined where it is none. */
  read(value: object): S | undefined
}

/** A record as both its writer and its reader have it: its open members. */
export type FoldedRecord = AuditRecord | LogEntry['record']

/** What a snapshot tells: the state, as it was written, after so many records. */
export interface Snapshot {
  readonly state: object
  readonly size: number
}

export type Snapshots = ReadonlyMap<string, Snapshot>

/** The latest snapshots that are not too far back, by the names of their folds. Throws as `readLog` does. */
export async function readSnapshots(logDir: string): Promise<Snapshots> {
  const latest = new Map<string, Snapshot>()
  for await (const { index, record } of readLog(logDir, { last: LOOK_BACK, kinds: ['snapshot'] })) {
    if (record.kind !== 'snapshot' || record.size > index) continue
    latest.set(record.fold, { state: record.state, size: record.size })
  }
  return latest
}

interface Standing {
  readonly fold: Fold<object>
  state: object
  /** Records that the state has taken, from the first on. */
  size: number
}

/** Folds of one log, which follow it as it is written. */
export class LiveFolds {
  readonly #standings: ReadonlyMap<string, Standing>
  #size: number

  private constructor(standings: readonly Standing[], size: number) {
    this.#standings = new Map(standings.map((standing) => [standing.fold.name, standing]))
    this.#size = size
  }

  /** What they come to after all durable records. Throws as `readLog` does. */
  static async replay(
    folds: readonly Fold<object>[],
    snapshots: Snapshots,
    logDir: string,
  ): Promise<LiveFolds> {
    const standings = folds.map((fold) => resume(fold, snapshots.get(fold.name)))
    const from = Math.min(...standings.map(({ size }) => size))
    let size = 0
    for await (const { index, record } of readLog(logDir, { from })) {
      for (const standing of standings) if (index >= standing.size) advance(standing, index, record)
      size = index + 1
    }
    return new LiveFolds(standings, Math.max(size, from))
  }

  /** What they come to without a record. */
  static empty(folds: readonly Fold<object>[]): LiveFolds {
    return new LiveFolds(
      folds.map((fold) => resume(fold, undefined)),
      0,
    )
  }

  /** How many records they have taken. */
  get size(): number {
    return this.#size
  }

  stateOf<S extends object>(fold: Fold<S>): S {
    const standing = this.#standings.get(fold.name)
    assert(standing !== undefined, `fold \`${fold.name}\` is followed`)
    return standing.state as S
  }

  /** Takes the next record. */
  take(index: number, record: FoldedRecord): void {
    assert(index === this.#size, 'folds take one record after the other')
    for (const standing of this.#standings.values()) advance(standing, index, record)
    this.#size++
  }
}

function resume(fold: Fold<object>, snapshot: Snapshot | undefined): Standing {
  const state = snapshot && fold.read(snapshot.state)
  if (snapshot === undefined || state === undefined) return { fold, state: fold.empty, size: 0 }
  return { fold, state, size: snapshot.size }
}

function advance(standing: Standing, index: number, record: FoldedRecord): void {
  standing.state = standing.fold.take(standing.state, record, index)
  standing.size = index + 1
}

/**
 * What folds come to in a log that somebody else may be writing, or that has still to begin where it may: one that is gone
 * is not one without records. Throws as `readLog` does.
 */
export async function replayLog(
  folds: readonly Fold<object>[],
  { logDir, mayBeginLog }: { readonly logDir: string; readonly mayBeginLog: boolean },
): Promise<LiveFolds> {
  try {
    return await LiveFolds.replay(folds, await readSnapshots(logDir), logDir)
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'USAGE')) throw error
    if (mayBeginLog) return LiveFolds.empty(folds)
    const remedy =
      'put it back from a backup, or move the whole state folder away to begin as a new machine, for which no licence was issued'
    const message = `log \`${logDir}\` is damaged at its beginning: it is gone, and this machine had one; ${remedy}`
    throw new AgentError('AUDIT_DAMAGED', message, { cause: error })
  }
}

interface Kept {
  readonly state: () => object
  /** That of the latest snapshot. */
  size: number
}

/** Says which snapshots are due. */
export class SnapshotPlan {
  readonly #kept = new Map<string, Kept>()

  /** `size`: how many records the latest snapshot of this fold spares. `state`: what to keep of it now. */
  keep(fold: string, size: number, state: () => object): void {
    this.#kept.set(fold, { size, state })
  }

  /**
   * The snapshots that are to be made now that so many records were taken. They count as made. A state that is too long for
   * a record is not kept: its next replay begins at the snapshot before, or at the first record.
   */
  due(size: number): readonly AuditRecord[] {
    const due: AuditRecord[] = []
    for (const [fold, kept] of this.#kept) {
      if (size - kept.size < SNAPSHOT_EVERY) continue
      kept.size = size
      const state = kept.state()
      if (Buffer.byteLength(JSON.stringify(state)) > STATE_BYTES_MAX) continue
      due.push({ kind: 'snapshot', fold, size, state })
    }
    return due
  }
}
