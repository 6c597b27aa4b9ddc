import { type AuditLog, type LogEntry, openLog, type Receipt, readLog } from './audit/index.ts'
import { AgentError, assert } from './errors.ts'
import { type AuditRecord, type OpenRecord, type SealedRef, splitRecord } from './log-format/index.ts'
import { endFirstUse, type StateFolder } from './state-folder.ts'
import { openVault, type Vault } from './vault/index.ts'

/**
 * The log with its side table: takes records whole, keeps apart what may have to be forgotten, and says that a record is
 * there when both halves are durable.
 */

/** Jobs whose subject is remembered. More than one is open only between two records. */
const JOBS_MAX = 64
/** Stands for what concerns the place and no person. */
const SITE = 'portcullis:site'

/** Where records go; each is durable once its receipt is there. */
export interface Recorder {
  append(record: AuditRecord): Promise<Receipt>
}

/** Whoever hears of each record once it is durable, in order. Must not throw. */
export type RecordListener = (entry: LogEntry) => void

export class Ledger implements Recorder {
  readonly log: AuditLog
  readonly vault: Vault
  readonly #nowMs: () => number
  /** The subjects of the jobs of late, by job. */
  readonly #jobs = new Map<string, string>()
  readonly #listeners = new Set<RecordListener>()
  /** Records go into the log in the order in which they were handed in, however long their sealing takes. */
  #order: Promise<unknown> = Promise.resolve()
  #failure: Error | undefined

  constructor(log: AuditLog, vault: Vault, nowMs: () => number) {
    this.log = log
    this.vault = vault
    this.#nowMs = nowMs
  }

  /** Tells this listener of every record from here on. */
  listen(listener: RecordListener): void {
    this.#listeners.add(listener)
  }

  /**
   * Appends a record and resolves once it is durable. Rejects with AUDIT_UNWRITABLE when it cannot be: nothing is taken
   * any more then, until the ledger is opened again.
   */
  async append(record: AuditRecord): Promise<Receipt> {
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
      this.#failure ??= unwritable(error)
    })
    const { durable, sealed } = await turn
    const receipt = await durable
    const { index, at } = receipt
    const stamp = { seq: index, at, ...(sealed !== undefined && { sealed }) }
    for (const listener of this.#listeners) listener({ index, record: { ...record, ...stamp } })
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
      const sealed = await this.vault.seal(subject, hidden, this.#nowMs())
      return { ...open, sealed } as OpenRecord
    } catch (error) {
      throw unwritable(error)
    }
  }

  /** Whom a record is about: the person it names, else whoever had the job, else the site. */
  async #subjectOf(record: AuditRecord): Promise<string> {
    if (record.kind === 'decision') {
      const subject = record.user === null ? this.vault.newSubject() : await this.vault.subjectOf(record.user)
      this.#remember(record.id, subject)
      return subject
    }
    if ('by' in record && record.by !== null) return await this.vault.subjectOf(record.by)
    if ('place' in record) return await this.vault.subjectOf(withoutPort(record.place))
    const job = 'job' in record ? record.job : null
    if (job === null) return await this.vault.subjectOf(SITE)
    return this.#jobs.get(job) ?? this.#remember(job, this.vault.newSubject())
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

function unwritable(error: unknown): Error {
  if (!(error instanceof AgentError) || error.code === 'AUDIT_UNWRITABLE') return error as Error
  return new AgentError('AUDIT_UNWRITABLE', error.message, { cause: error })
}

/** Opens log and side table of a state folder for this process alone. Throws as `openLog` and `openVault` do. */
export async function openLedger(state: StateFolder): Promise<Ledger> {
  const log = await openLog(state.logDir, {
    keys: { machine: state.machineKey, log: state.logKey },
    mayBegin: state.mayBeginLog,
  })
  try {
    await endFirstUse(state)
    return new Ledger(log, await openVault(state.vaultDir, { wrappingKey: state.wrappingKey }), Date.now)
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
