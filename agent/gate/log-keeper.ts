import { setTimeout as sleep } from 'node:timers/promises'
import { type LogEntry, readLog, scrubLog } from '../audit/index.ts'
import type { EvidenceConfig } from '../config/index.ts'
import { eraseByAge, eraseSubject } from '../erase-subject.ts'
import { IncidentDesk } from '../incident/index.ts'
import type { Ledger } from '../ledger.ts'
import type { AuditRecord } from '../log-format/index.ts'
import type { AgentLogger } from '../logger.ts'
import { type LiveFold, latestSnapshot, SNAPSHOT_EVERY } from '../replay.ts'
import type { StateFolder } from '../state-folder.ts'
import { type Deferrals, followDeferrals } from './deferrals.ts'
import { followEnds } from './last-end.ts'

/**
 * What a running gate does for its log beside writing it: publishes heads, keeps snapshots, watches for incidents, erases
 * what is due, and looks through the old records. None of it is waited for by a job, and none of it may end the gate but
 * a record that is found to be changed.
 */

/** At least so often a head is published, if there is anything new. */
const PUBLISH_EVERY_MS = 60_000
/** What is decided or ends is published so soon: what comes together is published together. */
const PUBLISH_SOON_MS = 1000
/** Between two bundles: the line path comes first. */
const SCRUB_PAUSE_MS = 20
const ERASE_EVERY_MS = 24 * 60 * 60_000

/** After these somebody may want to prove how it stands. */
const TERMINAL: ReadonlySet<AuditRecord['kind']> = new Set<AuditRecord['kind']>([
  'decision',
  'job-closed',
  'latched',
  'cleared',
  'safe-stop',
  'emergency-stop',
  'agent-ended',
  'appeal-filed',
  'appeal-decided',
  'erasure',
])

/** The name of the incident watch's snapshots. */
const INCIDENTS_FOLD = 'incidents'

export interface LogKeeperOptions {
  readonly ledger: Ledger
  readonly state: StateFolder
  readonly evidence: EvidenceConfig
  readonly version: string
  /** Old records are not as they were written: the gate must not go on. */
  readonly damaged: (message: string) => void
  /** A head was published. */
  readonly published?: (note: string) => void
  readonly logger?: AgentLogger
}

export class LogKeeper {
  readonly #options: LogKeeperOptions
  readonly #folds: readonly LiveFold<object>[]
  readonly #deferrals: Deferrals
  readonly #incidents: IncidentDesk
  readonly #ending = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #soon: NodeJS.Timeout | undefined
  #publishedSize = 0
  #size = 0
  #sinceIncidents = 0
  #scrubbing: Promise<void> = Promise.resolve()
  #housekeeping: Promise<void> = Promise.resolve()

  private constructor(
    options: LogKeeperOptions,
    parts: {
      readonly folds: readonly LiveFold<object>[]
      readonly deferrals: Deferrals
      readonly incidents: IncidentDesk
    },
  ) {
    this.#options = options
    this.#folds = parts.folds
    this.#deferrals = parts.deferrals
    this.#incidents = parts.incidents
  }

  /** Reads what the log comes to, and follows it from here on. Nothing may be appended meanwhile. */
  static async start(options: LogKeeperOptions): Promise<LogKeeper> {
    const { ledger, state, evidence, version, logger } = options
    const saved = await latestSnapshot(INCIDENTS_FOLD, state.logDir)
    const incidents = new IncidentDesk(
      {
        automatic: evidence.incidents.automatic,
        perHourMax: evidence.incidents.perHourMax,
        ...(evidence.incidents.sink !== undefined && { sink: evidence.incidents.sink }),
        context: { origin: ledger.log.origin, version },
        append: (record) => ledger.append(record),
        trouble: (message) => logger?.warn({ message }, 'incidents'),
      },
      saved?.state,
    )
    const ends = await followEnds(state)
    const deferrals = await followDeferrals(state)
    const keeper = new LogKeeper(options, { folds: [ends, deferrals.fold], deferrals, incidents })
    await incidents.catchUp(readLog(state.logDir, { from: incidents.hasResumed ? (saved?.size ?? 0) : 0 }))
    ledger.listen((entry) => keeper.#take(entry))
    keeper.#begin()
    return keeper
  }

  /** Ends all of it. The log itself publishes its last head when it is closed. */
  async close(): Promise<void> {
    this.#ending.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    clearTimeout(this.#soon)
    await this.#incidents.close()
    await this.#housekeeping
    await this.#scrubbing
  }

  #begin(): void {
    this.#every(PUBLISH_EVERY_MS, () => this.#publish())
    this.#every(ERASE_EVERY_MS, () => this.#keepHouse())
    this.#keepHouse()
    this.#scrubbing = this.#scrub()
  }

  #every(everyMs: number, work: () => void): void {
    const timer = setInterval(work, everyMs)
    // It keeps no process alive that has nothing else to do.
    timer.unref()
    this.#timers.add(timer)
  }

  #take(entry: LogEntry): void {
    const { index, record } = entry
    this.#size = index + 1
    for (const fold of this.#folds) {
      const due = fold.take(index, record)
      if (due !== undefined) this.#append(due)
    }
    this.#incidents.observe(entry)
    this.#sinceIncidents = record.kind === 'snapshot' ? this.#sinceIncidents : this.#sinceIncidents + 1
    if (this.#sinceIncidents >= SNAPSHOT_EVERY) {
      this.#sinceIncidents = 0
      this.#append({
        kind: 'snapshot',
        fold: INCIDENTS_FOLD,
        size: this.#size,
        state: this.#incidents.save(),
      })
    }
    if (TERMINAL.has(record.kind as AuditRecord['kind'])) {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined
        this.#publish()
      }, PUBLISH_SOON_MS)
    }
  }

  /** Nobody waits for it. A log that takes no more says so to whoever does. */
  #append(record: AuditRecord): void {
    void this.#options.ledger.append(record).catch((error: unknown) => this.#warn('not recorded', error))
  }

  #publish(): void {
    if (this.#size === this.#publishedSize || this.#ending.signal.aborted) return
    const size = this.#size
    this.#options.ledger.log.publish().then(
      (note) => {
        this.#publishedSize = size
        this.#options.published?.(note)
      },
      (error: unknown) => this.#warn('the head of the log could not be published', error),
    )
  }

  #keepHouse(): void {
    this.#housekeeping = this.#housekeeping
      .then(() => this.#erase())
      .catch((error: unknown) => {
        this.#warn('what is due could not be erased', error)
      })
  }

  async #erase(): Promise<void> {
    const { ledger, evidence } = this.#options
    const nowMs = Date.now()
    await eraseByAge(ledger, evidence.privacy, nowMs)
    for (const subject of this.#deferrals.due(nowMs)) {
      if (this.#ending.signal.aborted) return
      await eraseSubject(ledger, evidence.privacy, { subject, by: null, nowMs })
    }
  }

  /** Old bundles against their tiles, the newest first. What is newer was looked at when the log was opened. */
  async #scrub(): Promise<void> {
    const { signal } = this.#ending
    try {
      for await (const _bundle of scrubLog(this.#options.state.logDir)) {
        if (signal.aborted) return
        await sleep(SCRUB_PAUSE_MS, undefined, { signal, ref: false })
      }
    } catch (error) {
      if (signal.aborted) return
      this.#options.damaged(error instanceof Error ? error.message : String(error))
    }
  }

  #warn(what: string, error: unknown): void {
    this.#options.logger?.warn({ message: error instanceof Error ? error.message : String(error) }, what)
  }
}
