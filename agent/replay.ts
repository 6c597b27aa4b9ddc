import { type LogEntry, logSize, readLog } from './audit/index.ts'
import type { AuditRecord } from './log-format/index.ts'

/**
 * What the log comes to: a state that is nothing but its records taken one after the other. A snapshot in the log spares
 * the next replay all that lies before it.
 */

/** So many records after a snapshot the next one is due: a replay of them takes some hundredths of a second. */
export const SNAPSHOT_EVERY = 4096
/** How far back a snapshot is looked for before the log is replayed whole. */
const LOOK_BACK = 3 * SNAPSHOT_EVERY

/** One thing that is derived from the log. Its state is JSON and holds nothing that is hidden in the records. */
export interface Fold<S extends object> {
  /** Stands in its snapshots. Another name, another fold. */
  readonly name: string
  readonly empty: S
  take(state: S, record: FoldedRecord, index: number): S
  /** A state that was written as JSON, or undefined where it is none. */
  read(value: object): S | undefined
}

/** A record as both its writer and its reader have it: its open members. */
export type FoldedRecord = AuditRecord | LogEntry['record']

/** The state after all durable records. Throws as `readLog` does. */
export async function replay<S extends object>(fold: Fold<S>, logDir: string): Promise<S> {
  const snapshot = await latestSnapshot(fold.name, logDir)
  const found = snapshot === undefined ? undefined : fold.read(snapshot.state)
  const from = found === undefined ? 0 : (snapshot?.size ?? 0)
  let state = found ?? fold.empty
  for await (const { index, record } of readLog(logDir, { from })) state = fold.take(state, record, index)
  return state
}

/** What a snapshot tells: the state, as it was written, after so many records. */
export interface Snapshot {
  readonly state: object
  readonly size: number
}

/** The latest snapshot of a fold that is not too far back, or undefined. */
export async function latestSnapshot(name: string, logDir: string): Promise<Snapshot | undefined> {
  const from = Math.max(0, (await logSize(logDir)) - LOOK_BACK)
  let latest: Snapshot | undefined
  for await (const { index, record } of readLog(logDir, { from })) {
    if (record.kind !== 'snapshot' || record.fold !== name || record.size > index) continue
    latest = { state: record.state, size: record.size }
  }
  return latest
}

/** Follows the log as it is written, and says when a snapshot is due. */
export class LiveFold<S extends object> {
  readonly #fold: Fold<S>
  #state: S
  /** Records that the state has taken, from the first on. */
  #size: number
  #since = 0

  /** `state` is that of the first `size` records. */
  constructor(fold: Fold<S>, state: S, size: number) {
    this.#fold = fold
    this.#state = state
    this.#size = size
  }

  get state(): S {
    return this.#state
  }

  /** Takes the next record; answers the snapshot that is due with it, where one is. */
  take(index: number, record: FoldedRecord): AuditRecord | undefined {
    this.#state = this.#fold.take(this.#state, record, index)
    this.#size = index + 1
    this.#since = record.kind === 'snapshot' ? 0 : this.#since + 1
    return this.#since === SNAPSHOT_EVERY ? this.snapshot() : undefined
  }

  snapshot(): AuditRecord {
    return { kind: 'snapshot', fold: this.#fold.name, size: this.#size, state: this.#state }
  }
}
