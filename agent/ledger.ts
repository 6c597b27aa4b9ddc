import { type AuditLog, type LogEntry, openLog, type Receipt, readLog } from './audit/index.ts'
import { COPY_BOOK } from './copy-fold.ts'
import { CopyKeeper } from './copy-keeper.ts'
import { DEFERRALS, putOffUntil } from './deferrals.ts'
import { AgentError, assert } from './errors.ts'
import { LAST_END } from './last-end.ts'
import { type AuditRecord, type OpenRecord, type SealedRef, splitRecord } from './log-format/index.ts'
import { type Fold, LiveFolds, readSnapshots, type Snapshot, SnapshotPlan, type Snapshots } from './replay.ts'
import { endFirstUse, type StateFolder } from './state-folder.ts'
import { sealingMs, TRUSTED_TIME } from './trusted-time.ts'
import { openVault, possibleName, UnsealableError, type Vault } from './vault/index.ts'

/**
 * The log with its side table: takes records whole, keeps apart what may have to be forgotten, and says that a record is
 * there when both halves are durable. It knows what the log comes to, and leaves snapshots of that in it, whoever writes:
 * however long a log becomes, the next start reads only its end.
 */

/** Jobs whose subject is remembered. More than one is open only between two records. */
const JOBS_MAX = 64
/** Stands for what concerns the place and no person. */
export const SITE = 'portcullis:site'
/** What every ledger follows. */
const FOLDS: readonly Fold<object>[] = [LAST_END, DEFERRALS, TRUSTED_TIME, COPY_BOOK]

/** What happened, whether or not the words for it can be kept. */
const EVENTS: ReadonlySet<AuditRecord['kind']> = new Set<AuditRecord['kind']>([
  'job-closed',
  'job-disarmed',
  'host-opened',
  'host-closed',
  'printer-lost',
  'line-refused',
  'latched',
  'emergency-stop',
  'safe-stop',
  'stop-asked',
  'erasure',
])

/** Where records go; each is durable once its receipt is there. */
export interface Recorder {
  append(record: AuditRecord): Promise<Receipt>
}

/** Whoever hears of each record once it is durable, in order. Must not throw. */
export type RecordListener = (entry: LogEntry) => void

interface LedgerParts {
  readonly logDir: string
  readonly log: AuditLog
  readonly vault: Vault
  /** The time under which the vault seals. */
  readonly sealingMs: () => number
  readonly nowMs: () => number
  readonly folds: LiveFolds
  /** What the log had when it was opened. */
  readonly snapshots: Snapshots
}

export class Ledger implements Recorder {
  /** Where others read what this one writes. */
  readonly logDir: string
  readonly log: AuditLog
  readonly vault: Vault
  /** Counts the copies of licences, and settles them as their jobs end. */
  readonly copies: CopyKeeper
  readonly #sealingMs: () => number
  readonly #folds: LiveFolds
  readonly #snapshots: Snapshots
  readonly #plan = new SnapshotPlan()
  /** The subjects of the jobs of late, by job. */
  readonly #jobs = new Map<string, string>()
  readonly #listeners = new Set<RecordListener>()
  /** Records go into the log in the order in which they were handed in, however long their sealing takes. */
  #order: Promise<unknown> = Promise.resolve()
  /** Settles when all that was handed in so far is durable, or cannot be. */
  #drained: Promise<unknown> = Promise.resolve()
  #failure: Error | undefined

  constructor({ logDir, log, vault, sealingMs, nowMs, folds, snapshots }: LedgerParts) {
    this.logDir = logDir
    this.log = log
    this.vault = vault
    this.#sealingMs = sealingMs
    this.#folds = folds
    this.#snapshots = snapshots
    for (const fold of FOLDS) this.keep(fold.name, () => written(fold, folds.stateOf(fold)))
    this.copies = new CopyKeeper({
      append: (record) => this.append(record),
      drained: () => this.#drained,
      book: () => folds.stateOf(COPY_BOOK),
      nowMs,
    })
  }

  /** What a fold comes to after all records that are durable. */
  stateOf<S extends object>(fold: Fold<S>): S {
    return this.#folds.stateOf(fold)
  }

  /** The snapshot of this name that the log had when it was opened, if it was not too far back. */
  snapshotOf(name: string): Snapshot | undefined {
    return this.#snapshots.get(name)
  }

  /** Leaves snapshots of this too from here on. `state` is asked after every listener was told of the latest record. */
  keep(name: string, state: () => object): void {
    this.#plan.keep(name, this.snapshotOf(name)?.size ?? 0, state)
  }

  /** Tells this listener of every record from here on. */
  listen(listener: RecordListener): void {
    this.#listeners.add(listener)
  }

  /**
   * Appends a record and resolves once it is durable. Rejects with AUDIT_UNWRITABLE when it cannot be. After a failure of
   * the disk nothing is taken any more, until the ledger is opened again; what is hidden of a record and cannot be sealed,
   * because it is too large or the side table full, is left out where the agent speaks, and where people do the record is
   * refused alone.
   */
  append(record: AuditRecord): Promise<Receipt> {
    const appending = this.#append(record)
    // Without the results: each would hold all before it.
    this.#drained = Promise.allSettled([this.#drained, appending]).then(() => undefined)
    return appending
  }

  async #append(record: AuditRecord): Promise<Receipt> {
    const split = splitRecord(record)
    assert('open' in split, `a record fits its schema: ${'problem' in split && split.problem}`)
    const { open, hidden } = split
    const sealing = hidden === null ? Promise.resolve(open) : this.#seal(record, open, hidden)
    // Looked at in its turn; until then nobody waits for it.
    sealing.catch(() => undefined)
    const turn = this.#order.then(async () => {
      if (this.#failure !== undefined) throw this.#failure
      // Not awaited: records that come together share one sync.
      const leaf = await sealing
      return { durable: this.log.append(leaf), sealed: leaf.sealed }
    })
    this.#order = turn.catch((error: unknown) => {
      if (!(error instanceof UnsealableError)) this.#failure ??= unwritable(error)
    })
    const { durable, sealed } = await turn
    const receipt = await durable
    const { index, at } = receipt
    const stamped = { ...record, seq: index, at, ...(sealed !== undefined && { sealed }) }
    this.#folds.take(index, stamped)
    this.copies.heard(stamped)
    for (const listener of this.#listeners) listener({ index, record: stamped })
    // Nobody waits for them. A log that takes no more says so to whoever does.
    for (const due of this.#plan.due(index + 1)) void this.append(due).catch(() => undefined)
    return receipt
  }

  /** Waits for the appends under way, then lets another process write. */
  async close(): Promise<void> {
    await this.#order
    try {
      await this.log.close()
    } finally {
      await this.vault.close()
    }
  }

  async #seal(record: AuditRecord, open: OpenRecord, hidden: object): Promise<OpenRecord> {
    try {
      const subject = await this.#subjectOf(record)
      const sealed = await this.vault.seal(subject, hidden, this.#sealingMs())
      return { ...open, sealed } as OpenRecord
    } catch (error) {
      // That it happened must be on record, or the next start would know nothing of it.
      if (error instanceof UnsealableError && EVENTS.has(record.kind)) return open
      throw unwritable(error)
    }
  }

  /** Whom a record is about: the person it names, else whoever had the job, else the site. */
  async #subjectOf(record: AuditRecord): Promise<string> {
    if (record.kind === 'decision') {
      const subject = record.user === null ? this.vault.newSubject() : await this.#subjectNamed(record.user)
      this.#remember(record.id, subject)
      return subject
    }
    if ('by' in record && record.by !== null) return await this.#subjectNamed(record.by)
    if ('place' in record) return await this.#subjectNamed(withoutPort(record.place))
    const job = 'job' in record ? record.job : null
    if (job === null) return await this.vault.subjectOf(SITE)
    return this.#jobs.get(job) ?? this.#remember(job, this.vault.newSubject())
  }

  /** An emergency stop by somebody without a proper name is on record too, and is not the place's. */
  async #subjectNamed(text: string): Promise<string> {
    const name = possibleName(text)
    return name === undefined || name === SITE ? this.vault.newSubject() : await this.vault.subjectOf(name)
  }

  /** Puts on record what was erased of the side table by a process that did not live to say so. */
  async recordErasures(): Promise<void> {
    const unreported = this.vault.unreported()
    if (unreported.length === 0) return
    const summaries = new Map((await this.vault.subjects()).map((summary) => [summary.subject, summary]))
    for (const { subject, rows } of unreported) {
      const untilMs = putOffUntil(this.stateOf(DEFERRALS), subject)
      await this.append({
        kind: 'erasure',
        subject,
        cause: 'request',
        rows,
        deferredRows: untilMs === undefined ? 0 : (summaries.get(subject)?.rows ?? 0),
        deferredUntil: untilMs === undefined ? null : new Date(untilMs).toISOString(),
        by: null,
      })
      await this.vault.reported(subject)
    }
  }

  #remember(job: string, subject: string): string {
    const [oldest] = this.#jobs.keys()
    if (this.#jobs.size >= JOBS_MAX && oldest !== undefined) this.#jobs.delete(oldest)
    this.#jobs.set(job, subject)
    return subject
  }
}

/** Two connections from one address are one subject. */
function withoutPort(place: string): string {
  return place.replace(/:\d{1,5}$/, '')
}

function written<S extends object>(fold: Fold<S>, state: S): object {
  return fold.write?.(state) ?? state
}

function unwritable(error: unknown): Error {
  if (!(error instanceof AgentError) || error.code === 'AUDIT_UNWRITABLE') return error as Error
  return new AgentError('AUDIT_UNWRITABLE', error.message, { cause: error })
}

/** Opens log and side table of a state folder for this process alone. Throws as `openLog`, `readLog` and `openVault` do. */
export async function openLedger(state: StateFolder, nowMs: () => number = Date.now): Promise<Ledger> {
  const log = await openLog(state.logDir, {
    keys: { machine: state.machineKey, log: state.logKey },
    mayBegin: state.mayBeginLog,
    nowMs,
  })
  try {
    await endFirstUse(state)
    const snapshots = await readSnapshots(state.logDir)
    const folds = await LiveFolds.replay(FOLDS, snapshots, state.logDir)
    const clock = (): number => sealingMs(folds.stateOf(TRUSTED_TIME), nowMs())
    const vault = await openVault(state.vaultDir, { wrappingKey: state.wrappingKey, nowMs: clock })
    const ledger = new Ledger({ logDir: state.logDir, log, vault, sealingMs: clock, nowMs, folds, snapshots })
    await ledger.recordErasures()
    await ledger.copies.settleAll()
    return ledger
  } catch (error) {
    await log.close()
    throw error
  }
}

/** Where a log lies, and its side table, where that can be opened from here. */
export interface LedgerPlace {
  readonly logDir: string
  readonly vaultDir: string
  readonly wrappingKey: Buffer | undefined
}

/** Reads the records of a state folder from `from` on, with what was hidden of them as far as it was not erased. */
export async function* readLedger(place: LedgerPlace, from = 0): AsyncGenerator<LogEntry, void> {
  const { logDir, vaultDir, wrappingKey } = place
  if (wrappingKey === undefined) return yield* readLog(logDir, { from })
  const vault = await openVault(vaultDir, { wrappingKey, isReader: true })
  try {
    yield* readLog(logDir, { from, unseal: (reference) => unseal(vault, reference) })
  } finally {
    await vault.close()
  }
}

async function unseal(vault: Vault, reference: SealedRef): Promise<object | undefined> {
  const opened = await vault.open(reference)
  return 'fields' in opened ? opened.fields : undefined
}
